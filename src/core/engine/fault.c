/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* Services start before the network is there: in a machine's first minute that is no news. */
static bool network_may_come(const struct turn *t, const struct fault *f) {
        return strcmp(f->code, FAULT_MD_UNREACHABLE) == 0 && t->e->kernel.known &&
               t->e->kernel.out == ANSWER_NO && t->now.boot_usec < NETWORK_COMES;
}

/* Nobody at the metadata address, and the firmware names another maker: not our machine. */
static bool is_not_ecs(const struct turn *t) {
        const struct engine *e = t->e;

        return e->dmi_known && !e->dmi_is_ecs && !*e->config.instance_id &&
               in(t, 0) - e->metadata_silent_since >= NOT_ECS_AFTER;
}

void say_unknown(struct turn *t, enum plane plane, const struct fault *f) {
        struct notice *n = say(t, NOTICE_PLANE_UNKNOWN);

        n->plane = plane;
        n->fault = *f;
}

/* Remembers since when and how often a class of fault has been met. */
static void count_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        if (e->fault.class == f->class) {
                e->attempt++;
        } else {
                e->attempt = 0;
                e->fault_since = cloud_now(t);
                e->fault_since_boot = t->now.boot_usec;
        }
        if (!network_may_come(t, f) && is_news(t, TOLD_WAITING, f->code))
                say(t, NOTICE_WAITING)->fault = *f;
        e->fault = *f;
}

static void fail(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        if (e->phase != PHASE_FAILED || strcmp(e->fault.code, f->code) != 0)
                e->fault_since = cloud_now(t);
        if (is_news(t, TOLD_FAILED, f->code))
                say(t, NOTICE_FAILED)->fault = *f;
        e->fault = *f;
        enter(t, PHASE_FAILED);
        rest(t, in(t, backoff_failed(e->failed_looks++, e->identity.instance_id)));
}

static void not_ecs(struct turn *t) {
        say(t, NOTICE_NOT_ECS);
        t->e->fault = fault_own(FAULT_NOT_ECS, "");
        enter(t, PHASE_STOPPED);
        rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_EXIT;
}

void fail_own(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        fail(t, &f);
}

/* After a start: a wait that an earlier process had begun goes on. */
static bool resume_wait(struct turn *t) {
        struct engine *e = t->e;
        uint64_t left;

        if (e->wait_checked || e->ledger.wait.length_usec == 0)
                return false;
        e->wait_checked = true;
        left = wait_left(t);
        if (left == 0)
                return false;
        e->fault = e->ledger.wait.fault;
        e->fault_since = e->ledger.wait.started;
        e->fault_since_boot = t->now.boot_usec;
        e->attempt = e->ledger.wait.attempt;
        e->wait_by_server = e->ledger.wait.asked_by_server;
        enter(t, PHASE_WAITING);
        wait_begins(t, in(t, left));
        return true;
}

static void wait_for(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        e->wait_by_server = e->fault.class == FAULT_THROTTLED || e->fault.retry_after_ms > 0;
        enter(t, PHASE_WAITING);
        keep_wait(t, length);
        wait_begins(t, in(t, length));
}

void wait_until_sec(struct turn *t, const char *code, int64_t when) {
        struct fault f = fault_own(code, "");
        int64_t left = when - cloud_now(t);

        count_fault(t, &f);
        enter(t, PHASE_WAITING);
        t->e->wait_by_server = false;
        wait_begins(t, in(t, USEC_OF(left > 0 ? left : 1)));
}

void inspect(struct turn *t) {
        if (resume_wait(t))
                return;
        enter(t, PHASE_INSPECTING);
        ask(t, WIRE_INSPECT);
}

void meet_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        const struct fault_row *row = fault_explain(f, call_context(&e->config));
        uint64_t patience = backoff_patience(f->class, first_boot(e));

        if (f->class == FAULT_ALREADY && e->fault.class != FAULT_ALREADY) {
                count_fault(t, f); /* at once, but once: control may not show it yet */
                inspect(t);
                return;
        }
        if (f->class == FAULT_OPERATOR ||
            (e->phase == PHASE_FAILED && f->class != FAULT_THROTTLED)) {
                fail(t, f);
                return;
        }
        count_fault(t, f);
        if (patience && t->now.boot_usec - e->fault_since_boot >= patience) {
                fail(t, f);
                return;
        }
        wait_for(t, backoff_wait(f, row->slow, e->attempt, e->identity.instance_id,
                                 (unsigned)(cloud_now(t) % 60), &e->rng));
}

void meet_own(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        meet_fault(t, &f);
}

void got_identify_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        bool silent = strcmp(f->code, FAULT_MD_UNREACHABLE) == 0;

        forget_metadata(t);
        if (!silent)
                e->metadata_silent_since = 0;
        else if (e->metadata_silent_since == 0)
                e->metadata_silent_since = t->now.boot_usec;
        else if (!e->identified && is_not_ecs(t)) {
                not_ecs(t);
                return;
        }
        meet_fault(t, f);
        if (silent && !e->identified && e->wait_until > e->metadata_silent_since + NOT_ECS_AFTER &&
            t->now.boot_usec < e->metadata_silent_since + NOT_ECS_AFTER)
                wait_begins(t, e->metadata_silent_since + NOT_ECS_AFTER);
}

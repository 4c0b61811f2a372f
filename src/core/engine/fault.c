/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* Services start before the network is there: in a machine's first minute that is no news. */
static bool network_may_come(const struct turn *t, const struct fault *f) {
        return strcmp(f->code, FAULT_MD_UNREACHABLE) == 0 && t->e->facts.kernel.known &&
               t->e->facts.kernel.out == ANSWER_NO && t->now.boot_usec < NETWORK_COMES;
}

/* Nobody at the metadata address, and the firmware names another maker: not our machine. */
static bool is_not_ecs(const struct turn *t) {
        const struct engine *e = t->e;

        return e->given.dmi_known && !e->given.dmi_is_ecs && !*e->given.config.instance_id &&
               clock_from_now(t, 0) - e->facts.silent_since >= NOT_ECS_AFTER;
}

void fault_report_unknown(struct turn *t, enum plane plane, const struct fault *f) {
        struct notice *n = report_notice(t, NOTICE_PLANE_UNKNOWN);

        n->plane = plane;
        n->fault = *f;
}

/* Remembers since when and how often a class of fault has been met. */
static void holdoff_count(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        if (e->holdoff.fault.class == f->class) {
                e->holdoff.attempt++;
        } else {
                e->holdoff.attempt = 0;
                e->holdoff.since = clock_now(t);
                e->holdoff.since_boot = t->now.boot_usec;
        }
        if (!network_may_come(t, f) && report_once(t, REPORTED_WAITING, f->code))
                report_notice(t, NOTICE_WAITING)->fault = *f;
        e->holdoff.fault = *f;
}

static void fail(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        if (e->phase != PHASE_FAILED || strcmp(e->holdoff.fault.code, f->code) != 0)
                e->holdoff.since = clock_now(t);
        if (report_once(t, REPORTED_FAILED, f->code))
                report_notice(t, NOTICE_FAILED)->fault = *f;
        e->holdoff.fault = *f;
        turn_enter(t, PHASE_FAILED);
        turn_rest(t, clock_from_now(t, backoff_failed(e->holdoff.failed_looks++,
                                                      e->facts.identity.instance_id)));
}

static void not_ecs(struct turn *t) {
        report_notice(t, NOTICE_NOT_ECS);
        t->e->holdoff.fault = fault_own(FAULT_NOT_ECS, "");
        turn_enter(t, PHASE_STOPPED);
        turn_rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_EXIT;
}

void fault_fail(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        fail(t, &f);
}

/* After a start: a wait that an earlier process had begun goes on. */
static bool resume_wait(struct turn *t) {
        struct engine *e = t->e;
        uint64_t left;

        if (e->holdoff.kept_checked || e->ledger.wait.length_usec == 0)
                return false;
        e->holdoff.kept_checked = true;
        left = holdoff_left(t);
        if (left == 0)
                return false;
        e->holdoff.fault = e->ledger.wait.fault;
        e->holdoff.since = e->ledger.wait.started;
        e->holdoff.since_boot = t->now.boot_usec;
        e->holdoff.attempt = e->ledger.wait.attempt;
        e->holdoff.by_server = e->ledger.wait.asked_by_server;
        turn_enter(t, PHASE_WAITING);
        wait_begin(t, clock_from_now(t, left));
        return true;
}

static void wait_for(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        e->holdoff.by_server =
                e->holdoff.fault.class == FAULT_THROTTLED || e->holdoff.fault.retry_after_ms > 0;
        turn_enter(t, PHASE_WAITING);
        holdoff_keep(t, length);
        wait_begin(t, clock_from_now(t, length));
}

void wait_until(struct turn *t, const char *code, int64_t when) {
        struct fault f = fault_own(code, "");
        int64_t left = when - clock_now(t);

        holdoff_count(t, &f);
        turn_enter(t, PHASE_WAITING);
        t->e->holdoff.by_server = false;
        wait_begin(t, clock_from_now(t, USEC_OF(left > 0 ? left : 1)));
}

void wait_or_inspect(struct turn *t) {
        if (resume_wait(t))
                return;
        turn_enter(t, PHASE_INSPECTING);
        ask_question(t, WIRE_INSPECT);
}

void fault_meet(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        const struct fault_row *row = fault_explain(f, engine_call_context(&e->given.config));
        uint64_t patience = backoff_patience(f->class, first_boot(e));

        if (f->class == FAULT_ALREADY && e->holdoff.fault.class != FAULT_ALREADY) {
                holdoff_count(t, f); /* at once, but once: control may not show it yet */
                wait_or_inspect(t);
                return;
        }
        if (f->class == FAULT_OPERATOR ||
            (e->phase == PHASE_FAILED && f->class != FAULT_THROTTLED)) {
                fail(t, f);
                return;
        }
        holdoff_count(t, f);
        if (patience && t->now.boot_usec - e->holdoff.since_boot >= patience) {
                fail(t, f);
                return;
        }
        wait_for(t, backoff_wait(f, row->slow, e->holdoff.attempt, e->facts.identity.instance_id,
                                 (unsigned)(clock_now(t) % 60), &e->given.rng));
}

void fault_raise(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        fault_meet(t, &f);
}

void fault_of_identify(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        bool silent = strcmp(f->code, FAULT_MD_UNREACHABLE) == 0;

        planes_forget_metadata(t);
        if (!silent)
                e->facts.silent_since = 0;
        else if (e->facts.silent_since == 0)
                e->facts.silent_since = t->now.boot_usec;
        else if (!e->facts.identified && is_not_ecs(t)) {
                not_ecs(t);
                return;
        }
        fault_meet(t, f);
        if (silent && !e->facts.identified &&
            e->holdoff.until > e->facts.silent_since + NOT_ECS_AFTER &&
            t->now.boot_usec < e->facts.silent_since + NOT_ECS_AFTER)
                wait_begin(t, e->facts.silent_since + NOT_ECS_AFTER);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Faults and waits: by the class of a fault, wait or fail; a long wait outlives a restart. */
#include <string.h>

#include "turn.h"
#include "util/text.h"

#define WAIT_KEPT        (30 * USEC_PER_SEC) /* shorter waits are not worth a write to disk */
#define NOT_ECS_AFTER    (10 * USEC_PER_MIN)
#define NETWORK_COMES    (60 * USEC_PER_SEC)
#define KERNEL_APART     (30 * USEC_PER_SEC)
#define USEC_OF(seconds) ((uint64_t)(seconds)*USEC_PER_SEC)

unsigned call_context(const struct config *c) {
        return (c->ip_address ? FAULT_WITH_IP_ADDRESS : 0) | (*c->vlan_id ? FAULT_WITH_VLAN_ID : 0);
}

bool is_news(struct turn *t, enum told_list list, const char *code) {
        char(*told)[FAULT_CODE_SIZE] = t->e->told[list];

        for (unsigned i = 0; i < TOLD_IN_TURN; i++)
                if (strcmp(told[i], code) == 0)
                        return false;
        memmove(told[1], told[0], (TOLD_IN_TURN - 1) * FAULT_CODE_SIZE);
        text_copy(told[0], FAULT_CODE_SIZE, code);
        return true;
}

void untell(struct turn *t, enum told_list list, const char *code) {
        for (unsigned i = 0; i < TOLD_IN_TURN; i++)
                if (!code || strcmp(t->e->told[list][i], code) == 0)
                        TEXT_SET(t->e->told[list][i], "");
}

void forget_told(struct turn *t) {
        untell(t, TOLD_WAITING, NULL);
        untell(t, TOLD_FAILED, NULL);
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

void fail_own(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        fail(t, &f);
}

/* Services start before the network is there: in a machine's first minute that is no news. */
static bool network_may_come(const struct turn *t, const struct fault *f) {
        return strcmp(f->code, FAULT_MD_UNREACHABLE) == 0 && t->e->kernel.known &&
               !t->e->kernel.routed && t->now.boot_usec < NETWORK_COMES;
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

static void write_wait(struct turn *t, uint64_t length, bool by_server, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_wait *w = &e->ledger.wait;

        *w = (struct ledger_wait){
                .length_usec = length,
                .started = cloud_now(t),
                .started_boot_usec = t->now.boot_usec,
                .asked_by_server = by_server,
                .attempt = e->attempt,
                .fault = *f,
        };
        TEXT_SET(w->boot_id, e->boot_id);
        store(t);
}

/* Until the API has told the time, metadata's Date counts if this machine's clock bears it out. */
static bool time_is_sure(const struct turn *t) {
        int64_t off = t->now.wall_sec - cloud_now(t);

        return t->e->time_proven ||
               (t->e->server_time && off <= CLOCK_OFF_SEC && off >= -CLOCK_OFF_SEC);
}

/*
 * How much of a kept wait is left: never more than its length, anew if the clock went back or
 * cannot be trusted yet. The cloud's time has whole seconds: one of them may not be over.
 */
static uint64_t wait_left(const struct turn *t) {
        const struct ledger_wait *w = &t->e->ledger.wait;
        int64_t gone = time_is_sure(t) ? cloud_now(t) - w->started - 1 : 0;
        uint64_t passed;

        if (strcmp(w->boot_id, t->e->boot_id) == 0 && t->now.boot_usec >= w->started_boot_usec)
                passed = t->now.boot_usec - w->started_boot_usec;
        else
                passed = gone < 0 ? 0 : USEC_OF(gone);
        return passed < w->length_usec ? w->length_usec - passed : 0;
}

uint64_t server_wait_left(const struct turn *t) {
        const struct engine *e = t->e;

        return !e->wait_checked && e->ledger.wait.asked_by_server ? wait_left(t) : 0;
}

void forget_wait(struct turn *t) {
        if (server_wait_left(t) == 0)
                t->e->ledger.wait = (struct ledger_wait){};
}

static void keep_wait(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        if (server_wait_left(t) > 0)
                return; /* metadata fails meanwhile: what the server asked for counts more */
        e->wait_checked = true;
        if (e->wait_by_server || length >= WAIT_KEPT)
                write_wait(t, length, e->wait_by_server, &e->fault);
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

void inspect(struct turn *t) {
        if (resume_wait(t))
                return;
        enter(t, PHASE_INSPECTING);
        ask(t, WIRE_INSPECT);
}

static bool first_boot(const struct engine *e) {
        return *e->boot_id && strcmp(e->ledger.first_boot_id, e->boot_id) == 0;
}

static void wait_for(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        e->wait_by_server = e->fault.class == FAULT_THROTTLED || e->fault.retry_after_ms > 0;
        enter(t, PHASE_WAITING);
        keep_wait(t, length);
        wait_begins(t, in(t, length));
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

void wait_until_sec(struct turn *t, const char *code, int64_t when) {
        struct fault f = fault_own(code, "");
        int64_t left = when - cloud_now(t);

        count_fault(t, &f);
        enter(t, PHASE_WAITING);
        t->e->wait_by_server = false;
        wait_begins(t, in(t, USEC_OF(left > 0 ? left : 1)));
}

/* Nobody at the metadata address, and the firmware names another maker: not our machine. */
static bool is_not_ecs(const struct turn *t) {
        const struct engine *e = t->e;

        return e->dmi_known && !e->dmi_is_ecs && !*e->config.instance_id &&
               in(t, 0) - e->metadata_silent_since >= NOT_ECS_AFTER;
}

static void not_ecs(struct turn *t) {
        say(t, NOTICE_NOT_ECS);
        t->e->fault = fault_own(FAULT_NOT_ECS, "");
        enter(t, PHASE_STOPPED);
        rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_EXIT;
}

/* The look before does not count any more (L6), for nothing. */
static void forget_metadata(struct turn *t) {
        t->e->metadata = (struct plane_facts){};
        t->e->metadata_at = 0;
        judge(t);
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

static uint64_t throttled_wait(const struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        return backoff_wait(f, false, 0, e->identity.instance_id, (unsigned)(cloud_now(t) % 60),
                            &e->rng);
}

static void say_unknown(struct turn *t, enum plane plane, const struct fault *f) {
        struct notice *n = say(t, NOTICE_PLANE_UNKNOWN);

        n->plane = plane;
        n->fault = *f;
}

/* A control look that fails changes no phase while the planes that count agree. */
void got_inspect_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        judge(t);
        if (e->phase != PHASE_CONFIRMED &&
            (!e->verdict.confirmed || must_alert(t) || reboots_at_once(t))) {
                e->control = (struct plane_facts){};
                judge(t);
                meet_fault(t, f);
                return;
        }
        if (e->phase == PHASE_CONFIRMED && strcmp(f->code, FAULT_OTHER_INSTANCE) == 0) {
                e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
                start_over(t);
                return;
        }
        if (is_news(t, TOLD_CONTROL, f->code))
                say_unknown(t, PLANE_CONTROL, f);
        if (f->class == FAULT_THROTTLED) {
                e->wait_checked = false; /* whoever inspects next goes on with it */
                write_wait(t, throttled_wait(t, f), true, f);
        }
        e->control_fault = *f;
        e->control = (struct plane_facts){};
        e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
        if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                drift(t); /* another plane: seen while control was asked */
        else
                confirm(t);
}

/* Metadata could not be read: unknown, which is neither absent nor present (L6). */
void got_addresses_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        forget_metadata(t);
        if (e->phase == PHASE_WAITING) {
                meanwhile(t);
                return;
        }
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_CONFIRMING ||
            e->phase == PHASE_REBOOTING) {
                if (e->phase == PHASE_REBOOTING)
                        enter(t, PHASE_CONFIRMING);
                /* One look that fails is no news. */
                if (e->phase == PHASE_CONFIRMED && e->metadata_fault.class != FAULT_NONE &&
                    is_news(t, TOLD_METADATA, f->code))
                        say_unknown(t, PLANE_METADATA, f);
                e->metadata_fault = *f;
                if (f->class == FAULT_THROTTLED)
                        e->next_look = in(t, throttled_wait(t, f));
                if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                        drift(t); /* another plane: seen while metadata was asked */
                else
                        schedule_looks(t);
                return;
        }
        meet_fault(t, f);
}

/* An end to every wait that the server did not ask for. */
void hurry(struct turn *t) {
        struct engine *e = t->e;

        if (!is_resting(e) || (e->phase == PHASE_WAITING && e->wait_by_server))
                return;
        e->attempt = 0;
        e->failed_looks = 0;
        e->static_refused = false;
        e->fault_since_boot = t->now.boot_usec;
        forget_wait(t);
        if (e->phase == PHASE_CONFIRMED && e->identified) {
                e->next_look = t->now.boot_usec;
                on_confirmed(t);
                return;
        }
        start_over(t);
}

/* A person's word: it counts for the question in flight too, should that end in a wait. */
void hurry_at_word(struct turn *t) {
        t->e->hurry_later = !is_resting(t->e);
        hurry(t);
}

void hurry_after_question(struct turn *t) {
        struct engine *e = t->e;

        if (!e->hurry_later || !is_resting(e))
                return;
        e->hurry_later = false;
        if (e->phase == PHASE_WAITING || e->phase == PHASE_FAILED || !e->identified)
                hurry(t);
}

/* The network has come (back): what failed for want of it may work now. */
void hurry_after_kernel(struct turn *t) {
        struct engine *e = t->e;
        bool usable =
                e->identified ? e->verdict.planes[PLANE_KERNEL] == PLANE_AGREES : e->kernel.routed;

        if (!usable || (e->phase == PHASE_WAITING && e->wait_by_server))
                return;
        if (e->kernel_hurried && t->now.boot_usec - e->kernel_hurried < KERNEL_APART)
                return; /* a flapping link is no reason to ask in its rhythm */
        e->kernel_hurried = t->now.boot_usec;
        start_over(t);
}

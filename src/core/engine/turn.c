/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* NOTICES_MAX is more than any turn says, see the tests; else the last one gives way. */
struct notice *report_notice(struct turn *t, enum notice_kind kind) {
        struct actions *a = t->out;
        struct notice *n;

        if (a->n_notices < NOTICES_MAX)
                a->n_notices++;
        n = &a->notices[a->n_notices - 1];
        *n = (struct notice){.kind = kind, .address = t->e->expected};
        t->e->reported.confirmed = kind == NOTICE_CONFIRMED ? n->address : 0;
        return n;
}

void turn_rest(struct turn *t, uint64_t until) {
        t->e->inflight.step = STEP_IDLE;
        t->e->inflight.op = WIRE_NONE;
        t->e->deadline = until;
        if (until != ENGINE_NEVER)
                t->e->facts.inspected_just_now =
                        false; /* L1: "directly after" means no wait between */
}

void turn_store(struct turn *t) {
        t->out->wants |= ACTION_STORE;
}

uint64_t clock_from_now(const struct turn *t, uint64_t usec) {
        return t->now.boot_usec + usec;
}

int64_t engine_time(const struct engine *e, struct engine_now now) {
        if (e->clock.server_time == 0)
                return now.wall_sec;
        return e->clock.server_time + (int64_t)((now.boot_usec - e->clock.read_at) / USEC_PER_SEC);
}

static bool is_of_api(enum wire_op op, const struct wire_answer *a) {
        if (a->fault.class != FAULT_NONE)
                return *a->fault.request_id;
        return op == WIRE_INSPECT || op == WIRE_EIP_FIND || wire_op_changes(op);
}

bool report_once(struct turn *t, enum report_list list, const char *code) {
        char(*told)[FAULT_CODE_SIZE] = t->e->reported.faults[list];

        for (unsigned i = 0; i < REPORTED_IN_TURN; i++)
                if (strcmp(told[i], code) == 0)
                        return false;
        memmove(told[1], told[0], (REPORTED_IN_TURN - 1) * FAULT_CODE_SIZE);
        text_copy(told[0], FAULT_CODE_SIZE, code);
        return true;
}

void report_clear(struct turn *t, enum report_list list, const char *code) {
        for (unsigned i = 0; i < REPORTED_IN_TURN; i++)
                if (!code || strcmp(t->e->reported.faults[list][i], code) == 0)
                        TEXT_SET(t->e->reported.faults[list][i], "");
}

bool turn_is_resting(const struct engine *e) {
        return e->inflight.step == STEP_IDLE && e->phase != PHASE_STOPPED &&
               e->phase != PHASE_STARTING;
}

bool report_is_accepted(const struct engine *e, const char *code) {
        return strcmp(e->reported.accepted, code) == 0;
}

void due_end_block(struct turn *t) {
        struct engine *e = t->e;

        if (e->reboot.blocked_since)
                e->reboot.blocked_usec += t->now.boot_usec - e->reboot.blocked_since;
        e->reboot.blocked_since = 0;
}

void due_clear(struct turn *t) {
        t->e->reboot.due_since = t->e->reboot.blocked_since = t->e->reboot.blocked_usec = 0;
        TEXT_SET(t->e->reported.blockers, "");
}

unsigned engine_call_context(const struct config *c) {
        return (c->ip_address ? FAULT_WITH_IP_ADDRESS : 0) | (*c->vlan_id ? FAULT_WITH_VLAN_ID : 0);
}

bool first_boot(const struct engine *e) {
        return *e->given.boot_id && strcmp(e->ledger.first_boot_id, e->given.boot_id) == 0;
}

/* Patience counts only while the blockers are what is waited for: not under the brake, say. */
uint64_t due_patience_ends(const struct engine *e, uint64_t now) {
        uint64_t patience = e->given.config.reboot_patience_usec;
        uint64_t left = e->reboot.blocked_usec < patience ? patience - e->reboot.blocked_usec : 0;

        return (e->reboot.blocked_since ? e->reboot.blocked_since : now) + left;
}

int64_t clock_now(const struct turn *t) {
        return engine_time(t->e, t->now);
}

struct moment clock_moment(const struct turn *t) {
        return (struct moment){
                .boot_id = t->e->given.boot_id,
                .boot_usec = t->now.boot_usec,
                .time = clock_now(t),
        };
}

/*
 * Metadata's Date is a hint over plain HTTP: by it no entry of the ledger is dated anew, or a wrong
 * one would free the budgets. Before each changing call an API answer has told the time (L1).
 */
void clock_learn(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        struct engine *e = t->e;
        int64_t server_time = a->server_time;
        bool proven = is_of_api(op, a);
        int64_t off = t->now.wall_sec - server_time;

        if (server_time <= 0 || (e->clock.proven && !proven))
                return;
        e->clock.server_time = server_time;
        e->clock.read_at = t->now.boot_usec;
        e->clock.proven |= proven;
        if (proven && ledger_settle_clock(&e->ledger, server_time))
                turn_store(t);
        if (!e->reported.clock && (off > CLOCK_OFF_SEC || off < -CLOCK_OFF_SEC)) {
                e->reported.clock = true;
                report_notice(t, NOTICE_CLOCK)->seconds = off;
        }
}

void report_clear_faults(struct turn *t) {
        report_clear(t, REPORTED_WAITING, NULL);
        report_clear(t, REPORTED_FAILED, NULL);
}

static void due_forget_blockers(struct turn *t) {
        due_end_block(t);
        t->out->wants |= ACTION_NO_BLOCKERS;
        t->e->reboot.blockers_known = false;
        t->e->reboot.blockers_until = 0;
        TEXT_SET(t->e->reboot.blockers, "");
}

/*
 * The one door. Looks made while failed do not change the phase: it stays failed, quietly, until
 * something better than looking is reached.
 */
void turn_enter(struct turn *t, enum phase phase) {
        struct engine *e = t->e;
        bool looking = phase == PHASE_IDENTIFYING || phase == PHASE_INSPECTING;

        if (phase == e->phase || (e->phase == PHASE_FAILED && looking))
                return;
        if (e->phase == PHASE_REBOOTING)
                due_forget_blockers(t);
        e->phase = phase;
        e->phase_entered = t->now.boot_usec;
        e->phase_since = clock_now(t);
}

const struct ledger_entry *due_change(const struct turn *t) {
        struct moment now = clock_moment(t);

        return governor_change_to_reboot_for(&t->e->ledger, t->e->expected, &now);
}

bool due_at_once(const struct turn *t) {
        return t->e->given.config.reboot_policy == REBOOT_ALWAYS && due_change(t);
}

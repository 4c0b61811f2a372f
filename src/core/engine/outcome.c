/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a changing call: its intent written, its answer (laws L2 and L3, design 3). */
#include "outcome.h"

#include <string.h>

#include "adopt.h"
#include "change.h"
#include "clock.h"
#include "fault.h"
#include "holdoff.h"
#include "planes.h"
#include "reboot.h"
#include "report.h"
#include "util/text.h"
#include "wait.h"

/* The brake was found on after the write. */
static struct move hold_instead(struct turn *t) {
        struct engine *e = t->e;

        if (e->given.hold != HOLD_ON)
                report_notice(t, NOTICE_HELD);
        e->given.hold = HOLD_ON;
        return change_hold(t);
}

/* A disk that stalled: the inspection has grown old (L1), or the intent, by whose time it is judged
 * whether the call may still be underway (L3). */
static bool is_late(const struct turn *t, const struct ledger_entry *entry, int64_t age) {
        return t->now.boot_usec - t->e->facts.inspected > LOOK_FRESH ||
               clock_now(t) - entry->time > age;
}

/*
 * What is read again between the write of the intent and the first byte: straight after the write,
 * and when the call is ready. Where it does not pass, the intent is withdrawn.
 */
static struct move look_again(struct turn *t, enum hold hold, int64_t age) {
        struct engine *e = t->e;
        enum wire_op op = e->inflight.op;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);
        struct move (*instead)(struct turn * t) = NULL;

        if (hold == HOLD_ON || !entry)
                instead = hold_instead;
        else if (is_late(t, entry, age) || e->given.config_unread || !change_is_proven(e))
                instead = wait_or_inspect;
        else if (op != WIRE_REBOOT)
                instead = e->inflight.outdated ? wait_or_inspect : NULL;
        else if (!reboot_is_still_due(t))
                instead = reboot_no_longer_due; /* netlink, or a person, has told otherwise */
        else if (reboot_is_blocked(t))
                instead = reboot_due;
        if (!instead)
                return move_pass();
        change_withdraw(t, entry);
        return instead(t);
}

static struct move leave(struct turn *t, enum wire_op op) {
        struct engine *e = t->e;

        if (e->reported.asking != op)
                report_notice(t, NOTICE_ASKING)->op = op;
        e->reported.asking = op;
        e->before.reach = REACH_UNASKED;
        return move_ask(PHASE_SAME, op);
}

static struct move not_stored(struct turn *t, int error) {
        struct engine *e = t->e;

        change_withdraw(t, ledger_last(&e->ledger, e->inflight.op));
        t->out->wants &= ~(unsigned)ACTION_STORE; /* it would fail again */
        return fault_fail(t, FAULT_LEDGER_WRITE, strerror(-error));
}

/* The last gate: it leaves, or is withdrawn. */
static struct move go(struct turn *t, enum hold hold) {
        struct move m = look_again(t, hold, GO_SEC);

        if (m.kind != MOVE_PASS)
                return m;
        t->e->inflight.renewing = false;
        t->e->inflight.left = true;
        t->out->wants |= ACTION_GO;
        m.kind = MOVE_ON;
        return m;
}

struct move outcome_stored(struct turn *t, int error, enum hold hold) {
        struct engine *e = t->e;
        struct move m;

        e->given.ledger_error = error;
        if (e->inflight.step != STEP_STORING && !e->inflight.renewing)
                return move_on(PHASE_SAME);
        if (error)
                return not_stored(t, error);
        if (e->inflight.renewing)
                return go(t, hold);
        m = look_again(t, hold, STORE_SEC);
        return m.kind == MOVE_PASS ? leave(t, e->inflight.op) : m;
}

struct move outcome_ready(struct turn *t, unsigned number, enum hold hold) {
        struct engine *e = t->e;
        struct inflight *i = &e->inflight;
        struct ledger_entry *entry;
        int64_t now = clock_now(t);

        if (i->step != STEP_ASKING || !wire_op_changes(i->op) || i->renewing)
                return move_on(PHASE_SAME); /* of a question that was given up */
        if (number <= 1)
                return go(t, hold);
        /* Once more is a send of its own (L14, L15), which is durable before it leaves. */
        entry = ledger_last(&e->ledger, i->op);
        if (!entry || governor_ceiling_until(&e->ledger, i->op, now)) {
                change_withdraw(t, entry);
                return wait_or_inspect(t);
        }
        entry->seq = ++e->ledger.seq;
        ledger_sent(&e->ledger, i->op, now);
        i->renewing = true;
        turn_store(t);
        return move_on(PHASE_SAME);
}

static void keep_answer(struct turn *t, struct ledger_entry *entry, const struct wire_answer *a) {
        entry->outcome = OUTCOME_DONE;
        entry->settled = true;
        TEXT_SET(entry->request_id, a->request_id);
        if (entry->op == WIRE_ALLOCATE)
                entry->address = a->address;
        if (entry->op == WIRE_EIP_ASSOCIATE)
                entry->address = t->e->facts.eip.address;
        if (entry->op == WIRE_EIP_ALLOCATE)
                TEXT_SET(entry->allocation_id, a->eip.allocation_id);
        turn_store(t);
}

static void report_done(struct turn *t, const struct ledger_entry *entry) {
        struct notice *n;

        t->e->reported.asking = WIRE_NONE;
        report_clear_faults(t);
        n = report_notice(t, entry->op == WIRE_REBOOT ? NOTICE_REBOOTING : NOTICE_CHANGED);
        n->op = entry->op;
        n->address = entry->address;
        TEXT_SET(n->request_id, entry->request_id);
}

/* Throttled before, metadata is asked first: others need the account's quota, too. */
static struct move look_after_change(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = NULL;

        if (e->holdoff.throttled_since_confirm) {
                planes_forget_control(t); /* what it said was before the change */
                change = adopt_answered_change(e);
        }
        if (!change)
                return wait_or_inspect(t);
        adopt_answer(t, change);
        return reboot_or_confirm(t);
}

struct move outcome_done(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        struct ledger_entry *entry = ledger_last(&t->e->ledger, op);

        if (!entry)
                return wait_or_inspect(t);
        keep_answer(t, entry, a);
        holdoff_clear(t);
        report_done(t, entry);
        if (op == WIRE_REBOOT)
                return (struct move){
                        .kind = MOVE_LEAVE,
                        .phase = PHASE_SAME,
                        .until = clock_from_now(t, REBOOT_EXECUTION_SEC * USEC_PER_SEC),
                };
        return look_after_change(t);
}

/* True if nothing comes of the call, nor of its client token. */
static bool is_refusal(enum wire_op op, const struct fault *f) {
        return fault_executed(f, op == WIRE_REBOOT ? FAULT_OF_REBOOT : 0) == EXECUTED_NO ||
               fault_explain(f, 0)->token_ends;
}

struct move outcome_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);

        if (entry) {
                /* No word from the cloud process itself leaves the intent open: only time, or the
                   effect, can settle it (design 3); unless it was never told to send it. */
                e->inflight.left |= f->http_status != 0; /* who answers has got it */
                if (is_refusal(op, f) || (!e->inflight.left && fault_origin(f) == ORIGIN_AGENT))
                        entry->outcome = change_undone(e);
                else if (fault_origin(f) != ORIGIN_AGENT)
                        entry->outcome = OUTCOME_LOST;
                entry->at_gate = fault_is_at_gate(f);
                TEXT_SET(entry->request_id, f->request_id);
                turn_store(t);
        }
        if (e->given.config.strategy == STRATEGY_STATIC_EIP && fault_row_of(e, f)->no_static_here) {
                e->before.static_refused = true;
                return wait_or_inspect(t);
        }
        return fault_meet(t, f);
}

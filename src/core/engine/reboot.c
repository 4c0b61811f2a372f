/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static const char *const confirm_faults[_PLANE_MAX] = {
        [PLANE_KERNEL] = FAULT_CONFIRM_KERNEL,
        [PLANE_METADATA] = FAULT_CONFIRM_METADATA,
        [PLANE_CONTROL] = FAULT_CONFIRM_CONTROL,
        [PLANE_OUTSIDE] = FAULT_CONFIRM_OUTSIDE,
};

static bool failed_to_confirm(const struct engine *e) {
        return e->phase == PHASE_FAILED && (strncmp(e->holdoff.fault.code, "Confirm.", 8) == 0 ||
                                            strncmp(e->holdoff.fault.code, "Reboot.", 7) == 0);
}

static bool has_no_cure(const struct ledger *l, enum plane plane) {
        return plane == PLANE_METADATA ? l->metadata_no_cure
                                       : plane == PLANE_KERNEL && l->nic_no_cure;
}

/* L12: a plane lacks the address that a restart can make it show, and did not fail to before. */
bool reboot_cures(const struct engine *e) {
        enum plane plane = planes_curable(e);

        return plane != _PLANE_MAX && !has_no_cure(&e->ledger, plane);
}

/* For a change that may have one, and for what it can cure; `always` asks for no more (L12). */
static bool reboot_is_wanted(const struct turn *t) {
        return due_at_once(t) || (due_change(t) && reboot_cures(t->e));
}

/* Grace is over, and a change of ours is not confirmed: it is asked whether the address works. */
static bool reboot_is_due(const struct turn *t) {
        const struct engine *e = t->e;

        return e->verdict.disagrees &&
               governor_pending_change(&e->ledger, e->expected, clock_now(t)) &&
               t->now.boot_usec - e->confirming.started >= e->given.config.reboot_grace_usec;
}

/* The address works, which it did not before the change: no reboot is needed for it. */
static bool works_now(const struct turn *t, const struct ledger_entry *change) {
        const struct engine *e = t->e;

        return e->given.config.reboot_policy == REBOOT_AUTO && change->unreachable_before &&
               e->confirming.reachable;
}

/* Not so where the kernel disagrees: what works now may not work then. */
static bool confirm_by_reachability(struct turn *t) {
        struct engine *e = t->e;

        e->lagging = true;
        planes_judge(t);
        if (e->verdict.confirmed)
                return true;
        e->lagging = false;
        planes_judge(t);
        return false;
}

/* What metadata said some looks ago is no reason to reboot now. True: it is being asked again. */
static bool ask_metadata_again(struct turn *t) {
        struct engine *e = t->e;

        if (due_at_once(t) || !e->facts.identity.from_metadata ||
            !(planes_required(e) & (1u << PLANE_METADATA)) ||
            (e->facts.metadata_at >= e->reboot.due_since &&
             t->now.boot_usec - e->facts.metadata_at <= LOOK_RECENT))
                return false;
        ask_question(t, WIRE_ADDRESSES);
        return true;
}

void reboot_reconsider(struct turn *t) {
        struct engine *e = t->e;
        bool leaves = e->inflight.step == STEP_LEAVING ||
                      (e->inflight.step == STEP_ASKING && e->inflight.op == WIRE_REBOOT);

        if (leaves)
                return;
        due_clear(t);
        if (e->phase == PHASE_REBOOTING)
                confirm_begin(t);
}

static void reboot_never(struct turn *t) {
        t->e->reboot.required_mark = true;
        fault_fail(t, FAULT_REBOOT_NEVER, "");
}

/* "Succeeds now" means now. True: it is being asked. */
static bool probe_reachability(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;
        bool fresh =
                e->confirming.reach_at && t->now.boot_usec - e->confirming.reach_at <= LOOK_FRESH;

        if (e->given.config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || fresh)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
}

static bool is_still_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = due_change(t);

        if (!change || e->reboot.due_since == 0)
                return false;
        if (due_at_once(t))
                return true;
        if (!reboot_is_wanted(t))
                return false;
        if (!works_now(t, change))
                return true;
        confirm_by_reachability(t);
        return false;
}

/* The reboot is over, and the plane that it was to cure shows what it showed before. */
static bool is_unmoved(const struct turn *t, enum plane plane) {
        const struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, clock_now(t));
        const struct ledger_entry *reboot =
                change ? governor_reboot_for(&e->ledger, change, e->given.boot_id) : NULL;
        struct ledger_entry now = {};

        if (!reboot || plane == _PLANE_MAX)
                return false;
        planes_record(e, &now);
        if (plane == PLANE_METADATA)
                return reboot->metadata_before == now.metadata_before;
        return reboot->nic_before == now.nic_before;
}

static void fail_without_cure(struct turn *t, enum plane plane) {
        struct ledger *l = &t->e->ledger;

        if (!has_no_cure(l, plane))
                turn_store(t);
        l->metadata_no_cure |= plane == PLANE_METADATA;
        l->nic_no_cure |= plane == PLANE_KERNEL;
        fault_fail(t, FAULT_REBOOT_NO_CURE, plane_name(plane));
}

/* The plane that disagrees now may be another one than at an earlier failure. */
static void fail_to_confirm(struct turn *t) {
        enum plane plane = planes_curable(t->e);

        if (has_no_cure(&t->e->ledger, plane) || is_unmoved(t, plane))
                fail_without_cure(t, plane);
        else
                fault_fail(t, confirm_faults[t->e->verdict.who], "");
}

/* Nothing to reboot for: on with the looks, until Confirm.Timeout. */
static void confirm_further(struct turn *t) {
        struct engine *e = t->e;

        if (e->phase != PHASE_FAILED)
                turn_enter(t, PHASE_CONFIRMING);
        if (e->phase == PHASE_FAILED ||
            t->now.boot_usec - e->confirming.started >= e->given.config.confirm_timeout_usec)
                fail_to_confirm(t);
        else if (!confirm_look(t))
                confirm_schedule(t);
}

/* True while cloud-init or an inhibitor asks for patience, and Patience is not over. */
static bool wait_for_blockers(struct turn *t) {
        struct engine *e = t->e;

        turn_enter(t, PHASE_REBOOTING);
        if (!e->reboot.blockers_known && e->reboot.blockers_until == 0) {
                e->reboot.blockers_until = clock_from_now(t, BLOCKERS_WAIT);
                t->out->wants |= ACTION_BLOCKERS;
        }
        if (!e->reboot.blockers_known && t->now.boot_usec < e->reboot.blockers_until) {
                turn_rest(t, e->reboot.blockers_until);
                return true;
        }
        e->reboot.blockers_known = true; /* no answer in time: nothing blocks */
        if (!*e->reboot.blockers)
                return false;
        if (e->reboot.blocked_since == 0)
                e->reboot.blocked_since = t->now.boot_usec;
        if (t->now.boot_usec >= due_patience_ends(e, t->now.boot_usec))
                return false;
        if (!confirm_look(t))
                confirm_schedule(t);
        return true;
}

/* For the governor's leave; metadata is looked at meanwhile, since it may show the address. */
static void reboot_waits(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        turn_enter(t, PHASE_REBOOTING);
        if (confirm_look(t))
                return;
        confirm_schedule(t);
        if (e->deadline > until)
                turn_rest(t, until);
}

/* Design 4.2, from "due" to the intent; comes here again until nothing is left to wait for. */
void reboot_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, clock_now(t));
        struct moment now = clock_moment(t);
        const char *why;
        int64_t when;

        if (!change) {
                due_clear(t);
                reboot_or_confirm(t);
                return;
        }
        if (e->reboot.due_since == 0)
                e->reboot.due_since = t->now.boot_usec;
        if (ask_metadata_again(t))
                return;
        if (e->given.config.reboot_policy == REBOOT_NEVER && reboot_is_wanted(t)) {
                reboot_never(t);
                return;
        }
        if (!due_at_once(t) && !e->verdict.disagrees) {
                confirm_further(t); /* not knowing is no reason either */
                return;
        }
        if (probe_reachability(t, change))
                return;
        if (works_now(t, change)) {
                if (confirm_by_reachability(t))
                        confirm_reached(t);
                else
                        confirm_further(t);
                return;
        }
        if (!reboot_is_wanted(t)) {
                confirm_further(t);
                return;
        }
        switch (governor_reboot(&e->ledger, &e->given.config, &now, &when, &why)) {
        case PERMIT_NO:
                fault_raise(t, why, "");
                return;
        case PERMIT_LATER:
                reboot_waits(t, clock_from_now(t, (uint64_t)(when - clock_now(t)) * USEC_PER_SEC));
                return;
        case PERMIT_LOOK:
                turn_enter(t, PHASE_REBOOTING);
                ask_question(t, WIRE_INSPECT);
                return;
        case PERMIT_YES:
                break;
        }
        if (wait_for_blockers(t))
                return;
        if (!change_is_inspected(t))
                ask_question(t, WIRE_INSPECT);
        else if (change_check_ready(t, WIRE_REBOOT))
                change_begin(t, WIRE_REBOOT);
}

void reboot_blockers(struct turn *t, const char *blockers) {
        struct engine *e = t->e;

        if (e->phase != PHASE_REBOOTING || e->inflight.step == STEP_LEAVING)
                return; /* asked for a reboot that is not due any more, or leaves now */
        TEXT_SET(e->reboot.blockers, blockers);
        e->reboot.blockers_known = true;
        if (!*blockers)
                due_end_block(t);
        if (*blockers && strcmp(e->reported.blockers, blockers) != 0) {
                TEXT_SET(e->reported.blockers, blockers);
                TEXT_SET(report_notice(t, NOTICE_REBOOT_WAITS)->text, blockers);
        }
        if (e->inflight.step == STEP_IDLE)
                reboot_due(t);
}

void reboot_or_confirm(struct turn *t) {
        struct engine *e = t->e;

        /* Looked at again after a failure: only what the governor allows now can help. */
        if (failed_to_confirm(e) && e->verdict.disagrees) {
                if (governor_pending_change(&e->ledger, e->expected, clock_now(t)))
                        reboot_due(t);
                else
                        fail_to_confirm(t);
                return;
        }
        if (e->phase != PHASE_CONFIRMING)
                confirm_begin(t);
        confirm_schedule(t);
}

void reboot_tick(struct turn *t) {
        struct engine *e = t->e;

        planes_judge(t);
        if (e->verdict.confirmed && !due_at_once(t)) {
                confirm_reached(t);
                return;
        }
        if (e->phase == PHASE_REBOOTING || due_at_once(t) || reboot_is_due(t)) {
                reboot_due(t);
                return;
        }
        confirm_further(t);
}

static bool confirming_without_control(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change;

        if (!e->holdoff.throttled_since_confirm)
                return false;
        e->facts.control = (struct plane_facts){}; /* what it said was before the change */
        change = planes_change_for_metadata(t);
        if (!change)
                return false;
        adopt_answer(t, change);
        reboot_or_confirm(t);
        return true;
}

void outcome_stored(struct turn *t, int error, enum hold hold) {
        struct engine *e = t->e;
        enum wire_op op = e->inflight.op;
        struct ledger_entry *entry;

        e->given.ledger_error = error;
        if (e->inflight.step != STEP_STORING)
                return;
        entry = ledger_last(&e->ledger, op);
        if (error) {
                change_withdraw(t, entry);
                t->out->wants &= ~(unsigned)ACTION_STORE; /* it would fail again */
                fault_fail(t, FAULT_LEDGER_WRITE, strerror(-error));
                return;
        }
        if (hold == HOLD_ON || !entry) {
                change_withdraw(t, entry);
                change_hold(t);
                return;
        }
        /* A disk that stalled: the inspection has grown old (L1), or the intent, by whose time
           it is judged whether the call may still be underway (L3). */
        if (t->now.boot_usec - e->facts.inspected > LOOK_FRESH ||
            clock_now(t) - entry->time > STORE_SEC) {
                change_withdraw(t, entry);
                wait_or_inspect(t);
                return;
        }
        if (op == WIRE_REBOOT && !is_still_due(t)) {
                change_withdraw(t, entry); /* netlink, or a person, has told otherwise meanwhile */
                if (e->verdict.confirmed)
                        confirm_reached(t);
                else
                        reboot_or_confirm(t);
                return;
        }
        if (e->reported.asking != op)
                report_notice(t, NOTICE_ASKING)->op = op;
        e->reported.asking = op;
        e->before.reach_known = false;
        ask_question(t, op);
}

void outcome_done(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        struct engine *e = t->e;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);
        struct notice *n;

        if (!entry)
                return;
        entry->outcome = OUTCOME_DONE;
        entry->settled = true;
        TEXT_SET(entry->request_id, a->request_id);
        if (op == WIRE_ALLOCATE)
                entry->address = a->address;
        if (op == WIRE_EIP_ASSOCIATE)
                entry->address = e->facts.eip.address;
        if (op == WIRE_EIP_ALLOCATE)
                TEXT_SET(entry->allocation_id, a->eip.allocation_id);
        turn_store(t);
        e->holdoff.fault = (struct fault){};
        e->reported.asking = WIRE_NONE;
        report_clear_faults(t);
        e->holdoff.attempt = 0;
        n = report_notice(t, op == WIRE_REBOOT ? NOTICE_REBOOTING : NOTICE_CHANGED);
        n->op = op;
        n->address = entry->address;
        TEXT_SET(n->request_id, a->request_id);
        if (op == WIRE_REBOOT) {
                e->inflight.step = STEP_LEAVING;
                e->deadline = clock_from_now(t, REBOOT_EXECUTION_SEC * USEC_PER_SEC);
                return;
        }
        if (!confirming_without_control(t))
                wait_or_inspect(t);
}

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
        return e->phase == PHASE_FAILED && (strncmp(e->fault.code, "Confirm.", 8) == 0 ||
                                            strncmp(e->fault.code, "Reboot.", 7) == 0);
}

/* A reboot helps only against a disagreement, never against not knowing. */
static bool reboot_is_due(const struct turn *t) {
        const struct engine *e = t->e;

        return e->verdict.disagrees &&
               governor_pending_change(&e->ledger, e->expected, cloud_now(t)) &&
               t->now.boot_usec - e->confirm_started >= e->config.reboot_grace_usec;
}

static bool is_reachable_now(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        if (e->config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || !e->reachable)
                return false;
        e->lagging = true;
        judge(t);
        if (e->verdict.confirmed)
                return true;
        e->lagging = false; /* another plane disagrees: what works now may not work then */
        judge(t);
        return false;
}

/* What metadata said some looks ago is no reason to reboot now. True: it is being asked again. */
static bool looks_once_more(struct turn *t) {
        struct engine *e = t->e;

        if (reboots_at_once(t) || !e->identity.from_metadata ||
            !(required_planes(e) & (1u << PLANE_METADATA)) ||
            (e->metadata_at >= e->reboot_due_since &&
             t->now.boot_usec - e->metadata_at <= LOOK_RECENT))
                return false;
        ask(t, WIRE_ADDRESSES);
        return true;
}

void reconsider_reboot(struct turn *t) {
        struct engine *e = t->e;
        bool leaves =
                e->step == STEP_LEAVING || (e->step == STEP_ASKING && e->asking == WIRE_REBOOT);

        if (leaves)
                return;
        reboot_not_due(t);
        if (e->phase == PHASE_REBOOTING)
                confirming_begins(t);
}

static void reboot_never(struct turn *t) {
        t->e->marked = true;
        fail_own(t, FAULT_REBOOT_NEVER, "");
}

/* "Succeeds now" means now. True: it is being asked. */
static bool asks_whether_reachable(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;
        bool fresh = e->reach_at && t->now.boot_usec - e->reach_at <= LOOK_FRESH;

        if (e->config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || fresh)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
}

static bool is_still_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));

        if (!change || e->reboot_due_since == 0)
                return false;
        return (reboots_at_once(t) || e->verdict.disagrees) && !is_reachable_now(t, change);
}

/* The plane that disagrees now may be another one than at an earlier failure. */
static void fail_to_confirm(struct turn *t) {
        fail_own(t, confirm_faults[t->e->verdict.who], "");
}

/* True while cloud-init or an inhibitor asks for patience, and Patience is not over. */
static bool reboot_is_blocked(struct turn *t) {
        struct engine *e = t->e;

        enter(t, PHASE_REBOOTING);
        if (!e->blockers_known && e->blockers_until == 0) {
                e->blockers_until = in(t, BLOCKERS_WAIT);
                t->out->wants |= ACTION_BLOCKERS;
        }
        if (!e->blockers_known && t->now.boot_usec < e->blockers_until) {
                rest(t, e->blockers_until);
                return true;
        }
        e->blockers_known = true; /* no answer in time: nothing blocks */
        if (!*e->blockers)
                return false;
        if (e->blocked_since == 0)
                e->blocked_since = t->now.boot_usec;
        if (t->now.boot_usec >= patience_ends(e, t->now.boot_usec))
                return false;
        if (!look(t))
                schedule_looks(t);
        return true;
}

/* For the governor's leave; metadata is looked at meanwhile, since it may show the address. */
static void reboot_waits(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        enter(t, PHASE_REBOOTING);
        if (look(t))
                return;
        schedule_looks(t);
        if (e->deadline > until)
                rest(t, until);
}

/* Design 4.2, from "due" to the intent; comes here again until nothing is left to wait for. */
void reboot_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));
        struct moment now = moment(t);
        const char *why;
        int64_t when;

        if (!change) {
                reboot_not_due(t);
                confirming(t);
                return;
        }
        if (e->reboot_due_since == 0)
                e->reboot_due_since = t->now.boot_usec;
        if (looks_once_more(t))
                return;
        if (!reboots_at_once(t) && !e->verdict.disagrees) {
                enter(t, PHASE_CONFIRMING); /* not knowing is no reason either */
                schedule_looks(t);
                return;
        }
        if (e->config.reboot_policy == REBOOT_NEVER) {
                reboot_never(t);
                return;
        }
        if (asks_whether_reachable(t, change))
                return;
        if (is_reachable_now(t, change)) {
                confirm(t);
                return;
        }
        switch (governor_reboot(&e->ledger, &e->config, &now, &when, &why)) {
        case PERMIT_NO:
                meet_own(t, why, "");
                return;
        case PERMIT_LATER:
                reboot_waits(t, in(t, (uint64_t)(when - cloud_now(t)) * USEC_PER_SEC));
                return;
        case PERMIT_LOOK:
                enter(t, PHASE_REBOOTING);
                ask(t, WIRE_INSPECT);
                return;
        case PERMIT_YES:
                break;
        }
        if (reboot_is_blocked(t))
                return;
        if (!is_inspected(t))
                ask(t, WIRE_INSPECT);
        else if (is_ready(t, WIRE_REBOOT))
                begin_change(t, WIRE_REBOOT);
}

void got_blockers(struct turn *t, const char *blockers) {
        struct engine *e = t->e;

        if (e->phase != PHASE_REBOOTING || e->step == STEP_LEAVING)
                return; /* asked for a reboot that is not due any more, or leaves now */
        TEXT_SET(e->blockers, blockers);
        e->blockers_known = true;
        if (!*blockers)
                end_block(t);
        if (*blockers && strcmp(e->told_blockers, blockers) != 0) {
                TEXT_SET(e->told_blockers, blockers);
                TEXT_SET(say(t, NOTICE_REBOOT_WAITS)->text, blockers);
        }
        if (e->step == STEP_IDLE)
                reboot_due(t);
}

void confirming(struct turn *t) {
        struct engine *e = t->e;

        /* Looked at again after a failure: only what the governor allows now can help. */
        if (failed_to_confirm(e) && e->verdict.disagrees) {
                if (governor_pending_change(&e->ledger, e->expected, cloud_now(t)))
                        reboot_due(t);
                else
                        fail_to_confirm(t);
                return;
        }
        if (e->phase != PHASE_CONFIRMING)
                confirming_begins(t);
        schedule_looks(t);
}

void on_confirming(struct turn *t) {
        struct engine *e = t->e;

        judge(t);
        if (e->verdict.confirmed && !reboots_at_once(t)) {
                confirm(t);
                return;
        }
        if (e->phase == PHASE_REBOOTING || reboots_at_once(t) || reboot_is_due(t)) {
                reboot_due(t);
                return;
        }
        if (t->now.boot_usec - e->confirm_started >= e->config.confirm_timeout_usec) {
                fail_to_confirm(t);
                return;
        }
        if (!look(t))
                schedule_looks(t);
}

static bool confirming_without_control(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change;

        if (!e->crowded)
                return false;
        e->control = (struct plane_facts){}; /* what it said was before the change */
        change = shown_by_metadata(t);
        if (!change)
                return false;
        expect(t, change);
        confirming(t);
        return true;
}

void got_stored(struct turn *t, int error, enum hold hold) {
        struct engine *e = t->e;
        enum wire_op op = e->asking;
        struct ledger_entry *entry;

        e->ledger_error = error;
        if (e->step != STEP_STORING)
                return;
        entry = ledger_last(&e->ledger, op);
        if (error) {
                withdraw(t, entry);
                t->out->wants &= ~(unsigned)ACTION_STORE; /* it would fail again */
                fail_own(t, FAULT_LEDGER_WRITE, strerror(-error));
                return;
        }
        if (hold == HOLD_ON || !entry) {
                withdraw(t, entry);
                hold_instead(t);
                return;
        }
        /* A disk that stalled: the inspection has grown old (L1), or the intent, by whose time
           it is judged whether the call may still be underway (L3). */
        if (t->now.boot_usec - e->inspected > LOOK_FRESH ||
            cloud_now(t) - entry->time > STORE_SEC) {
                withdraw(t, entry);
                inspect(t);
                return;
        }
        if (op == WIRE_REBOOT && !is_still_due(t)) {
                withdraw(t, entry); /* netlink, or a person, has told otherwise meanwhile */
                if (e->verdict.confirmed)
                        confirm(t);
                else
                        confirming(t);
                return;
        }
        if (e->told_asking != op)
                say(t, NOTICE_ASKING)->op = op;
        e->told_asking = op;
        e->reach_before_known = false;
        ask(t, op);
}

void got_change(struct turn *t, enum wire_op op, const struct wire_answer *a) {
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
                entry->address = e->eip.address;
        if (op == WIRE_EIP_ALLOCATE)
                TEXT_SET(entry->allocation_id, a->eip.allocation_id);
        store(t);
        e->fault = (struct fault){};
        e->told_asking = WIRE_NONE;
        forget_told(t);
        e->attempt = 0;
        n = say(t, op == WIRE_REBOOT ? NOTICE_REBOOTING : NOTICE_CHANGED);
        n->op = op;
        n->address = entry->address;
        TEXT_SET(n->request_id, a->request_id);
        if (op == WIRE_REBOOT) {
                e->step = STEP_LEAVING;
                e->deadline = in(t, REBOOT_EXECUTION_SEC * USEC_PER_SEC);
                return;
        }
        if (!confirming_without_control(t))
                inspect(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Changing calls: preconditions, intents, answers; the allocation and the reboot. */
#include <string.h>

#include "turn.h"
#include "util/buf.h"
#include "util/text.h"

#define WITNESS_WAIT  (5 * USEC_PER_SEC)  /* netlink's answer about the witness of L4 */
#define LOOK_RECENT   (5 * USEC_PER_SEC)  /* the metadata look that a reboot rests on */
#define BLOCKERS_WAIT (15 * USEC_PER_SEC) /* the machine's answer about what blocks a reboot */

/* L1: nothing but reading since an inspection, and that not long ago. */
static bool is_inspected(const struct turn *t) {
        return t->e->inspected_just_now && t->now.boot_usec - t->e->inspected <= LOOK_FRESH;
}

/* L4: without metadata, the inspected instance must be this machine. True: it is. */
static bool is_witnessed(struct turn *t) {
        struct engine *e = t->e;

        if (e->identity.from_metadata || e->kernel.machine_matches) {
                e->witness_waited = false;
                return true;
        }
        if (e->kernel.known || e->witness_waited) {
                e->witness_waited = false;
                meet_own(t, FAULT_NO_WITNESS, "");
                return false;
        }
        e->witness_waited = true;
        enter(t, PHASE_ALLOCATING);
        rest(t, in(t, WITNESS_WAIT));
        return false;
}

static void new_token(struct turn *t, char token[static CLIENT_TOKEN_SIZE]) {
        _cleanup_buf_ struct buf b = BUF(CLIENT_TOKEN_SIZE - 1);

        buf_printf(&b, "ecs-pubip-%016llx%016llx", (unsigned long long)rng_next(&t->e->rng),
                   (unsigned long long)rng_next(&t->e->rng));
        text_copy(token, CLIENT_TOKEN_SIZE, buf_text(&b));
}

/*
 * A call with a client token whose outcome never became known: repeated with that token it is the
 * same purchase, so it takes the old entry again.
 */
static struct ledger_entry *repeatable(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = ledger_last(&t->e->ledger, op);

        if (!last || !*last->client_token || cloud_now(t) - last->time >= DAY_SEC)
                return NULL;
        if (last->outcome == OUTCOME_DONE || last->address != 0 || *last->allocation_id)
                return NULL;
        return last;
}

static struct ledger_entry *intent(struct turn *t, enum wire_op op, struct ledger_entry *again) {
        struct engine *e = t->e;
        struct ledger_entry *entry = again ? again : ledger_add(&e->ledger, op, cloud_now(t));

        if (!entry)
                return NULL;
        entry->outcome = OUTCOME_OPEN;
        entry->settled = false;
        entry->time = cloud_now(t);
        entry->unreachable_before = e->reach_before_known && e->unreachable_before;
        TEXT_SET(entry->boot_id, e->boot_id);
        if (!*entry->client_token && op != WIRE_ALLOCATE && op != WIRE_REBOOT)
                new_token(t, entry->client_token);
        if (op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(entry->allocation_id, e->eip.allocation_id);
        return entry;
}

/* L2: first the ledger; the call leaves in got_stored(). */
static void begin_change(struct turn *t, enum wire_op op) {
        struct engine *e = t->e;
        struct ledger_entry *again = repeatable(t, op);
        const char *why;
        int64_t when;
        enum permit permit;

        if (!is_inspected(t)) {
                inspect(t);
                return;
        }
        if (e->hold == HOLD_ON) {
                enter(t, PHASE_HELD);
                rest(t, in(t, e->config.heal_check_interval_usec));
                return;
        }
        if (e->ledger_state == LEDGER_UNREADABLE) {
                meet_own(t, FAULT_LEDGER_WRITE, "the ledger cannot be read");
                return;
        }
        if (!is_witnessed(t))
                return;
        permit = op == WIRE_REBOOT ? PERMIT_YES /* reboot_due() has asked the governor */
                                   : governor_change(&e->ledger, &e->config, op, e->boot_id,
                                                     cloud_now(t), &when, &why);
        if (permit == PERMIT_NO && again && strcmp(why, FAULT_HEAL_LIMIT) == 0)
                permit = PERMIT_YES;
        switch (permit) {
        case PERMIT_LATER:
                wait_until_sec(t, why, when);
                return;
        case PERMIT_NO:
                meet_own(t, why, "");
                return;
        case PERMIT_YES:
                break;
        }
        if (!intent(t, op, again)) {
                meet_own(t, FAULT_HEAL_LIMIT, "the ledger is full of changes of the last 24 hours");
                return;
        }
        enter(t, op == WIRE_REBOOT ? PHASE_REBOOTING : PHASE_ALLOCATING);
        rest(t, ENGINE_NEVER);
        e->step = STEP_STORING;
        e->asking = op;
        store(t);
}

/* The intent is on disk but the call will not leave: it never was. */
static void withdraw(struct turn *t, struct ledger_entry *entry) {
        if (entry)
                entry->outcome = OUTCOME_REFUSED;
        rest(t, ENGINE_NEVER);
        store(t);
}

static void hold_instead(struct turn *t) {
        t->e->hold = HOLD_ON;
        say(t, NOTICE_HELD);
        enter(t, PHASE_HELD);
        rest(t, in(t, t->e->config.heal_check_interval_usec));
}

void got_stored(struct turn *t, int error, enum hold hold) {
        struct engine *e = t->e;
        enum wire_op op = e->asking;
        struct ledger_entry *entry;
        struct fault f;

        e->ledger_error = error;
        if (e->step != STEP_STORING)
                return;
        entry = ledger_last(&e->ledger, op);
        if (error) {
                withdraw(t, entry);
                t->out->wants &= ~(unsigned)ACTION_STORE; /* it would fail again */
                f = fault_own(FAULT_LEDGER_WRITE, strerror(-error));
                fail(t, &f);
                return;
        }
        if (hold == HOLD_ON || !entry) {
                withdraw(t, entry);
                hold_instead(t);
                return;
        }
        if (t->now.boot_usec - e->inspected > LOOK_FRESH) {
                withdraw(t, entry); /* a disk that stalled: the inspection has grown old (L1) */
                inspect(t);
                return;
        }
        say(t, NOTICE_ASKING)->op = op;
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
        e->was_failed = false;
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
        inspect(t);
}

/* Whether the call may have been executed all the same. */
static enum outcome outcome_of(enum wire_op op, const struct fault *f) {
        if (!fault_is_refusal(f))
                return op != WIRE_REBOOT && f->http_status >= 500 ? OUTCOME_REFUSED : OUTCOME_LOST;
        return OUTCOME_REFUSED;
}

void got_change_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);

        if (entry) {
                enum outcome outcome = outcome_of(op, f);

                /* No word from the cloud process itself leaves the intent open: only time, or the
                   effect, can settle it (design 3). */
                if (strncmp(f->code, "Cloud.", 6) != 0 || outcome == OUTCOME_REFUSED)
                        entry->outcome = outcome;
                TEXT_SET(entry->request_id, f->request_id);
                store(t);
        }
        if (e->config.strategy == STRATEGY_STATIC_EIP &&
            fault_explain(f, call_context(&e->config))->no_static_here) {
                e->static_refused = true;
                inspect(t);
                return;
        }
        meet_fault(t, f);
}

/* Ready for a change: settled, not locked, not expired. This machine runs, so only Running is. */
static bool is_ready(struct turn *t) {
        const struct instance *i = &t->e->instance;

        if (*i->locks) {
                meet_own(t, FAULT_LOCKED, i->locks);
                return false;
        }
        if (i->charge == CHARGE_PREPAID && i->expires && i->expires <= cloud_now(t)) {
                meet_own(t, FAULT_EXPIRED, "");
                return false;
        }
        if (strcmp(i->status, "Running") != 0 && strcmp(i->status, "Stopped") != 0) {
                meet_own(t, FAULT_NOT_RUNNING, i->status);
                return false;
        }
        return true;
}

static void allocate_eip(struct turn *t) {
        struct engine *e = t->e;
        const struct eip *eip = &e->eip;

        if (!e->eip_known) {
                ask(t, WIRE_EIP_FIND);
                return;
        }
        if (!*eip->allocation_id) {
                if (e->config.eip_allocate)
                        begin_change(t, WIRE_EIP_ALLOCATE);
                else
                        meet_own(t, FAULT_EIP_NONE, "");
                return;
        }
        if (eip->locked) {
                meet_own(t, FAULT_EIP_LOCKED, eip->allocation_id);
                return;
        }
        switch (eip->status) {
        case EIP_AVAILABLE:
                begin_change(t, WIRE_EIP_ASSOCIATE);
                break;
        case EIP_IN_USE:
                /* Bound here, but control does not show it with the instance yet; or elsewhere. */
                meet_own(t, eip->bound_here ? FAULT_EIP_SETTLING : FAULT_EIP_ELSEWHERE,
                         eip->bound_to);
                break;
        case EIP_UNKNOWN:
        case EIP_ASSOCIATING:
        case EIP_UNASSOCIATING:
                meet_own(t, FAULT_EIP_SETTLING, eip->allocation_id);
                break;
        }
}

/* The reachability witness is asked straight before a change that a reboot may have to follow. */
static void allocate_static(struct turn *t) {
        struct engine *e = t->e;
        bool bandwidth = e->instance.bandwidth_out > 0;

        if (!bandwidth && e->config.bandwidth_out == 0) {
                if (e->config.strategy != STRATEGY_STATIC_EIP) {
                        meet_own(t, FAULT_NO_BANDWIDTH, "");
                        return;
                }
                e->static_refused = true;
                allocate_eip(t);
                return;
        }
        if (e->config.reboot_policy == REBOOT_AUTO && !e->reach_before_known) {
                ask_probe(t, PROBE_REACH);
                return;
        }
        begin_change(t, bandwidth ? WIRE_ALLOCATE : WIRE_BANDWIDTH);
}

void allocate(struct turn *t) {
        struct engine *e = t->e;

        if (!is_ready(t))
                return;
        if (e->config.strategy == STRATEGY_EIP || e->static_refused)
                allocate_eip(t);
        else
                allocate_static(t);
}

static void reboot_never(struct turn *t) {
        struct fault f = fault_own(FAULT_REBOOT_NEVER, "");

        if (!t->e->marked)
                t->out->wants |= ACTION_REBOOT_MARK;
        t->e->marked = true;
        fail(t, &f);
}

/* True while cloud-init or an inhibitor asks for patience, and Patience is not over. */
static bool reboot_is_blocked(struct turn *t) {
        struct engine *e = t->e;

        enter(t, PHASE_REBOOTING);
        if (!e->blockers_known) {
                e->blockers_known = true; /* no answer within BLOCKERS_WAIT: nothing blocks */
                TEXT_SET(e->blockers, "");
                t->out->wants |= ACTION_BLOCKERS;
                rest(t, in(t, BLOCKERS_WAIT));
                return true;
        }
        if (!*e->blockers ||
            t->now.boot_usec - e->reboot_due_since >= e->config.reboot_patience_usec)
                return false;
        if (!look(t))
                schedule_looks(t);
        return true;
}

static bool is_reachable_now(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        if (e->config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || !e->reachable)
                return false;
        e->lagging = true;
        judge(t);
        return e->verdict.confirmed;
}

/* What metadata said some looks ago is no reason to reboot now. True: it is being asked again. */
static bool looks_once_more(struct turn *t) {
        struct engine *e = t->e;

        if (e->config.reboot_policy == REBOOT_ALWAYS || !e->identity.from_metadata ||
            !(required_planes(e) & (1u << PLANE_METADATA)) ||
            (e->metadata_at >= e->reboot_due_since &&
             t->now.boot_usec - e->metadata_at <= LOOK_RECENT))
                return false;
        ask(t, WIRE_ADDRESSES);
        return true;
}

/* Design 4.2, from "due" to the intent; comes here again until nothing is left to wait for. */
void reboot_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));
        const char *why;
        int64_t when;

        if (!change) {
                e->reboot_due_since = 0;
                confirming(t);
                return;
        }
        if (e->reboot_due_since == 0) {
                e->reboot_due_since = t->now.boot_usec;
                e->blockers_known = false;
        }
        if (looks_once_more(t))
                return;
        if (e->config.reboot_policy != REBOOT_ALWAYS && !e->verdict.disagrees) {
                enter(t, PHASE_CONFIRMING); /* not knowing is no reason either */
                schedule_looks(t);
                return;
        }
        if (e->config.reboot_policy == REBOOT_NEVER) {
                reboot_never(t);
                return;
        }
        if (e->config.reboot_policy == REBOOT_AUTO && change->unreachable_before &&
            !e->reach_asked) {
                ask_probe(t, PROBE_REACH);
                return;
        }
        if (is_reachable_now(t, change)) {
                confirm(t);
                return;
        }
        switch (governor_reboot(&e->ledger, &e->config, e->boot_id, cloud_now(t), &when, &why)) {
        case PERMIT_NO:
                meet_own(t, why, "");
                return;
        case PERMIT_LATER:
                enter(t, PHASE_REBOOTING);
                rest(t, in(t, (uint64_t)(when - cloud_now(t)) * USEC_PER_SEC));
                return;
        case PERMIT_YES:
                break;
        }
        if (reboot_is_blocked(t))
                return;
        if (!is_inspected(t))
                ask(t, WIRE_INSPECT);
        else if (is_ready(t))
                begin_change(t, WIRE_REBOOT);
}

void got_probe(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;

        switch (e->probing) {
        case PROBE_OUTSIDE:
                got_outside(t, a ? a->address : 0);
                break;
        case PROBE_REACH:
                if (e->control.presence == PRESENCE_PRESENT) {
                        e->reach_asked = true;
                        e->reachable = a && a->reachable;
                        reboot_due(t);
                        break;
                }
                e->reach_before_known = true;
                e->unreachable_before = a && !a->reachable;
                decide(t);
                break;
        case PROBE_NONE:
        case PROBE_PERMISSION:
                break;
        }
}

void got_blockers(struct turn *t, const char *blockers) {
        struct engine *e = t->e;
        bool news = *blockers && strcmp(e->blockers, blockers) != 0;

        TEXT_SET(e->blockers, blockers);
        e->blockers_known = true;
        if (e->phase != PHASE_REBOOTING || e->step != STEP_IDLE)
                return;
        if (news)
                TEXT_SET(say(t, NOTICE_REBOOT_WAITS)->text, blockers);
        reboot_due(t);
}

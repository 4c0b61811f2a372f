/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* L1: nothing but reading since an inspection, and that not long ago. */
bool change_is_inspected(const struct turn *t) {
        return t->e->facts.inspected_just_now &&
               t->now.boot_usec - t->e->facts.inspected <= LOOK_FRESH;
}

static void new_token(struct turn *t, char token[static CLIENT_TOKEN_SIZE]) {
        static const char name[] = "ecs-pubip-";
        size_t n = sizeof(name) - 1;
        uint64_t dice = 0;

        text_copy(token, CLIENT_TOKEN_SIZE, name);
        for (unsigned i = 0; i < TOKEN_DIGITS; i++, dice >>= 4) {
                if (i % 16 == 0)
                        dice = rng_next(&t->e->given.rng);
                token[n++] = "0123456789abcdef"[dice & 15];
        }
        token[n] = '\0';
}

/* A call with a client token whose outcome never became known. */
static struct ledger_entry *unanswered(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = ledger_last(&t->e->ledger, op);

        if (!last || !*last->client_token)
                return NULL;
        if (last->outcome == OUTCOME_DONE || last->address != 0 || *last->allocation_id)
                return NULL;
        return last;
}

/* What was not executed: this call, of which an earlier one may have been all the same. */
static enum outcome refused(const struct turn *t) {
        return t->e->inflight.repeats ? OUTCOME_LOST : OUTCOME_REFUSED;
}

/* The intent is on disk but the call will not leave: it never was. */
void change_withdraw(struct turn *t, struct ledger_entry *entry) {
        if (entry)
                entry->outcome = t->e->inflight.repeats ? OUTCOME_LOST : OUTCOME_WITHDRAWN;
        turn_rest(t, ENGINE_NEVER);
        turn_store(t);
}

/* Repeated with its token it is the same call, so it takes the old entry again. */
static struct ledger_entry *repeatable(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = unanswered(t, op);

        return last && clock_now(t) - last->first_time < TOKEN_SEC ? last : NULL;
}

static struct ledger_entry *intent(struct turn *t, enum wire_op op, struct ledger_entry *again) {
        struct engine *e = t->e;
        struct ledger_entry *entry =
                again ? ledger_renew(&e->ledger, again) : ledger_add(&e->ledger, op, clock_now(t));

        if (!entry)
                return NULL;
        if (op == WIRE_EIP_ALLOCATE && report_is_accepted(e, FAULT_EIP_LOST))
                TEXT_SET(e->reported.accepted, ""); /* the word was for one purchase */
        entry->outcome = OUTCOME_OPEN;
        entry->settled = false;
        entry->time = clock_now(t);
        entry->boot_usec = t->now.boot_usec;
        if (!again)
                entry->first_time = entry->time;
        entry->unreachable_before = e->before.reach_known && e->before.unreachable;
        TEXT_SET(entry->boot_id, e->given.boot_id);
        if (!*entry->client_token && op != WIRE_ALLOCATE && op != WIRE_REBOOT)
                new_token(t, entry->client_token);
        if (op == WIRE_REBOOT)
                planes_record(e, entry);
        if (op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(entry->allocation_id, e->facts.eip.allocation_id);
        return entry;
}

/* Perhaps bought and never used: no inspection shows it, so a person has to look. */
static bool is_purchase_lost(struct turn *t, enum wire_op op) {
        return op == WIRE_EIP_ALLOCATE && unanswered(t, op) && !repeatable(t, op) &&
               !report_is_accepted(t->e, FAULT_EIP_LOST);
}

void change_hold(struct turn *t) {
        t->e->given.hold = HOLD_ON;
        report_notice(t, NOTICE_HELD);
        turn_enter(t, PHASE_HELD);
        turn_rest(t, clock_from_now(t, t->e->given.config.heal_check_interval_usec));
}

/* Straight before a change that a reboot may have to follow. True: the witness is asked. */
bool change_probe_reachability(struct turn *t) {
        struct engine *e = t->e;

        if (e->given.config.reboot_policy != REBOOT_AUTO || e->before.reach_known)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
}

/*
 * True if the call was refused before anything could come of it. A state that the call itself makes
 * is no such refusal, and an error that passes by itself may be what a second delivery met.
 */
static bool is_refusal(enum wire_op op, const struct fault *f) {
        return fault_executed(f, op == WIRE_REBOOT ? FAULT_OF_REBOOT : 0) == EXECUTED_NO ||
               fault_explain(f, 0)->token_ends;
}

void outcome_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);

        if (entry) {
                /* No word from the cloud process itself leaves the intent open: only time, or the
                   effect, can settle it (design 3). */
                if (is_refusal(op, f))
                        entry->outcome = refused(t);
                else if (fault_origin(f) != ORIGIN_AGENT)
                        entry->outcome = OUTCOME_LOST;
                TEXT_SET(entry->request_id, f->request_id);
                turn_store(t);
        }
        if (e->given.config.strategy == STRATEGY_STATIC_EIP &&
            fault_explain(f, engine_call_context(&e->given.config))->no_static_here) {
                e->before.static_refused = true;
                wait_or_inspect(t);
                return;
        }
        fault_meet(t, f);
}

/* L4: without metadata, the inspected instance must be this machine. True: it is. */
static bool check_identity(struct turn *t) {
        struct engine *e = t->e;

        if (e->facts.identity.from_metadata || e->facts.kernel.machine == ANSWER_YES) {
                e->before.identity_waited = false;
                return true;
        }
        if (e->facts.kernel.known || e->before.identity_waited) {
                e->before.identity_waited = false;
                fault_raise(t, FAULT_NO_WITNESS, "");
                return false;
        }
        e->before.identity_waited = true;
        turn_enter(t, PHASE_ALLOCATING);
        turn_rest(t, clock_from_now(t, IDENTITY_WAIT));
        return false;
}

/* Ready for a change: settled, not locked, not expired. RebootInstance is for what runs only. */
bool change_check_ready(struct turn *t, enum wire_op op) {
        const struct instance *i = &t->e->facts.instance;
        bool stopped = strcmp(i->status, "Stopped") == 0 && op != WIRE_REBOOT;

        if (*i->locks) {
                fault_raise(t, FAULT_LOCKED, i->locks);
                return false;
        }
        if (i->charge == CHARGE_PREPAID && i->expires && i->expires <= clock_now(t)) {
                fault_raise(t, FAULT_EXPIRED, "");
                return false;
        }
        if (strcmp(i->status, "Running") != 0 && !stopped) {
                fault_raise(t, FAULT_NOT_RUNNING, i->status);
                return false;
        }
        return true;
}

/* L2: first the ledger; the call leaves in outcome_stored(). */
void change_begin(struct turn *t, enum wire_op op) {
        struct engine *e = t->e;
        struct ledger_entry *again = repeatable(t, op);
        const char *why;
        int64_t when;
        enum permit permit;
        struct moment now = clock_moment(t);

        if (!change_is_inspected(t)) {
                wait_or_inspect(t);
                return;
        }
        if (e->given.hold == HOLD_ON) {
                turn_enter(t, PHASE_HELD);
                turn_rest(t, clock_from_now(t, e->given.config.heal_check_interval_usec));
                return;
        }
        if (e->given.ledger_state == LEDGER_UNREADABLE) {
                fault_raise(t, FAULT_LEDGER_WRITE, "the ledger cannot be read");
                return;
        }
        if (!check_identity(t))
                return;
        if (is_purchase_lost(t, op)) {
                fault_raise(t, FAULT_EIP_LOST, "");
                return;
        }
        permit = op == WIRE_REBOOT
                         ? PERMIT_YES /* reboot_due() has asked the governor */
                         : governor_change(&e->ledger, &e->given.config, op, &now, &when, &why);
        /* A repeat of what counts already adds nothing. */
        if (permit == PERMIT_NO && again && !ledger_entry_is_void(again) &&
            strcmp(why, FAULT_HEAL_LIMIT) == 0)
                permit = PERMIT_YES;
        switch (permit) {
        case PERMIT_LATER:
                wait_until(t, why, when);
                return;
        case PERMIT_NO:
                fault_raise(t, why, "");
                return;
        case PERMIT_LOOK:
        case PERMIT_YES:
                break;
        }
        if (!intent(t, op, again)) {
                fault_raise(t, FAULT_HEAL_LIMIT,
                            "the ledger is full of changes of the last 24 hours");
                return;
        }
        turn_enter(t, op == WIRE_REBOOT ? PHASE_REBOOTING : PHASE_ALLOCATING);
        turn_rest(t, ENGINE_NEVER);
        e->inflight.step = STEP_STORING;
        e->inflight.op = op;
        e->inflight.repeats = again && op == WIRE_EIP_ALLOCATE; /* of others an inspection tells */
        turn_store(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Changing calls: preconditions, intents, answers; the static allocation. */
#include <string.h>

#include "turn.h"
#include "util/text.h"

#define TOKEN_SEC    DAY_SEC            /* how long the cloud remembers a client token */
#define TOKEN_DIGITS 32                 /* with the name before them within the cloud's 64 */
#define WITNESS_WAIT (5 * USEC_PER_SEC) /* netlink's answer about the witness of L4 */

/* L1: nothing but reading since an inspection, and that not long ago. */
bool is_inspected(const struct turn *t) {
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
        static const char name[] = "ecs-pubip-";
        size_t n = sizeof(name) - 1;
        uint64_t dice = 0;

        text_copy(token, CLIENT_TOKEN_SIZE, name);
        for (unsigned i = 0; i < TOKEN_DIGITS; i++, dice >>= 4) {
                if (i % 16 == 0)
                        dice = rng_next(&t->e->rng);
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

/* Repeated with its token it is the same call, so it takes the old entry again. */
static struct ledger_entry *repeatable(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = unanswered(t, op);

        return last && cloud_now(t) - last->first_time < TOKEN_SEC ? last : NULL;
}

/* Perhaps bought and never used: no inspection shows it, so a person has to look. */
static bool is_purchase_lost(struct turn *t, enum wire_op op) {
        return op == WIRE_EIP_ALLOCATE && unanswered(t, op) && !repeatable(t, op) &&
               !is_accepted(t->e, FAULT_EIP_LOST);
}

static struct ledger_entry *intent(struct turn *t, enum wire_op op, struct ledger_entry *again) {
        struct engine *e = t->e;
        struct ledger_entry *entry =
                again ? ledger_renew(&e->ledger, again) : ledger_add(&e->ledger, op, cloud_now(t));

        if (!entry)
                return NULL;
        if (op == WIRE_EIP_ALLOCATE && is_accepted(e, FAULT_EIP_LOST))
                TEXT_SET(e->accepted, ""); /* the word was for one purchase */
        entry->outcome = OUTCOME_OPEN;
        entry->settled = false;
        entry->time = cloud_now(t);
        if (!again)
                entry->first_time = entry->time;
        entry->unreachable_before = e->reach_before_known && e->unreachable_before;
        TEXT_SET(entry->boot_id, e->boot_id);
        if (!*entry->client_token && op != WIRE_ALLOCATE && op != WIRE_REBOOT)
                new_token(t, entry->client_token);
        if (op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(entry->allocation_id, e->eip.allocation_id);
        return entry;
}

/* L2: first the ledger; the call leaves in got_stored(). */
void begin_change(struct turn *t, enum wire_op op) {
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
        if (is_purchase_lost(t, op)) {
                meet_own(t, FAULT_EIP_LOST, "");
                return;
        }
        permit = op == WIRE_REBOOT ? PERMIT_YES /* reboot_due() has asked the governor */
                                   : governor_change(&e->ledger, &e->config, op, e->boot_id,
                                                     cloud_now(t), &when, &why);
        /* A repeat of what counts already adds nothing. */
        if (permit == PERMIT_NO && again && !ledger_entry_is_void(again) &&
            strcmp(why, FAULT_HEAL_LIMIT) == 0)
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
        e->repeats = again && op == WIRE_EIP_ALLOCATE; /* of others an inspection tells */
        store(t);
}

/* What was not executed: this call, of which an earlier one may have been all the same. */
static enum outcome refused(const struct turn *t) {
        return t->e->repeats ? OUTCOME_LOST : OUTCOME_REFUSED;
}

/* The intent is on disk but the call will not leave: it never was. */
static void withdraw(struct turn *t, struct ledger_entry *entry) {
        if (entry)
                entry->outcome = refused(t);
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

void got_change_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_entry *entry = ledger_last(&e->ledger, op);

        if (entry) {
                /* No word from the cloud process itself leaves the intent open: only time, or the
                   effect, can settle it (design 3). */
                if (fault_is_refusal(f))
                        entry->outcome = refused(t);
                else if (strncmp(f->code, "Cloud.", 6) != 0)
                        entry->outcome = OUTCOME_LOST;
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

/* Ready for a change: settled, not locked, not expired. RebootInstance is for what runs only. */
bool is_ready(struct turn *t, enum wire_op op) {
        const struct instance *i = &t->e->instance;
        bool stopped = strcmp(i->status, "Stopped") == 0 && op != WIRE_REBOOT;

        if (*i->locks) {
                meet_own(t, FAULT_LOCKED, i->locks);
                return false;
        }
        if (i->charge == CHARGE_PREPAID && i->expires && i->expires <= cloud_now(t)) {
                meet_own(t, FAULT_EXPIRED, "");
                return false;
        }
        if (strcmp(i->status, "Running") != 0 && !stopped) {
                meet_own(t, FAULT_NOT_RUNNING, i->status);
                return false;
        }
        return true;
}

/* Straight before a change that a reboot may have to follow. True: the witness is asked. */
bool asks_witness(struct turn *t) {
        struct engine *e = t->e;

        if (e->config.reboot_policy != REBOOT_AUTO || e->reach_before_known)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
}

static void allocate_static(struct turn *t) {
        struct engine *e = t->e;
        bool bandwidth = e->instance.bandwidth_out > 0;

        if (!bandwidth && e->config.bandwidth_out == 0) {
                if (e->config.strategy != STRATEGY_STATIC_EIP) {
                        meet_own(t, FAULT_NO_BANDWIDTH, "");
                        return;
                }
                e->static_refused = true;
                if (!is_bound(t))
                        allocate_eip(t);
                return;
        }
        if (!asks_witness(t))
                begin_change(t, bandwidth ? WIRE_ALLOCATE : WIRE_BANDWIDTH);
}

void allocate(struct turn *t) {
        struct engine *e = t->e;

        if (!is_ready(t, WIRE_ALLOCATE) || is_bound(t))
                return;
        if (takes_eip(e) || (*eip_of_ledger(e) && !e->eip_known))
                allocate_eip(t);
        else
                allocate_static(t);
}

void got_probe(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;

        switch (e->probing) {
        case PROBE_OUTSIDE:
                got_outside(t, a ? a->address : 0);
                break;
        case PROBE_REACH:
                if (e->expected) { /* before a reboot; else before a change */
                        e->reach_at = t->now.boot_usec;
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

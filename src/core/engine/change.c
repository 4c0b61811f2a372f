/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* L1: nothing but reading since an inspection, and that not long ago. */
bool is_inspected(const struct turn *t) {
        return t->e->inspected_just_now && t->now.boot_usec - t->e->inspected <= LOOK_FRESH;
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

/* What was not executed: this call, of which an earlier one may have been all the same. */
static enum outcome refused(const struct turn *t) {
        return t->e->repeats ? OUTCOME_LOST : OUTCOME_REFUSED;
}

/* The intent is on disk but the call will not leave: it never was. */
void withdraw(struct turn *t, struct ledger_entry *entry) {
        if (entry)
                entry->outcome = refused(t);
        rest(t, ENGINE_NEVER);
        store(t);
}

/* Repeated with its token it is the same call, so it takes the old entry again. */
static struct ledger_entry *repeatable(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = unanswered(t, op);

        return last && cloud_now(t) - last->first_time < TOKEN_SEC ? last : NULL;
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

/* Perhaps bought and never used: no inspection shows it, so a person has to look. */
static bool is_purchase_lost(struct turn *t, enum wire_op op) {
        return op == WIRE_EIP_ALLOCATE && unanswered(t, op) && !repeatable(t, op) &&
               !is_accepted(t->e, FAULT_EIP_LOST);
}

void hold_instead(struct turn *t) {
        t->e->hold = HOLD_ON;
        say(t, NOTICE_HELD);
        enter(t, PHASE_HELD);
        rest(t, in(t, t->e->config.heal_check_interval_usec));
}

/* Straight before a change that a reboot may have to follow. True: the witness is asked. */
bool asks_witness(struct turn *t) {
        struct engine *e = t->e;

        if (e->config.reboot_policy != REBOOT_AUTO || e->reach_before_known)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
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

/* L4: without metadata, the inspected instance must be this machine. True: it is. */
static bool is_witnessed(struct turn *t) {
        struct engine *e = t->e;

        if (e->identity.from_metadata || e->kernel.machine == ANSWER_YES) {
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

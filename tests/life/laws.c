/* SPDX-License-Identifier: Apache-2.0 */
/* What is known from outside, moment by moment; the checks are in the other parts. */
#include "laws.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

#define CALL_MAX (CALL_MAX_MS * USEC_PER_MSEC) /* design 3: so long a call may be underway */
#define CLOCKS   (BEHIND_SEC * USEC_PER_SEC)   /* between two of the cloud's */
/* Control shows a new address by then; a call may leave 15 s after its intent. */
#define VISIBLE_AFTER (10 * USEC_PER_MIN)
#define REFUSED_AFTER (2 * USEC_PER_MIN) /* what comes later is not of a call that was refused */
#define SLACK         (20 * USEC_PER_SEC)

void laws_break(struct world *w, const char *law) {
        if (!w->laws.broken)
                w->laws.broken = law;
}

struct change_seen *laws_last_change(struct laws *l, enum wire_op op) {
        for (unsigned i = l->n_changes; i-- > 0;)
                if (op == WIRE_NONE || l->changes[i].op == op)
                        return &l->changes[i];
        return NULL;
}

bool laws_brings_address(enum wire_op op) {
        return op == WIRE_ALLOCATE || op == WIRE_BANDWIDTH || op == WIRE_EIP_ASSOCIATE;
}

static bool is_over(const struct change_seen *c) {
        return c->heard == HEARD_REFUSED && c->op != WIRE_REBOOT;
}

/* Refused ones go first, but for a reboot: what was answered does not tell what was executed. */
struct change_seen *laws_new_change(struct laws *l) {
        if (l->n_changes == CHANGES_SEEN) {
                unsigned i = 0;

                while (i < CHANGES_SEEN - 1 && !is_over(&l->changes[i]))
                        i++;
                if (!is_over(&l->changes[i]))
                        i = 0;
                l->n_changes--;
                memmove(l->changes + i, l->changes + i + 1,
                        (l->n_changes - i) * sizeof(l->changes[0]));
        }
        return &l->changes[l->n_changes++];
}

/* The call that left with that intent, or that was learnt of before. */
static struct change_seen *call_of(struct laws *l, const struct ledger_entry *e) {
        int64_t late = (int64_t)(SLACK / USEC_PER_SEC);
        uint64_t token = laws_hash_token(e->client_token);

        for (unsigned i = l->n_changes; i-- > 0;) {
                struct change_seen *c = &l->changes[i];
                int64_t after = EPOCH + (int64_t)(c->at / USEC_PER_SEC) - e->time;

                if (c->op == e->op && (token ? c->token == token : after >= -late && after <= late))
                        return c;
        }
        return NULL;
}

static void add_unsent(struct laws *l, const struct ledger_entry *e) {
        *laws_new_change(l) = (struct change_seen){
                .op = e->op,
                .at = (uint64_t)(e->time - EPOCH) * USEC_PER_SEC,
                .token = laws_hash_token(e->client_token),
                .boot = (unsigned)strtoul(e->boot_id + strlen("boot-"), NULL, 10),
                .unreachable_before = e->unreachable_before,
        };
}

/*
 * What the last process heard and did not write is lost: of an intent on the disk nobody knows that
 * its call never left, was refused, or that an inspection has told of it.
 */
static void forget_unwritten(struct world *w) {
        struct laws *l = &w->laws;

        for (unsigned i = 0; i < w->disk.n_entries; i++) {
                const struct ledger_entry *e = &w->disk.entries[i];
                struct change_seen *c = call_of(l, e);

                if (e->settled || strcmp(e->boot_id, FOREIGN_BOOT) == 0)
                        continue;
                if (e->outcome == OUTCOME_OPEN && !c)
                        add_unsent(l, e);
                if (!c || (e->outcome != OUTCOME_OPEN && e->outcome != OUTCOME_LOST))
                        continue;
                c->settled = c->told_none = false;
                if (c->heard == HEARD_REFUSED && e->outcome == OUTCOME_OPEN)
                        c->heard = HEARD_NOTHING;
        }
}

/* Nothing that came before is the agent's own any more. */
static void forget_changes(struct world *w) {
        struct laws *l = &w->laws;

        /* The first number has the same token in every ledger: it buys nothing twice (L11). */
        if (w->disk.purchases > 1)
                l->bought_unknown = w->bought;
        l->n_changes = 0;
        l->confirmed = 0;
        l->address_known = false;
        l->written_address = 0;
        l->hint_written = 0;
        l->control_owed = l->no_cure = l->no_cure_told = false;
        memset(l->sends, 0, sizeof(l->sends));
}

/* What a process heard dies with it, but for what it wrote down. */
void laws_started(struct world *w) {
        struct laws *l = &w->laws;

        for (unsigned i = 0; i < l->n_changes; i++)
                l->changes[i].seen = false, l->changes[i].shown_heard = 0;
        if (w->disk_state == LEDGER_DAMAGED) {
                l->damaged = w->now; /* L10 counts from here, whatever the ledger said */
                forget_changes(w);
        }
        if (w->disk_state == LEDGER_READ)
                forget_unwritten(w);
        l->started = w->now;
        l->user_data_waived = false;
        l->inspected = 0;
        l->inspected_address = 0;
        l->metadata_at = l->reach_at = l->silent_since = 0;
        l->eip_available = l->kernel_known = l->before_known = false;
        l->reachable = l->word = l->no_cure_told = l->kernel_matches = false;
        l->blocked_since = l->held_inspected = l->confirming_since = 0;
        l->lagging &= w->disk_state == LEDGER_READ && w->disk.confirmed_by_reachability;
        l->alerted = l->resumed = 0;
        l->ledger_address = w->disk_state == LEDGER_READ ? w->disk.address : 0;
        /* A hint that could not be written, or cannot be read, nobody can know. */
        l->hint_until = w->disk_state == LEDGER_UNREADABLE ? 0 : l->hint_written;
        if (l->hint_boot != w->boot && l->hint_until > CLOCKS)
                l->hint_until -= CLOCKS; /* over a reboot only the cloud's time counts */
        l->phase = PHASE_STARTING;
        l->step = STEP_IDLE;
        l->deadline = ENGINE_NEVER;
        l->class = FAULT_NONE;
        l->told_lines = (struct told){.disturbed = true};
}

void laws_down(struct world *w) {
        w->laws.inspected = 0;
}

/* Who removes the ledger (`seal`, an operator) takes the agent's memory: L10 is about what the
 * agent itself set aside, and without an entry of its own it reboots for nothing (4.2). */
void laws_ledger_removed(struct world *w) {
        forget_changes(w);
        w->laws.absent_since = 0;
        w->laws.damaged = 0;
}

/* The call that left then; of a repeated one, the repetition. */
static struct change_seen *call_at(struct laws *l, enum wire_op op, uint64_t at) {
        for (unsigned i = l->n_changes; i-- > 0;)
                if (l->changes[i].op == op && l->changes[i].at == at)
                        return &l->changes[i];
        return laws_last_change(l, op);
}

void laws_executed(struct world *w, const struct flight *f) {
        enum wire_op op = f->question.op;
        struct change_seen *c = call_at(&w->laws, op, f->at);

        if (!c)
                return;
        c->executed = true;
        if (laws_brings_address(op))
                c->address = op == WIRE_EIP_ASSOCIATE ? world_address(0) : w->address;
        for (unsigned i = 0; i < w->laws.n_changes && op == WIRE_BANDWIDTH; i++)
                if (&w->laws.changes[i] != c && w->laws.changes[i].address == c->address)
                        c->address = 0; /* it was there: an earlier call brought it */
        if (w->bought > w->laws.bought_unknown + 1)
                laws_break(w, "4.3: a second EIP was bought");
}

/* Design 3: what an inspection tells of calls whose answer never came. */
static void settle(struct world *w, struct change_seen *c, bool shown) {
        bool effect = laws_brings_address(c->op) && shown;

        if (c->heard == HEARD_LOST || c->heard == HEARD_REFUSED || c->boot != w->boot || effect ||
            w->flight.at + CLOCKS >=
                    c->at + CALL_MAX) /* what was asked before may have been true before */
                c->settled = true;
        c->told_none |= c->settled && !shown && w->flight.at >= c->at + CALL_MAX + SLACK;
        c->moot |= effect && !c->executed;
}

/* 4.3: the call that brought what is shown now may be this one. */
static bool may_be_of(const struct world *w, const struct change_seen *c) {
        bool refused = c->heard == HEARD_REFUSED;

        return laws_brings_address(c->op) && !(refused && c->at_gate) &&
               (!c->settled ||
                w->flight.at < c->at + (refused ? REFUSED_AFTER : VISIBLE_AFTER) + SLACK);
}

/*
 * Which call an address is taken to be of, where no answer told: the newest that can have brought
 * it, whatever it was answered. Nobody can know better. Before settle().
 */
static void credit(struct world *w, in_addr_t address) {
        struct laws *l = &w->laws;
        struct change_seen *newest = NULL;

        for (unsigned k = l->n_changes; k-- > 0 && !newest;)
                if (may_be_of(w, &l->changes[k]))
                        newest = &l->changes[k];
        if (newest && (!newest->executed || (newest->heard != HEARD_DONE && !newest->told)))
                newest->taken_for = address;
        /* An EIP comes back under the same address. */
        for (unsigned k = l->n_changes; k-- > 0;) {
                struct change_seen *c = &l->changes[k];

                if (!c->executed || c->address != address)
                        continue;
                c->seen |= !c->settled || w->flight.at + SLACK < c->at + VISIBLE_AFTER;
                break;
        }
        for (unsigned k = l->n_changes; k-- > 0;) {
                struct change_seen *c = &l->changes[k];

                if (c->shown_heard == 0 && (c->address == address || c->taken_for == address))
                        c->shown_heard = w->boot;
        }
}

static void heard_instance(struct world *w, const struct instance *i) {
        struct laws *l = &w->laws;

        l->inspected = w->now;
        l->inspected_address = i->eip ? i->eip : i->public_ip;
        l->inspected_asked = w->flight.at;
        l->inspected_locked = i->locks[0];
        l->inspected_bandwidth = i->bandwidth_out;
        l->inspected_running = strcmp(i->status, "Running") == 0;
        l->control_owed = false;
        l->before_known = false;
        if (l->inspected_address)
                credit(w, l->inspected_address);
        for (unsigned k = 0; k < l->n_changes; k++)
                settle(w, &l->changes[k], l->inspected_address != 0);
        if (l->inspected_address)
                l->absent_since = 0;
        else if (l->absent_since == 0)
                l->absent_since = w->now;
}

/* L6: after an error, or a look at another instance, what was shown before says nothing. */
static void heard_look(struct world *w, const struct addresses *a) {
        struct laws *l = &w->laws;

        l->metadata_at = 0;
        if (!a || a->presence == PRESENCE_UNKNOWN || strcmp(a->instance_id, OUR_ID) != 0)
                return;
        l->metadata_at = w->now;
        l->metadata_address = a->address;
        if (a->address) /* it shows one, and so it lags no longer */
                l->lagging = l->no_cure = l->no_cure_told = false;
}

/*
 * L3: a state that the call itself makes is no refusal, nor is a nonce of ours that was used: the
 * request has arrived.
 */
static bool is_refused(enum wire_op op, const struct fault *f) {
        return fault_executed(f, op == WIRE_REBOOT ? FAULT_OF_REBOOT : 0) == EXECUTED_NO ||
               fault_explain(f, 0)->token_ends;
}

/* L1: a change rests on a look of its own. */
static void forget_look(struct laws *l) {
        l->inspected = 0;
        l->absent_since = 0;
        l->eip_available = l->before_known = false;
}

static void heard_change(struct world *w, const struct fault *f) {
        struct laws *l = &w->laws;
        struct change_seen *c = laws_last_change(l, w->flight.question.op);

        forget_look(l);
        if (!c || c->at != w->flight.at) /* it has not left */
                return;
        if (f->class == FAULT_NONE) {
                c->heard = HEARD_DONE;
                c->seen = true;
        } else if (is_refused(c->op, f)) {
                c->heard = HEARD_REFUSED;
                c->at_gate = fault_is_at_gate(f);
                l->control_owed = false;
        } else if (fault_origin(f) != ORIGIN_AGENT) {
                c->heard = HEARD_LOST;
        }
        c->settled = c->heard == HEARD_DONE || c->heard == HEARD_REFUSED;
}

/* NULL: nobody answered. */
static void heard_probe(struct world *w, const struct wire_answer *a) {
        struct laws *l = &w->laws;
        bool told = a && a->fault.class == FAULT_NONE;

        l->reach_at = w->now;
        l->reachable = told && a->reachable == REACH_YES;
        l->before_known = true;
        l->unreachable_before = told && a->reachable == REACH_NO;
}

/* 4.5: a hint of the server, or else the end of the minute whose quota is used up. */
static void heard_wish(struct world *w, const struct fault *f) {
        struct laws *l = &w->laws;
        uint64_t until = w->now;

        if (f->retry_after_ms)
                until += f->retry_after_ms * USEC_PER_MSEC;
        else if (f->class == FAULT_THROTTLED &&
                 world_date(w) % 60 >= BEHIND_SEC) /* L15: or the old minute */
                until += (uint64_t)(60 - world_date(w) % 60) * USEC_PER_SEC - w->now % USEC_PER_SEC;
        if (until > l->hint_until) {
                l->hint_until = until;
                l->hint_boot = w->boot;
                l->hint_news = until > w->now && laws_is_of_api(w->flight.question.op);
        }
}

static void heard_identify(struct world *w, const struct wire_answer *a) {
        struct laws *l = &w->laws;

        if (strcmp(a->fault.code, FAULT_MD_UNREACHABLE) != 0)
                l->silent_since = 0;
        else if (l->silent_since == 0)
                l->silent_since = w->now;
        heard_look(w, a->fault.class == FAULT_NONE ? &a->identity.public : NULL);
}

void laws_heard(struct world *w, const struct wire_answer *a) {
        struct laws *l = &w->laws;
        enum wire_op op = w->flight.question.op;
        bool told = a->fault.class == FAULT_NONE;

        heard_wish(w, &a->fault);
        if (wire_op_changes(op))
                heard_change(w, &a->fault);
        if (op == WIRE_IDENTIFY)
                heard_identify(w, a);
        if (op == WIRE_ADDRESSES)
                heard_look(w, told ? &a->addresses : NULL);
        if (op == WIRE_PROBE)
                heard_probe(w, a);
        if (op == WIRE_INSPECT && told)
                heard_instance(w, &a->instance);
        if (op == WIRE_EIP_FIND)
                l->eip_available = told && a->eip.status == EIP_AVAILABLE;
}

void laws_gave_up(struct world *w) {
        struct change_seen *refused = laws_last_change(&w->laws, w->flight.question.op);

        /* Its last send was refused at the gate, and the next one was not told to leave. */
        if (refused && refused->at == w->flight.at && w->flight.ready > 1 && !w->flight.gone &&
            !refused->executed) {
                refused->heard = HEARD_REFUSED;
                refused->at_gate = refused->settled = true;
        }
        if (w->flight.asked && w->flight.question.op == WIRE_PROBE)
                heard_probe(w, NULL);
        if (w->flight.asked && wire_op_changes(w->flight.question.op))
                forget_look(&w->laws);
}

void laws_told_of_kernel(struct world *w, const struct kernel_facts *k) {
        w->laws.kernel_known = k->known;
        w->laws.kernel_present = k->local == ANSWER_YES;
        if (k->local == ANSWER_YES && w->scene->network == NETWORK_CLASSIC)
                w->laws.no_cure = w->laws.no_cure_told = false;
        w->laws.kernel_agrees =
                k->local == ANSWER_YES && k->out == ANSWER_YES && k->in == ANSWER_YES;
        w->laws.kernel_matches = k->machine == ANSWER_YES;
        w->laws.kernel_address = k->address;
}

static bool ledger_names(const struct ledger *d, in_addr_t address) {
        for (unsigned i = 0; i < d->n_entries; i++)
                if (address != 0 && d->entries[i].address == address)
                        return true;
        return false;
}

/* Design 1, 7: what another instance did is never ours. */
static void check_written(struct world *w) {
        const struct ledger *d = &w->disk;
        bool foreign = d->address == FOREIGN_IP || ledger_names(d, FOREIGN_IP);

        if (strcmp(d->instance_id, OUR_ID) != 0)
                return;
        for (unsigned i = 0; i < d->n_entries; i++)
                foreign |= strcmp(d->entries[i].boot_id, FOREIGN_BOOT) == 0;
        if (foreign)
                laws_break(w, "L4: under our id the ledger keeps what another instance did");
}

/* Whatever the ledger on disk says now is what the next process will know. */
void laws_written(struct world *w) {
        struct laws *l = &w->laws;
        const struct ledger_entry *e = ledger_last(&w->disk, WIRE_REBOOT);
        struct change_seen *reboot = laws_last_change(l, WIRE_REBOOT);

        if (e && reboot && e->outcome == OUTCOME_DONE &&
            strcmp(e->boot_id, w->engine.given.boot_id) == 0 && reboot->boot == w->boot)
                reboot->answered = true;
        for (unsigned i = 0; i < l->n_changes; i++) {
                l->changes[i].told |= l->changes[i].seen;
                if (!l->changes[i].shown_boot)
                        l->changes[i].shown_boot = l->changes[i].shown_heard;
                l->changes[i].told_address |= ledger_names(&w->disk, l->changes[i].address);
        }
        l->written_address = w->disk.address;
        l->address_known = w->disk.address != 0 || w->disk.suspect != 0;
        check_written(w);
        l->no_cure |= l->no_cure_told;
        if (w->disk.wait.asked_by_server)
                l->hint_written = l->hint_until;
        if (w->engine.phase == PHASE_CONFIRMED)
                l->confirmed = w->now;
}

void laws_disturbed(struct world *w) {
        w->laws.told_lines.disturbed = true;
        w->laws.told_lines.n_quiet = 0;
        w->laws.held_inspected = 0;
}

void laws_stepped(struct world *w, const struct event *e, const struct actions *a) {
        struct laws *l = &w->laws;

        laws_told(w, e, a);
        laws_waits(w, e, a);
        if (l->hint_news && !w->engine.ledger.wait.asked_by_server)
                laws_break(w, "4.5: what the API wishes is not kept for a restart");
        l->hint_news = false;
        /* L1: "directly after" means no wait between. */
        if (w->engine.inflight.step == STEP_IDLE)
                l->inspected = 0;
}

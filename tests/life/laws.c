/* SPDX-License-Identifier: Apache-2.0 */
/* The laws, seen from outside. */
#include "laws.h"

#include <string.h>

#include "model.h"

#define INSPECTION_FRESH (60 * USEC_PER_SEC) /* L1: "directly after", with a probe between */
#define LOOK_MAX         (2 * USEC_PER_MIN)  /* L6: how old a look may be that shows absence */
#define DAY              (24 * USEC_PER_HOUR)
#define SLACK            (2 * USEC_PER_MIN) /* between a request's intent, its leaving and its end */
#define IDLE_MAX         (8 * USEC_PER_HOUR) /* L8: the longest wait is the 6 h look, jittered */

static void broken(struct world *w, const char *law) {
        if (!w->laws.broken)
                w->laws.broken = law;
}

static struct change_seen *last_change(struct laws *l, enum wire_op op) {
        for (unsigned i = l->n_changes; i-- > 0;)
                if (op == WIRE_NONE || l->changes[i].op == op)
                        return &l->changes[i];
        return NULL;
}

static bool brings_address(enum wire_op op) {
        return op == WIRE_ALLOCATE || op == WIRE_BANDWIDTH || op == WIRE_EIP_ASSOCIATE;
}

void laws_started(struct world *w) {
        struct laws *l = &w->laws;

        for (unsigned i = 0; i < l->n_changes; i++)
                l->changes[i].seen = false;
        l->inspected = 0;
        l->metadata_at = 0;
        l->eip_available = false;
        l->kernel_known = false;
        l->reachable = false;
        l->hint_until = w->disk_state == LEDGER_UNREADABLE ? 0 : l->hint_written;
        l->phase = PHASE_STARTING;
        if (w->disk_state == LEDGER_DAMAGED) {
                l->damaged = w->now;
                l->n_changes = 0; /* nothing of what was before counts, but L10 does */
                l->address_known = false;
                l->confirmed = 0;
                l->hint_written = l->hint_until = 0;
        }
}

void laws_down(struct world *w) {
        w->laws.inspected = 0;
}

/* Who removes the ledger takes the agent's memory; all that came before is not its own any more. */
void laws_ledger_removed(struct world *w) {
        struct laws *l = &w->laws;

        l->n_changes = 0;
        l->confirmed = 0;
        l->address_known = false;
        l->absent_since = 0;
        l->hint_written = 0;
        l->damaged = 0;
}

/* L2: the intent is on the disk. */
static bool has_intent(const struct world *w, const struct wire_question *q) {
        const struct ledger *d = &w->disk;

        if (w->disk_state != LEDGER_READ)
                return false;
        for (unsigned i = d->n_entries; i-- > 0;) {
                const struct ledger_entry *e = &d->entries[i];

                if (e->op == q->op && e->outcome == OUTCOME_OPEN)
                        return strcmp(e->client_token, q->client_token) == 0 &&
                               strcmp(e->boot_id, w->engine.boot_id) == 0;
        }
        return false;
}

/* L1 to L4 hold for every changing call. */
static void check_change(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;

        if (l->inspected == 0)
                broken(w, "L1: a changing call without an inspection before it");
        else if (w->now - l->inspected > INSPECTION_FRESH)
                broken(w, "L1: a changing call long after its inspection");
        if (!has_intent(w, q))
                broken(w, "L2: a changing call whose intent is not on the disk");
        if (w->scene->no_boot_id)
                broken(w, "design 6: a changing call without a boot id");
        if (strcmp(q->instance_id, OUR_ID) != 0)
                broken(w, "L4: a changing call names another instance");
        if (w->scene->no_metadata && w->scene->wrong_machine)
                broken(w, "L4: a changing call without a witness");
        if (l->held_at_write)
                broken(w, "hold: a changing call while the brake is on");
        if (w->locked && w->engine.instance.locks[0])
                broken(w, "precondition: a changing call on an instance known to be locked");
}

static unsigned count_changes(const struct world *w, enum wire_op op, bool executed) {
        unsigned n = 0;

        for (unsigned i = 0; i < w->laws.n_changes; i++) {
                const struct change_seen *c = &w->laws.changes[i];

                if (c->op == op && w->now - c->at < DAY - SLACK && !c->refused &&
                    (!executed || (c->executed && (c->told || op == WIRE_REBOOT))))
                        n++;
        }
        return n;
}

/* 4.3, L6, L10: when an address may be asked for. */
static void check_allocation(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;

        if (l->inspected_address)
                broken(w, "4.3: an allocation while control says that an address is there");
        if (!w->scene->no_metadata && (l->metadata_at == 0 || w->now - l->metadata_at > LOOK_MAX))
                broken(w, "L6: an allocation without a look at metadata");
        if (!w->scene->no_metadata && l->metadata_address)
                broken(w, "L6: an allocation while metadata shows an address");
        if (l->address_known && w->now - l->absent_since < USEC_PER_MIN)
                broken(w, "4.3: a known address is replaced after one inspection");
        if (count_changes(w, q->op, true) >= w->engine.config.heal_limit)
                broken(w, "4.3: more allocations than Heal.Limit");
        if (l->damaged && w->now - l->damaged < DAY - SLACK && count_changes(w, q->op, true) > 0)
                broken(w, "L10: a second allocation after a damaged ledger");
        if (l->address_known && w->engine.config.heal_policy != HEAL_REALLOCATE &&
            w->engine.ledger.address)
                broken(w, "4.4: an address is replaced against Heal.Policy");
}

/*
 * 4.2: the change that a reboot is for; NULL: there is none. Of a call whose answer did not tell
 * the address, the one that the next inspection shows has to do.
 */
static const struct change_seen *change_to_serve(const struct world *w) {
        const struct laws *l = &w->laws;

        for (unsigned i = l->n_changes; i-- > 0;) {
                const struct change_seen *c = &l->changes[i];

                if (!brings_address(c->op) || !c->executed)
                        continue;
                if (w->now - c->at > DAY || l->confirmed > c->at)
                        return NULL;
                if (c->address == l->inspected_address || !c->told_address)
                        return c;
        }
        return NULL;
}

/* L3 about the last request: what may follow it, and when. */
static void check_repeated_reboot(struct world *w) {
        struct laws *l = &w->laws;
        const struct change_seen *last = last_change(l, WIRE_REBOOT);

        if (!last || last->refused || last->boot != w->boot)
                return;
        if (last->answered)
                broken(w, "L3: an accepted reboot is asked for again under the same boot id");
        else if (l->inspected + 2 * USEC_PER_SEC < last->at + 5 * USEC_PER_MIN)
                broken(w, "L3: a lost reboot is repeated without an inspection 5 min later");
}

static void check_reboot(struct world *w) {
        struct laws *l = &w->laws;
        const struct change_seen *change = change_to_serve(w);

        check_repeated_reboot(w);
        if (!l->inspected_running)
                broken(w, "L3: a reboot although the inspection does not say Running");
        if (w->engine.config.reboot_policy == REBOOT_NEVER)
                broken(w, "4.2: a reboot against Reboot.Policy=never");
        if (!change || l->inspected_address == 0)
                broken(w, "4.2: a reboot that no change of the agent's calls for");
        if (count_changes(w, WIRE_REBOOT, true) >= w->engine.config.reboot_limit)
                broken(w, "L3: more reboots than Reboot.Limit");
        if (l->damaged && w->now - l->damaged < DAY - SLACK)
                broken(w, "L10: a reboot within a day of a damaged ledger");
}

static void remember(struct world *w, enum wire_op op) {
        struct laws *l = &w->laws;

        if (l->n_changes == CHANGES_SEEN) { /* refused ones go first */
                unsigned i = 0;

                while (i < CHANGES_SEEN - 1 && !l->changes[i].refused)
                        i++;
                if (!l->changes[i].refused)
                        i = 0;
                l->n_changes--;
                memmove(l->changes + i, l->changes + i + 1,
                        (l->n_changes - i) * sizeof(l->changes[0]));
        }
        l->changes[l->n_changes++] = (struct change_seen){.op = op, .at = w->now, .boot = w->boot};
}

void laws_sent(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;
        bool api = q->op == WIRE_INSPECT || q->op == WIRE_EIP_FIND || wire_op_changes(q->op);

        if (api && w->now < l->hint_until)
                broken(w, "4.5: a call before the server's hint is over");
        if (!wire_op_changes(q->op))
                return;
        check_change(w, q);
        if (brings_address(q->op))
                check_allocation(w, q);
        if (q->op == WIRE_REBOOT)
                check_reboot(w);
        if (q->op == WIRE_EIP_ASSOCIATE && !l->eip_available)
                broken(w, "4.4: an EIP is associated that was not Available");
        l->inspected = 0;
        l->absent_since = 0;
        l->eip_available = false;
        remember(w, q->op);
}

void laws_executed(struct world *w, enum wire_op op) {
        struct change_seen *c = last_change(&w->laws, op);

        if (!c)
                return;
        c->executed = true;
        c->refused = false;
        if (brings_address(op))
                c->address = op == WIRE_EIP_ASSOCIATE ? world_address(0) : w->address;
        if (op == WIRE_REBOOT && count_changes(w, op, true) > w->engine.config.reboot_limit)
                broken(w, "L3: more executed reboots than Reboot.Limit");
        if (w->bought > 1)
                broken(w, "4.3: a second EIP was bought");
}

static void heard_instance(struct world *w, const struct instance *i) {
        struct laws *l = &w->laws;

        l->inspected = w->now;
        l->inspected_address = i->eip ? i->eip : i->public_ip;
        l->inspected_running = strcmp(i->status, "Running") == 0;
        /* Credited to the newest: an EIP comes back under the same address. */
        for (unsigned k = l->n_changes; k-- > 0 && l->inspected_address;)
                if (l->changes[k].executed && l->changes[k].address == l->inspected_address) {
                        l->changes[k].seen = true;
                        break;
                }
        if (l->inspected_address)
                l->absent_since = 0;
        else if (l->absent_since == 0)
                l->absent_since = w->now;
}

static void heard_look(struct world *w, const struct addresses *a) {
        if (a->presence == PRESENCE_UNKNOWN || strcmp(a->instance_id, OUR_ID) != 0)
                return;
        w->laws.metadata_at = w->now;
        w->laws.metadata_address = a->address;
}

static void heard_change(struct world *w, const struct wire_answer *a) {
        struct change_seen *c = last_change(&w->laws, w->flight.question.op);
        const struct fault *f = &a->fault;

        if (!c)
                return;
        if (f->class != FAULT_NONE && fault_is_refusal(f) && !c->executed)
                c->refused = true;
        c->seen |= f->class == FAULT_NONE;
}

void laws_heard(struct world *w, const struct wire_answer *a) {
        struct laws *l = &w->laws;
        enum wire_op op = w->flight.question.op;

        if (a->fault.retry_after_ms)
                l->hint_until = w->now + a->fault.retry_after_ms * USEC_PER_MSEC;
        if (wire_op_changes(op))
                heard_change(w, a);
        if (a->fault.class != FAULT_NONE)
                return;
        if (op == WIRE_INSPECT)
                heard_instance(w, &a->instance);
        if (op == WIRE_IDENTIFY)
                heard_look(w, &a->identity.public);
        if (op == WIRE_ADDRESSES)
                heard_look(w, &a->addresses);
        if (op == WIRE_EIP_FIND)
                l->eip_available = a->eip.status == EIP_AVAILABLE;
        if (op == WIRE_PROBE)
                l->reachable = a->reachable;
}

void laws_told_of_kernel(struct world *w, const struct kernel_facts *k) {
        w->laws.kernel_known = k->known;
        w->laws.kernel_agrees = k->present && k->running && k->routed;
}

static bool ledger_names(const struct ledger *d, in_addr_t address) {
        for (unsigned i = 0; i < d->n_entries; i++)
                if (address != 0 && d->entries[i].address == address)
                        return true;
        return false;
}

/* Whatever the ledger on disk says now is what the next process will know. */
void laws_written(struct world *w) {
        struct laws *l = &w->laws;
        const struct ledger_entry *e = ledger_last(&w->disk, WIRE_REBOOT);
        struct change_seen *reboot = last_change(l, WIRE_REBOOT);

        if (e && reboot && e->outcome == OUTCOME_DONE &&
            strcmp(e->boot_id, w->engine.boot_id) == 0 && reboot->boot == w->boot)
                reboot->answered = true;
        for (unsigned i = 0; i < l->n_changes; i++)
                l->changes[i].told |= l->changes[i].seen;
        for (unsigned i = 0; i < l->n_changes; i++)
                l->changes[i].told_address |= ledger_names(&w->disk, l->changes[i].address);
        l->address_known = w->disk.address != 0;
        l->hint_written = w->disk.wait.asked_by_server ? l->hint_until : 0;
        if (w->engine.phase == PHASE_CONFIRMED)
                l->confirmed = w->now;
}

/* Confirmed means that what was heard last agrees. */
static void check_confirmed(struct world *w) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        bool classic = w->scene->network == NETWORK_CLASSIC;

        if (!l->kernel_known || !l->kernel_agrees)
                broken(w, "4.1: confirmed although the kernel does not agree");
        if (classic || w->scene->no_metadata)
                return;
        if (l->metadata_at == 0 || (l->metadata_address != e->expected && !l->reachable))
                broken(w, "4.1: confirmed although metadata does not agree");
}

void laws_stepped(struct world *w, const struct actions *a) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        uint64_t now = w->now - w->booted;

        if (e->phase == PHASE_CONFIRMED && l->phase != PHASE_CONFIRMED)
                check_confirmed(w);
        l->phase = e->phase;
        if (a->n_notices == NOTICES_MAX)
                broken(w, "engine.h: more notices than NOTICES_MAX can hold");
        if (e->phase == PHASE_STOPPED)
                return;
        if (e->step == STEP_STORING) {
                if (!w->store_wanted && !w->told_wanted)
                        broken(w, "L8: waits for a write that nobody was asked for");
                return;
        }
        if (e->step == STEP_ASKING && !(a->wants & ACTION_ASK) && !w->flight.asked &&
            !w->ask_wanted)
                broken(w, "L8: waits for an answer to a question that nobody was asked");
        if (e->deadline == ENGINE_NEVER)
                broken(w, "L8: waits without a deadline");
        else if (e->deadline > now && e->deadline - now > IDLE_MAX)
                broken(w, "L8: waits longer than the slowest look");
}

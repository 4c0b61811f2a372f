/* SPDX-License-Identifier: Apache-2.0 */
/* A question leaves the agent: may it? */
#include <string.h>

#include "laws.h"
#include "model.h"

#define INSPECTION_FRESH (60 * USEC_PER_SEC) /* L1: "directly after", with a probe between */
/* A call may leave 40 s after its intent (L1); whole seconds of two clocks by 2, the clocks
 * themselves by BEHIND_SEC. */
#define INTENT_LATE (44 * USEC_PER_SEC)
#define LOOK_MAX    (60 * USEC_PER_SEC + INTENT_LATE) /* L6: the look that shows absence */
/* 4.2: the look that a reboot rests on, with an inspection and the write between. */
#define LOOK_BEFORE   (5 * USEC_PER_SEC + INTENT_LATE)
#define LATE          (10 * USEC_PER_MIN) /* control shows what was ordered by then */
#define HELD_APART    (55 * USEC_PER_MIN) /* under the brake: an hour between two looks at control */
#define REBOOT_APART  (20 * USEC_PER_MIN)
#define CLOCKS        (BEHIND_SEC * USEC_PER_SEC)
#define BLOCKERS_WAIT (15 * USEC_PER_SEC) /* for the machine's word about what blocks a reboot */
#define ABSENT_APART  USEC_PER_MIN
#define USER_DATA_MAX (5 * USEC_PER_MIN) /* 4.3: so long the first change waits for it */

uint64_t laws_hash_token(const char *s) {
        uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        if (!*s)
                return 0;
        for (; *s; s++)
                h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
        return h;
}

/* The purchase that this call is again; NULL: it is a new one. */
static struct change_seen *same_purchase(struct world *w, const struct wire_question *q) {
        struct change_seen *last = laws_last_change(&w->laws, q->op);

        if (!last || last->token == 0 || last->token != laws_hash_token(q->client_token))
                return NULL;
        return last->heard == HEARD_DONE ? NULL : last;
}

/* L2: the intent is on the disk, and dated in the cloud's time: budgets count from there. */
static void check_intent(struct world *w, const struct wire_question *q) {
        const struct ledger_entry *e = ledger_last(&w->disk, q->op);
        int64_t age;

        if (w->disk_state != LEDGER_READ || !e || e->outcome != OUTCOME_OPEN ||
            strcmp(e->client_token, q->client_token) != 0 ||
            strcmp(e->boot_id, w->engine.given.boot_id) != 0 ||
            (q->op == WIRE_EIP_ASSOCIATE && strcmp(e->allocation_id, q->allocation_id) != 0)) {
                laws_break(w, "L2: a changing call whose intent is not on the disk");
                return;
        }
        age = world_cloud_sec(w) - e->time;
        if (age < -1 || age > (int64_t)(INTENT_LATE / USEC_PER_SEC))
                laws_break(w, "4.6: an intent that is not dated in the cloud's time");
}

/* It has left before, was refused at the gate, and is ready again. */
static bool is_this(const struct world *w, const struct change_seen *c) {
        return w->flight.ready > 1 && c->op == w->flight.question.op && c->at == w->flight.at;
}

/* Design 3: an earlier call of which nobody knows yet what became of it. */
static bool is_open(const struct world *w, const struct wire_question *q) {
        const struct laws *l = &w->laws;

        for (unsigned i = 0; i < l->n_changes; i++)
                if (!l->changes[i].settled && q->op != WIRE_REBOOT && !is_this(w, &l->changes[i]))
                        return true;
        return false;
}

/* L14: a call of one kind leaves 6 times in 10 min and 20 times in an hour. */
static void check_ceiling(struct world *w, enum wire_op op) {
        uint64_t *sends = w->laws.sends[op];
        uint64_t sixth = sends[5], twentieth = sends[SENDS_SEEN - 1];

        if ((sixth && w->now - sixth < 10 * USEC_PER_MIN - INTENT_LATE) ||
            (twentieth && w->now - twentieth < USEC_PER_HOUR - INTENT_LATE))
                laws_break(w, "L14: more calls of one kind than the ceiling");
        memmove(sends + 1, sends, (SENDS_SEEN - 1) * sizeof(*sends));
        sends[0] = w->now;
}

/* L14: an order that was accepted is late for 10 min, and nothing is changed meanwhile. */
static bool is_late(const struct world *w) {
        const struct change_seen *c = laws_last_change((struct laws *)&w->laws, WIRE_NONE);

        return c && c->op == WIRE_BANDWIDTH && c->heard == HEARD_DONE && c->told &&
               w->laws.confirmed <= c->at && w->now - c->at < LATE - INTENT_LATE &&
               w->laws.inspected_bandwidth == 0 && w->laws.inspected_address == 0;
}

/* 4.3: nothing has been changed here, and another configuration may still come. */
static bool is_too_early(const struct world *w) {
        const struct laws *l = &w->laws;

        return w->awaits_user_data && !l->user_data_waived && l->n_changes == 0 &&
               !l->written_address && w->now < l->started + USER_DATA_MAX;
}

/* L1 to L4 hold for every changing call. */
static void check_change(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;

        if (l->inspected == 0)
                laws_break(w, "L1: a changing call not directly after an inspection");
        else if (w->now - l->inspected > INSPECTION_FRESH)
                laws_break(w, "L1: a changing call long after its inspection");
        check_intent(w, q);
        check_ceiling(w, q->op);
        if (is_late(w))
                laws_break(w, "L14: a change while an order that was accepted may be late");
        if (is_open(w, q))
                laws_break(w, "3: a changing call while an earlier one may still be underway");
        if (is_too_early(w))
                laws_break(w, "4.3: the first change does not wait for user-data");
        if (w->config_unread)
                laws_break(w, "5: a changing call while the configuration cannot be read");
        if (w->scene->no_boot_id)
                laws_break(w, "design 6: a changing call without a boot id");
        if (w->scene->wrong_machine || (w->scene->not_ecs && !w->scene->no_metadata))
                laws_break(w, "L13: a changing call by another machine than the instance");
        if (!l->kernel_matches)
                laws_break(w, "L13: a changing call before the machine has proven what it is");
        if (w->hold == HOLD_ON)
                laws_break(w, "hold: a changing call while the brake is on");
        if (l->inspected_locked)
                laws_break(w, "precondition: a changing call on an instance known to be locked");
}

/*
 * What counts in a budget: L10, a call of which nothing was heard does, unless the address that
 * then was seen is another call's: nobody can tell whose it is, and one address counts once. A call
 * that a fault left open counts only once it was seen: the inspection after it showed that nothing
 * came of it.
 */
static bool counts(const struct world *w, const struct change_seen *c) {
        switch (c->heard) {
        case HEARD_NOTHING:
                return c->executed || !c->moot;
        case HEARD_DONE:
                return true;
        case HEARD_LOST:
                return c->op == WIRE_REBOOT || (c->executed && c->told);
        case HEARD_REFUSED: /* a reboot counts by its effect, whatever was answered */
                return c->op == WIRE_REBOOT && c->executed && c->boot != w->boot;
        }
        return false;
}

/* A raised bandwidth brings an address, or not, and its answer does not tell. */
static bool brought(const struct change_seen *c) {
        return laws_brings_address(c->op) &&
               (c->op != WIRE_BANDWIDTH || c->told_address || !c->settled);
}

/* Calls of that op within the day; of NONE: all that brought an address, in whichever way. */
static unsigned count_changes(const struct world *w, enum wire_op op,
                              const struct change_seen *but) {
        unsigned n = 0;

        for (unsigned i = 0; i < w->laws.n_changes; i++) {
                const struct change_seen *c = &w->laws.changes[i];

                if ((op == WIRE_NONE ? brought(c) : c->op == op) && c != but && !is_this(w, c) &&
                    counts(w, c) && w->now - c->at < DAY - INTENT_LATE)
                        n++;
        }
        return n;
}

static bool is_damaged(const struct world *w) {
        return w->laws.damaged && w->now - w->laws.damaged < DAY - 2 * USEC_PER_SEC - CLOCKS;
}

/* 4.3, L6, L10: when an address may be asked for. */
static void check_allocation(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;
        unsigned n = count_changes(w, WIRE_NONE, same_purchase(w, q));

        if (l->inspected_address)
                laws_break(w, "4.3: an allocation while control says that an address is there");
        if (!w->scene->no_metadata && (l->metadata_at == 0 || w->now - l->metadata_at > LOOK_MAX))
                laws_break(w, "L6: an allocation without a look at metadata");
        if (!w->scene->no_metadata && l->metadata_address)
                laws_break(w, "L6: an allocation while metadata shows an address");
        if (l->address_known && l->inspected - l->absent_since < ABSENT_APART)
                laws_break(w, "4.3: a known address is replaced after one inspection");
        if (n >= w->engine.given.config.heal_limit)
                laws_break(w, "4.3: more allocations than Heal.Limit");
        if (is_damaged(w) && n > 0)
                laws_break(w, "L10: a second allocation after a damaged ledger");
        if (w->engine.given.config.heal_policy != HEAL_REALLOCATE && l->written_address)
                laws_break(w, "4.4: an address is replaced against Heal.Policy");
}

/*
 * 4.2: the change that a reboot is for; NULL: there is none. Of a call whose answer did not tell
 * the address, the one that the next inspection shows has to do: nobody can know better.
 */
static const struct change_seen *change_to_serve(const struct world *w) {
        const struct laws *l = &w->laws;

        for (unsigned i = l->n_changes; i-- > 0;) {
                const struct change_seen *c = &l->changes[i];

                if (!laws_brings_address(c->op) || (!c->executed && !c->taken_for))
                        continue;
                if (w->now - c->at > DAY + INTENT_LATE || l->confirmed > c->at)
                        return NULL;
                if (!c->executed && c->taken_for != l->inspected_address)
                        continue;
                if (!c->executed || c->address == l->inspected_address || !c->told_address)
                        return c;
        }
        return NULL;
}

/* L3 about the last request: what may follow it, and when. */
static void check_repeated_reboot(struct world *w) {
        struct laws *l = &w->laws;
        const struct change_seen *last = laws_last_change(l, WIRE_REBOOT);

        if (!last || is_this(w, last) || last->heard == HEARD_REFUSED || last->boot != w->boot)
                return;
        /* A success that a crash came before the writing of is a lost answer: nobody knows it. */
        if (last->answered || last->seen)
                laws_break(w, "L3: an accepted reboot is asked for again under the same boot id");
        else if (l->inspected_asked < last->at + REBOOT_APART)
                laws_break(w, "L3: a lost reboot is repeated without an inspection 20 min later");
}

/* 4.2: a plane disagrees, as far as was heard just now; and the witness does not know better. */
static void check_disagreement(struct world *w, const struct change_seen *change) {
        struct laws *l = &w->laws;

        if (w->scene->network == NETWORK_CLASSIC) {
                if (!l->kernel_known || l->kernel_present)
                        laws_break(w, "L12: a reboot although the NIC does not lack the address");
                return;
        }
        if (l->metadata_at == 0 || w->now - l->metadata_at > LOOK_BEFORE)
                laws_break(w, "4.2: a reboot without a look at metadata straight before it");
        if (l->metadata_address == l->inspected_address)
                laws_break(w, "L12: a reboot although metadata shows the address");
        if (w->engine.given.config.reboot_policy != REBOOT_AUTO || !change->unreachable_before)
                return;
        if (l->reach_at <= change->at)
                laws_break(w, "4.2: a reboot without asking the reachability witness");
        else if (w->now - l->reach_at > LOOK_MAX)
                laws_break(w, "4.2: a reboot on an old word of the reachability witness");
        else if (l->reachable)
                laws_break(w, "4.2: a reboot although the address works");
}

/* 4.2: when, and what a due reboot waits for. */
static void check_reboot_due(struct world *w, const struct change_seen *change) {
        const struct config *c = &w->engine.given.config;
        uint64_t due = change->boot != w->boot ? w->booted : change->at;

        if (change->op == WIRE_EIP_ASSOCIATE)
                laws_break(w, "L12: a reboot for an EIP");
        if (change->shown_boot && change->shown_boot != w->boot)
                laws_break(w, "L12: a second reboot for one change");
        if (c->reboot_policy != REBOOT_ALWAYS) {
                due += c->reboot_grace_usec;
                if (w->laws.no_cure)
                        laws_break(w, "L12: a reboot for a plane that one has not cured");
                if (w->now < due)
                        laws_break(w, "4.2: a reboot before Grace is over");
                check_disagreement(w, change);
        }
        if (!w->blockers_asked)
                laws_break(w, "4.2: a reboot without asking what blocks it");
        else if (w->blockers_news && w->now - w->blockers_at < BLOCKERS_WAIT)
                laws_break(w, "4.2: a reboot without waiting for what blocks it");
        else if (w->blocked && w->now < due + c->reboot_patience_usec)
                laws_break(w, "4.2: a reboot while something blocks it, and Patience is not over");
}

static void check_reboot(struct world *w) {
        struct laws *l = &w->laws;
        const struct change_seen *change = change_to_serve(w);

        check_repeated_reboot(w);
        if (!l->inspected_running)
                laws_break(w, "L3: a reboot although the inspection does not say Running");
        if (w->engine.given.config.reboot_policy == REBOOT_NEVER)
                laws_break(w, "4.2: a reboot against Reboot.Policy=never");
        if (!change || l->inspected_address == 0)
                laws_break(w, "4.2: a reboot that no change of the agent's calls for");
        else
                check_reboot_due(w, change);
        if (count_changes(w, WIRE_REBOOT, NULL) >= w->engine.given.config.reboot_limit)
                laws_break(w, "L3: more reboots than Reboot.Limit");
        if (is_damaged(w))
                laws_break(w, "L10: a reboot within a day of a damaged ledger");
}

static struct change_seen *make_newest(struct laws *l, struct change_seen *c) {
        struct change_seen *last = &l->changes[l->n_changes - 1], newest = *c;

        memmove(c, c + 1, (size_t)(last - c) * sizeof(*c));
        *last = newest;
        return last;
}

static void remember(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;
        struct change_seen *c = same_purchase(w, q);
        bool again = c != NULL;

        if (!again)
                c = laws_new_change(l);
        if (again)
                c = make_newest(l, c);
        if (again && c->executed) { /* it stays executed, whatever this repetition meets */
                c->at = w->flight.at;
                c->boot = w->boot;
                c->heard = HEARD_NOTHING;
                c->settled = false;
                return;
        }
        *c = (struct change_seen){
                .op = q->op,
                .at = w->flight.at,
                .token = laws_hash_token(q->client_token),
                .boot = w->boot,
                .unreachable_before = l->before_known && l->unreachable_before,
        };
}

bool laws_is_of_api(enum wire_op op) {
        return op == WIRE_INSPECT || op == WIRE_EIP_FIND || wire_op_changes(op);
}

void laws_sent(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;
        bool api = laws_is_of_api(q->op);

        if (api && w->now < l->hint_until)
                laws_break(w, "4.5: a call before the server's hint, or its minute, is over");
        if (q->instance_id[0] ? strcmp(q->instance_id, OUR_ID) != 0 : api)
                laws_break(w, "L4: a call that names another instance, or none");
        if (q->op == WIRE_INSPECT && l->phase == PHASE_HELD && w->hold == HOLD_ON) {
                if (l->held_inspected && w->now - l->held_inspected < HELD_APART)
                        laws_break(w, "L14: control is asked more than once an hour while held");
                l->held_inspected = w->now;
        }
}

void laws_went(struct world *w, const struct wire_question *q) {
        struct laws *l = &w->laws;
        struct change_seen *last = laws_last_change(l, q->op);

        check_change(w, q);
        if (laws_brings_address(q->op))
                check_allocation(w, q);
        if (q->op == WIRE_REBOOT)
                check_reboot(w);
        if (q->op == WIRE_EIP_ASSOCIATE && !l->eip_available)
                laws_break(w, "4.4: an EIP is associated that was not Available");
        if (!last || !is_this(w, last))
                remember(w, q);
        if (laws_brings_address(q->op)) {
                l->control_owed = true;
                l->lagging = false;
        }
}

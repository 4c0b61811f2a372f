/* SPDX-License-Identifier: Apache-2.0 */
/* The governor: what may be changed, and when. */
#include <ecs-pubip/governor.h>

#include <string.h>

#include <ecs-pubip/backoff.h>

#include "util/text.h"

/* An intent of which nobody knows yet what became of it: it forbids the next change. */
static bool is_open(const struct ledger_entry *e) {
        return !e->settled && (e->outcome == OUTCOME_OPEN || e->outcome == OUTCOME_LOST);
}

static bool same_boot(const struct ledger_entry *e, const char *boot_id) {
        return strcmp(e->boot_id, boot_id) == 0;
}

const struct ledger_entry *governor_pending_change(const struct ledger *l, in_addr_t control,
                                                   int64_t now) {
        for (unsigned i = l->n_entries; i-- > 0;) {
                const struct ledger_entry *e = &l->entries[i];

                if (!wire_op_brings_address(e->op) || ledger_entry_is_refused(e))
                        continue;
                if (now - e->time >= DAY_SEC || e->seq <= l->confirmed_seq)
                        return NULL;
                if (control != 0 && e->address == control)
                        return e;
        }
        return NULL;
}

const struct ledger_entry *governor_change_to_reboot_for(const struct ledger *l, in_addr_t control,
                                                         const struct moment *now) {
        const struct ledger_entry *change = governor_pending_change(l, control, now->time);

        if (!change || change->op == WIRE_EIP_ASSOCIATE)
                return NULL;
        return strcmp(change->shown_boot_id, now->boot_id) == 0 ? change : NULL;
}

const struct ledger_entry *governor_reboot_for(const struct ledger *l,
                                               const struct ledger_entry *change,
                                               const char *boot_id) {
        for (const struct ledger_entry *e = l->entries + l->n_entries; e-- > change + 1;)
                if (e->op == WIRE_REBOOT && !same_boot(e, boot_id) &&
                    governor_counts_reboot(e, boot_id))
                        return e;
        return NULL;
}

/*
 * A word tells what was answered, the boot id what was done: a refused reboot counts once another
 * boot id follows it, unless an inspection has told before that it was not executed.
 */
bool governor_counts_reboot(const struct ledger_entry *e, const char *boot_id) {
        switch (e->outcome) {
        case OUTCOME_WITHDRAWN:
                return false;
        case OUTCOME_REFUSED:
                return !e->settled && !same_boot(e, boot_id);
        case OUTCOME_OPEN:
        case OUTCOME_DONE:
        case OUTCOME_LOST:
                break;
        }
        return true;
}

/* What of the last 24 hours counts. */
struct spent {
        unsigned n;
        int64_t frees; /* when the oldest of them leaves the 24 hours */
};

/* A raised bandwidth brings an address or not: it counts as one that did until that is known. */
static bool brought_address(const struct ledger_entry *e) {
        return wire_op_brings_address(e->op) &&
               (e->op != WIRE_BANDWIDTH || e->address != 0 || is_open(e));
}

static bool counts(const struct ledger_entry *e, enum wire_op op, const char *boot_id) {
        if (op == WIRE_REBOOT)
                return e->op == op && governor_counts_reboot(e, boot_id);
        return !ledger_entry_is_void(e) && (op == WIRE_NONE ? brought_address(e) : e->op == op);
}

/* The calls of that op; of NONE: all that brought an address, in whichever way. */
static struct spent count_spent(const struct ledger *l, enum wire_op op, const char *boot_id,
                                int64_t now) {
        struct spent s = {};

        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *e = &l->entries[i];

                if (!counts(e, op, boot_id) || now - e->time >= DAY_SEC)
                        continue;
                if (s.n++ == 0)
                        s.frees = e->time + DAY_SEC;
        }
        return s;
}

unsigned governor_spent(const struct ledger *l, enum wire_op op, const char *boot_id, int64_t now) {
        return count_spent(l, op, boot_id, now).n;
}

static bool is_suspect(const struct ledger *l, int64_t now) {
        return l->suspect_pending || (l->suspect > 0 && now - l->suspect < DAY_SEC);
}

/* Of this boot: what is left until an inspection can tell that no reboot comes of it any more. */
static int64_t reboot_late_left(const struct ledger_entry *e, const struct moment *now) {
        int64_t gone = now->time - e->time;

        if (e->boot_usec)
                gone = now->boot_usec > e->boot_usec
                               ? (int64_t)((now->boot_usec - e->boot_usec) / USEC_PER_SEC)
                               : 0;
        return gone < REBOOT_LATE_SEC ? REBOOT_LATE_SEC - gone : 0;
}

/* A request of this boot: answered ones are final, lost ones may be repeated after a look. */
static enum permit reboot_of_this_boot(const struct ledger_entry *last, const struct moment *now,
                                       int64_t *ret_when, const char **ret_why) {
        if (last->outcome == OUTCOME_DONE) {
                *ret_why = FAULT_REBOOT_NOT_DONE;
                *ret_when = last->time + REBOOT_EXECUTION_SEC;
                return now->time < *ret_when ? PERMIT_LATER : PERMIT_NO;
        }
        *ret_why = FAULT_REBOOT_LOST;
        *ret_when = now->time + reboot_late_left(last, now);
        if (last->settled)
                return PERMIT_YES;
        return now->time < *ret_when ? PERMIT_LATER : PERMIT_LOOK;
}

/* L14: a call of one kind leaves 6 times in 10 min and 20 times in an hour, whatever came of it. */
int64_t governor_ceiling_until(const struct ledger *l, enum wire_op op, int64_t now) {
        static const struct {
                unsigned n;
                int64_t sec;
        } ceilings[] = {{6, 600}, {20, 3600}};
        int64_t until = 0;
        unsigned n = 0;

        for (unsigned i = l->n_sends; i-- > 0;) {
                if (l->sends[i].op != op)
                        continue;
                n++;
                for (size_t k = 0; k < sizeof(ceilings) / sizeof(ceilings[0]); k++)
                        if (n == ceilings[k].n && l->sends[i].time + ceilings[k].sec > until)
                                until = l->sends[i].time + ceilings[k].sec;
        }
        return until > now ? until : 0;
}

static enum permit within_ceiling(const struct ledger *l, enum wire_op op, const struct moment *now,
                                  int64_t *ret_when, const char **ret_why) {
        *ret_why = FAULT_CHANGE_OFTEN;
        *ret_when = governor_ceiling_until(l, op, now->time);
        return *ret_when ? PERMIT_LATER : PERMIT_YES;
}

enum permit governor_reboot(const struct ledger *l, const struct config *c,
                            const struct moment *now, int64_t *ret_when, const char **ret_why) {
        const struct ledger_entry *last = ledger_last((struct ledger *)l, WIRE_REBOOT);
        struct spent spent;

        *ret_when = 0;
        *ret_why = FAULT_BOOT_ID;
        if (!*now->boot_id)
                return PERMIT_NO;
        if (last && same_boot(last, now->boot_id)) {
                enum permit p = reboot_of_this_boot(last, now, ret_when, ret_why);

                if (p != PERMIT_YES)
                        return p;
        }
        if (is_suspect(l, now->time)) {
                *ret_why = FAULT_REBOOT_SUSPECT;
                *ret_when = l->suspect > 0 ? l->suspect + DAY_SEC : 0;
                return PERMIT_NO;
        }
        *ret_why = FAULT_REBOOT_LIMIT;
        spent = count_spent(l, WIRE_REBOOT, now->boot_id, now->time);
        if (spent.n >= c->reboot_limit) {
                *ret_when = spent.frees;
                return PERMIT_NO;
        }
        return within_ceiling(l, WIRE_REBOOT, now, ret_when, ret_why);
}

enum permit governor_change(const struct ledger *l, const struct config *c, enum wire_op op,
                            const struct moment *now, int64_t *ret_when, const char **ret_why) {
        struct spent spent = count_spent(l, op, now->boot_id, now->time);
        struct spent all = count_spent(l, WIRE_NONE, now->boot_id, now->time);

        *ret_when = 0;
        *ret_why = FAULT_BOOT_ID;
        if (!*now->boot_id)
                return PERMIT_NO;
        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *e = &l->entries[i];

                if (!is_open(e))
                        continue;
                *ret_why = FAULT_CLOUD_SILENT;
                *ret_when = e->op == WIRE_REBOOT ? now->time + reboot_late_left(e, now)
                                                 : e->time + ORPHAN_SEC;
                return PERMIT_LATER;
        }
        *ret_why = FAULT_HEAL_LIMIT;
        if (all.n > spent.n) /* a purchase, or a bandwidth without address, has its own count */
                spent = all;
        if (is_suspect(l, now->time) && c->heal_limit > 0)
                spent.n += c->heal_limit - 1; /* unknown is not zero, but one is left (L10) */
        if (spent.n >= c->heal_limit) {
                *ret_when = spent.frees;
                return PERMIT_NO;
        }
        return within_ceiling(l, op, now, ret_when, ret_why);
}

/* True if an inspection tells all there will ever be to tell about an open intent. */
static bool inspection_settles(const struct ledger_entry *e, const char *boot_id,
                               const struct shown *shown) {
        int64_t age = shown->asked - e->time;

        if (!same_boot(e, boot_id))
                return true;
        if (e->op == WIRE_REBOOT)
                return reboot_late_left(e, &(struct moment){.boot_usec = shown->asked_boot_usec,
                                                            .time = shown->asked}) == 0;
        if (e->outcome == OUTCOME_LOST || age >= ORPHAN_SEC)
                return true;
        return wire_op_brings_address(e->op) && shown->address != 0;
}

static bool is_of_a_call(const struct ledger *l, in_addr_t address) {
        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].address == address)
                        return true;
        return false;
}

/* The call may have reached the product, whatever was answered. */
static bool may_be_executed(const struct ledger_entry *e) {
        if (e->outcome == OUTCOME_REFUSED)
                return !e->at_gate;
        return e->outcome != OUTCOME_WITHDRAWN;
}

/* So long after a call an address that comes to be shown is taken to be of it. */
static int64_t credit_sec(const struct ledger_entry *e) {
        return e->outcome == OUTCOME_REFUSED ? CREDIT_SEC : VISIBLE_SEC;
}

static bool is_named(const struct ledger_entry *e) {
        return e->outcome == OUTCOME_DONE && e->op != WIRE_BANDWIDTH;
}

bool governor_is_credited(const struct ledger_entry *e, in_addr_t address, int64_t now) {
        return e->address == address && (is_named(e) || now - e->time < credit_sec(e));
}

/* The first look after a call of which nothing was heard tells of it, however late: L10. */
static bool may_have_brought(const struct ledger *l, const struct ledger_entry *e,
                             const struct shown *shown) {
        if (e->address != 0 || (!is_open(e) && shown->asked - e->time >= credit_sec(e)))
                return false;
        if (e->op == WIRE_EIP_ASSOCIATE)
                return strcmp(e->allocation_id, shown->eip_id) == 0;
        return !*shown->eip_id && !is_of_a_call(l, shown->address);
}

/* What is seen counts, not what was answered. */
static void credit(struct ledger_entry *e, in_addr_t address) {
        e->address = address;
        if (e->outcome != OUTCOME_REFUSED)
                return;
        e->outcome = OUTCOME_LOST;
        e->settled = true;
}

/* A reboot of this boot that was refused, which is a word: that nothing came of it has to be seen.
 */
static bool is_belief(const struct ledger_entry *e, const char *boot_id) {
        return e->op == WIRE_REBOOT && e->outcome == OUTCOME_REFUSED && !e->settled &&
               same_boot(e, boot_id);
}

bool governor_settle(struct ledger *l, const char *boot_id, const struct shown *shown) {
        bool changed = false, newest = shown->address != 0;

        for (unsigned i = l->n_entries; i-- > 0;) {
                struct ledger_entry *e = &l->entries[i];

                if (newest && wire_op_brings_address(e->op) && may_be_executed(e)) {
                        if (may_have_brought(l, e, shown)) {
                                credit(e, shown->address);
                                changed = true;
                                newest = false;
                        }
                        newest &= ledger_entry_is_refused(e); /* of it, or of an earlier call */
                }
                if (shown->address != 0 && e->address == shown->address && !*e->shown_boot_id) {
                        TEXT_SET(e->shown_boot_id, boot_id);
                        changed = true;
                }
                if ((is_open(e) || is_belief(e, boot_id)) &&
                    inspection_settles(e, boot_id, shown)) {
                        e->settled = true;
                        changed = true;
                }
        }
        return changed;
}

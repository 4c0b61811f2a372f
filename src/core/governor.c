/* SPDX-License-Identifier: Apache-2.0 */
/* The governor: what may be changed, and when. */
#include <ecs-pubip/governor.h>

#include <string.h>

static bool same_boot(const struct ledger_entry *e, const char *boot_id) {
        return strcmp(e->boot_id, boot_id) == 0;
}

const struct ledger_entry *governor_pending_change(const struct ledger *l, in_addr_t control,
                                                   int64_t now) {
        for (unsigned i = l->n_entries; i-- > 0;) {
                const struct ledger_entry *e = &l->entries[i];

                if (!wire_op_brings_address(e->op) || e->outcome == OUTCOME_REFUSED)
                        continue;
                if (now - e->time >= DAY_SEC || l->confirmed >= e->time)
                        return NULL;
                if (control != 0 && e->address == control)
                        return e;
        }
        return NULL;
}

bool governor_restarted_since(const struct ledger_entry *change, const char *boot_id) {
        return !same_boot(change, boot_id);
}

/* When the oldest call that counts leaves the 24 hours. */
static int64_t budget_frees(const struct ledger *l, enum wire_op op, int64_t now) {
        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *e = &l->entries[i];

                if (e->op == op && !ledger_entry_is_void(e) && now - e->time < DAY_SEC)
                        return e->time + DAY_SEC;
        }
        return 0;
}

static bool is_suspect(const struct ledger *l, int64_t now) {
        return l->suspect_pending || (l->suspect > 0 && now - l->suspect < DAY_SEC);
}

/* A request of this boot: answered ones are final, lost ones may be repeated after a while. */
static enum permit reboot_of_this_boot(const struct ledger_entry *last, int64_t now,
                                       int64_t *ret_when, const char **ret_why) {
        if (last->outcome == OUTCOME_DONE) {
                *ret_why = FAULT_REBOOT_NOT_DONE;
                *ret_when = last->time + REBOOT_EXECUTION_SEC;
                return now < *ret_when ? PERMIT_LATER : PERMIT_NO;
        }
        *ret_why = FAULT_REBOOT_LOST;
        *ret_when = last->time + REBOOT_LOST_SEC;
        return now < *ret_when ? PERMIT_LATER : PERMIT_YES;
}

enum permit governor_reboot(const struct ledger *l, const struct config *c, const char *boot_id,
                            int64_t now, int64_t *ret_when, const char **ret_why) {
        const struct ledger_entry *last = ledger_last((struct ledger *)l, WIRE_REBOOT);

        *ret_when = 0;
        *ret_why = FAULT_BOOT_ID;
        if (!*boot_id)
                return PERMIT_NO;
        if (last && same_boot(last, boot_id)) {
                enum permit p = reboot_of_this_boot(last, now, ret_when, ret_why);

                if (p != PERMIT_YES)
                        return p;
        }
        *ret_why = FAULT_REBOOT_LIMIT;
        if (is_suspect(l, now)) {
                *ret_when = l->suspect > 0 ? l->suspect + DAY_SEC : 0;
                return PERMIT_NO;
        }
        if (ledger_count(l, WIRE_REBOOT, now) >= c->reboot_limit) {
                *ret_when = budget_frees(l, WIRE_REBOOT, now);
                return PERMIT_NO;
        }
        return PERMIT_YES;
}

/* An intent of which nobody knows yet what became of it forbids the next change. */
static bool is_open(const struct ledger_entry *e) {
        return !e->settled && (e->outcome == OUTCOME_OPEN || e->outcome == OUTCOME_LOST);
}

enum permit governor_change(const struct ledger *l, const struct config *c, enum wire_op op,
                            const char *boot_id, int64_t now, int64_t *ret_when,
                            const char **ret_why) {
        unsigned spent = ledger_count(l, op, now);

        *ret_when = 0;
        *ret_why = FAULT_BOOT_ID;
        if (!*boot_id)
                return PERMIT_NO;
        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *e = &l->entries[i];

                if (!is_open(e))
                        continue;
                *ret_why = FAULT_CLOUD_SILENT;
                *ret_when = e->time + (e->op == WIRE_REBOOT ? REBOOT_LOST_SEC : ORPHAN_SEC);
                return PERMIT_LATER;
        }
        *ret_why = FAULT_HEAL_LIMIT;
        if (is_suspect(l, now) && c->heal_limit > 0)
                spent += c->heal_limit - 1; /* unknown is not zero, but one is left (L10) */
        if (spent >= c->heal_limit) {
                *ret_when = budget_frees(l, op, now);
                return PERMIT_NO;
        }
        return PERMIT_YES;
}

/* True if an inspection made now tells all there will ever be to tell about an open intent. */
static bool inspection_settles(const struct ledger_entry *e, const char *boot_id, in_addr_t address,
                               int64_t now) {
        int64_t age = now - e->time;

        if (!same_boot(e, boot_id))
                return true;
        if (e->op == WIRE_REBOOT)
                return age >= REBOOT_LOST_SEC;
        if (e->outcome == OUTCOME_LOST || age >= ORPHAN_SEC)
                return true;
        return wire_op_brings_address(e->op) && address != 0;
}

bool governor_settle(struct ledger *l, const char *boot_id, in_addr_t address, int64_t now) {
        bool changed = false, newest = true;

        for (unsigned i = l->n_entries; i-- > 0;) {
                struct ledger_entry *e = &l->entries[i];

                if (is_open(e) && inspection_settles(e, boot_id, address, now)) {
                        e->settled = true;
                        changed = true;
                }
                if (!wire_op_brings_address(e->op) || e->outcome == OUTCOME_REFUSED)
                        continue;
                /* Shown late, or a call that answers without address: it is the newest one's. */
                if (newest && address != 0 && e->address == 0) {
                        e->address = address;
                        changed = true;
                }
                newest = false;
        }
        return changed;
}

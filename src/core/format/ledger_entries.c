/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's entries: what comes, what counts, what goes when there is no room. */
#include <ecs-pubip/governor.h>
#include <ecs-pubip/ledger.h>

#include <string.h>

#define SENDS_KEPT_SEC  3600
#define TIME_PROVEN_SEC (15 * 60) /* an accepted signature proves the time within this */

bool ledger_entry_is_refused(const struct ledger_entry *e) {
        return e->outcome == OUTCOME_REFUSED || e->outcome == OUTCOME_WITHDRAWN;
}

bool ledger_entry_is_void(const struct ledger_entry *e) {
        if (e->op == WIRE_REBOOT && e->outcome == OUTCOME_REFUSED)
                return e->settled;
        if (ledger_entry_is_refused(e))
                return true;
        return wire_op_brings_address(e->op) && e->outcome == OUTCOME_LOST && e->settled &&
               e->address == 0;
}

/* The oldest entry that nothing needs any more; n_entries if there is none. */
static unsigned ledger_oldest_spent(const struct ledger *l, int64_t now) {
        for (unsigned i = 0; i < l->n_entries; i++)
                if (ledger_entry_is_void(&l->entries[i]))
                        return i;
        for (unsigned i = 0; i < l->n_entries; i++)
                if (now - l->entries[i].time > DAY_SEC)
                        return i;
        return l->n_entries;
}

struct ledger_entry *ledger_add(struct ledger *l, enum wire_op op, int64_t now) {
        struct ledger_entry *e;

        if (l->n_entries == LEDGER_ENTRIES) {
                unsigned i = ledger_oldest_spent(l, now);

                if (i == l->n_entries)
                        return NULL;
                l->n_entries--;
                memmove(&l->entries[i], &l->entries[i + 1],
                        (l->n_entries - i) * sizeof(l->entries[0]));
        }
        e = &l->entries[l->n_entries++];
        *e = (struct ledger_entry){.op = op, .outcome = OUTCOME_OPEN, .seq = ++l->seq, .time = now};
        return e;
}

void ledger_sent(struct ledger *l, enum wire_op op, int64_t now) {
        unsigned n = 0;

        for (unsigned i = l->n_sends == LEDGER_SENDS; i < l->n_sends; i++)
                if (now - l->sends[i].time < SENDS_KEPT_SEC)
                        l->sends[n++] = l->sends[i];
        l->sends[n++] = (struct ledger_send){.op = op, .time = now};
        l->n_sends = n;
}

struct ledger_entry *ledger_renew(struct ledger *l, struct ledger_entry *e) {
        struct ledger_entry *last = &l->entries[l->n_entries - 1], renewed = *e;

        memmove(e, e + 1, (size_t)(last - e) * sizeof(*e));
        *last = renewed;
        last->seq = ++l->seq;
        return last;
}

struct ledger_entry *ledger_last(struct ledger *l, enum wire_op op) {
        for (unsigned i = l->n_entries; i-- > 0;) {
                struct ledger_entry *e = &l->entries[i];

                if (!ledger_entry_is_refused(e) && (op == WIRE_NONE || e->op == op))
                        return e;
        }
        return NULL;
}

static bool not_after(int64_t *time, int64_t now) {
        if (*time <= now + TIME_PROVEN_SEC)
                return false;
        *time = now;
        return true;
}

bool ledger_settle_clock(struct ledger *l, int64_t now) {
        bool changed = l->suspect_pending;

        if (l->suspect_pending) {
                l->suspect_pending = false;
                l->suspect = now;
        }
        changed |= not_after(&l->suspect, now);
        changed |= not_after(&l->confirmed, now);
        changed |= not_after(&l->inspected, now);
        for (unsigned i = 0; i < l->n_entries; i++) {
                changed |= not_after(&l->entries[i].time, now);
                changed |= not_after(&l->entries[i].first_time, now);
        }
        for (unsigned i = 0; i < l->n_sends; i++)
                changed |= not_after(&l->sends[i].time, now);
        return changed;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Confirming while control cannot be asked: during a wait, in a crowd, after a flap. */
#include <string.h>

#include "turn.h"
#include "util/text.h"

/*
 * The change of ours that was answered with its address, where metadata may confirm it before
 * control is heard. In a crowd that keeps the account's quota busy that can be an hour, and a
 * control look that fails changes nothing while the other planes agree (design 4.1).
 */
static const struct ledger_entry *shown_by_metadata(const struct turn *t) {
        const struct engine *e = t->e;
        unsigned planes = required_planes(e);

        if (e->control.presence != PRESENCE_UNKNOWN || !(planes & 1u << PLANE_METADATA) ||
            planes & 1u << PLANE_CONTROL || e->config.reboot_policy == REBOOT_ALWAYS)
                return NULL;
        for (unsigned i = e->ledger.n_entries; i-- > 0;) {
                const struct ledger_entry *change = &e->ledger.entries[i];

                if (!wire_op_brings_address(change->op) || change->outcome == OUTCOME_REFUSED)
                        continue;
                if (change->outcome != OUTCOME_DONE || change->address == 0 ||
                    change->time <= e->ledger.confirmed)
                        return NULL;
                return change;
        }
        return NULL;
}

void wait_begins(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        e->wait_until = until;
        e->crowded |= e->fault.class == FAULT_THROTTLED;
        e->confirm_started = t->now.boot_usec;
        e->looks = 0;
        meanwhile(t);
}

static void expect(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        e->expected = change->address;
        e->kind = change->op == WIRE_EIP_ASSOCIATE ? KIND_EIP : KIND_STATIC;
        adopt(t);
        TEXT_SET(e->ledger.eip_id, change->allocation_id);
        judge(t);
}

bool confirming_without_control(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change;

        if (!e->crowded)
                return false;
        e->control = (struct plane_facts){}; /* what it said was before the change */
        change = shown_by_metadata(t);
        if (!change)
                return false;
        expect(t, change);
        confirming(t);
        return true;
}

/* Control could not be heard: what was waited for is asked later. */
static void confirm_meanwhile(struct turn *t) {
        struct engine *e = t->e;

        e->control_fault = e->fault;
        e->wait_checked = !e->wait_by_server; /* whoever inspects next goes on with it */
        e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
        confirm(t);
}

void meanwhile(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = shown_by_metadata(t);
        uint64_t next = e->wait_until;

        if (change && e->metadata.presence == PRESENCE_PRESENT &&
            e->metadata.address == change->address) {
                expect(t, change);
                if (e->verdict.confirmed) {
                        confirm_meanwhile(t);
                        return;
                }
        }
        if (change && next_look(t) < next)
                next = next_look(t);
        rest(t, next);
}

/*
 * A link that went and came back while the server keeps control waiting: nothing was changed, and
 * the planes that count agree, as they did before.
 */
bool confirms_again(struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;

        if (e->phase != PHASE_WAITING || !e->wait_by_server || !e->identified ||
            !e->verdict.confirmed || l->confirmed == 0 || l->address != e->expected ||
            was_changed_unconfirmed(l) || reboots_at_once(t))
                return false;
        confirm_meanwhile(t);
        return true;
}

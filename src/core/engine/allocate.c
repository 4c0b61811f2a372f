/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* The list of EIPs may lag behind a purchase, as an instance's address behind its allocation. */
static bool is_just_bought(struct turn *t) {
        const struct ledger_entry *bought = ledger_last(&t->e->ledger, WIRE_EIP_ALLOCATE);

        return bought && bought->outcome == OUTCOME_DONE &&
               cloud_now(t) - bought->time < VISIBLE_SEC;
}

/* Bound here, but control does not show it with the instance yet; or elsewhere. */
static bool is_bound(struct turn *t) {
        const struct engine *e = t->e;
        const struct eip *eip = &e->eip;
        bool ours = takes_eip(e) || strcmp(eip->allocation_id, eip_of_ledger(e)) == 0;

        if (!e->eip_known || eip->status != EIP_IN_USE || !ours)
                return false;
        meet_own(t, eip->bound_here ? FAULT_EIP_SETTLING : FAULT_EIP_ELSEWHERE, eip->bound_to);
        return true;
}

static void allocate_eip(struct turn *t) {
        struct engine *e = t->e;
        const struct eip *eip = &e->eip;

        if (!e->eip_known) {
                ask(t, WIRE_EIP_FIND);
                return;
        }
        if (!*eip->allocation_id) {
                if (*e->config.eip_allocation_id)
                        meet_own(t, FAULT_EIP_MISSING, e->config.eip_allocation_id);
                else if (is_just_bought(t))
                        meet_own(t, FAULT_EIP_SETTLING, "bought, and not listed yet");
                else if (e->config.eip_allocate)
                        begin_change(t, WIRE_EIP_ALLOCATE);
                else
                        meet_own(t, FAULT_EIP_NONE, "");
                return;
        }
        if (eip->locked) {
                meet_own(t, FAULT_EIP_LOCKED, eip->allocation_id);
                return;
        }
        switch (eip->status) {
        case EIP_AVAILABLE:
                if (!asks_witness(t))
                        begin_change(t, WIRE_EIP_ASSOCIATE);
                break;
        case EIP_IN_USE: /* is_bound() has spoken */
                break;
        case EIP_UNKNOWN:
        case EIP_ASSOCIATING:
        case EIP_UNASSOCIATING:
                meet_own(t, FAULT_EIP_SETTLING, eip->allocation_id);
                break;
        }
}

static void allocate_static(struct turn *t) {
        struct engine *e = t->e;
        bool bandwidth = e->instance.bandwidth_out != 0; /* unknown: the call will say */

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

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* The list of EIPs may lag behind a purchase, as an instance's address behind its allocation. */
static bool is_just_bought(struct turn *t) {
        const struct ledger_entry *bought = ledger_last(&t->e->ledger, WIRE_EIP_ALLOCATE);

        return bought && bought->outcome == OUTCOME_DONE &&
               clock_now(t) - bought->time < VISIBLE_SEC;
}

/* Bound here, but control does not show it with the instance yet; or elsewhere. */
static bool check_bound(struct turn *t) {
        const struct engine *e = t->e;
        const struct eip *eip = &e->facts.eip;
        bool ours = eip_is_wanted(e) || strcmp(eip->allocation_id, eip_of_ledger(e)) == 0;

        if (!e->facts.eip_known || eip->status != EIP_IN_USE || !ours)
                return false;
        fault_raise(t, eip->bound_here ? FAULT_EIP_SETTLING : FAULT_EIP_ELSEWHERE, eip->bound_to);
        return true;
}

static void allocate_eip(struct turn *t) {
        struct engine *e = t->e;
        const struct eip *eip = &e->facts.eip;

        if (!e->facts.eip_known) {
                ask_question(t, WIRE_EIP_FIND);
                return;
        }
        if (!*eip->allocation_id) {
                if (*e->given.config.eip_allocation_id)
                        fault_raise(t, FAULT_EIP_MISSING, e->given.config.eip_allocation_id);
                else if (is_just_bought(t))
                        fault_raise(t, FAULT_EIP_SETTLING, "bought, and not listed yet");
                else if (e->given.config.eip_allocate)
                        change_begin(t, WIRE_EIP_ALLOCATE);
                else
                        fault_raise(t, FAULT_EIP_NONE, "");
                return;
        }
        if (eip->locked) {
                fault_raise(t, FAULT_EIP_LOCKED, eip->allocation_id);
                return;
        }
        switch (eip->status) {
        case EIP_AVAILABLE:
                if (!change_probe_reachability(t))
                        change_begin(t, WIRE_EIP_ASSOCIATE);
                break;
        case EIP_IN_USE: /* check_bound() has spoken */
                break;
        case EIP_UNKNOWN:
        case EIP_ASSOCIATING:
        case EIP_UNASSOCIATING:
                fault_raise(t, FAULT_EIP_SETTLING, eip->allocation_id);
                break;
        }
}

static void allocate_static(struct turn *t) {
        struct engine *e = t->e;
        bool bandwidth = e->facts.instance.bandwidth_out != 0; /* unknown: the call will say */

        if (!bandwidth && e->given.config.bandwidth_out == 0) {
                if (e->given.config.strategy != STRATEGY_STATIC_EIP) {
                        fault_raise(t, FAULT_NO_BANDWIDTH, "");
                        return;
                }
                e->before.static_refused = true;
                if (!check_bound(t))
                        allocate_eip(t);
                return;
        }
        if (!change_probe_reachability(t))
                change_begin(t, bandwidth ? WIRE_ALLOCATE : WIRE_BANDWIDTH);
}

void allocate(struct turn *t) {
        struct engine *e = t->e;

        if (!change_check_ready(t, WIRE_ALLOCATE) || check_bound(t))
                return;
        if (eip_is_wanted(e) || (*eip_of_ledger(e) && !e->facts.eip_known))
                allocate_eip(t);
        else
                allocate_static(t);
}

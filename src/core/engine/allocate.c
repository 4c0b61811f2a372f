/* SPDX-License-Identifier: Apache-2.0 */
/* How an address is to be had: static, by an EIP, by bandwidth (design 4.3 and 4.4). */
#include "allocate.h"

#include <string.h>

#include "change.h"
#include "clock.h"
#include "eip.h"
#include "fault.h"
#include "report.h"

/* The list of EIPs may lag behind a purchase, as an instance's address behind its allocation. */
static bool is_just_bought(const struct turn *t) {
        const struct ledger_entry *bought = ledger_last(&t->e->ledger, WIRE_EIP_ALLOCATE);

        return bought && bought->outcome == OUTCOME_DONE &&
               clock_now(t) - bought->time < VISIBLE_SEC;
}

/* Bound here, but control does not show it with the instance yet; or elsewhere. */
static bool is_bound(const struct engine *e) {
        const struct eip *eip = &e->facts.eip;
        bool ours = eip_is_wanted(e) || strcmp(eip->allocation_id, eip_of_ledger(e)) == 0;

        return e->facts.eip_known && eip->status == EIP_IN_USE && ours;
}

static struct move buy_eip(struct turn *t) {
        return t->e->given.config.eip_allocate ? change_begin(t, WIRE_EIP_ALLOCATE)
                                               : fault_raise(t, FAULT_EIP_NONE, "");
}

static struct move without_eip(struct turn *t) {
        const struct config *c = &t->e->given.config;

        if (*c->eip_allocation_id)
                return fault_raise(t, FAULT_EIP_MISSING, c->eip_allocation_id);
        if (is_just_bought(t))
                return fault_raise(t, FAULT_EIP_SETTLING, "bought, and not listed yet");
        return buy_eip(t);
}

static struct move by_eip(struct turn *t) {
        const struct eip *eip = &t->e->facts.eip;

        if (!t->e->facts.eip_known)
                return move_ask(PHASE_SAME, WIRE_EIP_FIND);
        if (!*eip->allocation_id)
                return without_eip(t);
        if (eip->locked && eip->status != EIP_IN_USE)
                return fault_raise(t, FAULT_EIP_LOCKED, eip->allocation_id);
        switch (eip->status) {
        case EIP_AVAILABLE:
                return change_begin(t, WIRE_EIP_ASSOCIATE);
        case EIP_IN_USE:
                if (eip->named && !eip->bound_here && report_is_accepted(t->e, FAULT_EIP_ELSEWHERE))
                        return buy_eip(t); /* bought here, given away: another will do */
                return fault_raise(t, eip->bound_here ? FAULT_EIP_SETTLING : FAULT_EIP_ELSEWHERE,
                                   eip->bound_to);
        case EIP_UNKNOWN:
        case EIP_ASSOCIATING:
        case EIP_UNASSOCIATING:
                break;
        }
        return fault_raise(t, FAULT_EIP_SETTLING, eip->allocation_id);
}

static struct move by_static(struct turn *t) {
        struct engine *e = t->e;
        const struct config *c = &e->given.config;

        if (e->facts.instance.bandwidth_out != 0) /* unknown: the call will say */
                return change_begin(t, WIRE_ALLOCATE);
        if (c->bandwidth_out > 0)
                return change_begin(t, WIRE_BANDWIDTH);
        if (c->strategy != STRATEGY_STATIC_EIP)
                return fault_raise(t, FAULT_NO_BANDWIDTH, "");
        e->before.static_refused = true;
        return by_eip(t);
}

struct move allocate_address(struct turn *t) {
        const struct engine *e = t->e;
        struct move m = change_check_ready(t, WIRE_ALLOCATE);

        if (m.kind != MOVE_PASS)
                return m;
        if (is_bound(e) || eip_is_wanted(e) || (*eip_of_ledger(e) && !e->facts.eip_known))
                return by_eip(t);
        return by_static(t);
}

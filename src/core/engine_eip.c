/* SPDX-License-Identifier: Apache-2.0 */
/* Elastic IPs: which one, whose it is, and when one is bought (design 4.4). */
#include <string.h>

#include "turn.h"

bool takes_eip(const struct engine *e) {
        return e->config.strategy == STRATEGY_EIP || e->static_refused;
}

/*
 * An EIP of ours that the ledger knows, unless a person's `resume` says that another address will
 * do. Whoever moved it to another instance wants it there (design 4.4).
 */
const char *eip_of_ledger(const struct engine *e) {
        return e->ledger.kind == KIND_EIP && !is_accepted(e, FAULT_EIP_ELSEWHERE) ? e->ledger.eip_id
                                                                                  : "";
}

/* The configured one; else the one that was here, one bought here, any free one with the tag. */
const char *eip_wanted(const struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *bought = ledger_last(&e->ledger, WIRE_EIP_ALLOCATE);

        if (*e->config.eip_allocation_id)
                return e->config.eip_allocation_id;
        if (e->eips_gone == 0 && *eip_of_ledger(e))
                return eip_of_ledger(e);
        if (bought && e->eips_gone <= 1 && strcmp(bought->allocation_id, eip_of_ledger(e)) != 0)
                return bought->allocation_id;
        return "";
}

bool looks_for_next_eip(struct turn *t) {
        struct engine *e = t->e;
        const char *gone = eip_wanted(t);

        if (!takes_eip(e) || *e->config.eip_allocation_id || !*gone)
                return false;
        e->eips_gone = strcmp(gone, eip_of_ledger(e)) == 0 ? 1 : 2;
        ask(t, WIRE_EIP_FIND);
        return true;
}

/* Bound here, but control does not show it with the instance yet; or elsewhere. */
bool is_bound(struct turn *t) {
        const struct engine *e = t->e;
        const struct eip *eip = &e->eip;
        bool ours = takes_eip(e) || strcmp(eip->allocation_id, eip_of_ledger(e)) == 0;

        if (!e->eip_known || eip->status != EIP_IN_USE || !ours)
                return false;
        meet_own(t, eip->bound_here ? FAULT_EIP_SETTLING : FAULT_EIP_ELSEWHERE, eip->bound_to);
        return true;
}

/* The list of EIPs may lag behind a purchase, as an instance's address behind its allocation. */
static bool is_just_bought(struct turn *t) {
        const struct ledger_entry *bought = ledger_last(&t->e->ledger, WIRE_EIP_ALLOCATE);

        return bought && bought->outcome == OUTCOME_DONE &&
               cloud_now(t) - bought->time < VISIBLE_SEC;
}

void allocate_eip(struct turn *t) {
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

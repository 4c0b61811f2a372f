/* SPDX-License-Identifier: Apache-2.0 */
/* Which Elastic IP is wanted (design 4.4). */
#include "eip.h"

#include <string.h>

#include "report.h"

bool eip_is_wanted(const struct engine *e) {
        return e->given.config.strategy == STRATEGY_EIP || e->before.static_refused;
}

/* Whoever moved ours to another instance wants it there: only a person's word passes over it. */
const char *eip_of_ledger(const struct engine *e) {
        bool counts = e->ledger.kind == KIND_EIP && !report_is_accepted(e, FAULT_EIP_ELSEWHERE);

        return counts ? e->ledger.eip_id : "";
}

/* The configured one; else the one that was here, one bought here, any free one with the tag. */
const char *eip_wanted_id(const struct engine *e) {
        const struct ledger_entry *bought =
                ledger_last((struct ledger *)&e->ledger, WIRE_EIP_ALLOCATE);

        if (*e->given.config.eip_allocation_id)
                return e->given.config.eip_allocation_id;
        if (e->facts.eips_gone == 0 && *eip_of_ledger(e))
                return eip_of_ledger(e);
        if (bought && e->facts.eips_gone <= 1 &&
            strcmp(bought->allocation_id, eip_of_ledger(e)) != 0)
                return bought->allocation_id;
        return "";
}

bool eip_skip_gone(struct turn *t) {
        struct engine *e = t->e;
        const char *gone = eip_wanted_id(e);

        if (!eip_is_wanted(e) || *e->given.config.eip_allocation_id || !*gone)
                return false;
        e->facts.eips_gone = strcmp(gone, eip_of_ledger(e)) == 0 ? 1 : 2;
        return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger tells of this instance's past: changes and addresses. */
#include "past.h"

bool past_is_unconfirmed(const struct ledger *l) {
        for (unsigned i = l->n_entries; i-- > 0;)
                if (!ledger_entry_is_refused(&l->entries[i]))
                        return l->entries[i].seq > l->confirmed_seq;
        return false;
}

const struct ledger_entry *past_answered_change(const struct ledger *l) {
        for (unsigned i = l->n_entries; i-- > 0;) {
                const struct ledger_entry *change = &l->entries[i];

                if (!wire_op_brings_address(change->op) || ledger_entry_is_refused(change))
                        continue;
                if (change->outcome != OUTCOME_DONE || change->address == 0 ||
                    change->seq <= l->confirmed_seq)
                        return NULL;
                return change;
        }
        return NULL;
}

bool past_is_blank(const struct ledger *l) {
        for (unsigned i = 0; i < l->n_entries; i++)
                if (!ledger_entry_is_refused(&l->entries[i]))
                        return false;
        return l->address == 0;
}

bool past_had_address(const struct ledger *l) {
        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *entry = &l->entries[i];

                if (!wire_op_brings_address(entry->op) || ledger_entry_is_refused(entry))
                        continue;
                /* After an error of the server's own the inspection is enough. */
                if (!ledger_entry_is_void(entry) || !*entry->request_id)
                        return true;
        }
        return l->address != 0 || l->suspect != 0 || l->suspect_pending;
}

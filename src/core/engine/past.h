/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger tells of this instance's past: changes and addresses. */
#pragma once

#include <ecs-pubip/ledger.h>

/* A change that may have been executed is younger than the last confirmation. */
bool past_is_unconfirmed(const struct ledger *l);

/* The newest change that may have brought an address, if it was answered with one and is not
 * confirmed since; NULL: it was not, or there is none. */
const struct ledger_entry *past_answered_change(const struct ledger *l);

/* None of its calls may have left, and it has had no address. */
bool past_is_blank(const struct ledger *l);

/* This instance may have had an address before: then one absence is not enough. */
bool past_had_address(const struct ledger *l);

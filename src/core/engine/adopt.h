/* SPDX-License-Identifier: Apache-2.0 */
/* Which address counts from now on, and whether it may (design 4.4). */
#pragma once

#include "turn.h"

/* The expected address is the ledger's from now on; a person is told where it is a stranger's. */
void adopt_address(struct turn *t);

/* The change of ours that was answered with its address, where metadata may confirm it before
 * control is heard; NULL: there is none, or control must be asked. */
const struct ledger_entry *adopt_answered_change(const struct engine *e);

/* The address that such a change was answered with counts. */
void adopt_answer(struct turn *t, const struct ledger_entry *change);

/* Heal.Policy=alert: another address than the known one is not taken without a person's word. */
bool adopt_needs_word(const struct turn *t);

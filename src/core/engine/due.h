/* SPDX-License-Identifier: Apache-2.0 */
/* A due reboot: since when, what it waits for, and how long it will (design 4.2). */
#pragma once

#include "turn.h"

/* When Patience for the blockers is over, on CLOCK_BOOTTIME. */
uint64_t due_patience_ends(const struct engine *e, uint64_t now);

/* Nothing blocks it, or it is not waited for: patience does not count now. */
void due_end_block(struct turn *t);

/* What blocked a reboot says nothing about a later one. */
void due_forget_blockers(struct turn *t);

/* No reboot is due any more. */
void due_clear(struct turn *t);

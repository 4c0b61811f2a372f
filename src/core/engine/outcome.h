/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a changing call: its intent written, its answer (laws L2 and L3, design 3). */
#pragma once

#include "turn.h"

/* The ledger was written, or could not be: the call leaves, or never was. */
struct move outcome_stored(struct turn *t, int error, enum hold hold);

/*
 * It is connected, and would leave now, for the first time or again: it does if all that was looked
 * at before still stands (law L1).
 */
struct move outcome_ready(struct turn *t, unsigned number, enum hold hold);

/* Answered with success. */
struct move outcome_done(struct turn *t, enum wire_op op, const struct wire_answer *a);

/* Answered with a fault, or not at all. */
struct move outcome_fault(struct turn *t, enum wire_op op, const struct fault *f);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L5: the model's cloud process holds role credentials while it signs a changing call: the real
 * parser, signatures and eraser, in a memory of its own (stack, heap and what it keeps), which is
 * searched afterwards. So are the agent, its actions, its ledger and its status.
 */
#pragma once

#include "model.h"

void secret_used(struct world *w); /* a changing call is signed */
void secret_cut(struct world *w);  /* metadata serves half a document */
void secret_sought(struct world *w, const struct actions *a);

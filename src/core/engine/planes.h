/* SPDX-License-Identifier: Apache-2.0 */
/* What was heard of each plane, which of them count, and the verdict over them (design 4.1). */
#pragma once

#include "turn.h"

/* The verdict over what is known now. */
struct verdict planes_verdict(const struct engine *e);

/* The same if the reachability witness stood in for metadata. */
struct verdict planes_verdict_by_reachability(const struct engine *e);

/* Bits of enum plane: those that must agree. */
unsigned planes_required(const struct engine *e);

/* False where metadata and kernel are enough: nothing was changed since they agreed last. */
bool planes_need_control(const struct engine *e);

/* Metadata was heard; it could not be, and what it said before counts no longer (law L6). */
void planes_learn_metadata(struct turn *t, const struct addresses *a);
void planes_forget_metadata(struct turn *t);

/* Control's word; 0: it shows none. What it said counts no longer. */
void planes_learn_control(struct turn *t, in_addr_t address);
void planes_forget_control(struct turn *t);

/* The reachability witness counts no longer. */
void planes_end_reachability(struct turn *t);

/* For status: since when each plane says what it says, where `before` was the verdict before. */
void planes_date(struct turn *t, const struct verdict *before);

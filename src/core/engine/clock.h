/* SPDX-License-Identifier: Apache-2.0 */
/* The cloud's time: learnt from answers, counted on with CLOCK_BOOTTIME (design 4.6). */
#pragma once

#include "turn.h"

/* The cloud's time at that moment, s; the wall clock's where it is not known yet. */
int64_t clock_at(const struct engine *e, struct engine_now now);
int64_t clock_now(const struct turn *t);

/* This moment, for the governor. */
struct moment clock_moment(const struct turn *t);

/* The moment that far from now, on CLOCK_BOOTTIME. */
uint64_t clock_from_now(const struct turn *t, uint64_t usec);

/* False where the cloud's time may be wrong: not proven, and this machine's clock differs. */
bool clock_is_sure(const struct turn *t);

/* Every answer brings a time; what the ledger dated later than a proven one is dated anew. */
void clock_learn(struct turn *t, const struct wire_answer *a);

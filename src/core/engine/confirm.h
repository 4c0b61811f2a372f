/* SPDX-License-Identifier: Apache-2.0 */
/* Looks, and the verdict reached (design 4.1 and 8). */
#pragma once

#include "turn.h"

/* Grace, Timeout and the looks count from now. */
void confirm_begin(struct turn *t);

/* Asks what is due in that phase; where nothing is, rests until it is. */
struct move confirm_look(struct turn *t, enum phase phase);

/* Rests until the next look of that phase. */
struct move confirm_rest(struct turn *t, enum phase phase);

/* When metadata is looked at next in that phase, on CLOCK_BOOTTIME. */
uint64_t confirm_next_look(const struct turn *t, enum phase phase);

/* How far apart two inspections are while the link comes and goes. */
uint64_t confirm_inspect_apart(const struct engine *e);
#define FLAPS_TOLD 3 /* flaps that are told; then only status tells, until it is steady */

/* While confirmed, control is asked next in 6 to 7 hours; or, as it could not be heard, in 1 to 2:
   not if it was throttled. */
void confirm_plan_control(struct turn *t);
void confirm_put_off_control(struct turn *t, const struct fault *f);

/* The address is confirmed; also for a look that changed nothing, and only says when the next is.
 */
struct move confirm_reached(struct turn *t);

/* SPDX-License-Identifier: Apache-2.0 */
/* A wait, and what is looked at while it lasts (design 4.5). */
#pragma once

#include "turn.h"

/* For that long, because of the fault that was counted last. */
struct move wait_for(struct turn *t, uint64_t length);

/* The same until a moment of CLOCK_BOOTTIME, without keeping it over a restart. */
struct move wait_until(struct turn *t, uint64_t until);

/* The same because of a fault of our own, which the row of its code may end before. */
struct move wait_for_fact(struct turn *t, const char *code, uint64_t until);

/* Until a moment of the cloud's time, s, because of a fault of our own. */
struct move wait_until_time(struct turn *t, const char *code, int64_t when);

/* Inspects; unless an earlier process began a wait that is not over, which then goes on. */
struct move wait_or_inspect(struct turn *t);

/* Its deadline has passed: it is over, or metadata is to be looked at within it. */
struct move wait_end(struct turn *t);

/* Metadata was looked at meanwhile: confirms what a change of ours brought, or waits on. */
struct move wait_on(struct turn *t);

/* A link that went came back while the server keeps control waiting, and all is as it was. */
bool wait_is_confirmed_again(const struct turn *t);

/* Confirms without having heard control, which is asked later. */
struct move wait_confirm(struct turn *t);

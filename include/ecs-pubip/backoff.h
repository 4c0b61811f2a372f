/* SPDX-License-Identifier: Apache-2.0 */
/* Attempt, class, server's hint and instance slot -> when to try again (design 4.5). */
#pragma once

#include <ecs-pubip/fault.h>
#include <ecs-pubip/usec.h>

#define HINT_MAX_USEC USEC_PER_HOUR /* a server's hint is honoured up to this */

/* Deterministic stream of numbers; seeded by the runtime from getrandom(). */
struct rng {
        uint64_t state;
};
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* 0 … n-1; 0 for n = 0 */

/* A place in [0, range) that an instance id always gets: a fleet spreads by itself. */
uint64_t backoff_slot(const char *instance_id, uint64_t range);

#define SECOND_UNKNOWN 59 /* says nothing of a crowd */

/*
 * The attempt to go on with after a refusal for want of quota that is not the first in a row:
 * `attempt`, or a later one. Who is refused in second u of the cloud's minute knows that the quota
 * was used up in u seconds, so that the crowd needs 60 / u minutes at least. Of this refusal and
 * the one before the later second counts: one alone may be in a minute that others took whole.
 */
unsigned backoff_crowd(unsigned attempt, unsigned second, unsigned second_before);

/*
 * The wait before attempt + 1, in microseconds; attempt counts from 0. `now` is the cloud's time,
 * s. Throttled again, it ends in a minute of the other parity than this one: others may take each
 * second minute whole.
 */
uint64_t backoff_wait(const struct fault *f, bool slow, unsigned attempt, const char *instance_id,
                      int64_t now, struct rng *rng);

/* How long a class may last before it counts as failed; 0: for ever. */
uint64_t backoff_patience(enum fault_class c, bool first_boot);

/* How long `failed` rests before it is looked at again: 5, 15, 60 min, then hourly +- slot. */
uint64_t backoff_failed(unsigned looks, const char *instance_id);

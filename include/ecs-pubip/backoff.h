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

/* The wait before attempt + 1, in microseconds; attempt counts from 0. `second_of_minute` is of
 * the cloud's time. */
uint64_t backoff_wait(const struct fault *f, bool slow, unsigned attempt, const char *instance_id,
                      unsigned second_of_minute, struct rng *rng);

/* How long a class may last before it counts as failed; 0: for ever. */
uint64_t backoff_patience(enum fault_class c, bool first_boot);

/* How long `failed` rests before it is looked at again: 5, 15, 60 min, then hourly +- slot. */
uint64_t backoff_failed(unsigned looks, const char *instance_id);

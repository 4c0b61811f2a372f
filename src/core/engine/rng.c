/* SPDX-License-Identifier: Apache-2.0 */
/* Jitter: a stream of numbers that a seed determines (splitmix64). */
#include <ecs-pubip/backoff.h>

uint64_t rng_next(struct rng *r) {
        uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n) {
        return n ? rng_next(r) % n : 0;
}

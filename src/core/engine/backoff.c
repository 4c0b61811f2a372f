/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again. A row per class; throttling has rules of its own. */
#include <ecs-pubip/backoff.h>

#define WAIT_MIN      (100 * USEC_PER_MSEC) /* full jitter may come out at next to nothing */
#define WINDOW_MAX    64                    /* minutes: the widest window after throttling */
#define HINT_SPREAD   USEC_PER_SEC          /* so that one hint to many is not one answer by all */
#define FAILED_SPREAD (10 * USEC_PER_MIN)

#define QUICK_CAP (30 * USEC_PER_SEC)

struct pace {
        uint64_t first, cap;
        uint64_t patience, patience_first_boot; /* 0: for ever */
};

/* Design 4.5, "Faults and waits". */
static const struct pace paces[_FAULT_CLASS_MAX] = {
        [FAULT_RETRY] = {.first = USEC_PER_SEC, .cap = 5 * USEC_PER_MIN},
        [FAULT_PROTOCOL] = {.first = USEC_PER_SEC, .cap = 5 * USEC_PER_MIN},
        [FAULT_SETTLING] = {.first = 2 * USEC_PER_SEC,
                            .cap = 30 * USEC_PER_SEC,
                            .patience = 10 * USEC_PER_MIN,
                            .patience_first_boot = 10 * USEC_PER_MIN},
        [FAULT_AUTH] = {.first = 3 * USEC_PER_SEC,
                        .cap = 60 * USEC_PER_SEC,
                        .patience = 2 * USEC_PER_MIN,
                        .patience_first_boot = 10 * USEC_PER_MIN},
        [FAULT_ALREADY] = {.first = 2 * USEC_PER_SEC, .cap = 5 * USEC_PER_MIN},
        [FAULT_CLOCK] = {.first = 30 * USEC_PER_SEC, .cap = 5 * USEC_PER_MIN},
};

uint64_t rng_next(struct rng *r) {
        uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n) {
        return n ? rng_next(r) % n : 0;
}

uint64_t backoff_slot(const char *instance_id, uint64_t range) {
        struct rng hash = {.state = UINT64_C(0xcbf29ce484222325)}; /* FNV-1a, then mixed */

        for (const char *p = instance_id; *p; p++)
                hash.state = (hash.state ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
        return rng_below(&hash, range);
}

/* Quotas are counted per minute: the first try goes to this instance's place in the next one. */
static uint64_t wait_throttled(const struct fault *f, unsigned attempt, const char *instance_id,
                               unsigned second_of_minute, struct rng *rng) {
        uint64_t hint = (uint64_t)f->retry_after_ms * USEC_PER_MSEC;
        uint64_t base, window;

        if (hint > HINT_MAX_USEC)
                hint = HINT_MAX_USEC;
        base = hint ? hint : (60 - second_of_minute % 60) * USEC_PER_SEC;
        if (attempt == 0)
                return base + backoff_slot(instance_id, hint ? HINT_SPREAD : USEC_PER_MIN);
        /* 2, 32, 64 min: a third time throttled is one of many. Doubling from one minute costs a
           fleet nearly twice the throttled calls and ends no sooner (tests/life/fleet.c). */
        window = attempt > 2 ? WINDOW_MAX : attempt == 2 ? WINDOW_MAX / 2 : 2;
        return base + rng_below(rng, window * USEC_PER_MIN);
}

uint64_t backoff_wait(const struct fault *f, bool slow, unsigned attempt, const char *instance_id,
                      unsigned second_of_minute, struct rng *rng) {
        const struct pace *p = &paces[f->class];
        uint64_t ceiling = p->first, cap;

        if (f->class == FAULT_THROTTLED)
                return wait_throttled(f, attempt, instance_id, second_of_minute, rng);
        if (f->class == FAULT_CLOCK) {
                if (attempt == 0)
                        return 0; /* at once, once: the answer brought the right time */
                attempt--;
        }
        if (slow)
                return p->cap / 2 + rng_below(rng, p->cap / 2);
        cap = fault_explain(f, 0)->quick ? QUICK_CAP : p->cap;
        for (unsigned i = 0; i < attempt && ceiling < cap; i++)
                ceiling *= 2;
        if (ceiling > cap)
                ceiling = cap;
        if (ceiling == 0)
                return 0;
        return WAIT_MIN + rng_below(rng, ceiling - WAIT_MIN);
}

uint64_t backoff_patience(enum fault_class c, bool first_boot) {
        return first_boot ? paces[c].patience_first_boot : paces[c].patience;
}

uint64_t backoff_failed(unsigned looks, const char *instance_id) {
        static const unsigned minutes[] = {5, 15, 60};
        uint64_t slot = backoff_slot(instance_id, FAILED_SPREAD);

        if (looks < sizeof(minutes) / sizeof(minutes[0]))
                return minutes[looks] * USEC_PER_MIN;
        return USEC_PER_HOUR - FAILED_SPREAD / 2 + slot;
}

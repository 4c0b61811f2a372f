/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again. A row per class; throttling has rules of its own. */
#include <ecs-pubip/backoff.h>

#define WAIT_MIN      (100 * USEC_PER_MSEC) /* full jitter may come out at next to nothing */
#define HINT_SPREAD   USEC_PER_SEC          /* so that one hint to many is not one answer by all */
#define FAILED_SPREAD (10 * USEC_PER_MIN)

#define QUICK_CAP (30 * USEC_PER_SEC)

/*
 * After throttling, 1.6^attempt minutes. A factor of 1.5 costs a large fleet more refusals than its
 * size explains, 1.8 leaves too much quota unused (tests/life/fleet.c). The last one is the first
 * above 4 h, the longest job that is held to its time: a longer one loses nothing by it, and an
 * instance whose crowd has gone comes within it.
 */
static const uint64_t window_seconds[] = {60,   96,   154,  246,  393,   629,  1007,
                                          1611, 2577, 4123, 6597, 10556, 16889};
#define WINDOWS (sizeof(window_seconds) / sizeof(window_seconds[0]))

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

uint64_t backoff_slot(const char *instance_id, uint64_t range) {
        struct rng hash = {.state = UINT64_C(0xcbf29ce484222325)}; /* FNV-1a, then mixed */

        for (const char *p = instance_id; *p; p++)
                hash.state = (hash.state ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
        return rng_below(&hash, range);
}

/* A refusal in a row after the first: never narrower than what the quota that was used up says. */
unsigned backoff_crowd(unsigned attempt, unsigned second, unsigned second_before) {
        unsigned later = second > second_before ? second : second_before;
        unsigned crowd = 60 * 60 / (later % 60 + 1); /* seconds that all of them need at least */

        while (attempt < WINDOWS - 1 && window_seconds[attempt] * 5 < crowd * 4)
                attempt++;
        return attempt;
}

/* `offset` µs after `from`, of which only minutes of the other parity than `refused` count. */
static uint64_t in_other_minutes(int64_t refused, int64_t from, uint64_t offset) {
        uint64_t wait = (uint64_t)(from - refused) * USEC_PER_SEC;
        uint64_t left = (uint64_t)(60 - from % 60) * USEC_PER_SEC; /* of the minute of `from` */

        if ((from / 60 - refused / 60) % 2 == 0) {
                wait += left;
                left = USEC_PER_MIN;
        }
        if (offset < left)
                return wait + offset;
        offset -= left;
        return wait + left + USEC_PER_MIN + offset / USEC_PER_MIN * 2 * USEC_PER_MIN +
               offset % USEC_PER_MIN;
}

/* Quotas are counted per minute: the first try goes to this instance's place in the next one. */
static uint64_t wait_throttled(const struct fault *f, unsigned attempt, const char *instance_id,
                               int64_t now, struct rng *rng) {
        uint64_t hint = (uint64_t)f->retry_after_ms * USEC_PER_MSEC;
        uint64_t base, window;

        if (now < 0)
                now = 0;
        if (hint > HINT_MAX_USEC)
                hint = HINT_MAX_USEC;
        base = hint ? hint : (uint64_t)(60 - now % 60) * USEC_PER_SEC;
        if (attempt == 0)
                return base + backoff_slot(instance_id, hint ? HINT_SPREAD : USEC_PER_MIN);
        window = window_seconds[attempt < WINDOWS ? attempt : WINDOWS - 1] * USEC_PER_SEC;
        base = (base + USEC_PER_SEC - 1) / USEC_PER_SEC;
        return in_other_minutes(now, now + (int64_t)base, rng_below(rng, window / 2));
}

uint64_t backoff_wait(const struct fault *f, bool slow, unsigned attempt, const char *instance_id,
                      int64_t now, struct rng *rng) {
        const struct pace *p = &paces[f->class];
        uint64_t ceiling = p->first, cap;

        if (f->class == FAULT_THROTTLED)
                return wait_throttled(f, attempt, instance_id, now, rng);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks: one to wait by, one to talk to people by. */
#pragma once

#include <stdint.h>
#include <time.h>

#include <ecs-pubip/backoff.h>

#define CLOCK_NEVER UINT64_MAX

/* Counts while the machine sleeps: a bounded wait is bounded for the person, not for the CPU. */
static inline uint64_t clock_boot_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static inline int64_t clock_wall_sec(void) {
        return time(NULL);
}

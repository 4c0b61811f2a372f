/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks of this machine: one to wait by, one to talk to people by. */
#pragma once

#include <stdint.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#define CLOCK_NEVER UINT64_MAX

/* Counts while the machine sleeps: a bounded wait is bounded for the person, not for the CPU. */
static inline uint64_t clock_boot_usec(void) {
        struct timespec t = {0};

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static inline int64_t clock_wall_sec(void) {
        struct timespec t = {0};

        clock_gettime(CLOCK_REALTIME, &t);
        return t.tv_sec;
}

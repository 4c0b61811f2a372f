/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cloud's time: taken from the Date of its answers and counted on with CLOCK_BOOTTIME, so that
 * nobody who sets this machine's clock moves it (design 4.6).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum clock_trust {
        CLOCK_UNKNOWN, /* only this machine's wall clock */
        CLOCK_HINT,    /* metadata's Date, or what the agent was told earlier */
        CLOCK_PROVEN,  /* Date of an answer over verified TLS, in this process */
};

struct clock {
        enum clock_trust trust;
        int64_t offset_usec; /* the cloud's time - CLOCK_BOOTTIME */
};

uint64_t clock_boottime_usec(void);

/* Seconds since 1970. A hint counts only while nothing is known; a proof always. */
void clock_hint(struct clock *c, int64_t cloud_seconds);
void clock_prove(struct clock *c, int64_t cloud_seconds);

/* The cloud's time as far as known, else the wall clock's: what to sign with. */
int64_t clock_now(const struct clock *c);
/* The cloud's time; 0: not known. */
int64_t clock_server_time(const struct clock *c);
/* How far the wall clock is ahead of the cloud's time, in seconds; 0 while that is not known. */
int64_t clock_wall_error(const struct clock *c);

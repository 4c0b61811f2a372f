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
        CLOCK_TRIAL,   /* Date of a refusal by the API: to sign by once, and proof of nothing */
        CLOCK_PROVEN,  /* the API accepted a signature made by it, in this process */
};

struct clock {
        enum clock_trust trust;
        int64_t offset_usec; /* the cloud's time - CLOCK_BOOTTIME */
};

uint64_t clock_boottime_usec(void);

/* Seconds since 1970; 0: none. A hint counts only while nothing is known. */
void clock_hint(struct clock *c, int64_t cloud_seconds);
/*
 * The Date of an answer that is the API's (law L15). Of a refusal it is a trial: it corrects what
 * is not proven, and what is where the refusal is for the time itself.
 */
void clock_try(struct clock *c, int64_t cloud_seconds, bool refused_for_time);
/*
 * A signature that was made `signed_at` was accepted, so that time is right to 15 min. The Date
 * beside it is closer if it lies within them; else it is not believed.
 */
void clock_accept(struct clock *c, int64_t signed_at, int64_t cloud_seconds);

/* The cloud's time as far as known, else the wall clock's: what to sign with. */
int64_t clock_now(const struct clock *c);
/* The cloud's time; 0: not known. */
int64_t clock_server_time(const struct clock *c);
/* How far the wall clock is ahead of the cloud's time, in seconds; 0 while that is not known. */
int64_t clock_wall_error(const struct clock *c);

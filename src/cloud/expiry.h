/* SPDX-License-Identifier: Apache-2.0 */
/* When temporary keys are fetched anew: times in, a decision out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cloud/clock.h"

struct expiry_now {
        enum clock_trust trust;
        int64_t cloud_sec;  /* clock_now() */
        uint64_t boot_usec; /* CLOCK_BOOTTIME */
};

/* EXPIRATION in the cloud's time; 0: they never expire. */
bool expiry_is_over(int64_t expiration, const struct expiry_now *now);
/* Whether to look for newer ones than those that were fetched at FETCHED of CLOCK_BOOTTIME. */
bool expiry_wants_refresh(int64_t expiration, uint64_t fetched, const struct expiry_now *now);

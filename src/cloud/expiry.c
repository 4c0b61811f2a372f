/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"

#include <ecs-pubip/backoff.h>

/* The next set is there 30 min before the end of the present one, and both are valid meanwhile. */
#define REFRESH_SEC   600
#define REFRESH_PAUSE (60 * USEC_PER_SEC) /* between refreshes that bring nothing newer */

/* Before time is proven, Expiration proves nothing: then the API shall judge. */
bool expiry_is_over(int64_t expiration, const struct expiry_now *now) {
        return expiration > 0 && now->trust == CLOCK_PROVEN && now->cloud_sec >= expiration;
}

bool expiry_wants_refresh(int64_t expiration, uint64_t fetched, const struct expiry_now *now) {
        if (expiration == 0 || now->trust == CLOCK_UNKNOWN)
                return false;
        if (now->boot_usec < fetched + REFRESH_PAUSE && !expiry_is_over(expiration, now))
                return false;
        return now->cloud_sec + REFRESH_SEC >= expiration;
}

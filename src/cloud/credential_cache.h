/* SPDX-License-Identifier: Apache-2.0 */
/* With whose keys to sign: those of the instance's role, or static ones from files. */
#pragma once

#include <stdbool.h>

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>

#include "cloud/clock.h"
#include "cloud/metadata.h"

struct credential_cache {
        struct metadata *metadata;
        const struct clock *clock;
        const struct config *config;
        bool held;
        uint64_t fetched; /* CLOCK_BOOTTIME */
        struct credentials credentials;
};

void credential_cache_init(struct credential_cache *c, struct metadata *m,
                           const struct clock *clock, const struct config *config);
void credential_cache_done(struct credential_cache *c); /* wipes */

/* What is held, or read anew when there is none or it soon expires. False: *fault says why. */
bool credential_cache_get(struct credential_cache *c, const struct credentials **ret,
                          struct fault *fault);

/* Forgets what is held; false for static keys, which would only come back the same at once. */
bool credential_cache_drop(struct credential_cache *c);

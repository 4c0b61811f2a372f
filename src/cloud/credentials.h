/* SPDX-License-Identifier: Apache-2.0 */
/* With whose keys to sign: those of the instance's role, or static ones from files. */
#pragma once

#include <stdbool.h>

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>

#include "cloud/clock.h"
#include "cloud/metadata.h"

struct keyring {
        struct metadata *metadata;
        const struct clock *clock;
        const struct config *config;
        bool held;
        uint64_t fetched; /* CLOCK_BOOTTIME */
        struct credentials credentials;
};

void keyring_init(struct keyring *k, struct metadata *m, const struct clock *clock,
                  const struct config *config);
void keyring_done(struct keyring *k); /* wipes */

/* What is held, or read anew when there is none or it soon expires. False: *fault says why. */
bool keyring_get(struct keyring *k, const struct credentials **ret, struct fault *fault);

/* Forgets what is held; false for static keys, which would only come back the same at once. */
bool keyring_drop(struct keyring *k);

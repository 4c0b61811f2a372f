/* SPDX-License-Identifier: Apache-2.0 */
/* What one connection keeps: the modules, and who this instance is. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/wire.h>

#include "cloud/clock.h"
#include "cloud/credential_cache.h"
#include "cloud/http.h"
#include "cloud/metadata.h"
#include "cloud/openapi.h"

struct session {
        struct config config;
        struct clock clock;
        struct http http;
        struct metadata metadata;
        struct credential_cache credential_cache;
        struct openapi openapi;
        bool identified;
        struct identity identity; /* region_id: the one to work in, by the configuration if set */
        char metadata_region[REGION_ID_SIZE]; /* "" without metadata */
};

/* Everything but s->config, which is read before. 0 or -ENOMEM. */
int session_init(struct session *s);
void session_done(struct session *s);
/* Only the secrets; what libraries hold stays. */
void session_wipe(struct session *s);

/* Who this is, read once per connection unless `anew`. False: *fault says why not. */
bool session_identify(struct session *s, bool anew, struct fault *fault);

/*
 * Law L4: false, and *fault, unless `instance_id` is this machine's own. Before a changing call a
 * configured identity is not enough: metadata may have come up since, and then it counts.
 */
bool session_check_instance(struct session *s, const char *instance_id, bool changing,
                            struct fault *fault);

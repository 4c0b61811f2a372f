/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata service: token first, its IPv4 address and then its IPv6 one, and no proxy ever.
 * Functions return true, or false with *fault saying why.
 * Source: "View instance metadata" of the ECS user guide (ecs-api 2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>

#include "cloud/clock.h"
#include "cloud/http.h"

#define METADATA_TOKEN_SIZE 1025

enum token_state {
        TOKEN_WANTED, /* to be asked for */
        TOKEN_HELD,
        TOKEN_REFUSED, /* the service gives none: go on without */
};

struct metadata {
        struct http *http;
        struct clock *clock;
        const struct config *config;
        bool ipv6;   /* the IPv4 address does not connect here */
        bool no_all; /* `meta-data/all` is not to be had here */
        enum token_state token_state;
        bool token_timed_out; /* the PUT got no answer: it explains a later refusal */
        uint64_t token_until; /* CLOCK_BOOTTIME */
        char token[METADATA_TOKEN_SIZE];
};

void metadata_init(struct metadata *m, struct http *http, struct clock *clock,
                   const struct config *config);
void metadata_done(struct metadata *m); /* wipes the token */

/* One item by its path below /latest/, at most `max` bytes. A 404 is FAULT_MD_NOT_FOUND. */
bool metadata_get(struct metadata *m, const char *path, size_t max, struct http_reply *ret,
                  struct fault *fault);

/* Who this is; costs token and one request, or at most five where `all` is not served. */
bool metadata_identify(struct metadata *m, struct identity *ret, struct fault *fault);

/* The public address items, with the instance id of the same look (law L6). */
bool metadata_look(struct metadata *m, struct addresses *ret, struct fault *fault);

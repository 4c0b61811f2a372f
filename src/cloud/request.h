/* SPDX-License-Identifier: Apache-2.0 */
/* An API call as a signed HTTP request, in either of the two signature formats. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/identity.h>
#include <ecs-pubip/sign.h>

#include "cloud/endpoint.h"
#include "util/buf.h"

#define REQUEST_PARAMS_MAX  12
#define REQUEST_HEADERS_MAX 12

struct request {
        char *url; /* wiped: RPC 1.0 carries the token in it */
        char *authorization;
        char date[24], nonce[33], content_sha256[SIGN_HEX_SIZE];
        size_t n_headers;
        struct sign_pair headers[REQUEST_HEADERS_MAX];
};

void request_done(struct request *r);

/*
 * Builds the request for `action` at that endpoint; `now` is the cloud's time in seconds. The
 * strings of `credentials` must outlive *ret. 0 or -ENOMEM, -EIO without random numbers.
 */
int request_make(struct request *ret, enum signature signature, const struct endpoint *endpoint,
                 const char *action, const struct sign_pair *params, size_t n_params,
                 const struct credentials *credentials, int64_t now);

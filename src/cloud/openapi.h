/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the ECS or VPC API, with the recoveries that need no waiting: another endpoint, a
 * signature renewed after a clock, nonce or token fault (design 3).
 */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>

#include "cloud/clock.h"
#include "cloud/credential_cache.h"
#include "cloud/http.h"
#include "cloud/request.h"

struct openapi {
        struct http *http;
        struct clock *clock;
        struct credential_cache *credential_cache;
        const struct config *config;
        bool verify_by_cloud_time; /* this machine's clock is too wrong to judge certificates */
        char good_host[2][CONFIG_HOST_SIZE]; /* what answered last: ECS calls, EIP calls */
        enum product answered;               /* the product of the last success */
};

/* What a dry run answers when the call would be permitted. */
#define DRY_RUN_OK "DryRunOperation"

struct api_call {
        const char *action;
        bool eip;             /* an EIP call: other endpoints */
        enum product product; /* of those, the endpoints of that one only; ANY: of both */
        bool changing;        /* leaves once only */
        unsigned context;     /* FAULT_WITH_… */
        size_t n_params;
        struct sign_pair params[REQUEST_PARAMS_MAX];
};

void openapi_init(struct openapi *o, struct http *http, struct clock *clock,
                  struct credential_cache *credential_cache, const struct config *config);

/* True with a success body in *ret; false with *fault, classified. */
bool openapi_call(struct openapi *o, const struct api_call *call, const char *region,
                  struct http_reply *ret, struct fault *fault);

/* By which time a certificate is to be judged; 0: this machine's clock. */
int64_t openapi_verify_time(const struct openapi *o);
/* After FAULT_TLS: true if the certificate is to be judged once more, by another time. */
bool openapi_recover_tls(struct openapi *o, const struct http_reply *r, struct fault *fault);

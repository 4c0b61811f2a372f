/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request at a time over libcurl: every wait with a limit, every answer with a ceiling,
 * no redirect followed, TLS always verified. Connections are kept while this process lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecs-pubip/sign.h>

#include "util/buf.h"

#define HTTP_DETAIL_SIZE 200

/* Where a request goes decides protocol, proxies and time limits. */
enum http_zone {
        HTTP_METADATA, /* http, link-local: never by a proxy */
        HTTP_API,      /* https; the environment's proxies are honoured */
        HTTP_OUTSIDE,  /* http or https, direct: a proxy's address is not ours */
        HTTP_TOUCH,    /* a TCP connection and nothing more, direct */
        _HTTP_ZONE_MAX,
};

struct http {
        void *easy;        /* CURL */
        uint64_t deadline; /* CLOCK_BOOTTIME, of the question at hand: no attempt starts later */
};

struct http_request {
        enum http_zone zone;
        const char *method; /* "GET", "PUT", "POST"; the latter two with an empty body */
        const char *url;
        const struct sign_pair *headers;
        size_t n_headers;
        size_t body_max;
        unsigned total_ms;   /* 0: as the zone has it */
        bool changing;       /* what has once been sent is never sent again, nor given up */
        int64_t verify_time; /* judge certificates by this time; 0: by this machine's clock */
};

struct http_reply {
        unsigned status;
        struct buf body;               /* wiped */
        int64_t date;                  /* of the Date header; 0: none */
        uint32_t acs_hint_ms;          /* x-acs-retry-after; 0: none */
        uint32_t hint_ms;              /* Retry-After; 0: none */
        bool sent;                     /* some byte of the request left this machine */
        long verify_result;            /* X509_V_* of a certificate that was refused */
        char detail[HTTP_DETAIL_SIZE]; /* what failed, for a person */
};

int http_init(struct http *h);
void http_done(struct http *h);

#define HTTP_REPLY ((struct http_reply){})
void http_reply_done(struct http_reply *r);

/*
 * NULL when an answer came, whatever its status; else a code of ours (FAULT_RESOLVE, …,
 * FAULT_DEADLINE, FAULT_CLOUD_GONE when the agent has hung up), with ret->detail.
 */
const char *http_perform(struct http *h, const struct http_request *r, struct http_reply *ret);

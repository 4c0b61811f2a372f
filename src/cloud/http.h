/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request at a time over libcurl: every wait with a limit, every answer with a ceiling,
 * no redirect followed, TLS always verified. Connections are kept for looks while this process
 * lives; a changing call has one of its own.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecs-pubip/sign.h>

#include "cloud/gate.h"
#include "cloud/proxy.h"
#include "util/buf.h"

#define HTTP_DETAIL_SIZE 200

/* Where a request goes decides protocol, proxies and time limits. */
enum http_zone {
        HTTP_METADATA, /* http, link-local: never by a proxy */
        HTTP_API,      /* https, IPv4; the environment's proxies are honoured */
        HTTP_OUTSIDE,  /* http or https, direct: a proxy's address is not ours */
        HTTP_RESOLVE,  /* no request: the addresses of a name */
        _HTTP_ZONE_MAX,
};

struct http {
        void *easy;         /* CURL */
        uint64_t deadline;  /* CLOCK_BOOTTIME, of the question at hand: no attempt starts later */
        uint64_t call_ends; /* its CALL_MAX: nothing of a changing call may arrive later */
        void *running;      /* the transfer at hand; NULL between them */
        struct gate gate;   /* through which changing calls leave */
        /* After this answer this process should end: a resolver hangs in a thread of its own, or
           the agent may still say `go` to a call that is over. */
        bool is_last;
};

struct http_request {
        enum http_zone zone;
        const char *method; /* "GET", "PUT", "POST"; the latter two with an empty body */
        const char *url;
        const struct sign_pair *headers;
        size_t n_headers;
        size_t body_max;
        unsigned total_ms;         /* 0: as the zone has it */
        bool changing;             /* what has once been sent is never sent again, nor given up */
        int64_t verify_time;       /* judge certificates by this time; 0: by this machine's clock */
        const struct proxy *proxy; /* HTTP_API: PROXY_DIRECT or PROXY_USED */
};

struct http_reply {
        unsigned status;
        struct buf body;               /* wiped */
        int64_t date;                  /* of the Date header; 0: none */
        uint32_t acs_hint_ms;          /* x-acs-retry-after; 0: none */
        uint32_t hint_ms;              /* Retry-After; 0: none */
        bool sent;                     /* some byte of the request left this machine */
        int os_error;                  /* errno of a connection that did not come to be; or 0 */
        long verify_result;            /* X509_V_* of a certificate that was refused */
        char detail[HTTP_DETAIL_SIZE]; /* what failed, for a person, in words of ours */
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

/*
 * The IPv4 addresses of "host[:port]", by the resolver that curl asks, at most `max`; no connection
 * is made. NULL, or a code as above.
 */
const char *http_resolve(struct http *h, const char *host, struct sockaddr_in *ret, size_t max,
                         size_t *ret_n);

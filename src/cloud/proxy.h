/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy that the environment names for a host, taken apart: user and password are secrets (law
 * L5), and curl, which would repeat them in its messages, never gets them as part of a URL.
 */
#pragma once

#include <stdbool.h>

#define PROXY_HOST_SIZE   300
#define PROXY_SECRET_SIZE 256

enum proxy_kind {
        PROXY_DIRECT, /* none is named, or no_proxy names the host */
        PROXY_USED,
        PROXY_BAD, /* `why` says what is wrong with it */
};

struct proxy {
        enum proxy_kind kind;
        const char *variable;                                      /* the name of what set it */
        const char *why;                                           /* PROXY_BAD */
        char url[PROXY_HOST_SIZE];                                 /* scheme://host:port */
        char host[PROXY_HOST_SIZE];                                /* host:port, for a person */
        char user[PROXY_SECRET_SIZE], password[PROXY_SECRET_SIZE]; /* decoded; "" where none */
};

/* HOST may have a port. Rules of curl(1): https_proxy, all_proxy, no_proxy, small or capital. */
void proxy_find(const char *host, struct proxy *ret);
void proxy_done(struct proxy *p); /* wipes */

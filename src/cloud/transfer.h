/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of one attempt, as libcurl's callbacks see it: sockets, bytes, the last gate. */
#pragma once

/* CURLOPT_PROTOCOLS is deprecated since 7.85, but its successor is not in 7.61, our floor. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

#include "cloud/http.h"

/* One transfer, as the callbacks see it. */
struct transfer {
        CURL *easy;
        struct http *http;
        const struct http_request *request;
        struct http_reply *reply;
        uint64_t starts_until; /* CLOCK_BOOTTIME: the request leaves by then, or not at all */
        uint64_t ends;         /* CLOCK_BOOTTIME: so long for all of it */
        size_t header_bytes;
        bool too_large;
        bool gone, late;      /* why on_progress stopped it */
        bool gated;           /* a changing call: it was asked whether it may leave … */
        const char *withheld; /* … and may not: why, as a code of ours; NULL: it may */
        bool by_record;       /* asked at its first TLS record: curl has no better moment */
        bool heard, alerted;  /* the other side said something in TLS; that was a plain alert */
        bool broke;           /* it reset or closed the connection instead of saying why */
        int fd;               /* of the changing call; -1: none */
        struct sockaddr_in *addresses; /* HTTP_RESOLVE */
        size_t max_addresses, n_addresses;
};

/* Has curl call this file; before whatever else is set. */
void transfer_hook(struct transfer *t);

/* A changing call was answered: its connection serves looks from here on. */
void transfer_free_delivery(const struct transfer *t);

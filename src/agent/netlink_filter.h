/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classic-BPF program on the event socket, so that changes that do not concern us never wake the
 * process (Documentation/networking/filter.rst; the NLATTR extension needs no privilege).
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#define FILTER_LINKS_MAX     16
#define FILTER_ADDRESSES_MAX 12
#define FILTER_PREFIX_MAX    8 /* routes and rules for smaller networks are not everybody's way */

struct filter {
        in_addr_t source; /* rules for others' packets do not pass; 0: only those for all pass */
        in_addr_t addresses[FILTER_ADDRESSES_MAX];
        unsigned n_addresses;
        int ifindexes[FILTER_LINKS_MAX];
        unsigned n_ifindexes;
        bool every_address; /* any address may tell which machine this is */
};

/* Replaces the socket's filter in one step; a negative errno if the kernel refuses it. */
int netlink_filter_attach(int fd, const struct filter *f);

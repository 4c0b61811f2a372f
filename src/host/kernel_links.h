/* SPDX-License-Identifier: Apache-2.0 */
/* The links that one lookup has asked about, and how they stand on each other. */
#pragma once

#include "kernel_ask.h"

#define KERNEL_LINKS_MAX 16 /* of one lookup; more of them count as unknown */

struct link_cache {
        struct kernel_link links[KERNEL_LINKS_MAX];
        unsigned n_links;
};

/* Asks once for each. NULL: the link is not there, or the kernel does not say. */
const struct kernel_link *link_cache_get(struct link_cache *c, struct kernel_ask *k, int ifindex);

/* The VRF that the link belongs to, as its ifindex; 0: none. */
int link_cache_vrf(struct link_cache *c, struct kernel_ask *k, int ifindex);

/*
 * True if one carries the packets of the other: a port and its bridge or bond, a VLAN, macvlan or
 * ipvlan and the link below it, also over several steps. A VRF joins its links to nothing.
 */
bool link_cache_stacked(struct link_cache *c, struct kernel_ask *k, int a, int b);

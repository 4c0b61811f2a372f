/* SPDX-License-Identifier: Apache-2.0 */
/* The links that one lookup has asked about, and how they stand on each other. */
#pragma once

#include "kernel_ask.h"

#define KERNEL_LINKS_MAX 16 /* of one lookup; more of them count as unknown */

struct kernel_links {
        struct kernel_link links[KERNEL_LINKS_MAX];
        unsigned n_links;
};

/* Asks once for each. NULL: the link is not there, or the kernel does not say. */
const struct kernel_link *kernel_links_get(struct kernel_links *c, struct kernel_ask *k,
                                           int ifindex);

/* The VRF that the link belongs to, as its ifindex; 0: none. */
int kernel_links_vrf(struct kernel_links *c, struct kernel_ask *k, int ifindex);

/*
 * True if one carries the packets of the other: a port and its bridge or bond, a VLAN, macvlan or
 * ipvlan and the link below it, also over several steps. A VRF joins its links to nothing.
 */
bool kernel_links_stacked(struct kernel_links *c, struct kernel_ask *k, int a, int b);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel plane by asking the kernel (design 4.7): is the watched address local, do replies
 * from it find a way out, do packets to it come in. For the agent, `plan` and `doctor` alike.
 */
#pragma once

#include <ecs-pubip/verdict.h>

#include "kernel_links.h"

#define KERNEL_ADDRESSES_MAX (1 + MACHINE_IPS + 4) /* of the watch, and preferred sources */

struct kernel_lookup {
        struct kernel_facts facts;
        /* What the answers rest on: a change of these, or of routes and rules, changes them. */
        int ifindexes[KERNEL_LINKS_MAX];
        unsigned n_ifindexes;
        in_addr_t addresses[KERNEL_ADDRESSES_MAX];
        unsigned n_addresses;
        bool nexthop_object; /* a route that matched goes with a nexthop object */
        bool incomplete;     /* something is unknown for a reason that may pass: ask again */
};

/* 0, or a negative errno if the kernel cannot be asked at all; then nothing is known. */
int kernel_lookup(const struct watch *watch, struct kernel_lookup *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What netlink messages add up to: which links carry the watched address, and whether there is a
 * default route. Memory only: messages in, facts out.
 */
#pragma once

#include <linux/netlink.h>

#include <ecs-pubip/verdict.h>

#define CARRIERS_MAX 8 /* links with the watched address; more of them count as none */

/* A link that has the watched address; once for each prefix length that it has it with. */
struct carrier {
        int ifindex;
        uint64_t prefixes, usable; /* a bit per prefix length */
        bool running;
        char name[INTERFACE_SIZE];
        char mac[MAC_SIZE];
};

struct picture {
        struct watch watch;
        struct carrier carriers[CARRIERS_MAX];
        unsigned n_carriers;
        bool routed, witnessed;
};

enum change {
        CHANGE_NONE,
        CHANGE_FACTS, /* of a link that is known */
        CHANGE_LINK,  /* a link that nothing is known of has got the address: dump again */
};

/* RTM_NEWADDR and RTM_DELADDR; RTM_NEWLINK and RTM_DELLINK; anything else changes nothing. */
enum change picture_address(struct picture *p, const struct nlmsghdr *h);
enum change picture_link(struct picture *p, const struct nlmsghdr *h);

/* True for a default route of the main table that leads somewhere. */
bool picture_is_default_route(struct nlmsghdr *h);

/* What to tell the engine; `known` is left false. */
struct kernel_facts picture_facts(const struct picture *p);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What netlink messages add up to: which links carry the watched address, and whether there is a
 * default route. Memory only: messages in, facts out.
 */
#pragma once

#include <linux/netlink.h>

#include <ecs-pubip/verdict.h>

#define CARRIERS_MAX 8 /* links with the watched address; more of them count as none */
#define WAYS_OUT_MAX 8 /* links of default routes; of more of them only route messages tell */

/* A link that has the watched address; once for each prefix length that it has it with. */
struct carrier {
        int ifindex;
        uint64_t prefixes, usable; /* a bit per prefix length */
        bool running;
        char name[INTERFACE_SIZE];
        char mac[MAC_SIZE];
};

/* The default routes of the main table. */
struct routes {
        bool routed; /* one of them leads somewhere */
        int ifindexes[WAYS_OUT_MAX];
        unsigned n_ifindexes;
};

struct picture {
        struct watch watch;
        struct carrier carriers[CARRIERS_MAX];
        unsigned n_carriers;
        struct routes routes;
        bool witnessed;
};

enum change {
        CHANGE_NONE,
        CHANGE_FACTS, /* of a link that is known */
        CHANGE_LINK,  /* a link that nothing is known of has got the address: dump again */
};

/* RTM_NEWADDR and RTM_DELADDR; RTM_NEWLINK and RTM_DELLINK; anything else changes nothing. */
enum change picture_address(struct picture *p, const struct nlmsghdr *h);
enum change picture_link(struct picture *p, const struct nlmsghdr *h);

/* Takes note of a default route of the main table; true if it is one and leads somewhere. */
bool picture_route(struct routes *r, struct nlmsghdr *h);

/* What to tell the engine; `known` is left false. */
struct kernel_facts picture_facts(const struct picture *p);

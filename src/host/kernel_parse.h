/* SPDX-License-Identifier: Apache-2.0 */
/* What rtnetlink messages say, as far as the kernel plane asks for it. Memory only. */
#pragma once

#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <ecs-pubip/verdict.h>

#define KERNEL_PATHS_MAX 4

/* RTM_NEWROUTE, as an answer to RTM_GETROUTE. */
struct kernel_route {
        unsigned char type;          /* RTN_… */
        unsigned char prefix;        /* length; 32 where the path was asked for, not the route */
        int ifindex;                 /* 0: none, or several */
        int paths[KERNEL_PATHS_MAX]; /* links of a route with several paths: it goes with each */
        unsigned n_paths;
        in_addr_t gateway;   /* 0: none, or an IPv6 one */
        in_addr_t source;    /* the preferred one, with which the route goes; 0: none */
        bool nexthop_object; /* it goes, and changes, with that object */
};

/* RTM_NEWLINK. */
struct kernel_link {
        int ifindex, master, lower; /* 0: none in this namespace */
        bool up, carrier;           /* carrier: of the link below, by its flags */
        bool loopback, vrf;
        char name[INTERFACE_SIZE];
};

/* RTM_NEWADDR. */
struct kernel_address {
        int ifindex;
        in_addr_t address;
        bool global; /* by it others can reach this machine: neither loopback nor link-local */
};

/* RTM_NEWRULE. */
struct kernel_rule {
        uint32_t priority;
        unsigned char action; /* FR_ACT_… */
        unsigned char source_bits, destination_bits;
        in_addr_t source, destination;
        bool special; /* by mark, port, interface, …: not for every packet of ours */
};

/* Each: false if it is no such message, or cut. */
bool kernel_parse_route(const struct nlmsghdr *h, struct kernel_route *ret);
bool kernel_parse_link(const struct nlmsghdr *h, struct kernel_link *ret);
bool kernel_parse_address(const struct nlmsghdr *h, struct kernel_address *ret);
bool kernel_parse_rule(const struct nlmsghdr *h, struct kernel_rule *ret);

/* True if the rule is for packets from `from` to `to`. */
bool kernel_rule_covers(const struct kernel_rule *r, in_addr_t from, in_addr_t to);

/* NUD_… of an RTM_NEWNEIGH; 0 if it is none. */
unsigned kernel_parse_neighbour(const struct nlmsghdr *h);

/* NETCONFA_RP_FILTER of an RTM_NEWNETCONF; negative if it is not there. */
int kernel_parse_rp_filter(const struct nlmsghdr *h);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the kernel over rtnetlink, none of which needs a privilege. The kernel answers
 * within the system call that asks, so nothing here waits.
 */
#pragma once

#include "kernel_parse.h"

struct kernel_ask;

/* A socket for the questions of one lookup. */
int kernel_ask_new(struct kernel_ask **ret);
struct kernel_ask *kernel_ask_free(struct kernel_ask *k);

/* RTM_GETROUTE: which way a packet would go. */
struct route_question {
        in_addr_t to, from; /* from 0: no source */
        int oif;            /* of packets of our own, within this VRF; 0: none */
        int iif;            /* of packets that come in by this link; 0: of our own, as uid 0 */
        bool route;         /* the route that matches, with its prefix, instead of the path */
};

/*
 * 0 with the answer; > 0: the errno with which the kernel refuses the question, which is an answer
 * too; < 0: there was no answer.
 */
int kernel_ask_route(struct kernel_ask *k, const struct route_question *q,
                     struct kernel_route *ret);
int kernel_ask_link(struct kernel_ask *k, int ifindex, struct kernel_link *ret);

/* NUD_…, or 0 where the kernel knows none or does not say. */
unsigned kernel_ask_neighbour(struct kernel_ask *k, int ifindex, in_addr_t address);

/* net.ipv4.conf.*.rp_filter as it counts for that link; negative where the kernel does not say. */
int kernel_ask_rp_filter(struct kernel_ask *k, int ifindex);

/*
 * A dump, message by message: nothing is kept, however many there are. -EAGAIN: the kernel says
 * that it was interrupted (NLM_F_DUMP_INTR), so that things may have been missed or doubled.
 */
typedef void (*kernel_dump_fn)(const struct nlmsghdr *h, void *userdata);
int kernel_ask_addresses(kernel_dump_fn each, void *userdata);
int kernel_ask_rules(kernel_dump_fn each, void *userdata);

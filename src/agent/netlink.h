/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel plane: watches the address, link and default route that matter (design 4.7). */
#pragma once

#include <systemd/sd-event.h>

#include <ecs-pubip/verdict.h>

struct netlink;

/* Called from the loop, or from within netlink_watch(); only when the facts really differ. */
typedef void (*netlink_fn)(const struct kernel_facts *facts, void *userdata);

struct netlink_counts {
        uint64_t events;   /* messages that passed the filter */
        uint64_t overruns; /* the kernel had to throw messages away */
};

/*
 * Subscribes, then dumps. A torn first dump is repeated from the loop: the facts are `known` once
 * one was complete. A negative errno if there is no netlink to be had.
 */
int netlink_new(sd_event *event, netlink_fn on_facts, void *userdata, struct netlink **ret);
struct netlink *netlink_free(struct netlink *n);

/* Looks for that from now on: new filter first, then a dump. Facts follow in any case. */
void netlink_watch(struct netlink *n, const struct watch *watch);

struct netlink_counts netlink_counts(const struct netlink *n);

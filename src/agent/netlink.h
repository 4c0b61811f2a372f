/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask the kernel again: at its own word of a change that may matter (design 4.7). */
#pragma once

#include <systemd/sd-event.h>

#include <ecs-pubip/verdict.h>

struct netlink;

/* Called from the loop, or from within the functions below; only when the facts really differ. */
typedef void (*netlink_fn)(const struct kernel_facts *facts, void *userdata);

struct netlink_counts {
        uint64_t events;   /* messages that passed the filter */
        uint64_t overruns; /* the kernel had to throw messages away */
};

/* Subscribes, then asks. A negative errno if there is no netlink to be had. */
int netlink_new(sd_event *event, netlink_fn on_facts, void *userdata, struct netlink **ret);
struct netlink *netlink_free(struct netlink *n);

/* Asks about that from now on: new filter first, then a lookup. Facts follow in any case. */
void netlink_watch(struct netlink *n, const struct watch *watch);

/* Asks now: of changes that no message tells (sysctls), and straight before something is done. */
void netlink_ask(struct netlink *n);

struct netlink_counts netlink_counts(const struct netlink *n);

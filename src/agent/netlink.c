/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscription. What a message says is not looked at: that there is one is the reason to ask. The
 * kernel tells of a link that goes down before it has taken the link's routes away, and of these
 * not at all (tried); so each lookup is followed by another one when the messages have ended.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/kernel.h"
#include "netlink_filter.h"
#include "util/cleanup.h"

#define SEC         UINT64_C(1000000)
#define APART       (SEC / 10) /* of two lookups in a storm */
#define AGAIN_FIRST (SEC / 10) /* after a lookup that left something unknown; then doubling … */
#define AGAIN_MAX   (10 * SEC) /* … to this */
#define BATCH_MAX   4096       /* messages read before the loop gets its turn again */
#define NEVER       UINT64_MAX

_Static_assert(KERNEL_LINKS_MAX <= FILTER_LINKS_MAX && KERNEL_ADDRESSES_MAX <= FILTER_ADDRESSES_MAX,
               "what the answers rest on needs its place in the filter");

struct netlink {
        sd_event *event;
        int fd;
        sd_event_source *io, *timer;
        netlink_fn on_facts;
        void *userdata;

        struct watch watch;
        struct filter filter;
        bool attached;  /* the filter is in force */
        bool nexthops;  /* RTNLGRP_NEXTHOP is joined */
        bool settling;  /* a lookup follows at the timer, and the socket is not listened to */
        uint64_t again; /* how long until the next lookup after one that is incomplete */

        bool told_once;
        struct kernel_facts told;
        struct netlink_counts counts;
};

static int membership(struct netlink *n, int group, bool wanted) {
        int option = wanted ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;

        return setsockopt(n->fd, SOL_NETLINK, option, &group, sizeof(group)) < 0 ? -errno : 0;
}

static void tell(struct netlink *n, const struct kernel_facts *facts) {
        if (n->told_once && memcmp(facts, &n->told, sizeof(*facts)) == 0)
                return;
        n->told = *facts;
        n->told_once = true;
        n->on_facts(&n->told, n->userdata);
}

static void timer_in(struct netlink *n, uint64_t usec) {
        uint64_t now = 0;

        (void)sd_event_now(n->event, CLOCK_MONOTONIC, &now);
        (void)sd_event_source_set_time(n->timer, now + usec);
        (void)sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
}

static int attach(struct netlink *n, const struct filter *f) {
        int r;

        if (n->attached && memcmp(f, &n->filter, sizeof(*f)) == 0)
                return 0;
        r = netlink_filter_attach(n->fd, f);
        n->attached = r >= 0;
        n->filter = *f;
        return r < 0 ? r : 1;
}

/* What is asked about, and what the last answers rest on. */
static struct filter filter_of(const struct watch *watch, const struct kernel_lookup *k) {
        struct filter f;

        memset(&f, 0, sizeof(f));
        f.source = watch->address;
        f.every_address = watch->n_machine_ips > 0 && k->facts.machine != ANSWER_YES;
        f.n_ifindexes = k->n_ifindexes;
        memcpy(f.ifindexes, k->ifindexes, sizeof(k->ifindexes));
        f.n_addresses = k->n_addresses;
        memcpy(f.addresses, k->addresses, sizeof(k->addresses));
        return f;
}

/* Next hops are listened to only while a route goes by one: others have thousands of them. */
static void follow_nexthops(struct netlink *n, bool wanted) {
        if (wanted == n->nexthops)
                return;
        n->nexthops = membership(n, RTNLGRP_NEXTHOP, wanted) >= 0 && wanted;
}

/* A filter that is new may have missed what it lets through now: one more lookup under it. */
static void look(struct netlink *n) {
        struct kernel_lookup k;
        struct filter f;
        int r = kernel_lookup(&n->watch, &k), fresh = 0;

        if (r >= 0) {
                follow_nexthops(n, k.nexthop_object);
                f = filter_of(&n->watch, &k);
                fresh = attach(n, &f);
        }
        if (r < 0 || fresh < 0 || k.incomplete) {
                n->again = n->again ? 2 * n->again : AGAIN_FIRST;
                n->again = n->again < AGAIN_MAX ? n->again : AGAIN_MAX;
                timer_in(n, n->again);
        } else {
                n->again = 0;
                if (fresh > 0)
                        timer_in(n, APART);
        }
        tell(n, &k.facts);
}

/* The socket is not listened to while it fills; an overflow is one more reason to ask. */
static void look_and_settle(struct netlink *n) {
        look(n);
        n->settling = true;
        (void)sd_event_source_set_enabled(n->io, SD_EVENT_OFF);
        timer_in(n, APART);
}

/* How many messages of the kernel's own were waiting; each is read to its header only. */
static unsigned drain(struct netlink *n) {
        unsigned found = 0;

        for (unsigned i = 0; i < BATCH_MAX; i++) {
                struct nlmsghdr h;
                struct sockaddr_nl from = {.nl_pid = 1};
                struct iovec iov = {&h, sizeof(h)};
                struct msghdr m = {.msg_name = &from,
                                   .msg_namelen = sizeof(from),
                                   .msg_iov = &iov,
                                   .msg_iovlen = 1};
                ssize_t size = recvmsg(n->fd, &m, MSG_DONTWAIT);

                if (size < 0 && errno == ENOBUFS) {
                        n->counts.overruns++;
                        found++;
                } else if (size < 0 && errno != EINTR) {
                        break;
                } else if (size >= 0 && from.nl_pid == 0) { /* root's processes may send, too */
                        n->counts.events++;
                        found++;
                }
        }
        return found;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct netlink *n = userdata;

        (void)source, (void)fd, (void)revents;
        if (drain(n) > 0)
                look_and_settle(n);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct netlink *n = userdata;

        (void)source, (void)usec;
        if (n->settling && drain(n) > 0) {
                look_and_settle(n);
                return 0;
        }
        n->settling = false;
        (void)sd_event_source_set_enabled(n->io, SD_EVENT_ON);
        look(n);
        return 0;
}

static int subscribe(struct netlink *n) {
        static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                     RTNLGRP_IPV4_RULE};
        const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
        struct filter nothing;
        int r;

        n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        if (n->fd < 0 || bind(n->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        memset(&nothing, 0, sizeof(nothing));
        r = attach(n, &nothing);
        for (size_t i = 0; r >= 0 && i < sizeof(groups) / sizeof(groups[0]); i++)
                r = membership(n, groups[i], true);
        return r;
}

static int add_sources(struct netlink *n) {
        int r;

        r = sd_event_add_io(n->event, &n->io, n->fd, EPOLLIN, on_readable, n);
        if (r < 0)
                return r;
        r = sd_event_add_time(n->event, &n->timer, CLOCK_MONOTONIC, NEVER, 1, on_timer, n);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(n->timer, SD_EVENT_OFF);
}

int netlink_new(sd_event *event, netlink_fn on_facts, void *userdata, struct netlink **ret) {
        struct netlink *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->fd = -1;
        n->event = sd_event_ref(event);
        n->on_facts = on_facts;
        n->userdata = userdata;
        r = subscribe(n);
        if (r >= 0)
                r = add_sources(n);
        if (r < 0) {
                netlink_free(n);
                return r;
        }
        *ret = n;
        look(n);
        return 0;
}

struct netlink *netlink_free(struct netlink *n) {
        if (!n)
                return NULL;
        sd_event_source_unref(n->io);
        sd_event_source_unref(n->timer);
        close_p(&n->fd);
        sd_event_unref(n->event);
        free(n);
        return NULL;
}

void netlink_watch(struct netlink *n, const struct watch *watch) {
        struct kernel_lookup nothing;
        struct filter f;

        n->watch = *watch;
        n->told_once = false;
        memset(&nothing, 0, sizeof(nothing));
        nothing.addresses[nothing.n_addresses++] = watch->address;
        f = filter_of(watch, &nothing);
        (void)attach(n, &f); /* what is refused is tried again by look() */
        look(n);
}

void netlink_ask(struct netlink *n) {
        look(n);
}

struct netlink_counts netlink_counts(const struct netlink *n) {
        return n->counts;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscription and when to dump. Events are applied as they come, which is quick; a dump follows
 * where events cannot tell: an unknown link has the address, messages were lost, and always 1 s
 * after a link or address event, because the kernel drops the routes of a link that goes down
 * without a word.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <time.h>

#include "netlink_dump.h"
#include "netlink_filter.h"
#include "netlink_picture.h"
#include "util/cleanup.h"

#define SEC             UINT64_C(1000000)
#define QUIET           (1 * SEC)   /* no event for this long: look at the routes */
#define QUIET_AT_LATEST (5 * SEC)   /* a link that flaps is never quiet */
#define AT_ONCE_EVERY   (SEC / 10)  /* events that need a dump at once get one this often */
#define BACKOFF_FIRST   (SEC / 10)  /* lost messages and torn dumps: then doubling … */
#define BACKOFF_MAX     (10 * SEC)  /* … to this */
#define BACKOFF_OVER    (60 * SEC)  /* without trouble for this long: back to the first */
#define TORN_RETRIES    3           /* torn dumps repeated on the spot */
#define MESSAGE_MAX     (32 * 1024) /* a link with many virtual functions fills several pages */
#define BATCH_MAX       256         /* reads before the loop gets its turn again */
#define NEVER           UINT64_MAX

_Static_assert(CARRIERS_MAX + WAYS_OUT_MAX <= FILTER_LINKS_MAX,
               "each link that counts needs its place in the filter");

struct netlink {
        sd_event *event;
        struct nl_sock *socket;
        struct nl_cb *cb;
        sd_event_source *io, *timer;
        netlink_fn on_facts;
        void *userdata;

        struct filter filter;
        unsigned n_carriers; /* in the filter */
        struct picture picture;
        bool complete, told_once;
        struct kernel_facts told;

        bool full_now; /* an event that only a dump explains */
        uint64_t full_due, routes_due, routes_latest, dumped;
        uint64_t backoff, troubled;
        struct netlink_counts counts;
};

static uint64_t now_usec(struct netlink *n) {
        uint64_t usec = 0;

        (void)sd_event_now(n->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

static void arm_timer(struct netlink *n) {
        uint64_t due = earlier(n->full_due, n->routes_due);

        (void)sd_event_source_set_time(n->timer, due);
        (void)sd_event_source_set_enabled(n->timer, due == NEVER ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void routes_later(struct netlink *n) {
        uint64_t now = now_usec(n);

        if (n->routes_due == NEVER)
                n->routes_latest = now + QUIET_AT_LATEST;
        n->routes_due = earlier(now + QUIET, n->routes_latest);
}

/* Something went wrong: a full dump, the later the more often that happens. */
static void full_after_trouble(struct netlink *n) {
        uint64_t now = now_usec(n);

        if (n->troubled == 0 || now - n->troubled > BACKOFF_OVER)
                n->backoff = BACKOFF_FIRST;
        else
                n->backoff = earlier(2 * n->backoff, BACKOFF_MAX);
        n->troubled = now;
        n->full_due = earlier(n->full_due, now + n->backoff);
}

static void tell(struct netlink *n) {
        struct kernel_facts facts = picture_facts(&n->picture);

        facts.known = n->complete;
        if (n->told_once && memcmp(&facts, &n->told, sizeof(facts)) == 0)
                return;
        n->told = facts;
        n->told_once = true;
        n->on_facts(&n->told, n->userdata);
}

static void filter_add(struct filter *f, int ifindex) {
        for (unsigned i = 0; i < f->n_ifindexes; i++)
                if (f->ifindexes[i] == ifindex)
                        return;
        f->ifindexes[f->n_ifindexes++] = ifindex;
}

/*
 * With a link of a default route go its routes, without a word: its messages count, too. They are
 * known only after a dump, so that a new filter is followed by another look at the routes.
 */
static int attach(struct netlink *n, const struct picture *p) {
        struct filter f;
        bool wants_witness = p->watch.n_witness_ips > 0 || p->watch.n_witness_macs > 0;
        int r;

        memset(&f, 0, sizeof(f));
        f.address = p->watch.address;
        f.everything = wants_witness && !p->witnessed;
        for (unsigned i = 0; i < p->n_carriers; i++)
                filter_add(&f, p->carriers[i].ifindex);
        for (unsigned i = 0; i < p->routes.n_ifindexes; i++)
                filter_add(&f, p->routes.ifindexes[i]);
        n->n_carriers = p->n_carriers;
        if (memcmp(&f, &n->filter, sizeof(f)) == 0)
                return 0;
        r = filter_attach(nl_socket_get_fd(n->socket), &f);
        if (r < 0)
                return r;
        n->filter = f;
        routes_later(n);
        return 0;
}

static void each_address(struct nlmsghdr *h, void *userdata) {
        (void)picture_address(userdata, h);
}

static void each_link(struct nlmsghdr *h, void *userdata) {
        (void)picture_link(userdata, h);
}

static void each_route(struct nlmsghdr *h, void *userdata) {
        (void)picture_route(userdata, h);
}

static int look_at_routes(struct netlink *n) {
        struct routes fresh;
        int r;

        memset(&fresh, 0, sizeof(fresh));
        r = dump_routes(each_route, &fresh);
        if (r < 0)
                return r;
        n->picture.routes = fresh;
        return attach(n, &n->picture);
}

/* The filter lets the carriers' link messages through before the links are asked for. */
static int look(struct netlink *n) {
        struct picture fresh;
        int r;

        memset(&fresh, 0, sizeof(fresh));
        fresh.watch = n->picture.watch;
        fresh.routes = n->picture.routes;
        r = dump_addresses(each_address, &fresh);
        if (r < 0)
                return r;
        r = attach(n, &fresh);
        if (r < 0)
                return r;
        r = dump_links(each_link, &fresh);
        if (r < 0)
                return r;
        n->picture = fresh;
        return look_at_routes(n);
}

static int repeat_if_torn(struct netlink *n, int (*what)(struct netlink *n)) {
        int r = -EAGAIN;

        for (unsigned i = 0; i < TORN_RETRIES && r == -EAGAIN; i++)
                r = what(n);
        n->dumped = now_usec(n);
        if (r < 0)
                full_after_trouble(n);
        return r;
}

static void full_dump(struct netlink *n) {
        n->full_due = NEVER;
        n->full_now = false;
        if (repeat_if_torn(n, look) < 0)
                return;
        n->complete = true;
}

static void routes_dump(struct netlink *n) {
        n->routes_due = NEVER;
        (void)repeat_if_torn(n, look_at_routes);
}

static void on_address_event(struct netlink *n, struct nlmsghdr *h) {
        switch (picture_address(&n->picture, h)) {
        case CHANGE_NONE:
                return;
        case CHANGE_FACTS:
                break;
        case CHANGE_LINK:
                n->full_now = true;
                break;
        }
        routes_later(n);
}

/* A new default route is evidence by itself; whether one that went was the last, a dump tells. */
static void on_route_event(struct netlink *n, struct nlmsghdr *h) {
        if (!picture_route(&n->picture.routes, h) && now_usec(n) - n->dumped >= AT_ONCE_EVERY)
                routes_dump(n);
        routes_later(n);
}

static int on_message(struct nl_msg *msg, void *userdata) {
        struct netlink *n = userdata;
        struct nlmsghdr *h = nlmsg_hdr(msg);

        /* Root's processes may send to this socket; only what port 0, the kernel, sends is true. */
        if (nlmsg_get_src(msg)->nl_pid != 0)
                return NL_SKIP;
        n->counts.events++;
        switch (h->nlmsg_type) {
        case RTM_NEWADDR:
        case RTM_DELADDR:
                on_address_event(n, h);
                break;
        case RTM_NEWLINK:
        case RTM_DELLINK:
                (void)picture_link(&n->picture, h);
                routes_later(n);
                break;
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
                on_route_event(n, h);
                break;
        }
        return NL_OK;
}

/* A witness that was looked for may come with any address or link: then the filter closes again. */
static void settle(struct netlink *n) {
        if (n->full_now && now_usec(n) - n->dumped >= AT_ONCE_EVERY)
                full_dump(n);
        else if (n->full_now || (n->filter.everything && n->picture.witnessed))
                n->full_due = earlier(n->full_due, now_usec(n) + AT_ONCE_EVERY);
        arm_timer(n);
        tell(n);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct netlink *n = userdata;
        int r = 0;

        (void)source, (void)fd, (void)revents;
        for (unsigned i = 0; i < BATCH_MAX && r >= 0; i++)
                r = nl_recvmsgs(n->socket, n->cb);
        if (r < 0 && r != -NLE_AGAIN) {
                n->counts.overruns++; /* ENOBUFS: the kernel dropped messages for want of space */
                full_after_trouble(n);
        }
        settle(n);
        return 0;
}

/* Carriers that went are still in the filter: a full dump tidies up with the routes. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct netlink *n = userdata;
        uint64_t now = now_usec(n);

        (void)source, (void)usec;
        if (n->full_due <= now || n->n_carriers != n->picture.n_carriers) {
                n->routes_due = NEVER;
                full_dump(n);
        } else if (n->routes_due <= now) {
                routes_dump(n);
        }
        settle(n);
        return 0;
}

/* Notifications carry no sequence of ours. */
static int any_sequence(struct nl_msg *msg, void *userdata) {
        (void)msg, (void)userdata;
        return NL_OK;
}

static int subscribe(struct netlink *n) {
        static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE};
        int r;

        r = filter_attach(nl_socket_get_fd(n->socket), &n->filter);
        if (r < 0)
                return r;
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
                if (nl_socket_add_membership(n->socket, groups[i]) < 0)
                        return -EIO;
        return 0;
}

static int open_socket(struct netlink *n) {
        n->socket = nl_socket_alloc();
        n->cb = nl_cb_alloc(NL_CB_DEFAULT);
        if (!n->socket || !n->cb)
                return -ENOMEM;
        if (nl_connect(n->socket, NETLINK_ROUTE) < 0 || nl_socket_set_nonblocking(n->socket) < 0)
                return -EIO;
        nl_cb_set(n->cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, n);
        nl_cb_set(n->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
        nl_socket_disable_msg_peek(n->socket);
        (void)nl_socket_set_msg_buf_size(n->socket, MESSAGE_MAX);
        return subscribe(n);
}

static int add_sources(struct netlink *n) {
        int r;

        r = sd_event_add_io(n->event, &n->io, nl_socket_get_fd(n->socket), EPOLLIN, on_readable, n);
        if (r < 0)
                return r;
        return sd_event_add_time(n->event, &n->timer, CLOCK_MONOTONIC, NEVER, 1, on_timer, n);
}

int netlink_new(sd_event *event, netlink_fn on_facts, void *userdata, struct netlink **ret) {
        struct netlink *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->event = sd_event_ref(event);
        n->on_facts = on_facts;
        n->userdata = userdata;
        n->full_due = n->routes_due = NEVER;
        r = open_socket(n);
        if (r >= 0)
                r = add_sources(n);
        if (r < 0) {
                netlink_free(n);
                return r;
        }
        *ret = n;
        full_dump(n);
        settle(n);
        return 0;
}

struct netlink *netlink_free(struct netlink *n) {
        if (!n)
                return NULL;
        sd_event_source_unref(n->io);
        sd_event_source_unref(n->timer);
        nl_cb_put(n->cb);
        nl_socket_free(n->socket);
        sd_event_unref(n->event);
        free(n);
        return NULL;
}

void netlink_watch(struct netlink *n, const struct watch *watch) {
        n->picture = (struct picture){.watch = *watch, .routes = n->picture.routes};
        n->complete = n->told_once = false;
        if (attach(n, &n->picture) < 0)
                full_after_trouble(n);
        full_dump(n);
        settle(n);
}

struct netlink_counts netlink_counts(const struct netlink *n) {
        return n->counts;
}

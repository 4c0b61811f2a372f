/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lookup. The kernel decides about routes, rules, tables, next hops and filters, as it does for
 * packets: here is no model of them. Nothing is sent to the destinations that it is asked about.
 */
#include "kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define HALVES         2  /* of the address space: tunnels like to take 0.0.0.0/1 and 128.0.0.0/1 */
#define PROBES         5  /* destinations in each half */
#define SPECIAL_PREFIX 8  /* a longer route is for some destinations only */
#define ADDRESS_LINKS  16 /* links with the watched address */
#define NO_ADDRESS     0
#define NO_LINK        0

DEFINE_CLEANUP(struct kernel_ask *, kernel_ask_free)

/*
 * Public unicast addresses in ten different /8, none of them special-purpose (RFC 6890) or a
 * well-known resolver, which split tunnels route apart.
 */
static const uint32_t probes[HALVES][PROBES] = {
        {0x17432d59, 0x2d614325, 0x431f5b2d, 0x592b6143, 0x65355b1d}, /* 23, 45, 67, 89, 101 */
        {0x86391d4b, 0x9c4d2f53, 0xb23b4f1d, 0xc5291f6b, 0xd43b1d4f}, /* 134, 156, 178, 197, 212 */
};
static const char *const half_names[HALVES] = {"0.0.0.0/1", "128.0.0.0/1"};

struct lookup {
        const struct watch *watch;
        struct kernel_ask *ask;
        struct kernel_lookup *ret;
        struct kernel_links links;

        /* From the dump of addresses, which is asked for only where a lookup does not tell. */
        bool dumped;
        int dump_error;
        int homes[ADDRESS_LINKS]; /* links with the watched address */
        unsigned n_homes;
        unsigned n_globals;            /* addresses by which others reach this machine */
        char found[KERNEL_FOUND_SIZE]; /* the first of them */
        bool machine_shown;            /* one of watch->machine_ips is among them */

        int home; /* the link that the watched address is on; NO_LINK: none, or not known */
        int vrf;  /* that this link belongs to */
};

/* What one question, or one half of the address space, comes to. */
struct finding {
        enum answer answer;
        int error; /* with which the kernel refused */
        int ifindex,
                in_ifindex; /* by which it leaves; by which the packet came that was asked of */
        enum answer in;
        in_addr_t gateway;
        bool foreign; /* the link is neither the address's nor stacked with it */
        bool down;    /* the link has no carrier */
        bool special; /* the route is not for everybody */
};

__attribute__((format(printf, 3, 4))) static void reason(struct lookup *l, enum kernel_gap gap,
                                                         const char *format, ...) {
        struct kernel_facts *f = &l->ret->facts;
        va_list ap;

        if (*f->reason)
                return;
        f->gap = gap;
        va_start(ap, format);
        vsnprintf(f->reason, sizeof(f->reason), format, ap);
        va_end(ap);
}

static const char *link_text(struct lookup *l, int ifindex) {
        const struct kernel_link *link = kernel_links_get(&l->links, l->ask, ifindex);

        return link && *link->name ? link->name : "a link that is gone";
}

static void remember_address(struct lookup *l, in_addr_t address) {
        struct kernel_lookup *k = l->ret;

        for (unsigned i = 0; i < k->n_addresses; i++)
                if (k->addresses[i] == address)
                        return;
        if (address != NO_ADDRESS && k->n_addresses < KERNEL_ADDRESSES_MAX)
                k->addresses[k->n_addresses++] = address;
}

static void remember_link(struct lookup *l, int ifindex) {
        struct kernel_lookup *k = l->ret;

        for (unsigned i = 0; i < k->n_ifindexes; i++)
                if (k->ifindexes[i] == ifindex)
                        return;
        if (k->n_ifindexes < KERNEL_LINKS_MAX)
                k->ifindexes[k->n_ifindexes++] = ifindex;
}

static bool is_machine_ip(const struct watch *w, in_addr_t address) {
        for (unsigned i = 0; i < w->n_machine_ips; i++)
                if (w->machine_ips[i] == address)
                        return true;
        return false;
}

static void add_home(struct lookup *l, int ifindex) {
        for (unsigned i = 0; i < l->n_homes; i++)
                if (l->homes[i] == ifindex)
                        return;
        if (l->n_homes < ADDRESS_LINKS)
                l->homes[l->n_homes++] = ifindex;
}

static void add_global(struct lookup *l, in_addr_t address) {
        char text[IPV4_SIZE];
        size_t n = strlen(l->found);

        l->n_globals++;
        ipv4_format(address, text);
        if (n + strlen(text) + 2 < sizeof(l->found))
                snprintf(l->found + n, sizeof(l->found) - n, "%s%s", n ? ", " : "", text);
}

static void take_address(const struct nlmsghdr *h, void *userdata) {
        struct lookup *l = userdata;
        struct kernel_address a;

        if (!kernel_parse_address(h, &a))
                return;
        if (a.global)
                add_global(l, a.address);
        if (a.address == l->watch->address)
                add_home(l, a.ifindex);
        if (is_machine_ip(l->watch, a.address))
                l->machine_shown = true;
}

/* 0 once the dump is complete. What an interrupted one has shown is there all the same. */
static int dump_addresses(struct lookup *l) {
        if (l->dumped)
                return l->dump_error;
        l->dumped = true;
        l->dump_error = kernel_ask_addresses(take_address, l);
        if (l->dump_error < 0)
                l->ret->incomplete = true;
        return l->dump_error;
}

/* The error of a route or a rule; any other says nothing about them. */
static bool is_refusal(int error) {
        return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL;
}

static int ask(struct lookup *l, const struct route_question *q, struct kernel_route *ret) {
        int r = kernel_ask_route(l->ask, q, ret);

        if (r < 0 || (r > 0 && !is_refusal(r) && r != EXDEV && r != ENODEV))
                l->ret->incomplete = true;
        return r;
}

/* The route that matches an address of this machine names the link that has it. */
static bool find_local(struct lookup *l, in_addr_t address, int vrf, int *ret_ifindex) {
        struct route_question q = {.to = address, .oif = vrf, .route = true};
        struct kernel_route route;

        if (ask(l, &q, &route) != 0 || route.type != RTN_LOCAL)
                return false;
        *ret_ifindex = route.ifindex;
        return true;
}

/* Within a VRF the address is local to it only: the dump tells which link to begin with. */
static bool find_local_in_vrf(struct lookup *l, in_addr_t address) {
        for (unsigned i = 0; i < l->n_homes; i++) {
                int vrf = kernel_links_vrf(&l->links, l->ask, l->homes[i]);

                if (vrf && find_local(l, address, vrf, &l->home))
                        return true;
        }
        return false;
}

static void ask_local(struct lookup *l) {
        struct kernel_facts *f = &l->ret->facts;
        in_addr_t a = l->watch->address;
        char text[IPV4_SIZE];
        int error;

        if (find_local(l, a, NO_LINK, &l->home)) {
                f->local = ANSWER_YES;
                l->vrf = kernel_links_vrf(&l->links, l->ask, l->home);
                return;
        }
        error = dump_addresses(l);
        if (l->n_homes > 0) {
                f->local = find_local_in_vrf(l, a) ? ANSWER_YES : ANSWER_UNKNOWN;
                if (f->local == ANSWER_UNKNOWN)
                        l->home = l->homes[0];
                l->vrf = kernel_links_vrf(&l->links, l->ask, l->home);
        } else if (error == 0) {
                f->local = ANSWER_NO;
                reason(l, KERNEL_GAP_NONE, "no link has %s", ipv4_format(a, text));
        } else {
                reason(l, KERNEL_GAP_NONE, "the addresses of this machine cannot be read now");
        }
}

/* An address of the loopback link, or of none, is served by any link. */
static bool find_at_home(struct lookup *l, int ifindex) {
        const struct kernel_link *home = kernel_links_get(&l->links, l->ask, l->home);
        bool elsewhere = home && !home->loopback;

        if (elsewhere && kernel_links_stacked(&l->links, l->ask, l->home, ifindex))
                return true;
        (void)dump_addresses(l);
        for (unsigned i = 0; i < l->n_homes; i++)
                if (l->homes[i] == ifindex)
                        return true;
        for (unsigned i = 0; i < l->n_homes; i++) {
                const struct kernel_link *link = kernel_links_get(&l->links, l->ask, l->homes[i]);

                if (link && link->loopback)
                        continue;
                elsewhere = true;
                if (kernel_links_stacked(&l->links, l->ask, l->homes[i], ifindex))
                        return true;
        }
        return !elsewhere && l->dump_error == 0;
}

static void judge_link(struct lookup *l, struct finding *f) {
        const struct kernel_link *link = kernel_links_get(&l->links, l->ask, f->ifindex);

        if (!link)
                return; /* gone since: an event follows */
        f->down = !link->up || !link->carrier;
        if (f->down)
                f->answer = ANSWER_NO;
        else if (link->loopback ||
                 (l->watch->address != NO_ADDRESS && !find_at_home(l, f->ifindex)))
                f->foreign = true;
        else
                f->answer = ANSWER_YES;
}

static struct finding ask_out(struct lookup *l, uint32_t to) {
        struct route_question q = {
                .to = htonl(to), .from = l->watch->address, .oif = l->vrf, .route = true};
        struct finding f = {.answer = ANSWER_UNKNOWN};
        struct kernel_route route, path;

        f.error = ask(l, &q, &route);
        if (f.error == 0) {
                f.special = route.prefix > SPECIAL_PREFIX;
                l->ret->nexthop_object = l->ret->nexthop_object || route.nexthop_object;
                remember_address(l, route.source);
                for (unsigned i = 0; i < route.n_paths; i++)
                        remember_link(l, route.paths[i]);
                q.route = false;
                f.error = ask(l, &q, &path);
        }
        if (f.error != 0) {
                f.answer = is_refusal(f.error) ? ANSWER_NO : ANSWER_UNKNOWN;
                return f;
        }
        f.ifindex = path.ifindex;
        f.gateway = path.gateway;
        judge_link(l, &f);
        return f;
}

/*
 * Whether a packet from there is taken in: by the link over which the reply leaves, or, where that
 * is a foreign one, by the address's own, from which a strict rp_filter then drops it.
 */
static void ask_in(struct lookup *l, uint32_t from, struct finding *f) {
        struct route_question q = {.to = l->watch->address, .from = htonl(from)};
        struct kernel_route route;
        int r;

        f->in_ifindex = q.iif = f->foreign ? l->home : f->ifindex;
        if (l->watch->address == NO_ADDRESS || q.iif == NO_LINK)
                return;
        r = ask(l, &q, &route);
        if (r == 0)
                f->in = route.type == RTN_LOCAL ? ANSWER_YES : ANSWER_NO;
        else if (is_refusal(r) || r == EXDEV)
                f->in = ANSWER_NO;
}

static enum answer both(enum answer a, enum answer b) {
        if (a == ANSWER_NO || b == ANSWER_NO)
                return ANSWER_NO;
        return a == ANSWER_YES && b == ANSWER_YES ? ANSWER_YES : ANSWER_UNKNOWN;
}

struct half {
        struct finding out, in; /* of the destinations that tell most */
};

/* Yes is worth more than unknown, and that more than no: one destination may be cut off alone. */
static bool tells_more(enum answer a, enum answer than) {
        static const unsigned worth[] = {[ANSWER_NO] = 0, [ANSWER_UNKNOWN] = 1, [ANSWER_YES] = 2};

        return worth[a] > worth[than];
}

static void count_in(struct lookup *l, struct half *h, bool first, struct finding *f,
                     uint32_t probe) {
        if (f->answer == ANSWER_YES || f->foreign)
                ask_in(l, probe, f);
        if (first || tells_more(f->answer, h->out.answer))
                h->out = *f;
        if (first || tells_more(f->in, h->in.in))
                h->in = *f;
}

/* Destinations with a route of their own count where there are no others: with a full table. */
static struct half ask_half(struct lookup *l, const uint32_t to[static PROBES]) {
        struct finding found[PROBES];
        struct half h;
        bool usable = false;

        for (unsigned i = 0; i < PROBES; i++) {
                found[i] = ask_out(l, to[i]);
                if (found[i].special)
                        continue;
                count_in(l, &h, !usable, &found[i], to[i]);
                usable = true;
                if (h.out.answer == ANSWER_YES &&
                    (h.in.in == ANSWER_YES || l->watch->address == NO_ADDRESS))
                        return h;
        }
        for (unsigned i = 0; !usable && i < PROBES; i++)
                count_in(l, &h, i == 0, &found[i], to[i]);
        return h;
}

struct rule_search {
        in_addr_t from, to;
        unsigned char action;
        bool found;
        uint32_t priority;
};

static void take_rule(const struct nlmsghdr *h, void *userdata) {
        struct rule_search *s = userdata;
        struct kernel_rule rule;

        if (!kernel_parse_rule(h, &rule) || rule.action != s->action ||
            !kernel_rule_covers(&rule, s->from, s->to))
                return;
        if (!s->found || rule.priority < s->priority)
                s->priority = rule.priority;
        s->found = true;
}

/* The error of a rule and of a route of the same kind; in Linux fib_rules.c and fib_semantics.c. */
static const struct refusal {
        int error;
        unsigned char action;
        const char *rule, *route; /* what a rule does; what is seen where no rule is found */
} refusals[] = {
        {EACCES, FR_ACT_PROHIBIT, "prohibits", "prohibited"},
        {EINVAL, FR_ACT_BLACKHOLE, "is a blackhole", "blackhole"},
        {ENETUNREACH, FR_ACT_UNREACHABLE, "says unreachable", NULL},
        {EHOSTUNREACH, 0, NULL, "unreachable"},
};

static void name_refusal(struct lookup *l, int error, unsigned half, bool whole) {
        struct rule_search s = {.from = l->watch->address, .to = htonl(probes[half][0])};
        char text[IPV4_SIZE] = "here";

        if (l->watch->address != NO_ADDRESS)
                ipv4_format(l->watch->address, text);
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
                const struct refusal *r = &refusals[i];

                if (r->error != error)
                        continue;
                s.action = r->action;
                if (r->rule && kernel_ask_rules(take_rule, &s) == 0 && s.found)
                        reason(l, KERNEL_GAP_ROUTE, "out: rule %u %s", s.priority, r->rule);
                else if (r->route)
                        reason(l, KERNEL_GAP_ROUTE, "out: %s", r->route);
                break;
        }
        if (whole)
                reason(l, KERNEL_GAP_ROUTE, "no route from %s", text);
        else
                reason(l, KERNEL_GAP_ROUTE, "no route from %s to %s", text, half_names[half]);
}

static void name_link(struct lookup *l, const char *name, bool up) {
        reason(l, up ? KERNEL_GAP_CARRIER : KERNEL_GAP_DOWN, "%s: %s", name,
               up ? "no carrier" : "down");
}

static void name_out(struct lookup *l, const struct half h[static HALVES]) {
        enum answer out = l->ret->facts.out;

        for (unsigned i = 0; i < HALVES; i++) {
                const struct finding *f = &h[i].out;

                if (f->answer == ANSWER_YES || f->answer != out)
                        continue;
                if (f->down)
                        name_link(l, link_text(l, f->ifindex),
                                  kernel_links_get(&l->links, l->ask, f->ifindex)->up);
                else if (f->foreign)
                        reason(l, KERNEL_GAP_REPLIES, "out: replies leave by %s",
                               link_text(l, f->ifindex));
                else if (f->error > 0)
                        name_refusal(l, f->error, i, h[0].out.error == h[1].out.error);
                else
                        reason(l, KERNEL_GAP_NONE, "out: the kernel does not say");
        }
}

static void name_in(struct lookup *l, const struct half h[static HALVES]) {
        for (unsigned i = 0; i < HALVES; i++) {
                const struct finding *f = &h[i].in;
                int filter;

                if (f->in != l->ret->facts.in || f->in == ANSWER_YES)
                        continue;
                filter = kernel_ask_rp_filter(l->ask, f->in_ifindex);
                if (f->in == ANSWER_UNKNOWN)
                        reason(l, KERNEL_GAP_NONE, "in: the kernel does not say");
                else if (filter > 0)
                        reason(l, KERNEL_GAP_FILTER, "in: dropped by rp_filter=%d", filter);
                else
                        reason(l, KERNEL_GAP_NONE, "in: dropped on %s",
                               link_text(l, f->in_ifindex));
        }
}

/* It never decides: an idle machine keeps FAILED long after its gateway came back. */
static void note_neighbour(struct lookup *l, const struct finding *f) {
        char text[IPV4_SIZE];

        if (f->gateway != NO_ADDRESS && f->answer == ANSWER_YES &&
            kernel_ask_neighbour(l->ask, f->ifindex, f->gateway) == NUD_FAILED)
                reason(l, KERNEL_GAP_NONE, "gateway %s did not answer when it was last asked",
                       ipv4_format(f->gateway, text));
}

static void ask_ways(struct lookup *l) {
        struct kernel_facts *f = &l->ret->facts;
        struct half h[HALVES];

        /* From an address that is not here nothing leaves, and whether it is may be unknown. */
        if (l->watch->address != NO_ADDRESS && f->local != ANSWER_YES && l->n_homes == 0)
                return;
        for (unsigned i = 0; i < HALVES; i++)
                h[i] = ask_half(l, probes[i]);
        f->out = both(h[0].out.answer, h[1].out.answer);
        f->in = both(h[0].in.in, h[1].in.in);
        if (f->out == ANSWER_NO || (f->out == ANSWER_UNKNOWN && f->in != ANSWER_NO))
                name_out(l, h);
        else if (l->watch->address != NO_ADDRESS)
                name_in(l, h);
        note_neighbour(l, &h[0].out);
}

/* A link that is down takes its routes along: then it is the link that is to be named. */
static void name_home(struct lookup *l) {
        const struct kernel_link *home = kernel_links_get(&l->links, l->ask, l->home);
        struct kernel_facts *f = &l->ret->facts;

        if (!home)
                return;
        TEXT_SET(f->interface, home->name);
        if (!home->loopback && (!home->up || !home->carrier) && f->out != ANSWER_YES) {
                *f->reason = '\0';
                name_link(l, home->name, home->up);
        }
}

/* Law L4: a MAC address proves nothing, an address that is local here does. */
static enum answer ask_machine(struct lookup *l) {
        const struct watch *w = l->watch;
        int ifindex;

        if (w->n_machine_ips == 0)
                return ANSWER_UNKNOWN;
        for (unsigned i = 0; i < w->n_machine_ips; i++)
                if ((w->machine_ips[i] == w->address && l->ret->facts.local == ANSWER_YES) ||
                    find_local(l, w->machine_ips[i], l->vrf, &ifindex))
                        return ANSWER_YES;
        if (dump_addresses(l) < 0 || l->machine_shown || l->n_globals == 0)
                return ANSWER_UNKNOWN;
        memcpy(l->ret->facts.found, l->found, sizeof(l->found));
        return ANSWER_NO;
}

static void list_dependencies(struct lookup *l) {
        for (unsigned i = 0; i < l->links.n_links; i++)
                remember_link(l, l->links.links[i].ifindex);
        remember_address(l, l->watch->address);
        for (unsigned i = 0; i < l->watch->n_machine_ips; i++)
                remember_address(l, l->watch->machine_ips[i]);
}

int kernel_lookup(const struct watch *watch, struct kernel_lookup *ret) {
        _cleanup_(kernel_ask_free_p) struct kernel_ask *k = NULL;
        struct lookup l = {.watch = watch, .ret = ret};
        int r;

        memset(ret, 0, sizeof(*ret)); /* the gaps too: facts are compared as bytes */
        ret->facts.address = watch->address;
        r = kernel_ask_new(&k);
        if (r < 0) {
                ret->incomplete = true;
                return r;
        }
        l.ask = k;
        if (watch->address != NO_ADDRESS)
                ask_local(&l);
        ask_ways(&l);
        name_home(&l);
        ret->facts.machine = ask_machine(&l);
        ret->facts.known = true;
        list_dependencies(&l);
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to facts. The link is found by the address that it carries, never by its name. */
#include "netlink_picture.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

#define IPV4_BITS 32
#define MAC_BYTES 6

DEFINE_CLEANUP(struct rtnl_route *, rtnl_route_put)

static uint32_t attribute_u32(const struct nlmsghdr *h, int header, int type, uint32_t otherwise) {
        struct nlattr *a = nlmsg_find_attr((struct nlmsghdr *)h, header, type);

        return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : otherwise;
}

/* IFA_LOCAL is our end; IFA_ADDRESS is the peer's on point-to-point links, else the same. */
static in_addr_t local_address(const struct nlmsghdr *h) {
        int header = sizeof(struct ifaddrmsg);

        return attribute_u32(h, header, IFA_LOCAL, attribute_u32(h, header, IFA_ADDRESS, 0));
}

static bool is_usable(const struct nlmsghdr *h, const struct ifaddrmsg *m) {
        uint32_t flags = attribute_u32(h, sizeof(*m), IFA_FLAGS, m->ifa_flags);

        return !(flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED | IFA_F_DADFAILED));
}

static bool is_witness_address(const struct watch *w, in_addr_t address) {
        for (unsigned i = 0; i < w->n_witness_ips; i++)
                if (w->witness_ips[i] == address)
                        return true;
        return false;
}

static bool is_witness_mac(const struct watch *w, const char *mac) {
        for (unsigned i = 0; i < w->n_witness_macs; i++)
                if (strcmp(w->witness_macs[i], mac) == 0)
                        return true;
        return false;
}

static struct carrier *carrier_find(struct picture *p, int ifindex) {
        for (unsigned i = 0; i < p->n_carriers; i++)
                if (p->carriers[i].ifindex == ifindex)
                        return &p->carriers[i];
        return NULL;
}

static void carrier_remove(struct picture *p, struct carrier *c) {
        struct carrier *last = &p->carriers[--p->n_carriers];

        *c = *last;
        memset(last, 0, sizeof(*last));
}

static enum change address_gone(struct picture *p, struct carrier *c, uint64_t prefix) {
        if (!c || !(c->prefixes & prefix))
                return CHANGE_NONE;
        c->prefixes &= ~prefix;
        c->usable &= ~prefix;
        if (c->prefixes == 0)
                carrier_remove(p, c);
        return CHANGE_FACTS;
}

/* New lifetimes of an address that is there (a DHCP renewal) change nothing. */
static enum change address_there(struct picture *p, struct carrier *c, int ifindex, uint64_t prefix,
                                 bool usable) {
        struct carrier before = {.ifindex = 0};

        if (!c && p->n_carriers == CARRIERS_MAX)
                return CHANGE_NONE;
        if (c)
                before = *c;
        else
                c = &p->carriers[p->n_carriers++];
        c->ifindex = ifindex;
        c->prefixes |= prefix;
        c->usable = usable ? c->usable | prefix : c->usable & ~prefix;
        if (before.ifindex == 0)
                return CHANGE_LINK;
        return c->usable != before.usable || c->prefixes != before.prefixes ? CHANGE_FACTS
                                                                            : CHANGE_NONE;
}

enum change picture_address(struct picture *p, const struct nlmsghdr *h) {
        const struct ifaddrmsg *m = nlmsg_data(h);
        in_addr_t address;
        uint64_t prefix;
        struct carrier *c;

        if (h->nlmsg_type != RTM_NEWADDR && h->nlmsg_type != RTM_DELADDR)
                return CHANGE_NONE;
        if (!nlmsg_valid_hdr(h, sizeof(*m)) || m->ifa_family != AF_INET ||
            m->ifa_prefixlen > IPV4_BITS)
                return CHANGE_NONE;
        address = local_address(h);
        if (h->nlmsg_type == RTM_NEWADDR && is_witness_address(&p->watch, address))
                p->witnessed = true;
        if (address == 0 || address != p->watch.address)
                return CHANGE_NONE;
        prefix = UINT64_C(1) << m->ifa_prefixlen;
        c = carrier_find(p, (int)m->ifa_index);
        if (h->nlmsg_type == RTM_DELADDR)
                return address_gone(p, c, prefix);
        return address_there(p, c, (int)m->ifa_index, prefix, is_usable(h, m));
}

static void link_mac(const struct nlmsghdr *h, char ret[static MAC_SIZE]) {
        struct nlattr *a =
                nlmsg_find_attr((struct nlmsghdr *)h, sizeof(struct ifinfomsg), IFLA_ADDRESS);
        const unsigned char *b;

        memset(ret, 0, MAC_SIZE);
        if (!a || nla_len(a) != MAC_BYTES)
                return;
        b = nla_data(a);
        snprintf(ret, MAC_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                 b[5]);
}

static void link_name(const struct nlmsghdr *h, char ret[static INTERFACE_SIZE]) {
        struct nlattr *a =
                nlmsg_find_attr((struct nlmsghdr *)h, sizeof(struct ifinfomsg), IFLA_IFNAME);

        char raw[INTERFACE_SIZE] = "";

        if (a)
                nla_strlcpy(raw, a, sizeof(raw));
        text_copy_printable(ret, INTERFACE_SIZE, raw);
}

static enum change link_there(struct carrier *c, const struct nlmsghdr *h, unsigned flags,
                              const char *mac) {
        struct carrier before = *c;

        c->running = (flags & IFF_UP) && (flags & IFF_RUNNING);
        link_name(h, c->name);
        memcpy(c->mac, mac, MAC_SIZE);
        return memcmp(&before, c, sizeof(before)) != 0 ? CHANGE_FACTS : CHANGE_NONE;
}

enum change picture_link(struct picture *p, const struct nlmsghdr *h) {
        const struct ifinfomsg *m = nlmsg_data(h);
        char mac[MAC_SIZE];
        struct carrier *c;

        if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
                return CHANGE_NONE;
        if (!nlmsg_valid_hdr(h, sizeof(*m)) || m->ifi_family != AF_UNSPEC)
                return CHANGE_NONE;
        link_mac(h, mac);
        if (h->nlmsg_type == RTM_NEWLINK && mac[0] && is_witness_mac(&p->watch, mac))
                p->witnessed = true;
        c = carrier_find(p, m->ifi_index);
        if (!c)
                return CHANGE_NONE;
        if (h->nlmsg_type == RTM_NEWLINK)
                return link_there(c, h, m->ifi_flags, mac);
        carrier_remove(p, c);
        return CHANGE_FACTS;
}

static bool is_dead(unsigned flags) {
        return flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN);
}

/*
 * One live path is enough for a multipath route. A route over a nexthop object that the kernel
 * does not spell out (net.ipv4.nexthop_compat_mode=0) has no path here and is believed.
 */
static bool has_live_path(struct rtnl_route *route) {
        int n = rtnl_route_get_nnexthops(route);

        if (n <= 1 && is_dead(rtnl_route_get_flags(route)))
                return false;
        for (int i = 0; i < n; i++)
                if (!is_dead(rtnl_route_nh_get_flags(rtnl_route_nexthop_n(route, i))))
                        return true;
        return n == 0;
}

static void add_way_out(struct routes *r, int ifindex) {
        for (unsigned i = 0; i < r->n_ifindexes; i++)
                if (r->ifindexes[i] == ifindex)
                        return;
        if (ifindex != 0 && r->n_ifindexes < WAYS_OUT_MAX)
                r->ifindexes[r->n_ifindexes++] = ifindex;
}

bool picture_route(struct routes *r, struct nlmsghdr *h) {
        _cleanup_(rtnl_route_put_p) struct rtnl_route *route = NULL;
        const struct rtmsg *m = nlmsg_data(h);

        if (h->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(h, sizeof(*m)))
                return false;
        if (m->rtm_family != AF_INET || m->rtm_dst_len != 0 || m->rtm_type != RTN_UNICAST)
                return false;
        if (attribute_u32(h, sizeof(*m), RTA_TABLE, m->rtm_table) != RT_TABLE_MAIN)
                return false;
        if (rtnl_route_parse(h, &route) < 0)
                return false;
        for (int i = 0; i < rtnl_route_get_nnexthops(route); i++)
                add_way_out(r, rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, i)));
        if (!has_live_path(route))
                return false;
        r->routed = true;
        return true;
}

/* Several links with the address (bond and VLAN, ipvlan, macvlan): the MAC breaks the tie. */
static unsigned carrier_rank(const struct picture *p, const struct carrier *c) {
        bool same_mac = p->watch.mac[0] && strcmp(c->mac, p->watch.mac) == 0;

        return (c->usable ? 4u : 0u) + (same_mac ? 2u : 0u) + (c->running ? 1u : 0u);
}

static bool is_better(const struct picture *p, const struct carrier *c,
                      const struct carrier *than) {
        unsigned a = carrier_rank(p, c), b = carrier_rank(p, than);

        return a > b || (a == b && c->ifindex < than->ifindex);
}

struct kernel_facts picture_facts(const struct picture *p) {
        struct kernel_facts f;
        const struct carrier *best = NULL;

        memset(&f, 0, sizeof(f)); /* padding too: facts are compared as bytes */
        f.address = p->watch.address;
        f.routed = p->routes.routed;
        f.machine_matches = p->witnessed;
        for (unsigned i = 0; i < p->n_carriers; i++)
                if (!best || is_better(p, &p->carriers[i], best))
                        best = &p->carriers[i];
        if (!best || !best->usable)
                return f;
        f.present = true;
        f.running = best->running;
        TEXT_SET(f.interface, best->name);
        return f;
}

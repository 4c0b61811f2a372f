/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink messages to structures (rtnetlink(7)). */
#include "kernel_parse.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "util/text.h"

#define IPV4_BITS    32
#define LOWER_UP     (1u << 16) /* the carrier; <net/if.h> does not name it */
#define LOOPBACK_NET 127u
#define LINK_LOCAL   0xa9fe0000u /* 169.254.0.0/16 */
#define LINK_MASK    0xffff0000u

/* Attributes up to `max`; NULL if the message is cut or of another type. */
static void *parse(const struct nlmsghdr *h, int type, size_t header, struct nlattr *a[], int max) {
        if (h->nlmsg_type != type || !nlmsg_valid_hdr(h, (int)header))
                return NULL;
        if (nlmsg_parse((struct nlmsghdr *)h, (int)header, a, max, NULL) < 0)
                return NULL;
        return nlmsg_data(h);
}

static uint32_t u32_of(const struct nlattr *a) {
        return a && nla_len(a) >= (int)sizeof(uint32_t) ? nla_get_u32(a) : 0;
}

static bool text_is(const struct nlattr *a, const char *text) {
        return a && nla_len(a) == (int)strlen(text) + 1 &&
               memcmp(nla_data(a), text, strlen(text) + 1) == 0;
}

static void parse_paths(const struct nlattr *a, struct kernel_route *route) {
        const struct rtnexthop *path = nla_data(a);
        int left = nla_len(a);

        for (; RTNH_OK(path, left); left -= RTNH_ALIGN(path->rtnh_len), path = RTNH_NEXT(path))
                if (route->n_paths < KERNEL_PATHS_MAX)
                        route->paths[route->n_paths++] = path->rtnh_ifindex;
}

bool kernel_parse_route(const struct nlmsghdr *h, struct kernel_route *ret) {
        struct nlattr *a[RTA_MAX + 1];
        const struct rtmsg *m = parse(h, RTM_NEWROUTE, sizeof(*m), a, RTA_MAX);

        if (!m || m->rtm_family != AF_INET || m->rtm_dst_len > IPV4_BITS)
                return false;
        *ret = (struct kernel_route){
                .type = m->rtm_type,
                .prefix = m->rtm_dst_len,
                .ifindex = (int)u32_of(a[RTA_OIF]),
                .gateway = u32_of(a[RTA_GATEWAY]),
                .source = u32_of(a[RTA_PREFSRC]),
                .nexthop_object = a[RTA_NH_ID] != NULL,
        };
        if (a[RTA_MULTIPATH])
                parse_paths(a[RTA_MULTIPATH], ret);
        return true;
}

/* IFLA_LINK of a veth is its other end, which is no link below it; and it may be elsewhere. */
static void parse_stack(struct nlattr *const a[], struct kernel_link *link) {
        struct nlattr *info[IFLA_INFO_MAX + 1] = {};

        if (a[IFLA_LINKINFO] && nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL) < 0)
                return;
        link->vrf = text_is(info[IFLA_INFO_KIND], "vrf");
        link->master = (int)u32_of(a[IFLA_MASTER]);
        if (!a[IFLA_LINK_NETNSID] && !text_is(info[IFLA_INFO_KIND], "veth"))
                link->lower = (int)u32_of(a[IFLA_LINK]);
}

bool kernel_parse_link(const struct nlmsghdr *h, struct kernel_link *ret) {
        struct nlattr *a[IFLA_MAX + 1];
        const struct ifinfomsg *m = parse(h, RTM_NEWLINK, sizeof(*m), a, IFLA_MAX);
        char raw[INTERFACE_SIZE] = "";

        if (!m || m->ifi_family != AF_UNSPEC)
                return false;
        memset(ret, 0, sizeof(*ret));
        ret->ifindex = m->ifi_index;
        ret->up = m->ifi_flags & IFF_UP;
        ret->carrier = m->ifi_flags & LOWER_UP;
        ret->loopback = m->ifi_flags & IFF_LOOPBACK;
        if (a[IFLA_IFNAME])
                nla_strlcpy(raw, a[IFLA_IFNAME], sizeof(raw));
        text_copy_printable(ret->name, sizeof(ret->name), raw);
        parse_stack(a, ret);
        return true;
}

static bool is_global(in_addr_t address, unsigned char scope) {
        uint32_t a = ntohl(address);

        return scope < RT_SCOPE_LINK && a >> 24 != LOOPBACK_NET && (a & LINK_MASK) != LINK_LOCAL;
}

/* IFA_LOCAL is our end; IFA_ADDRESS is the peer's on point-to-point links, else the same. */
bool kernel_parse_address(const struct nlmsghdr *h, struct kernel_address *ret) {
        struct nlattr *a[IFA_MAX + 1];
        const struct ifaddrmsg *m = parse(h, RTM_NEWADDR, sizeof(*m), a, IFA_MAX);
        in_addr_t address;

        if (!m || m->ifa_family != AF_INET)
                return false;
        address = a[IFA_LOCAL] ? u32_of(a[IFA_LOCAL]) : u32_of(a[IFA_ADDRESS]);
        if (address == 0)
                return false;
        *ret = (struct kernel_address){
                .ifindex = (int)m->ifa_index,
                .address = address,
                .global = is_global(address, m->ifa_scope),
        };
        return true;
}

static bool is_special(const struct fib_rule_hdr *m, struct nlattr *const a[]) {
        if (m->tos || m->flags & FIB_RULE_INVERT || a[FRA_OIFNAME] || u32_of(a[FRA_FWMARK]))
                return true;
        if (a[FRA_IIFNAME] && !text_is(a[FRA_IIFNAME], "lo"))
                return true;
        return a[FRA_UID_RANGE] || a[FRA_IP_PROTO] || a[FRA_SPORT_RANGE] || a[FRA_DPORT_RANGE] ||
               a[FRA_L3MDEV];
}

bool kernel_parse_rule(const struct nlmsghdr *h, struct kernel_rule *ret) {
        struct nlattr *a[FRA_MAX + 1];
        const struct fib_rule_hdr *m = parse(h, RTM_NEWRULE, sizeof(*m), a, FRA_MAX);

        if (!m || m->family != AF_INET || m->src_len > IPV4_BITS || m->dst_len > IPV4_BITS)
                return false;
        *ret = (struct kernel_rule){
                .priority = u32_of(a[FRA_PRIORITY]),
                .action = m->action,
                .source_bits = m->src_len,
                .destination_bits = m->dst_len,
                .source = u32_of(a[FRA_SRC]),
                .destination = u32_of(a[FRA_DST]),
                .special = is_special(m, a),
        };
        return true;
}

static bool is_within(in_addr_t address, in_addr_t net, unsigned bits) {
        return bits == 0 || (ntohl(address) ^ ntohl(net)) >> (IPV4_BITS - bits) == 0;
}

bool kernel_rule_covers(const struct kernel_rule *r, in_addr_t from, in_addr_t to) {
        return !r->special && is_within(from, r->source, r->source_bits) &&
               is_within(to, r->destination, r->destination_bits);
}

unsigned kernel_parse_neighbour(const struct nlmsghdr *h) {
        const struct ndmsg *m = nlmsg_data(h);

        if (h->nlmsg_type != RTM_NEWNEIGH || !nlmsg_valid_hdr(h, sizeof(*m)))
                return 0;
        return m->ndm_state;
}

int kernel_parse_rp_filter(const struct nlmsghdr *h) {
        struct nlattr *a[NETCONFA_MAX + 1];

        if (!parse(h, RTM_NEWNETCONF, sizeof(struct netconfmsg), a, NETCONFA_MAX) ||
            !a[NETCONFA_RP_FILTER])
                return -1;
        return (int)u32_of(a[NETCONFA_RP_FILTER]);
}

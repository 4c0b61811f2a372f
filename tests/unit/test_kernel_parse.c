/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink messages to structures, and what is no message to us: cut, foreign, of another family.
 */
#include "unit.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "host/kernel_parse.h"

#define LOWER_UP (1u << 16)

static struct nl_msg *message(int type, const void *header, size_t size) {
        struct nl_msg *m = nlmsg_alloc_simple(type, 0);

        nlmsg_append(m, (void *)header, size, NLMSG_ALIGNTO);
        return m;
}

static void a_route(void **state) {
        struct rtmsg header = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST, .rtm_dst_len = 1};
        struct nl_msg *m = message(RTM_NEWROUTE, &header, sizeof(header));
        struct kernel_route r;

        (void)state;
        nla_put_u32(m, RTA_OIF, 7);
        nla_put_u32(m, RTA_GATEWAY, ip4("172.16.0.1"));
        assert_true(kernel_parse_route(nlmsg_hdr(m), &r));
        assert_int_equal(r.type, RTN_UNICAST);
        assert_int_equal(r.prefix, 1);
        assert_int_equal(r.ifindex, 7);
        assert_int_equal(r.gateway, ip4("172.16.0.1"));
        assert_int_equal(r.source, 0);
        assert_false(r.nexthop_object);
        nla_put_u32(m, RTA_PREFSRC, ip4("172.16.0.10"));
        nla_put_u32(m, RTA_NH_ID, 5);
        assert_true(kernel_parse_route(nlmsg_hdr(m), &r));
        assert_int_equal(r.source, ip4("172.16.0.10"));
        assert_true(r.nexthop_object);
        ((struct rtmsg *)nlmsg_data(nlmsg_hdr(m)))->rtm_family = AF_INET6;
        assert_false(kernel_parse_route(nlmsg_hdr(m), &r));
        nlmsg_free(m);
}

static struct kernel_link a_link(unsigned char family, unsigned flags, const char *kind,
                                 uint32_t master, uint32_t lower, bool elsewhere) {
        struct ifinfomsg header = {.ifi_family = family, .ifi_index = 3, .ifi_flags = flags};
        struct nl_msg *m = message(RTM_NEWLINK, &header, sizeof(header));
        struct kernel_link link = {.ifindex = -1};
        struct nlattr *info;

        nla_put_string(m, IFLA_IFNAME, "et\th0");
        if (master)
                nla_put_u32(m, IFLA_MASTER, master);
        if (lower)
                nla_put_u32(m, IFLA_LINK, lower);
        if (elsewhere)
                nla_put_s32(m, IFLA_LINK_NETNSID, 0);
        info = nla_nest_start(m, IFLA_LINKINFO);
        nla_put_string(m, IFLA_INFO_KIND, kind);
        nla_nest_end(m, info);
        if (!kernel_parse_link(nlmsg_hdr(m), &link))
                link.ifindex = -1;
        nlmsg_free(m);
        return link;
}

static void links(void **state) {
        struct kernel_link l = a_link(AF_UNSPEC, IFF_UP | LOWER_UP, "vlan", 9, 2, false);

        (void)state;
        assert_int_equal(l.ifindex, 3);
        assert_string_equal(l.name, "et?h0"); /* root chooses names, and a person reads them */
        assert_true(l.up);
        assert_true(l.carrier);
        assert_false(l.vrf);
        assert_false(l.loopback);
        assert_int_equal(l.master, 9);
        assert_int_equal(l.lower, 2);
        l = a_link(AF_UNSPEC, IFF_LOOPBACK, "vrf", 0, 0, false);
        assert_false(l.up);
        assert_false(l.carrier);
        assert_true(l.vrf);
        assert_true(l.loopback);
        /* what stands at that number in another namespace, or is a cable's other end, is not below
         */
        assert_int_equal(a_link(AF_UNSPEC, 0, "vlan", 0, 2, true).lower, 0);
        assert_int_equal(a_link(AF_UNSPEC, 0, "veth", 0, 2, false).lower, 0);
        /* a bridge announces its port */
        assert_int_equal(a_link(AF_BRIDGE, 0, "veth", 0, 0, false).ifindex, -1);
}

static bool address(const char *local, const char *peer, unsigned char scope,
                    struct kernel_address *ret) {
        struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_index = 4, .ifa_scope = scope};
        struct nl_msg *m = message(RTM_NEWADDR, &header, sizeof(header));
        bool parsed;

        if (local)
                nla_put_u32(m, IFA_LOCAL, ip4(local));
        if (peer)
                nla_put_u32(m, IFA_ADDRESS, ip4(peer));
        parsed = kernel_parse_address(nlmsg_hdr(m), ret);
        nlmsg_free(m);
        return parsed;
}

/* On a point-to-point link IFA_ADDRESS is the peer's; without IFA_LOCAL it is ours. */
static void addresses(void **state) {
        static const struct {
                const char *address;
                unsigned char scope;
                bool global;
        } rows[] = {
                {"172.16.0.10", RT_SCOPE_UNIVERSE, true}, {"203.0.113.7", RT_SCOPE_SITE, true},
                {"172.16.0.10", RT_SCOPE_LINK, false},    {"172.16.0.10", RT_SCOPE_HOST, false},
                {"127.0.0.53", RT_SCOPE_UNIVERSE, false}, {"169.254.1.1", RT_SCOPE_UNIVERSE, false},
        };
        struct kernel_address a;

        (void)state;
        assert_true(address("172.16.0.10", "10.0.0.1", 0, &a));
        assert_int_equal(a.address, ip4("172.16.0.10"));
        assert_int_equal(a.ifindex, 4);
        assert_true(address(NULL, "10.0.0.1", 0, &a));
        assert_int_equal(a.address, ip4("10.0.0.1"));
        assert_false(address(NULL, NULL, 0, &a));
        for (size_t i = 0; i < N(rows); i++) {
                assert_true(address(rows[i].address, NULL, rows[i].scope, &a));
                assert_int_equal(a.global, rows[i].global);
        }
}

struct rule {
        const char *source;
        unsigned char source_bits;
        const char *iif;
        uint32_t mark;
        uint32_t flags;
        unsigned char tos;
};

static struct kernel_rule a_rule(const struct rule *r) {
        struct fib_rule_hdr header = {.family = AF_INET,
                                      .src_len = r->source_bits,
                                      .action = FR_ACT_PROHIBIT,
                                      .flags = r->flags,
                                      .tos = r->tos};
        struct nl_msg *m = message(RTM_NEWRULE, &header, sizeof(header));
        struct kernel_rule rule;

        nla_put_u32(m, FRA_PRIORITY, 100);
        if (r->source)
                nla_put_u32(m, FRA_SRC, ip4(r->source));
        if (r->iif)
                nla_put_string(m, FRA_IIFNAME, r->iif);
        if (r->mark)
                nla_put_u32(m, FRA_FWMARK, r->mark);
        assert_true(kernel_parse_rule(nlmsg_hdr(m), &rule));
        nlmsg_free(m);
        assert_int_equal(rule.priority, 100);
        assert_int_equal(rule.action, FR_ACT_PROHIBIT);
        return rule;
}

static void rules(void **state) {
        static const struct {
                struct rule rule;
                bool covers;
        } rows[] = {
                {{.source = NULL}, true},
                {{.source = "172.16.0.10", .source_bits = 32}, true},
                {{.source = "172.16.0.0", .source_bits = 24}, true},
                {{.source = "128.0.0.0", .source_bits = 1}, true},
                {{.source = "172.16.0.11", .source_bits = 32}, false},
                {{.source = "172.17.0.0", .source_bits = 16}, false},
                {{.iif = "lo"}, true}, /* this machine's own packets */
                {{.iif = "eth0"}, false},
                {{.iif = "lo1"}, false},
                {{.mark = 5}, false},
                {{.flags = FIB_RULE_INVERT}, false},
                {{.tos = 8}, false},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct kernel_rule r = a_rule(&rows[i].rule);

                assert_int_equal(kernel_rule_covers(&r, ip4("172.16.0.10"), ip4("192.0.2.1")),
                                 rows[i].covers);
        }
}

static void others(void **state) {
        struct ndmsg neighbour = {.ndm_family = AF_INET, .ndm_state = NUD_FAILED};
        struct netconfmsg netconf = {.ncm_family = AF_INET};
        struct nl_msg *n = message(RTM_NEWNEIGH, &neighbour, sizeof(neighbour));
        struct nl_msg *c = message(RTM_NEWNETCONF, &netconf, sizeof(netconf));

        (void)state;
        assert_int_equal(kernel_parse_neighbour(nlmsg_hdr(n)), NUD_FAILED);
        assert_int_equal(kernel_parse_neighbour(nlmsg_hdr(c)), 0);
        assert_int_equal(kernel_parse_rp_filter(nlmsg_hdr(c)), -1);
        nla_put_u32(c, NETCONFA_RP_FILTER, 2);
        assert_int_equal(kernel_parse_rp_filter(nlmsg_hdr(c)), 2);
        assert_int_equal(kernel_parse_rp_filter(nlmsg_hdr(n)), -1);
        nlmsg_free(n);
        nlmsg_free(c);
}

/* A message of any type, of any length short of its header, is none. */
static void cut_messages(void **state) {
        char data[NLMSG_HDRLEN + sizeof(struct ifinfomsg)] = {0};
        struct nlmsghdr *h = (struct nlmsghdr *)(void *)data;
        struct kernel_route route;
        struct kernel_link link;
        struct kernel_address a;
        struct kernel_rule rule;

        (void)state;
        for (unsigned type = RTM_BASE; type <= RTM_GETNETCONF; type++)
                for (unsigned len = NLMSG_HDRLEN; len < NLMSG_HDRLEN + 8; len++) {
                        h->nlmsg_type = (uint16_t)type;
                        h->nlmsg_len = len;
                        assert_false(kernel_parse_route(h, &route));
                        assert_false(kernel_parse_link(h, &link));
                        assert_false(kernel_parse_address(h, &a));
                        assert_false(kernel_parse_rule(h, &rule));
                        assert_int_equal(kernel_parse_neighbour(h), 0);
                        assert_int_equal(kernel_parse_rp_filter(h), -1);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_route), cmocka_unit_test(links),  cmocka_unit_test(addresses),
                cmocka_unit_test(rules),   cmocka_unit_test(others), cmocka_unit_test(cut_messages),
        };

        return cmocka_run_group_tests_name("kernel_parse", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink messages to facts, and what is no message to us: cut, foreign, of another family. */
#include "unit.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "agent/netlink_picture.h"

#define WATCHED "172.16.0.10"
#define MAC     "00:16:3e:0a:0b:0c"

static const unsigned char mac_bytes[] = {0x00, 0x16, 0x3e, 0x0a, 0x0b, 0x0c};

static struct picture watching(void) {
        struct picture p = {.watch.address = ip4(WATCHED)};

        TEXT_SET(p.watch.mac, MAC);
        return p;
}

struct address {
        int type, ifindex;
        unsigned prefix;
        const char *local, *address; /* NULL: the attribute is left out */
        uint32_t flags;
};

static enum change tell_address(struct picture *p, const struct address *a) {
        struct nl_msg *m = nlmsg_alloc_simple(a->type, 0);
        struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_index = (unsigned)a->ifindex};
        enum change change;

        header.ifa_prefixlen = (unsigned char)a->prefix;
        nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
        if (a->local)
                nla_put_u32(m, IFA_LOCAL, ip4(a->local));
        if (a->address)
                nla_put_u32(m, IFA_ADDRESS, ip4(a->address));
        if (a->flags)
                nla_put_u32(m, IFA_FLAGS, a->flags);
        change = picture_address(p, nlmsg_hdr(m));
        nlmsg_free(m);
        return change;
}

static enum change tell_link(struct picture *p, int type, unsigned char family, int ifindex,
                             unsigned flags, const char *name) {
        struct nl_msg *m = nlmsg_alloc_simple(type, 0);
        struct ifinfomsg header = {.ifi_family = family, .ifi_index = ifindex, .ifi_flags = flags};
        enum change change;

        nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
        nla_put_string(m, IFLA_IFNAME, name);
        nla_put(m, IFLA_ADDRESS, sizeof(mac_bytes), mac_bytes);
        change = picture_link(p, nlmsg_hdr(m));
        nlmsg_free(m);
        return change;
}

static void address_and_link(void **state) {
        struct address a = {RTM_NEWADDR, 2, 24, WATCHED, WATCHED, 0};
        struct picture p = watching();

        (void)state;
        assert_int_equal(tell_address(&p, &a), CHANGE_LINK);
        assert_int_equal(tell_link(&p, RTM_NEWLINK, AF_UNSPEC, 2, IFF_UP, "eth0"), CHANGE_FACTS);
        assert_true(picture_facts(&p).present);
        assert_false(picture_facts(&p).running);
        assert_int_equal(tell_link(&p, RTM_NEWLINK, AF_UNSPEC, 2, IFF_UP | IFF_RUNNING, "eth0"),
                         CHANGE_FACTS);
        assert_true(picture_facts(&p).running);
        assert_string_equal(picture_facts(&p).interface, "eth0");
        /* the same once more is no change, nor is another address */
        assert_int_equal(tell_address(&p, &a), CHANGE_NONE);
        assert_int_equal(tell_link(&p, RTM_NEWLINK, AF_UNSPEC, 2, IFF_UP | IFF_RUNNING, "eth0"),
                         CHANGE_NONE);
        a.local = a.address = "172.16.0.11";
        assert_int_equal(tell_address(&p, &a), CHANGE_NONE);
        a = (struct address){RTM_DELADDR, 2, 24, WATCHED, WATCHED, 0};
        assert_int_equal(tell_address(&p, &a), CHANGE_FACTS);
        assert_false(picture_facts(&p).present);
        assert_int_equal(tell_address(&p, &a), CHANGE_NONE);
}

static void unusable_addresses(void **state) {
        static const uint32_t flags[] = {IFA_F_TENTATIVE, IFA_F_DEPRECATED, IFA_F_DADFAILED};

        (void)state;
        for (size_t i = 0; i < N(flags); i++) {
                struct address a = {RTM_NEWADDR, 2, 24, WATCHED, WATCHED, flags[i]};
                struct picture p = watching();

                tell_address(&p, &a);
                assert_false(picture_facts(&p).present);
                a.flags = IFA_F_PERMANENT;
                assert_int_equal(tell_address(&p, &a), CHANGE_FACTS);
                assert_true(picture_facts(&p).present);
        }
}

/* On a point-to-point link IFA_ADDRESS is the peer's; without IFA_LOCAL it is ours. */
static void whose_address(void **state) {
        struct address peer = {RTM_NEWADDR, 2, 32, "10.0.0.1", WATCHED, 0};
        struct address alone = {RTM_NEWADDR, 3, 32, NULL, WATCHED, 0};
        struct address none = {RTM_NEWADDR, 4, 32, NULL, NULL, 0};
        struct picture p = watching();

        (void)state;
        assert_int_equal(tell_address(&p, &peer), CHANGE_NONE);
        assert_int_equal(tell_address(&p, &none), CHANGE_NONE);
        assert_int_equal(tell_address(&p, &alone), CHANGE_LINK);
}

static void two_prefixes(void **state) {
        struct address a = {RTM_NEWADDR, 2, 24, WATCHED, WATCHED, 0};
        struct picture p = watching();

        (void)state;
        tell_address(&p, &a);
        a.prefix = 32;
        assert_int_equal(tell_address(&p, &a), CHANGE_FACTS);
        a.type = RTM_DELADDR;
        tell_address(&p, &a);
        assert_true(picture_facts(&p).present);
        a.prefix = 24;
        tell_address(&p, &a);
        assert_false(picture_facts(&p).present);
}

/* The MAC decides between usable ones only; then the running one; then the older one. */
static void ties(void **state) {
        struct picture p = watching();

        (void)state;
        for (int i = 1; i <= 3; i++) {
                struct address a = {RTM_NEWADDR, 10 - i, 24, WATCHED, WATCHED, 0};

                tell_address(&p, &a);
        }
        for (unsigned i = 0; i < 3; i++)
                snprintf(p.carriers[i].name, sizeof(p.carriers[i].name), "if%d",
                         p.carriers[i].ifindex);
        assert_string_equal(picture_facts(&p).interface, "if7");
        p.carriers[0].running = true; /* if9 */
        assert_string_equal(picture_facts(&p).interface, "if9");
        TEXT_SET(p.carriers[1].mac, MAC); /* if8 */
        assert_string_equal(picture_facts(&p).interface, "if8");
        p.carriers[1].usable = 0;
        assert_string_equal(picture_facts(&p).interface, "if9");
}

static void more_links_than_places(void **state) {
        struct picture p = watching();

        (void)state;
        for (int i = 1; i <= CARRIERS_MAX + 5; i++) {
                struct address a = {RTM_NEWADDR, i, 24, WATCHED, WATCHED, 0};

                assert_int_equal(tell_address(&p, &a),
                                 i <= CARRIERS_MAX ? CHANGE_LINK : CHANGE_NONE);
        }
        assert_int_equal(p.n_carriers, CARRIERS_MAX);
}

/* A port that leaves its bridge is announced by RTM_DELLINK of family AF_BRIDGE. */
static void bridge_ports(void **state) {
        struct address a = {RTM_NEWADDR, 2, 24, WATCHED, WATCHED, 0};
        struct picture p = watching();

        (void)state;
        tell_address(&p, &a);
        assert_int_equal(tell_link(&p, RTM_DELLINK, AF_BRIDGE, 2, 0, "eth0"), CHANGE_NONE);
        assert_true(picture_facts(&p).present);
        assert_int_equal(tell_link(&p, RTM_DELLINK, AF_UNSPEC, 2, 0, "eth0"), CHANGE_FACTS);
        assert_false(picture_facts(&p).present);
}

static void witnesses(void **state) {
        struct address a = {RTM_NEWADDR, 5, 24, "10.1.2.3", "10.1.2.3", 0};
        struct picture p = watching();

        (void)state;
        p.watch.n_witness_ips = 1;
        p.watch.witness_ips[0] = ip4("10.1.2.3");
        a.type = RTM_DELADDR;
        tell_address(&p, &a);
        assert_false(picture_facts(&p).machine_matches);
        a.type = RTM_NEWADDR;
        tell_address(&p, &a);
        assert_true(picture_facts(&p).machine_matches);

        p = watching();
        p.watch.n_witness_macs = 1;
        TEXT_SET(p.watch.witness_macs[0], MAC);
        tell_link(&p, RTM_NEWLINK, AF_UNSPEC, 77, 0, "eth7");
        assert_true(picture_facts(&p).machine_matches);
}

static struct routes ways_out;

static bool route(unsigned char family, unsigned char dst_len, unsigned char type, uint32_t table,
                  unsigned flags) {
        struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWROUTE, 0);
        struct rtmsg header = {.rtm_family = family, .rtm_dst_len = dst_len, .rtm_type = type};
        bool is;

        header.rtm_table = table < 256 ? (unsigned char)table : RT_TABLE_COMPAT;
        header.rtm_flags = flags;
        nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
        nla_put_u32(m, RTA_TABLE, table);
        nla_put_u32(m, RTA_GATEWAY, ip4("172.16.0.1"));
        nla_put_u32(m, RTA_OIF, 2);
        is = picture_route(&ways_out, nlmsg_hdr(m));
        nlmsg_free(m);
        return is;
}

static void default_routes(void **state) {
        (void)state;
        assert_false(route(AF_INET, 0, RTN_UNREACHABLE, RT_TABLE_MAIN, 0));
        assert_int_equal(ways_out.n_ifindexes, 0);
        /* Carrier may come back to its link: that is watched, although it leads nowhere now. */
        assert_false(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_MAIN, RTNH_F_LINKDOWN));
        assert_false(ways_out.routed);
        assert_int_equal(ways_out.n_ifindexes, 1);
        assert_true(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_MAIN, 0));
        assert_true(ways_out.routed);
        assert_int_equal(ways_out.n_ifindexes, 1);
        assert_int_equal(ways_out.ifindexes[0], 2);
        assert_true(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_MAIN, RTNH_F_ONLINK));
        assert_false(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_MAIN, RTNH_F_LINKDOWN));
        assert_false(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_MAIN, RTNH_F_DEAD));
        assert_false(route(AF_INET, 1, RTN_UNICAST, RT_TABLE_MAIN, 0));
        assert_false(route(AF_INET, 0, RTN_BLACKHOLE, RT_TABLE_MAIN, 0));
        assert_false(route(AF_INET, 0, RTN_UNREACHABLE, RT_TABLE_MAIN, 0));
        assert_false(route(AF_INET, 0, RTN_UNICAST, RT_TABLE_LOCAL, 0));
        assert_false(route(AF_INET, 0, RTN_UNICAST, 1254, 0));
        assert_false(route(AF_INET6, 0, RTN_UNICAST, RT_TABLE_MAIN, 0));
}

/* A default route with a path over each of the links 2, 3, …, that has these flags. */
static bool multipath(unsigned route_flags, const unsigned char *flags, size_t n) {
        struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWROUTE, 0);
        struct rtmsg header = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST};
        struct nlattr *paths;
        bool is;

        header.rtm_table = RT_TABLE_MAIN;
        header.rtm_flags = route_flags;
        nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
        paths = nla_nest_start(m, RTA_MULTIPATH);
        for (size_t i = 0; i < n; i++) {
                struct rtnexthop *path = nlmsg_reserve(m, sizeof(*path), NLMSG_ALIGNTO);

                *path = (struct rtnexthop){.rtnh_flags = flags[i], .rtnh_ifindex = 2 + (int)i};
                path->rtnh_len = sizeof(*path) + NLA_HDRLEN + sizeof(uint32_t);
                nla_put_u32(m, RTA_GATEWAY, ip4("172.16.0.1"));
        }
        nla_nest_end(m, paths);
        ways_out = (struct routes){};
        is = picture_route(&ways_out, nlmsg_hdr(m));
        nlmsg_free(m);
        return is;
}

/* One live path is enough, whichever it is; all links are watched, for carrier may come back. */
static void several_paths(void **state) {
        static const struct {
                unsigned char flags[3];
                bool routed;
        } rows[] = {
                {{0, 0, 0}, true},
                {{RTNH_F_DEAD, 0, 0}, true},
                {{0, RTNH_F_LINKDOWN, RTNH_F_DEAD}, true},
                {{RTNH_F_LINKDOWN, RTNH_F_DEAD, 0}, true},
                {{RTNH_F_DEAD, RTNH_F_LINKDOWN, RTNH_F_DEAD | RTNH_F_LINKDOWN}, false},
        };
        /* What the route's own flags say of one of its paths is not said of all. */
        static const unsigned route_flags[] = {0, RTNH_F_LINKDOWN, RTNH_F_DEAD};

        (void)state;
        for (size_t i = 0; i < N(rows) * N(route_flags); i++) {
                const unsigned char *flags = rows[i / N(route_flags)].flags;
                bool routed = rows[i / N(route_flags)].routed;

                assert_int_equal(multipath(route_flags[i % N(route_flags)], flags, 3), routed);
                assert_int_equal(ways_out.routed, routed);
                assert_int_equal(ways_out.n_ifindexes, 3);
                assert_int_equal(ways_out.ifindexes[2], 4);
        }
}

/* A message of any length short of its header, or of another type, changes nothing. */
static void cut_messages(void **state) {
        char data[NLMSG_HDRLEN + sizeof(struct ifinfomsg)] = {0};
        struct nlmsghdr *h = (struct nlmsghdr *)(void *)data;
        struct picture p = watching();

        (void)state;
        for (unsigned type = RTM_NEWLINK; type <= RTM_DELROUTE; type++)
                for (unsigned len = NLMSG_HDRLEN; len < sizeof(data) - 8; len++) {
                        h->nlmsg_type = (uint16_t)type;
                        h->nlmsg_len = len;
                        assert_int_equal(picture_address(&p, h), CHANGE_NONE);
                        assert_int_equal(picture_link(&p, h), CHANGE_NONE);
                        assert_false(picture_route(&p.routes, h));
                }
        assert_int_equal(p.n_carriers, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(address_and_link),
                cmocka_unit_test(unusable_addresses),
                cmocka_unit_test(whose_address),
                cmocka_unit_test(two_prefixes),
                cmocka_unit_test(ties),
                cmocka_unit_test(more_links_than_places),
                cmocka_unit_test(bridge_ports),
                cmocka_unit_test(witnesses),
                cmocka_unit_test(default_routes),
                cmocka_unit_test(several_paths),
                cmocka_unit_test(cut_messages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

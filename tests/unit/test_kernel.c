/* SPDX-License-Identifier: Apache-2.0 */
/* The lookup over a kernel that says what the test wants: above all silence, and odd answers. */
#include "unit.h"

#include <errno.h>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "host/kernel.h"

#define A       "172.16.0.10"
#define GATEWAY "172.16.0.1"
#define ETH0    2
#define WG0     3

/* The machine: eth0 with A and a default route, until a test says otherwise. */
static struct {
        struct {
                const char *address;
                int ifindex;
        } addresses[4];
        unsigned n_addresses;
        int address_error; /* of the dump */
        int local_error, out_error[2], in_error;
        int out_link[2]; /* by half */
        unsigned char out_prefix;
        unsigned special; /* bits: destinations, in the order asked, with a route of their own */
        unsigned n_out;
        bool eth0_down, no_link, failed_neighbour, nexthop_object, no_socket;
        unsigned char rule_action;
        int rp_filter;
} here;

static int reset(void **state) {
        (void)state;
        memset(&here, 0, sizeof(here));
        here.addresses[0].address = A;
        here.addresses[0].ifindex = ETH0;
        here.n_addresses = 1;
        here.out_link[0] = here.out_link[1] = ETH0;
        here.rp_filter = -1;
        return 0;
}

int kernel_ask_new(struct kernel_ask **ret) {
        *ret = NULL;
        return here.no_socket ? -EMFILE : 0;
}

struct kernel_ask *kernel_ask_free(struct kernel_ask *k) {
        return k;
}

static int home_of(in_addr_t address) {
        for (unsigned i = 0; i < here.n_addresses; i++)
                if (ip4(here.addresses[i].address) == address)
                        return here.addresses[i].ifindex;
        return 0;
}

int kernel_ask_route(struct kernel_ask *k, const struct route_question *q,
                     struct kernel_route *ret) {
        unsigned half = ntohl(q->to) >> 31;

        (void)k;
        if (q->iif) {
                *ret = (struct kernel_route){.type = RTN_LOCAL, .prefix = 32};
                return here.in_error;
        }
        if (home_of(q->to)) {
                *ret = (struct kernel_route){
                        .type = RTN_LOCAL, .prefix = 32, .ifindex = home_of(q->to)};
                return here.local_error;
        }
        if (here.out_error[half])
                return here.out_error[half];
        *ret = (struct kernel_route){.type = RTN_UNICAST,
                                     .prefix = q->route ? here.out_prefix : 32,
                                     .ifindex = here.out_link[half],
                                     .gateway = ip4(GATEWAY),
                                     .nexthop_object = here.nexthop_object};
        if (q->route && here.special & 1u << here.n_out++)
                ret->prefix = 16;
        return 0;
}

int kernel_ask_link(struct kernel_ask *k, int ifindex, struct kernel_link *ret) {
        bool down = ifindex == ETH0 && here.eth0_down;

        (void)k;
        if (here.no_link)
                return -ENOBUFS;
        if (ifindex == 1)
                *ret = (struct kernel_link){
                        .ifindex = 1, .up = true, .carrier = true, .loopback = true, .name = "lo"};
        else
                *ret = (struct kernel_link){.ifindex = ifindex, .up = !down, .carrier = !down};
        if (ifindex != 1)
                TEXT_SET(ret->name, ifindex == ETH0 ? "eth0" : "wg0");
        return 0;
}

unsigned kernel_ask_neighbour(struct kernel_ask *k, int ifindex, in_addr_t address) {
        (void)k, (void)ifindex;
        return here.failed_neighbour && address == ip4(GATEWAY) ? NUD_FAILED : NUD_REACHABLE;
}

int kernel_ask_rp_filter(struct kernel_ask *k, int ifindex) {
        (void)k, (void)ifindex;
        return here.rp_filter;
}

int kernel_ask_addresses(kernel_dump_fn each, void *userdata) {
        for (unsigned i = 0; i < here.n_addresses; i++) {
                struct ifaddrmsg header = {.ifa_family = AF_INET,
                                           .ifa_index = (unsigned)here.addresses[i].ifindex};
                struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWADDR, 0);

                nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
                nla_put_u32(m, IFA_LOCAL, ip4(here.addresses[i].address));
                each(nlmsg_hdr(m), userdata);
                nlmsg_free(m);
        }
        return here.address_error;
}

int kernel_ask_rules(kernel_dump_fn each, void *userdata) {
        struct fib_rule_hdr header = {.family = AF_INET, .action = here.rule_action};
        struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWRULE, 0);

        nlmsg_append(m, &header, sizeof(header), NLMSG_ALIGNTO);
        nla_put_u32(m, FRA_PRIORITY, 100);
        each(nlmsg_hdr(m), userdata);
        nlmsg_free(m);
        return 0;
}

static struct kernel_lookup look(const char *address) {
        struct watch watch = {.address = address ? ip4(address) : 0};
        struct kernel_lookup k;

        here.n_out = 0;
        assert_int_equal(kernel_lookup(&watch, &k), 0);
        assert_true(k.facts.known);
        return k;
}

static void assert_facts(const struct kernel_facts *f, enum answer local, enum answer out,
                         enum answer in, const char *reason) {
        assert_int_equal(f->local, local);
        assert_int_equal(f->out, out);
        assert_int_equal(f->in, in);
        assert_string_equal(f->reason, reason);
}

static void all_is_well(void **state) {
        struct kernel_lookup k = look(A);

        (void)state;
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_YES, "");
        assert_string_equal(k.facts.interface, "eth0");
        assert_int_equal(k.facts.address, ip4(A));
        assert_false(k.incomplete);
        assert_false(k.nexthop_object);
        assert_int_equal(k.n_ifindexes, 1);
        assert_int_equal(k.ifindexes[0], ETH0);
        assert_int_equal(k.addresses[0], ip4(A));
        here.nexthop_object = true;
        assert_true(look(A).nexthop_object);
}

/* Before it is known which address counts there is still a way out, or none. */
static void without_an_address(void **state) {
        struct kernel_lookup k = look(NULL);

        (void)state;
        assert_facts(&k.facts, ANSWER_UNKNOWN, ANSWER_YES, ANSWER_UNKNOWN, "");
        here.out_error[0] = here.out_error[1] = ENETUNREACH;
        k = look(NULL);
        assert_facts(&k.facts, ANSWER_UNKNOWN, ANSWER_NO, ANSWER_UNKNOWN, "no route from here");
}

static void local(void **state) {
        struct kernel_lookup k = look("172.16.0.11");

        (void)state;
        assert_facts(&k.facts, ANSWER_NO, ANSWER_UNKNOWN, ANSWER_UNKNOWN,
                     "no link has 172.16.0.11");
        assert_false(k.incomplete);
        /* interrupted: it may have been missed */
        here.address_error = -EAGAIN;
        k = look("172.16.0.11");
        assert_facts(&k.facts, ANSWER_UNKNOWN, ANSWER_UNKNOWN, ANSWER_UNKNOWN,
                     "the addresses of this machine cannot be read now");
        assert_true(k.incomplete);
        /* shown, and no route says that it is local: neither yes nor no */
        here.address_error = 0;
        here.local_error = ENETUNREACH;
        assert_int_equal(look(A).facts.local, ANSWER_UNKNOWN);
}

/* Only what the kernel says of routes is a no; of any other error nothing follows. */
static void errors_of_the_way_out(void **state) {
        static const int refusals[] = {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL};

        (void)state;
        for (int error = -133; error <= 133; error++) {
                struct kernel_lookup k;
                bool is_no = false;

                if (error == 0)
                        continue;
                for (size_t i = 0; i < N(refusals); i++)
                        is_no |= refusals[i] == error;
                here.out_error[0] = here.out_error[1] = error;
                k = look(A);
                assert_int_equal(k.facts.out, is_no ? ANSWER_NO : ANSWER_UNKNOWN);
                assert_int_equal(k.facts.in, ANSWER_UNKNOWN);
                assert_true(*k.facts.reason);
        }
}

static void reasons_of_the_way_out(void **state) {
        static const struct {
                int error;
                unsigned char action;
                const char *reason;
        } rows[] = {
                {ENETUNREACH, 0, "no route from " A},
                {ENETUNREACH, FR_ACT_UNREACHABLE, "out: rule 100 says unreachable"},
                {EACCES, 0, "out: prohibited"},
                {EACCES, FR_ACT_PROHIBIT, "out: rule 100 prohibits"},
                {EINVAL, 0, "out: blackhole"},
                {EINVAL, FR_ACT_BLACKHOLE, "out: rule 100 is a blackhole"},
                {EHOSTUNREACH, 0, "out: unreachable"},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                here.out_error[0] = here.out_error[1] = rows[i].error;
                here.rule_action = rows[i].action;
                assert_string_equal(look(A).facts.reason, rows[i].reason);
        }
        here.out_error[0] = 0;
        here.out_error[1] = ENETUNREACH;
        assert_string_equal(look(A).facts.reason, "no route from " A " to 128.0.0.0/1");
        assert_int_equal(look(A).facts.out, ANSWER_NO);
}

static void links(void **state) {
        struct kernel_lookup k;

        (void)state;
        here.out_link[0] = WG0; /* the half of a tunnel is enough */
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_UNKNOWN, ANSWER_YES, "out: replies leave by wg0");
        here.in_error = EINVAL; /* the address's own link drops what comes in: that is a no */
        here.rp_filter = 1;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_UNKNOWN, ANSWER_NO, "in: dropped by rp_filter=1");
        here.in_error = 0;
        here.addresses[1].address = A; /* on both links: each is its own */
        here.addresses[1].ifindex = WG0;
        here.n_addresses = 2;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_YES, "");
        reset(NULL);
        here.eth0_down = true;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN, "eth0: down");
        reset(NULL);
        here.no_link = true; /* links cannot be asked about: nothing follows */
        assert_int_equal(look(A).facts.out, ANSWER_UNKNOWN);
        reset(NULL);
        here.addresses[0].ifindex = 1; /* an address of lo is any link's */
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_YES, "");
        here.address_error = -EAGAIN; /* unless another link may have it, too */
        k = look(A);
        assert_int_equal(k.facts.out, ANSWER_UNKNOWN);
        assert_true(k.incomplete);
}

static void in(void **state) {
        struct kernel_lookup k;

        (void)state;
        here.in_error = EXDEV;
        here.rp_filter = 1;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_NO, "in: dropped by rp_filter=1");
        here.in_error = EINVAL;
        here.rp_filter = -1;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_NO, "in: dropped on eth0");
        here.in_error = -ENOBUFS;
        k = look(A);
        assert_int_equal(k.facts.in, ANSWER_UNKNOWN);
        assert_true(k.incomplete);
}

/* A destination with a route of its own says nothing, unless all have one. */
static void special_routes(void **state) {
        (void)state;
        here.special = 1; /* the first destination */
        here.out_link[0] = WG0;
        assert_string_equal(look(A).facts.reason, "out: replies leave by wg0");
        here.out_link[0] = ETH0;
        assert_int_equal(look(A).facts.out, ANSWER_YES);
        here.special = UINT32_MAX; /* a full table */
        assert_int_equal(look(A).facts.out, ANSWER_YES);
        assert_int_equal(look(A).facts.in, ANSWER_YES);
        here.out_prefix = 8;
        here.special = 0;
        assert_int_equal(look(A).facts.out, ANSWER_YES);
}

static void a_neighbour_is_a_note(void **state) {
        struct kernel_lookup k;

        (void)state;
        here.failed_neighbour = true;
        k = look(A);
        assert_facts(&k.facts, ANSWER_YES, ANSWER_YES, ANSWER_YES,
                     "gateway " GATEWAY " did not answer when it was last asked");
}

static enum answer machine(const char *ip) {
        struct watch watch = {.address = ip4(A), .machine_ips = {ip4(ip)}, .n_machine_ips = 1};
        struct kernel_lookup k;

        assert_int_equal(kernel_lookup(&watch, &k), 0);
        return k.facts.machine;
}

/* L4: no only by a complete dump that shows other addresses. */
static void machines(void **state) {
        (void)state;
        assert_int_equal(machine(A), ANSWER_YES);
        assert_int_equal(machine("172.16.0.99"), ANSWER_NO);
        here.address_error = -EAGAIN;
        assert_int_equal(machine("172.16.0.99"), ANSWER_UNKNOWN);
        here.address_error = 0;
        here.addresses[0].address = "127.0.0.1";
        assert_int_equal(machine("172.16.0.99"), ANSWER_UNKNOWN);
        here.n_addresses = 0;
        assert_int_equal(machine("172.16.0.99"), ANSWER_UNKNOWN);
        assert_int_equal(look(A).facts.machine, ANSWER_UNKNOWN);
}

static void no_socket(void **state) {
        struct watch watch = {.address = ip4(A)};
        struct kernel_lookup k;

        (void)state;
        here.no_socket = true;
        assert_int_equal(kernel_lookup(&watch, &k), -EMFILE);
        assert_false(k.facts.known);
        assert_true(k.incomplete);
        assert_int_equal(k.facts.address, ip4(A));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(all_is_well, reset),
                cmocka_unit_test_setup(without_an_address, reset),
                cmocka_unit_test_setup(local, reset),
                cmocka_unit_test_setup(errors_of_the_way_out, reset),
                cmocka_unit_test_setup(reasons_of_the_way_out, reset),
                cmocka_unit_test_setup(links, reset),
                cmocka_unit_test_setup(in, reset),
                cmocka_unit_test_setup(special_routes, reset),
                cmocka_unit_test_setup(a_neighbour_is_a_note, reset),
                cmocka_unit_test_setup(machines, reset),
                cmocka_unit_test_setup(no_socket, reset),
        };

        return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the kernel. Dumps have a socket each: what is left of one that failed goes with it.
 */
#include "kernel_ask.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>

#include "util/cleanup.h"

#define BUFFER_SIZE (32 * 1024) /* what the kernel fills at most per read of a dump */
#define IPV4_BITS   32
#define ROOT_UID    0u

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free)
DEFINE_CLEANUP(struct kernel_ask *, kernel_ask_free)

/* One exchange: where its messages go, and what the kernel refused it with. */
struct kernel_ask {
        struct nl_sock *socket;
        struct nl_cb *cb;
        unsigned sequence;
        kernel_dump_fn each;
        void *userdata;
        unsigned n_answers;
        int refused;
};

static int on_answer(struct nl_msg *msg, void *userdata) {
        struct kernel_ask *k = userdata;

        if (nlmsg_get_src(msg)->nl_pid != 0) /* only port 0 is the kernel */
                return NL_SKIP;
        k->n_answers++;
        k->each(nlmsg_hdr(msg), k->userdata);
        return NL_OK;
}

static int on_refusal(struct sockaddr_nl *from, struct nlmsgerr *e, void *userdata) {
        struct kernel_ask *k = userdata;

        if (from->nl_pid == 0)
                k->refused = -e->error;
        return NL_STOP;
}

static int on_sequence(struct nl_msg *msg, void *userdata) {
        const struct kernel_ask *k = userdata;

        return nlmsg_hdr(msg)->nlmsg_seq == k->sequence ? NL_OK : NL_SKIP;
}

struct kernel_ask *kernel_ask_free(struct kernel_ask *k) {
        if (!k)
                return NULL;
        nl_cb_put(k->cb);
        nl_socket_free(k->socket);
        free(k);
        return NULL;
}

int kernel_ask_new(struct kernel_ask **ret) {
        _cleanup_(kernel_ask_free_p) struct kernel_ask *k = calloc(1, sizeof(*k));

        if (!k)
                return -ENOMEM;
        k->socket = nl_socket_alloc();
        k->cb = nl_cb_alloc(NL_CB_DEFAULT);
        if (!k->socket || !k->cb)
                return -ENOMEM;
        if (nl_connect(k->socket, NETLINK_ROUTE) < 0 || nl_socket_set_nonblocking(k->socket) < 0)
                return -EIO;
        nl_socket_disable_auto_ack(k->socket);
        nl_socket_disable_msg_peek(k->socket);
        (void)nl_socket_set_msg_buf_size(k->socket, BUFFER_SIZE);
        nl_cb_set(k->cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, k);
        nl_cb_set(k->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, k);
        nl_cb_err(k->cb, NL_CB_CUSTOM, on_refusal, k);
        *ret = TAKE_PTR(k);
        return 0;
}

/* As of kernel_ask_route(). */
static int exchange(struct kernel_ask *k, struct nl_msg *question, kernel_dump_fn each,
                    void *userdata) {
        int r;

        k->each = each;
        k->userdata = userdata;
        k->n_answers = 0;
        k->refused = 0;
        k->sequence = nlmsg_hdr(question)->nlmsg_seq = nl_socket_use_seq(k->socket);
        r = nl_send_auto(k->socket, question);
        if (r >= 0)
                r = nl_recvmsgs(k->socket, k->cb);
        if (k->refused > 0)
                return k->refused;
        if (r == -NLE_DUMP_INTR)
                return -EAGAIN;
        return r < 0 ? -EIO : 0;
}

static struct nl_msg *question(int type, int flags, const void *header, size_t size) {
        _cleanup_(nlmsg_free_p) struct nl_msg *m = nlmsg_alloc_simple(type, flags);

        if (!m || nlmsg_append(m, (void *)header, size, NLMSG_ALIGNTO) < 0)
                return NULL;
        return TAKE_PTR(m);
}

/* A question with one answer. */
static int ask_one(struct kernel_ask *k, struct nl_msg *m, kernel_dump_fn each, void *userdata) {
        int r = exchange(k, m, each, userdata);

        return r == 0 && k->n_answers != 1 ? -EIO : r;
}

struct route_slot {
        bool found;
        struct kernel_route route;
};

static void take_route(const struct nlmsghdr *h, void *userdata) {
        struct route_slot *slot = userdata;

        slot->found = kernel_parse_route(h, &slot->route);
}

static int put_question(struct nl_msg *m, const struct route_question *q) {
        int r = nla_put_u32(m, RTA_DST, q->to);

        if (r >= 0 && q->from)
                r = nla_put_u32(m, RTA_SRC, q->from);
        if (r >= 0 && q->oif)
                r = nla_put_u32(m, RTA_OIF, (uint32_t)q->oif);
        if (r >= 0) /* without it the kernel thinks of UDP, and rules may tell them apart */
                r = nla_put_u8(m, RTA_IP_PROTO, IPPROTO_TCP);
        if (r >= 0)
                r = q->iif ? nla_put_u32(m, RTA_IIF, (uint32_t)q->iif)
                           : nla_put_u32(m, RTA_UID, ROOT_UID);
        return r < 0 ? -ENOMEM : 0;
}

int kernel_ask_route(struct kernel_ask *k, const struct route_question *q,
                     struct kernel_route *ret) {
        struct rtmsg header = {
                .rtm_family = AF_INET,
                .rtm_dst_len = IPV4_BITS,
                .rtm_src_len = q->from ? IPV4_BITS : 0,
                .rtm_flags = q->route ? RTM_F_FIB_MATCH : 0,
        };
        _cleanup_(nlmsg_free_p) struct nl_msg *m =
                question(RTM_GETROUTE, 0, &header, sizeof(header));
        struct route_slot slot = {.found = false};
        int r;

        if (!m || put_question(m, q) < 0)
                return -ENOMEM;
        r = ask_one(k, m, take_route, &slot);
        if (r != 0)
                return r;
        if (!slot.found)
                return -EIO;
        *ret = slot.route;
        return 0;
}

struct link_slot {
        bool found;
        struct kernel_link link;
};

static void take_link(const struct nlmsghdr *h, void *userdata) {
        struct link_slot *slot = userdata;

        slot->found = kernel_parse_link(h, &slot->link);
}

int kernel_ask_link(struct kernel_ask *k, int ifindex, struct kernel_link *ret) {
        struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
        _cleanup_(nlmsg_free_p) struct nl_msg *m =
                question(RTM_GETLINK, 0, &header, sizeof(header));
        struct link_slot slot = {.found = false};
        int r;

        if (!m || nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
                return -ENOMEM;
        r = ask_one(k, m, take_link, &slot);
        if (r != 0)
                return r;
        if (!slot.found)
                return -EIO;
        *ret = slot.link;
        return 0;
}

static void take_neighbour(const struct nlmsghdr *h, void *userdata) {
        *(unsigned *)userdata = kernel_parse_neighbour(h);
}

/* Linux 5.0 and later; before that it is refused. */
unsigned kernel_ask_neighbour(struct kernel_ask *k, int ifindex, in_addr_t address) {
        struct ndmsg header = {.ndm_family = AF_INET, .ndm_ifindex = ifindex};
        _cleanup_(nlmsg_free_p) struct nl_msg *m =
                question(RTM_GETNEIGH, 0, &header, sizeof(header));
        unsigned state = 0;

        if (!m || nla_put_u32(m, NDA_DST, address) < 0)
                return 0;
        return ask_one(k, m, take_neighbour, &state) == 0 ? state : 0;
}

static void take_rp_filter(const struct nlmsghdr *h, void *userdata) {
        *(int *)userdata = kernel_parse_rp_filter(h);
}

static int one_rp_filter(struct kernel_ask *k, int ifindex) {
        struct netconfmsg header = {.ncm_family = AF_INET};
        _cleanup_(nlmsg_free_p) struct nl_msg *m =
                question(RTM_GETNETCONF, 0, &header, sizeof(header));
        int value = -1;

        if (!m || nla_put_u32(m, NETCONFA_IFINDEX, (uint32_t)ifindex) < 0)
                return -1;
        return ask_one(k, m, take_rp_filter, &value) == 0 ? value : -1;
}

/* The greater of the link's and that of all counts (Documentation/networking/ip-sysctl.rst). */
int kernel_ask_rp_filter(struct kernel_ask *k, int ifindex) {
        int own = one_rp_filter(k, ifindex), all = one_rp_filter(k, NETCONFA_IFINDEX_ALL);

        return own > all ? own : all;
}

static int dump(int type, const void *header, size_t size, kernel_dump_fn each, void *userdata) {
        _cleanup_(nlmsg_free_p) struct nl_msg *m = question(type, NLM_F_DUMP, header, size);
        _cleanup_(kernel_ask_free_p) struct kernel_ask *k = NULL;
        int r;

        if (!m)
                return -ENOMEM;
        r = kernel_ask_new(&k);
        if (r < 0)
                return r;
        r = exchange(k, m, each, userdata);
        return r > 0 ? -r : r;
}

int kernel_ask_addresses(kernel_dump_fn each, void *userdata) {
        struct ifaddrmsg header = {.ifa_family = AF_INET};

        return dump(RTM_GETADDR, &header, sizeof(header), each, userdata);
}

int kernel_ask_rules(kernel_dump_fn each, void *userdata) {
        struct fib_rule_hdr header = {.family = AF_INET};

        return dump(RTM_GETRULE, &header, sizeof(header), each, userdata);
}

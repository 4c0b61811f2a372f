/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps. The socket lives for one dump: the event socket's filter would see a dump as one packet
 * and cut it, and a confirmed instance needs no second socket for months.
 */
#include "netlink_dump.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util/cleanup.h"

#define ANSWER_TIMEOUT_SEC 5 /* the kernel answers at once, unless rtnl is held for long */
#define BUFFER_SIZE        (32 * 1024) /* what the kernel fills at most per read */

DEFINE_CLEANUP(struct nl_sock *, nl_socket_free)
DEFINE_CLEANUP(struct nl_msg *, nlmsg_free)
DEFINE_CLEANUP(struct nl_cb *, nl_cb_put)

struct dump {
        dump_fn each;
        void *userdata;
};

static int on_message(struct nl_msg *msg, void *userdata) {
        struct dump *d = userdata;

        if (nlmsg_get_src(msg)->nl_pid == 0)
                d->each(nlmsg_hdr(msg), d->userdata);
        return NL_OK;
}

static int errno_of(int nl_error) {
        switch (-nl_error) {
        case NLE_DUMP_INTR:
                return -EAGAIN;
        case NLE_AGAIN:
                return -ETIMEDOUT;
        case NLE_NOMEM:
                return -ENOBUFS;
        default:
                return -EIO;
        }
}

/* Lets the kernel leave out what was not asked for; before Linux 4.20 it sends everything. */
static void choose_in_kernel(int fd) {
        int one = 1;

        (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
}

static int open_socket(struct nl_sock **ret) {
        _cleanup_(nl_socket_free_p) struct nl_sock *s = nl_socket_alloc();
        struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_SEC};
        int r;

        if (!s)
                return -ENOMEM;
        r = nl_connect(s, NETLINK_ROUTE);
        if (r < 0)
                return errno_of(r);
        if (setsockopt(nl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
                return -errno;
        choose_in_kernel(nl_socket_get_fd(s));
        nl_socket_disable_msg_peek(s);
        (void)nl_socket_set_msg_buf_size(s, BUFFER_SIZE);
        *ret = TAKE_PTR(s);
        return 0;
}

static int dump(struct nl_msg *question, dump_fn each, void *userdata) {
        _cleanup_(nl_socket_free_p) struct nl_sock *s = NULL;
        _cleanup_(nl_cb_put_p) struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
        struct dump d = {.each = each, .userdata = userdata};
        int r;

        if (!cb)
                return -ENOMEM;
        r = open_socket(&s);
        if (r < 0)
                return r;
        r = nl_send_auto(s, question);
        if (r < 0)
                return errno_of(r);
        nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, &d);
        r = nl_recvmsgs(s, cb);
        return r < 0 ? errno_of(r) : 0;
}

/* A question with its fixed header; the caller may add attributes. */
static struct nl_msg *question(int type, const void *header, size_t size) {
        _cleanup_(nlmsg_free_p) struct nl_msg *m = nlmsg_alloc_simple(type, NLM_F_DUMP);

        if (!m || nlmsg_append(m, (void *)header, size, NLMSG_ALIGNTO) < 0)
                return NULL;
        return TAKE_PTR(m);
}

int dump_addresses(dump_fn each, void *userdata) {
        struct ifaddrmsg header = {.ifa_family = AF_INET};
        _cleanup_(nlmsg_free_p) struct nl_msg *m = question(RTM_GETADDR, &header, sizeof(header));

        return m ? dump(m, each, userdata) : -ENOMEM;
}

int dump_links(dump_fn each, void *userdata) {
        struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
        _cleanup_(nlmsg_free_p) struct nl_msg *m = question(RTM_GETLINK, &header, sizeof(header));

        if (!m || nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
                return -ENOMEM;
        return dump(m, each, userdata);
}

int dump_routes(dump_fn each, void *userdata) {
        struct rtmsg header = {
                .rtm_family = AF_INET,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_type = RTN_UNICAST,
        };
        _cleanup_(nlmsg_free_p) struct nl_msg *m = question(RTM_GETROUTE, &header, sizeof(header));

        return m ? dump(m, each, userdata) : -ENOMEM;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event filter. Notifications come one to an skb, so it is enough to look at the first header
 * (a dump is many to an skb: dumps use another socket). Loads are big-endian while a netlink
 * header is in host order, hence htons() and htonl() on the constants; addresses are in network
 * order already. Accepting means 0xffffffff: any smaller number cuts the message to that length.
 */
#include "netlink_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ACCEPT   UINT32_MAX
#define DROP     0
#define CODE_MAX 192

#define PAST_HEADER        ((uint32_t)sizeof(struct nlmsghdr))
#define AT_TYPE            ((uint32_t)offsetof(struct nlmsghdr, nlmsg_type))
#define AT_FAMILY          PAST_HEADER /* the first byte of ifaddrmsg, ifinfomsg and rtmsg */
#define AT_IFINDEX         (PAST_HEADER + (uint32_t)offsetof(struct ifinfomsg, ifi_index))
#define AT_DST_LEN         (PAST_HEADER + (uint32_t)offsetof(struct rtmsg, rtm_dst_len))
#define AT_SRC_LEN         (PAST_HEADER + (uint32_t)offsetof(struct fib_rule_hdr, src_len))
#define AT_ATTRIBUTES      (PAST_HEADER + (uint32_t)sizeof(struct ifaddrmsg))
#define AT_LONG_ATTRIBUTES (PAST_HEADER + (uint32_t)sizeof(struct rtmsg)) /* and fib_rule_hdr */
#define IPV4_BITS          32
#define NLATTR_HEADER      4u
#define NLATTR_FINDING     ((uint32_t)(SKF_AD_OFF + SKF_AD_NLATTR))

_Static_assert(sizeof(struct rtmsg) == sizeof(struct fib_rule_hdr), "one offset for both");

struct program {
        struct sock_filter code[CODE_MAX];
        unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
        if (p->n < CODE_MAX)
                p->code[p->n] = (struct sock_filter){code, jt, jf, k};
        p->n++;
}

static void verdict(struct program *p, uint32_t value) {
        emit(p, BPF_RET | BPF_K, 0, 0, value);
}

/* Accepts if the accumulator equals k, else goes on. */
static void accept_if(struct program *p, uint32_t k) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, k);
        verdict(p, ACCEPT);
}

/* Drops unless the byte at `offset` is k. */
static void require_byte(struct program *p, uint32_t offset, uint32_t k) {
        emit(p, BPF_LD | BPF_B | BPF_ABS, 0, 0, offset);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, k);
        verdict(p, DROP);
}

/* Drops if the byte at `offset` is greater than k. */
static void require_at_most(struct program *p, uint32_t offset, uint32_t k) {
        emit(p, BPF_LD | BPF_B | BPF_ABS, 0, 0, offset);
        emit(p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, k);
        verdict(p, DROP);
}

/* The offset of the attribute comes into the accumulator, 0 if it is not there. */
static void find_attribute(struct program *p, uint32_t attributes, uint32_t attribute) {
        emit(p, BPF_LD | BPF_IMM, 0, 0, attributes);
        emit(p, BPF_LDX | BPF_IMM, 0, 0, attribute);
        emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, NLATTR_FINDING);
}

/* Accepts if the attribute is one of the addresses. */
static void accept_if_listed(struct program *p, uint32_t attributes, uint32_t attribute,
                             const struct filter *f) {
        find_attribute(p, attributes, attribute);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(2 + 2 * f->n_addresses), 0, 0);
        emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
        emit(p, BPF_LD | BPF_W | BPF_IND, 0, 0, NLATTR_HEADER);
        for (unsigned i = 0; i < f->n_addresses; i++)
                accept_if(p, ntohl(f->addresses[i]));
}

static void about_address(struct program *p, const struct filter *f) {
        if (f->every_address)
                verdict(p, ACCEPT);
        accept_if_listed(p, AT_ATTRIBUTES, IFA_LOCAL, f);
        accept_if_listed(p, AT_ATTRIBUTES, IFA_ADDRESS, f);
        verdict(p, DROP);
}

/* A bridge announces its ports by RTM_NEWLINK and RTM_DELLINK of family AF_BRIDGE: not the link. */
static void about_link(struct program *p, const struct filter *f) {
        require_byte(p, AT_FAMILY, AF_UNSPEC);
        emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, AT_IFINDEX);
        for (unsigned i = 0; i < f->n_ifindexes; i++)
                accept_if(p, htonl((uint32_t)f->ifindexes[i]));
        verdict(p, DROP);
}

/* What makes an address local is a route, too, which root may take away without the address. */
static void about_route(struct program *p, const struct filter *f) {
        require_byte(p, AT_FAMILY, AF_INET);
        emit(p, BPF_LD | BPF_B | BPF_ABS, 0, 0, AT_DST_LEN);
        emit(p, BPF_JMP | BPF_JGT | BPF_K, 1, 0, FILTER_PREFIX_MAX);
        verdict(p, ACCEPT);
        accept_if_listed(p, AT_LONG_ATTRIBUTES, RTA_DST, f);
        verdict(p, DROP);
}

/* Rules for packets that come in are others', but lo stands for this machine's own. */
static void drop_if_incoming(struct program *p) {
        find_attribute(p, AT_LONG_ATTRIBUTES, FRA_IIFNAME);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 0);
        emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
        emit(p, BPF_LD | BPF_H | BPF_IND, 0, 0, NLATTR_HEADER);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 'l' << 8 | 'o');
        verdict(p, DROP);
}

/* The bits in which the source differs from ours, without those that the rule leaves open. */
static void require_source(struct program *p, in_addr_t source) {
        emit(p, BPF_LD | BPF_B | BPF_ABS, 0, 0, AT_SRC_LEN);
        accept_if(p, 0);
        emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
        emit(p, BPF_LD | BPF_IMM, 0, 0, IPV4_BITS);
        emit(p, BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0);
        emit(p, BPF_ST, 0, 0, 0);
        find_attribute(p, AT_LONG_ATTRIBUTES, FRA_SRC);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 0);
        emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
        emit(p, BPF_LD | BPF_W | BPF_IND, 0, 0, NLATTR_HEADER);
        emit(p, BPF_ALU | BPF_XOR | BPF_K, 0, 0, ntohl(source));
        emit(p, BPF_LDX | BPF_W | BPF_MEM, 0, 0, 0);
        emit(p, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
        verdict(p, DROP);
        verdict(p, ACCEPT);
}

static void about_rule(struct program *p, const struct filter *f) {
        require_byte(p, AT_FAMILY, AF_INET);
        require_at_most(p, AT_DST_LEN, FILTER_PREFIX_MAX);
        drop_if_incoming(p);
        require_source(p, f->source);
}

/* Two types that lead to the block that comes next; others jump over it. */
static unsigned short begin(struct program *p, uint16_t type, uint16_t other) {
        emit(p, BPF_LD | BPF_H | BPF_ABS, 0, 0, AT_TYPE);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, htons(type));
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, htons(other));
        return p->n;
}

static void end(struct program *p, unsigned short begun) {
        if (p->n <= CODE_MAX)
                p->code[begun - 1].jf = (uint8_t)(p->n - begun);
}

int netlink_filter_attach(int fd, const struct filter *f) {
        struct program p = {.n = 0};
        struct sock_fprog prog = {.filter = p.code};
        unsigned short begun;

        begun = begin(&p, RTM_NEWADDR, RTM_DELADDR);
        about_address(&p, f);
        end(&p, begun);
        begun = begin(&p, RTM_NEWLINK, RTM_DELLINK);
        about_link(&p, f);
        end(&p, begun);
        begun = begin(&p, RTM_NEWROUTE, RTM_DELROUTE);
        about_route(&p, f);
        end(&p, begun);
        begun = begin(&p, RTM_NEWRULE, RTM_DELRULE);
        about_rule(&p, f);
        end(&p, begun);
        begun = begin(&p, RTM_NEWNEXTHOP, RTM_DELNEXTHOP); /* joined only where it matters */
        verdict(&p, ACCEPT);
        end(&p, begun);
        verdict(&p, DROP);
        if (p.n > CODE_MAX)
                return -E2BIG;
        prog.len = p.n;
        if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
                return -errno;
        return 0;
}

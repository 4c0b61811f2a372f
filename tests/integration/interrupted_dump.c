/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by test_netlink.py: the first $INTERRUPTED_DUMPS dump packets look
   interrupted, and $REFUSED_FILTERS filters are refused after the first one, without which there is
   no start. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

static int left = -1, refused = -1;

static int number(const char *name) {
        const char *text = getenv(name);

        return text ? atoi(text) : 0;
}

static void interrupt(const struct msghdr *m, ssize_t n) {
        struct nlmsghdr *h = m->msg_iov[0].iov_base;

        for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
                h->nlmsg_flags |= NLM_F_DUMP_INTR;
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags) {
        ssize_t (*real)(int, struct msghdr *, int) =
                (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
        ssize_t n = real(fd, m, flags);
        const struct sockaddr_nl *from = m->msg_name;
        const struct nlmsghdr *h = m->msg_iov[0].iov_base;

        if (left < 0)
                left = number("INTERRUPTED_DUMPS");
        if (n < (ssize_t)sizeof(*h) || !from || from->nl_family != AF_NETLINK || left == 0)
                return n;
        if (h->nlmsg_flags & NLM_F_MULTI) {
                left--;
                interrupt(m, n);
        }
        return n;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
        int (*real)(int, int, int, const void *, socklen_t) =
                (int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");

        if (level != SOL_SOCKET || name != SO_ATTACH_FILTER)
                return real(fd, level, name, value, size);
        if (refused >= 0 && refused < number("REFUSED_FILTERS")) {
                refused++;
                errno = ENOMEM;
                return -1;
        }
        if (refused < 0)
                refused = 0;
        return real(fd, level, name, value, size);
}

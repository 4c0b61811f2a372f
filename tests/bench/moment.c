/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments of CLOCK_REALTIME in ns, taken as near to the thing as can be:
 *   moment exec PROGRAM [ARGUMENT...]  prints the moment to fd 2 and becomes PROGRAM
 *   moment listen ADDRESS PORT         prints the moment of the first byte of each connection
 *   moment drop INTERFACE ADDRESS/LEN  prints the moment before the kernel is asked to remove it
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int become(char *argv[]) {
        dprintf(STDERR_FILENO, "%" PRId64 "\n", now());
        execv(argv[0], argv);
        return 1;
}

static int take_connections(const char *address, const char *port) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        char first[1];

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
            bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
                return 1;
        puts("ready");
        for (;;) {
                int peer;

                fflush(stdout);
                peer = accept(fd, NULL, NULL);
                if (peer >= 0 && recv(peer, first, sizeof(first), 0) == 1)
                        printf("%" PRId64 "\n", now());
                close(peer);
        }
}

static int drop(const char *interface, char *address) {
        struct {
                struct nlmsghdr head;
                struct ifaddrmsg body;
                struct rtattr attribute;
                in_addr_t address;
        } m = {
                .head = {.nlmsg_len = sizeof(m),
                         .nlmsg_type = RTM_DELADDR,
                         .nlmsg_flags = NLM_F_REQUEST},
                .body = {.ifa_family = AF_INET},
                .attribute = {.rta_len = RTA_LENGTH(sizeof(in_addr_t)), .rta_type = IFA_LOCAL},
        };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        char *length = strchr(address, '/');

        if (!length)
                return 2;
        *length++ = '\0';
        m.body.ifa_prefixlen = (uint8_t)strtoul(length, NULL, 10);
        m.body.ifa_index = if_nametoindex(interface);
        if (inet_pton(AF_INET, address, &m.address) != 1)
                return 2;
        printf("%" PRId64 "\n", now());
        return send(fd, &m, sizeof(m), 0) == sizeof(m) ? 0 : 1;
}

int main(int argc, char *argv[]) {
        if (argc >= 3 && strcmp(argv[1], "exec") == 0)
                return become(argv + 2);
        if (argc == 4 && strcmp(argv[1], "listen") == 0)
                return take_connections(argv[2], argv[3]);
        if (argc == 4 && strcmp(argv[1], "drop") == 0)
                return drop(argv[2], argv[3]);
        return 2;
}

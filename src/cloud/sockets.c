/* SPDX-License-Identifier: Apache-2.0 */
#include "sockets.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>

#define SOCKETS_MAX 32
#define DRAIN_MAX                                                                                  \
        64 /* pieces of what a peer sent unasked; more of it and curl finds it dead later */

/* One more than the descriptor; 0: free. Read by a signal handler. */
static volatile sig_atomic_t slots[SOCKETS_MAX];

static void replace(int from, int to) {
        for (size_t i = 0; i < SOCKETS_MAX; i++) {
                if (slots[i] != from)
                        continue;
                slots[i] = to;
                return;
        }
}

void sockets_add(int fd) {
        replace(0, fd + 1);
}

void sockets_remove(int fd) {
        replace(fd + 1, 0);
}

bool sockets_any(void) {
        for (size_t i = 0; i < SOCKETS_MAX; i++) {
                if (slots[i])
                        return true;
        }
        return false;
}

void sockets_shutdown(void) {
        for (size_t i = 0; i < SOCKETS_MAX; i++) {
                if (slots[i])
                        shutdown(slots[i] - 1, SHUT_RDWR);
        }
}

void sockets_end_readable(void) {
        char ignored[4096];

        for (size_t i = 0; i < SOCKETS_MAX; i++) {
                struct pollfd p = {.fd = slots[i] - 1, .events = POLLIN | POLLRDHUP};

                if (p.fd < 0 || poll(&p, 1, 0) <= 0)
                        continue;
                shutdown(p.fd, SHUT_RDWR);
                /* Curl looks whether one byte can be had, and takes that for life. */
                for (size_t n = 0; n < DRAIN_MAX; n++) {
                        if (recv(p.fd, ignored, sizeof(ignored), MSG_DONTWAIT) <= 0)
                                break;
                }
        }
}

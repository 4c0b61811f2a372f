/* SPDX-License-Identifier: Apache-2.0 */
#include "datagram.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"
#include "util/text.h"

_Static_assert(sizeof(((struct datagram *)0)->path) == sizeof(((struct sockaddr_un *)0)->sun_path),
               "a path that fits is an address");

int datagram_init(struct datagram *d, const char *path) {
        *d = (struct datagram){.fd = -1};
        if (!path || (path[0] != '/' && path[0] != '@') || !path[1])
                return -EINVAL;
        if (!TEXT_SET(d->path, path)) {
                d->path[0] = '\0';
                return -EINVAL;
        }
        return 0;
}

static void disconnect(struct datagram *d) {
        d->source = sd_event_source_unref(d->source);
        close_p(&d->fd);
        d->fd = -1;
}

void datagram_done(struct datagram *d) {
        disconnect(d);
        d->path[0] = '\0';
}

static int reconnect(struct datagram *d) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        size_t len = strlen(d->path);

        disconnect(d);
        if (len == 0)
                return -ENOTCONN;
        memcpy(to.sun_path, d->path, len);
        if (to.sun_path[0] == '@')
                to.sun_path[0] = '\0';
        else if (len < sizeof(to.sun_path))
                len++; /* the end of the path */
        d->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (d->fd < 0)
                return -errno;
        if (connect(d->fd, (const struct sockaddr *)(const void *)&to,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
                int error = -errno;

                disconnect(d);
                return error;
        }
        return 0;
}

static int try_to_send(const struct datagram *d, const struct iovec *iov, size_t n) {
        const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n};

        if (d->fd < 0)
                return -ENOTCONN;
        return sendmsg(d->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int datagram_send(struct datagram *d, const struct iovec *iov, size_t n) {
        int r = try_to_send(d, iov, n);

        if (r >= 0 || r == -EAGAIN || r == -EMSGSIZE || r == -ENOBUFS || r == -ENOMEM)
                return r;
        r = reconnect(d);
        return r < 0 ? r : try_to_send(d, iov, n);
}

int datagram_await_room(struct datagram *d, sd_event *event, sd_event_io_handler_t on_room,
                        void *userdata) {
        if (d->source)
                return sd_event_source_set_enabled(d->source, SD_EVENT_ONESHOT);
        if (d->fd < 0)
                return -ENOTCONN;
        return sd_event_add_io(event, &d->source, d->fd, EPOLLOUT, on_room, userdata);
}

int datagram_poll(const struct datagram *d, int timeout_msec) {
        struct pollfd p = {.fd = d->fd, .events = POLLOUT};

        return d->fd >= 0 && poll(&p, 1, timeout_msec) > 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A connected datagram socket that never waits: on any other, POLLOUT says nothing of the queue. */
#pragma once

#include <sys/uio.h>
#include <systemd/sd-event.h>

struct datagram {
        char path[108]; /* as in sockaddr_un; a first '@' is the abstract name space; "": none */
        int fd;         /* -1: nobody listened when it was tried last */
        sd_event_source *source;
};

/* -EINVAL: no address. Nothing is connected before the first datagram. */
int datagram_init(struct datagram *d, const char *path);
void datagram_done(struct datagram *d);

/*
 * 0; -EAGAIN: the reader's queue is full; -EMSGSIZE: too long; another negative errno: nobody
 * listens. A reader that has come anew is connected to.
 */
int datagram_send(struct datagram *d, const struct iovec *iov, size_t n);

/* Calls once, when there is room again or the reader has gone; after -EAGAIN. */
int datagram_await_room(struct datagram *d, sd_event *event, sd_event_io_handler_t on_room,
                        void *userdata);

/* The same without a loop: 1 there is room, 0 not within that time. */
int datagram_poll(const struct datagram *d, int timeout_msec);

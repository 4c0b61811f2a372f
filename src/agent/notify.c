/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify() itself waits as long as the manager's queue is full, and so does the watchdog of
 * sd-event (tried): a service manager that stalls would stall the agent.
 */
#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <ecs-pubip/status.h>
#include <ecs-pubip/usec.h>

#include "datagram.h"
#include "util/text.h"

#define RETRY_INTERVAL USEC_PER_SEC /* the queue tells when there is room; this if it does not */
#define ACCURACY       (100 * USEC_PER_MSEC)
#define TEXT_SIZE      (STATUS_LINE_SIZE + 128)

/* What is due. */
enum {
        DUE_RELOADING = 1 << 0, /* alone in its datagram, before any READY */
        DUE_READY = 1 << 1,
        DUE_STATUS = 1 << 2,
        DUE_ALIVE = 1 << 3,
        DUE_STOPPING = 1 << 4,
};

struct notify {
        sd_event *event;
        sd_event_source *retry;
        struct datagram socket;
        unsigned due;
        uint64_t reloading_since; /* CLOCK_MONOTONIC */
        uint64_t interval;
        char line[STATUS_LINE_SIZE];
};

/* systemd from 253 on wants to know when the reload began, and knows the READY of before by it. */
static unsigned compose(const struct notify *n, char ret[static TEXT_SIZE]) {
        bool ready = n->due & DUE_READY;

        if (n->due & DUE_RELOADING) {
                snprintf(ret, TEXT_SIZE, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                         n->reloading_since);
                return DUE_RELOADING;
        }
        snprintf(ret, TEXT_SIZE, "%s%s%s%s%s%s", ready ? "READY=1\n" : "",
                 n->due & DUE_STOPPING ? "STOPPING=1\n" : "",
                 n->due & DUE_ALIVE ? "WATCHDOG=1\n" : "", n->due & DUE_STATUS ? "STATUS=" : "",
                 n->due & DUE_STATUS ? n->line : "", n->due & DUE_STATUS ? "\n" : "");
        return n->due;
}

/* 0 when nothing is due any more. */
static int offer(struct notify *n) {
        while (n->due) {
                char text[TEXT_SIZE];
                unsigned told = compose(n, text);
                const struct iovec iov = {text, strlen(text)};
                int r = datagram_send(&n->socket, &iov, 1);

                if (r < 0)
                        return r;
                n->due &= ~told;
        }
        return 0;
}

static void flush(struct notify *n);

static int on_room(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void)source, (void)fd, (void)revents;
        flush(userdata);
        return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        flush(userdata);
        return 0;
}

static void flush(struct notify *n) {
        uint64_t now = 0;
        int r = offer(n);

        if (r >= 0) {
                (void)sd_event_source_set_enabled(n->retry, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_now(n->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(n->retry, now + RETRY_INTERVAL);
        (void)sd_event_source_set_enabled(n->retry, SD_EVENT_ONESHOT);
        if (r == -EAGAIN)
                (void)datagram_await_room(&n->socket, n->event, on_room, n);
}

static void set_due(struct notify *n, unsigned due) {
        if (!n->socket.path[0])
                return;
        n->due |= due;
        flush(n);
}

void notify_status(struct notify *n, const char *line) {
        if (strcmp(n->line, line) == 0)
                return;
        TEXT_SET(n->line, line);
        set_due(n, DUE_STATUS);
}

void notify_ready(struct notify *n) {
        set_due(n, DUE_READY);
}

/* A READY of before that nobody has heard would end this reload before it is done. */
void notify_reloading(struct notify *n) {
        struct timespec t = {0};

        clock_gettime(CLOCK_MONOTONIC, &t);
        n->reloading_since = (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
        n->due &= ~(unsigned)DUE_READY;
        set_due(n, DUE_RELOADING);
}

void notify_stopping(struct notify *n) {
        set_due(n, DUE_STOPPING);
}

void notify_alive(struct notify *n) {
        if (n->interval > 0)
                set_due(n, DUE_ALIVE);
}

uint64_t notify_interval(const struct notify *n) {
        return n->interval;
}

int notify_new(sd_event *event, struct notify **ret) {
        struct notify *n = calloc(1, sizeof(*n));
        uint64_t watchdog;
        int r;

        if (!n)
                return -ENOMEM;
        n->event = sd_event_ref(event);
        (void)datagram_init(&n->socket, getenv("NOTIFY_SOCKET"));
        if (sd_watchdog_enabled(false, &watchdog) > 0)
                n->interval = watchdog / 2;
        r = sd_event_add_time(event, &n->retry, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY, on_retry, n);
        if (r < 0) {
                notify_free(n);
                return r;
        }
        *ret = n;
        return 0;
}

struct notify *notify_free(struct notify *n) {
        if (!n)
                return NULL;
        (void)offer(n);
        sd_event_source_unref(n->retry);
        datagram_done(&n->socket);
        sd_event_unref(n->event);
        free(n);
        return NULL;
}

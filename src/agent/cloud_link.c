/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream to the cloud process. Whatever goes wrong with it is a fault of our own with a code,
 * and the connection is closed: the next question gets a new process. How long an answer may take
 * is the state machine's to say, which drops the link then. Who listens is not asked:
 * the folder is our own, so nobody else but root can have put a socket there.
 */
#include "cloud_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/text.h"

#define IDLE_MAX  (10 * USEC_PER_SEC) /* without a question, then the process may go */
#define ACCURACY  (USEC_PER_SEC / 10)
#define READ_SIZE 4096

struct cloud_link {
        sd_event *event;
        const char *path;
        cloud_link_fn on_answer;
        cloud_link_ready_fn on_ready;
        cloud_link_keep_fn keep;
        void *userdata;

        int fd;
        sd_event_source *io;
        sd_event_source *timer; /* idle for too long */
        enum wire_op asked;     /* WIRE_NONE: no question in flight */
        char *question;
        size_t sent;
        unsigned ready, gone; /* how often the call was ready, and was told to leave */
        bool retired;         /* no other question on this connection */
        struct buf line;
};

static void idle_from_now(struct cloud_link *l) {
        uint64_t now = 0;

        (void)sd_event_now(l->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(l->timer, now + IDLE_MAX);
        (void)sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

static void forget_question(struct cloud_link *l) {
        l->asked = WIRE_NONE;
        free(TAKE_PTR(l->question));
        l->sent = 0;
        l->ready = l->gone = 0;
        buf_done(&l->line);
        l->line = BUF(WIRE_LINE_MAX);
}

void cloud_link_drop(struct cloud_link *l) {
        forget_question(l);
        l->io = sd_event_source_unref(l->io);
        if (l->fd >= 0)
                close(TAKE_FD(l->fd));
        l->retired = false;
        (void)sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
}

void cloud_link_retire(struct cloud_link *l) {
        if (l->asked == WIRE_NONE)
                cloud_link_drop(l);
        else
                l->retired = true;
}

static void fault(struct cloud_link *l, const char *code, const char *message) {
        struct wire_answer a;

        memset(&a, 0, sizeof(a));
        a.fault = fault_own(code, message);
        cloud_link_drop(l);
        l->on_answer(&a, l->userdata);
}

/* The next time, and the one before was told to leave: nothing else is understood. */
static bool is_ready(struct cloud_link *l, size_t len) {
        const struct wire_step next = {.number = l->ready + 1};

        return wire_op_changes(l->asked) && wire_step_is(&next, l->line.data, len) &&
               l->ready == l->gone && l->sent == strlen(l->question);
}

/* The whole buffer is one line, and nothing came behind it. */
static void answered(struct cloud_link *l, size_t len) {
        struct wire_answer a;

        memset(&a, 0, sizeof(a));
        if (len + 1 != l->line.len)
                return fault(l, FAULT_CLOUD_GARBLED, "more than one line came for one question");
        if (is_ready(l, len)) {
                buf_done(&l->line);
                l->line = BUF(WIRE_LINE_MAX);
                return l->on_ready(++l->ready, l->userdata);
        }
        if (wire_answer_parse(l->asked, l->line.data, len, &a) < 0)
                return fault(l, FAULT_CLOUD_GARBLED, "the line is no answer to that question");
        l->retired |= l->ready != l->gone; /* a `go` may be on its way, to nobody */
        forget_question(l);
        if (l->retired) {
                cloud_link_drop(l);
        } else {
                (void)sd_event_source_set_io_events(l->io, EPOLLIN);
                idle_from_now(l);
        }
        l->on_answer(&a, l->userdata);
}

static void take(struct cloud_link *l, const char *data, size_t len) {
        const char *end;

        buf_add(&l->line, data, len);
        if (l->line.error == -E2BIG)
                return fault(l, FAULT_CLOUD_GARBLED, "the answer is longer than 64 KiB");
        if (l->line.error < 0)
                return fault(l, FAULT_CLOUD_GARBLED, "no memory for the answer");
        end = memchr(l->line.data, '\n', l->line.len);
        if (end)
                answered(l, (size_t)(end - l->line.data));
}

static void closed(struct cloud_link *l, int error) {
        if (l->asked == WIRE_NONE)
                return cloud_link_drop(l);
        fault(l, FAULT_CLOUD_GONE, error ? strerror(error) : "");
}

static void receive(struct cloud_link *l) {
        char data[READ_SIZE];
        ssize_t n = recv(l->fd, data, sizeof(data), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0)
                return closed(l, n < 0 ? errno : 0);
        if (l->asked == WIRE_NONE) /* nobody asked: it will not be trusted with a question */
                return cloud_link_drop(l);
        take(l, data, (size_t)n);
}

/* 0 when something is left to send, 1 when all is sent, or a negative errno. */
static int send_question(struct cloud_link *l) {
        size_t len = strlen(l->question);

        while (l->sent < len) {
                ssize_t n = send(l->fd, l->question + l->sent, len - l->sent,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                l->sent += (size_t)n;
        }
        return 1;
}

/* Reading goes first: a process that answers an error and leaves is heard before it is gone. */
static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct cloud_link *l = userdata;
        int r;

        (void)source, (void)fd;
        if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                receive(l);
                return 0;
        }
        if (!(revents & EPOLLOUT) || !l->question)
                return 0;
        r = send_question(l);
        if (r < 0)
                closed(l, -r);
        else if (r > 0)
                (void)sd_event_source_set_io_events(l->io, EPOLLIN);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct cloud_link *l = userdata;

        (void)source, (void)usec;
        if (l->keep(l->userdata))
                idle_from_now(l);
        else
                cloud_link_drop(l);
        return 0;
}

/* A local connect never waits: it is done, refused, or the listener's queue is full (EAGAIN). */
static int open_connection(struct cloud_link *l) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_close_ int fd = -1;
        int r;

        if (!TEXT_SET(address.sun_path, l->path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        r = sd_event_add_io(l->event, &l->io, fd, EPOLLIN, on_io, l);
        if (r < 0)
                return r;
        l->fd = TAKE_FD(fd);
        return 0;
}

/* A process that has left meanwhile would take the question to its grave. */
static bool is_alive(const struct cloud_link *l) {
        char byte;

        if (l->fd < 0)
                return false;
        return recv(l->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void cloud_link_ask(struct cloud_link *l, const struct wire_question *q) {
        int r = 0;

        if (l->asked != WIRE_NONE || !is_alive(l)) {
                cloud_link_drop(l);
                r = open_connection(l);
                if (r < 0)
                        return fault(l, FAULT_CLOUD_UNREACHABLE, strerror(-r));
        }
        r = wire_question_format(q, &l->question);
        if (r < 0)
                return fault(l, FAULT_CLOUD_GARBLED, "the question cannot be written");
        l->asked = q->op;
        (void)sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        r = send_question(l);
        if (r < 0)
                return fault(l, FAULT_CLOUD_GONE, strerror(-r));
        if (r == 0)
                (void)sd_event_source_set_io_events(l->io, EPOLLIN | EPOLLOUT);
}

void cloud_link_go(struct cloud_link *l, uint64_t at) {
        const struct wire_step go = {.number = l->ready, .at_ms = at / USEC_PER_MSEC};
        char line[WIRE_STEP_SIZE];

        if (l->ready == l->gone)
                return; /* what was ready has been given up */
        l->gone = l->ready;
        wire_step_format(&go, line);
        if (send(l->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)strlen(line))
                fault(l, FAULT_CLOUD_GONE, "it does not take the word to send the call");
}

int cloud_link_new(sd_event *event, const char *socket_path, cloud_link_fn on_answer,
                   cloud_link_ready_fn on_ready, cloud_link_keep_fn keep, void *userdata,
                   struct cloud_link **ret) {
        struct cloud_link *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->event = sd_event_ref(event);
        l->path = socket_path;
        l->on_answer = on_answer;
        l->on_ready = on_ready;
        l->keep = keep;
        l->userdata = userdata;
        l->fd = -1;
        l->line = BUF(WIRE_LINE_MAX);
        r = sd_event_add_time(event, &l->timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY, on_timer, l);
        if (r < 0) {
                cloud_link_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

struct cloud_link *cloud_link_free(struct cloud_link *l) {
        if (!l)
                return NULL;
        if (l->timer)
                cloud_link_drop(l);
        sd_event_source_unref(l->timer);
        sd_event_unref(l->event);
        free(l);
        return NULL;
}

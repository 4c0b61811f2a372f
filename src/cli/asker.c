/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a cloud process of our own, through the agent's socket. */
#include "asker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "host/clock.h"
#include "util/paths.h"

/* It starts no attempt after the deadline; the last one may take this long. */
#define LAST_ATTEMPT_MS 20000u

void asker_init(struct asker *a) {
        *a = (struct asker){.fd = -1, .line = BUF(WIRE_LINE_MAX)};
}

static void disconnect(struct asker *a) {
        if (a->fd >= 0)
                close(TAKE_FD(a->fd));
        buf_clear(&a->line);
}

void asker_done(struct asker *a) {
        disconnect(a);
        buf_done(&a->line);
}

const char *asker_strerror(int error) {
        return error == ASKER_NOT_ROOT ? "who listens there is not root, and so not systemd"
                                       : strerror(-error);
}

/*
 * The folder is the agent's: whoever has taken the agent over could listen there himself, and have
 * root believe what he answers. What the kernel tells a client is who called listen() (unix(7)):
 * with Accept=yes that is the service manager, not the process that answers.
 */
static int check_listener(int fd) {
        struct ucred listener;
        socklen_t size = sizeof(listener);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &size) < 0)
                return -errno;
        return listener.uid == 0 ? 0 : ASKER_NOT_ROOT;
}

int asker_connect(struct asker *a) {
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = CLOUD_SOCKET,
        };
        _cleanup_close_ int fd = -1;

        if (a->fd >= 0)
                return 0;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return a->error = -errno;
        a->error = check_listener(fd);
        if (a->error < 0)
                return a->error;
        a->fd = TAKE_FD(fd);
        return 0;
}

/* True once the descriptor is ready for `events`; false when the time is over. */
static bool await(int fd, short events, uint64_t deadline) {
        struct pollfd p = {.fd = fd, .events = events};

        for (;;) {
                uint64_t now = clock_boot_usec();
                int n;

                if (now >= deadline)
                        return false;
                n = poll(&p, 1, (int)((deadline - now) / USEC_PER_MSEC) + 1);
                if (n > 0)
                        return true;
                if (n < 0 && errno != EINTR)
                        return false;
        }
}

/* NULL, or the code of the fault. */
static const char *send_line(struct asker *a, const char *line, uint64_t deadline) {
        size_t left = strlen(line);

        while (left > 0) {
                ssize_t n;

                if (!await(a->fd, POLLOUT, deadline))
                        return FAULT_CLOUD_SILENT;
                n = send(a->fd, line, left, MSG_NOSIGNAL);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return FAULT_CLOUD_GONE;
                line += n;
                left -= (size_t)n;
        }
        return NULL;
}

/* Reads up to a newline; one question is one answer, so nothing may come after it. */
static const char *receive_line(struct asker *a, uint64_t deadline) {
        char chunk[4096];

        buf_clear(&a->line);
        for (;;) {
                ssize_t n;

                if (!await(a->fd, POLLIN, deadline))
                        return FAULT_CLOUD_SILENT;
                n = recv(a->fd, chunk, sizeof(chunk), 0);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n <= 0)
                        return FAULT_CLOUD_GONE;
                buf_add(&a->line, chunk, (size_t)n);
                if (a->line.error < 0)
                        return FAULT_CLOUD_GARBLED;
                if (a->line.data[a->line.len - 1] == '\n')
                        return NULL;
        }
}

static const char *exchange(struct asker *a, const struct wire_question *q, const char *line,
                            struct wire_answer *ret) {
        uint64_t deadline = clock_boot_usec() + (q->deadline_ms + LAST_ATTEMPT_MS) * USEC_PER_MSEC;
        const char *fault;

        if (asker_connect(a) < 0)
                return FAULT_CLOUD_UNREACHABLE;
        fault = send_line(a, line, deadline);
        if (!fault)
                fault = receive_line(a, deadline);
        if (!fault && wire_answer_parse(q->op, a->line.data, a->line.len - 1, ret) < 0)
                fault = FAULT_CLOUD_GARBLED;
        return fault;
}

int asker_ask(struct asker *a, const struct wire_question *q, struct wire_answer *ret) {
        _cleanup_free_ char *line = NULL;
        const char *fault;
        int r;

        if (wire_op_changes(q->op))
                return -EPERM;
        r = wire_question_format(q, &line);
        if (r < 0)
                return r;
        fault = exchange(a, q, line, ret);
        if (!fault)
                return 0;
        *ret = (struct wire_answer){
                .fault = fault_own(fault, a->fd < 0 ? asker_strerror(a->error) : ""),
        };
        disconnect(a); /* what is still under way is not waited for */
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <ecs-pubip/usec.h>
#include <ecs-pubip/wire.h>

#include "cloud/clock.h"

#define READ_CHUNK 4096

void link_init(struct link *l) {
        *l = (struct link){.in = BUF(WIRE_LINE_MAX + READ_CHUNK)};
}

void link_done(struct link *l) {
        buf_done(&l->in);
}

/* Forgets the lines that were handed out. */
static void link_compact(struct link *l) {
        if (l->taken == 0)
                return;
        memmove(l->in.data, l->in.data + l->taken, l->in.len - l->taken + 1);
        l->in.len -= l->taken;
        l->taken = 0;
}

/* Until there is something to read, or the end of it. */
static int wait_readable(uint64_t until) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

        for (;;) {
                uint64_t now = clock_boottime_usec();
                int r;

                if (now >= until)
                        return -ETIMEDOUT;
                r = poll(&p, 1, (int)((until - now) / USEC_PER_MSEC) + 1);
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

static int read_more(struct link *l) {
        char chunk[READ_CHUNK];
        ssize_t n;

        if (l->in.len >= WIRE_LINE_MAX)
                return -EMSGSIZE;
        do
                n = read(STDIN_FILENO, chunk, sizeof(chunk));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        buf_add(&l->in, chunk, (size_t)n);
        return l->in.error ? l->in.error : 1;
}

int link_read_until(struct link *l, uint64_t until, const char **ret_line, size_t *ret_len) {
        int r;

        link_compact(l);
        for (;;) {
                char *newline = l->in.len > 0 ? memchr(l->in.data, '\n', l->in.len) : NULL;

                if (newline) {
                        *ret_line = l->in.data;
                        *ret_len = (size_t)(newline - l->in.data);
                        l->taken = *ret_len + 1;
                        return 1;
                }
                r = until == UINT64_MAX ? 0 : wait_readable(until);
                if (r == 0)
                        r = read_more(l);
                if (r <= 0)
                        return r;
        }
}

int link_read(struct link *l, const char **ret_line, size_t *ret_len) {
        return link_read_until(l, UINT64_MAX, ret_line, ret_len);
}

bool link_has_more(const struct link *l) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

        return l->in.len > l->taken || poll(&p, 1, 0) > 0;
}

int link_write(const char *line) {
        size_t len = strlen(line);

        while (len > 0) {
                ssize_t n = write(STDOUT_FILENO, line, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                line += n;
                len -= (size_t)n;
        }
        return 0;
}

bool link_hung_up(void) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLRDHUP};

        return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL));
}

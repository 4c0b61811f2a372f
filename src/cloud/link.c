/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <ecs-pubip/wire.h>

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

int link_read(struct link *l, const char **ret_line, size_t *ret_len) {
        char chunk[READ_CHUNK];
        char *newline;
        ssize_t n;

        link_compact(l);
        for (;;) {
                newline = l->in.len > 0 ? memchr(l->in.data, '\n', l->in.len) : NULL;
                if (newline) {
                        *ret_line = l->in.data;
                        *ret_len = (size_t)(newline - l->in.data);
                        l->taken = *ret_len + 1;
                        return 1;
                }
                if (l->in.len >= WIRE_LINE_MAX)
                        return -EMSGSIZE;
                n = read(STDIN_FILENO, chunk, sizeof(chunk));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_add(&l->in, chunk, (size_t)n);
                if (l->in.error)
                        return l->in.error;
        }
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

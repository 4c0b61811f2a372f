/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of a file, into memory with a ceiling. Inline: the library that the core uses reads
 * none. */
#pragma once

#include <errno.h>
#include <unistd.h>

#include "buf.h"

/* 0; -E2BIG where the file is larger than the buffer's ceiling, or another negative errno. */
static inline int read_all(int fd, struct buf *ret) {
        char chunk[4096];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                buf_add(ret, chunk, (size_t)n);
                if (ret->error < 0)
                        return ret->error;
        }
        return 0;
}

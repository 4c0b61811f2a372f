/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include <errno.h>
#include <unistd.h>

int read_all(int fd, struct buf *ret) {
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

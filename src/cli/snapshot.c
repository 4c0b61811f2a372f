/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says of itself at one moment: is it alive, and what is in its status file. */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/file.h"
#include "util/cleanup.h"
#include "util/paths.h"

/*
 * Anew each time: every agent has a lock file of its own. Asked is for a read lock, which only a
 * write lock forbids: anybody may hold a read lock of his own on a file that he may read.
 */
int snapshot_alive(void) {
        struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
        _cleanup_close_ int fd = open(LOCK_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return -errno;
        return lock.l_type != F_UNLCK;
}

int snapshot_text(char **ret, size_t *ret_len) {
        return file_read(STATUS_PATH, STATUS_TEXT_MAX, ret, ret_len);
}

int snapshot_take(struct snapshot *ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        memset(ret, 0, sizeof(*ret)); /* the gaps too: snapshots are compared as bytes */
        r = snapshot_alive();
        if (r < 0)
                return r;
        ret->alive = r;
        r = snapshot_text(&text, &len);
        if (r >= 0)
                r = status_parse(text, len, &ret->status, &ret->conditions);
        if (r >= 0)
                return 0;
        ret->file = r == -ENOENT    ? STATUS_FILE_ABSENT
                    : r == -EBADMSG ? STATUS_FILE_GARBLED
                                    : STATUS_FILE_UNREADABLE;
        ret->error = r;
        return 0;
}

int64_t snapshot_now(const struct snapshot *s) {
        return clock_wall_sec() - s->status.clock_offset;
}

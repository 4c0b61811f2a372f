/* SPDX-License-Identifier: Apache-2.0 */
/* Fails closed: what cannot be told is a brake. A FIFO or a device is opened without waiting. */
#include "host/hold_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ecs-pubip/hold.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/read.h"
#include "util/text.h"

#define NOTE_MAX 256u

/* A link that leads nowhere is something that somebody has put there. */
static bool is_missing(void) {
        return faccessat(AT_FDCWD, HOLD_PATH, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static enum hold hold(char *ret_why, const char *why) {
        text_copy(ret_why, HOLD_WHY_SIZE, why);
        return HOLD_ON;
}

static enum hold hold_unread(char *ret_why, int error) {
        snprintf(ret_why, HOLD_WHY_SIZE, "cannot be read (%s)", strerror(-error));
        return HOLD_ON;
}

enum hold hold_file_read(const char *instance_id, char ret_why[static HOLD_WHY_SIZE]) {
        _cleanup_close_ int fd = -1;
        _cleanup_buf_ struct buf text = BUF(NOTE_MAX);
        char id[INSTANCE_ID_SIZE];
        struct stat st;
        int r;

        ret_why[0] = '\0';
        fd = open(HOLD_PATH, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0) {
                int error = -errno;

                return is_missing() ? HOLD_OFF : hold_unread(ret_why, error);
        }
        if (fstat(fd, &st) < 0)
                return hold_unread(ret_why, -errno);
        if (S_ISDIR(st.st_mode))
                return hold_unread(ret_why, -EISDIR);
        if (!S_ISREG(st.st_mode))
                return hold(ret_why, "is no regular file");
        r = read_all(fd, &text);
        if (r == -E2BIG)
                return hold(ret_why, "is no note of `ecs-pubip hold`");
        if (r < 0)
                return hold_unread(ret_why, r);
        if (text.len == 0)
                return hold(ret_why, "is empty");
        if (!hold_parse(buf_text(&text), text.len, id))
                return hold(ret_why, "is no note of `ecs-pubip hold`");
        return !*id || !*instance_id || strcmp(id, instance_id) == 0 ? HOLD_ON : HOLD_FOREIGN;
}

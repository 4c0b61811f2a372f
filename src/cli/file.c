/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files: read with a ceiling, replaced and removed durably. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/read.h"

#define MODE       0644
#define SAME_OWNER ((uid_t)-1) /* to fchown(2) */

int file_read(const char *path, size_t max, char **ret, size_t *ret_len) {
        _cleanup_close_ int fd = -1;
        _cleanup_buf_ struct buf text = BUF(max);
        struct stat st;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        r = read_all(fd, &text);
        if (r < 0)
                return r == -E2BIG ? -EBADMSG : r;
        buf_add(&text, "", 0); /* an empty file is a text too */
        if (text.error < 0)
                return text.error;
        *ret_len = text.len;
        *ret = TAKE_PTR(text.data);
        return 0;
}

static int write_all(int fd, const char *text) {
        size_t left = strlen(text);

        while (left > 0) {
                ssize_t n = write(fd, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                left -= (size_t)n;
        }
        return 0;
}

/* The mode is set by hand: a umask of 077 would hide the file from the agent. */
static int write_new(uid_t owner, int folder_fd, const char *name, const char *text) {
        _cleanup_close_ int fd = -1;
        int r;

        unlinkat(folder_fd, name, 0); /* what a killed predecessor left */
        fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text);
        if (r < 0)
                return r;
        if (fchmod(fd, MODE) < 0 || fchown(fd, owner, (gid_t)-1) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static int open_folder(const char *folder) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int file_replace_for(uid_t owner, const char *folder, const char *name, const char *text) {
        _cleanup_close_ int folder_fd = -1;
        char temporary[NAME_MAX + 1];
        int r;

        folder_fd = open_folder(folder);
        if (folder_fd < 0)
                return folder_fd;
        /* Its own: two who do the same at once must not take it from each other. */
        snprintf(temporary, sizeof(temporary), ".%.200s.%d.new", name, (int)getpid());
        r = write_new(owner, folder_fd, temporary, text);
        if (r >= 0 && renameat(folder_fd, temporary, folder_fd, name) < 0)
                r = -errno;
        if (r >= 0 && fsync(folder_fd) < 0)
                r = -errno;
        if (r < 0)
                unlinkat(folder_fd, temporary, 0);
        return r;
}

int file_replace(const char *folder, const char *name, const char *text) {
        return file_replace_for(SAME_OWNER, folder, name, text);
}

int file_remove(const char *folder, const char *name) {
        _cleanup_close_ int folder_fd = -1;

        folder_fd = open_folder(folder);
        if (folder_fd < 0)
                return folder_fd;
        if (unlinkat(folder_fd, name, 0) < 0 || fsync(folder_fd) < 0)
                return -errno;
        return 0;
}

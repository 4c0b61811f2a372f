/* SPDX-License-Identifier: Apache-2.0 */
/* What a name leads to is looked at once it is open; what replaces it is complete first. */
#include "host/file.h"

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
#include "util/text.h"

#define MODE      0644
#define LINE_MAX_ 256u

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

int file_first_line(const char *path, char *ret, size_t size) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = file_read(path, LINE_MAX_, &text, &len);
        if (r < 0 || !text)
                return r < 0 ? r : -EIO;
        text[strcspn(text, "\n")] = '\0';
        return text_copy(ret, size, text) ? 0 : -ERANGE;
}

int file_write_all(int fd, const char *text) {
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

static int write_new(int folder_fd, const char *text, const struct file_write *how) {
        _cleanup_close_ int fd = -1;
        int r;

        (void)unlinkat(folder_fd, how->temporary, 0); /* O_EXCL follows no link */
        fd = openat(folder_fd, how->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    how->mode);
        if (fd < 0)
                return -errno;
        r = file_write_all(fd, text);
        if (r < 0)
                return r;
        if (fchmod(fd, how->mode) < 0)
                return -errno;
        if (how->owner != FILE_OWNER_SELF && fchown(fd, how->owner, (gid_t)-1) < 0)
                return -errno;
        if (how->durable && fsync(fd) < 0)
                return -errno;
        if (how->durable) /* who reads it back asks the disk */
                (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        return 0;
}

int file_replace_at(int folder_fd, const char *name, const char *text,
                    const struct file_write *how) {
        int r = write_new(folder_fd, text, how);

        if (r >= 0 && renameat(folder_fd, how->temporary, folder_fd, name) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder_fd, how->temporary, 0);
        else if (how->durable && fsync(folder_fd) < 0)
                r = -errno;
        return r;
}

static int open_folder(const char *folder) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int file_replace_for(uid_t owner, const char *folder, const char *name, const char *text) {
        _cleanup_close_ int folder_fd = -1;
        char temporary[NAME_MAX + 1];
        const struct file_write how = {temporary, MODE, owner, true};

        folder_fd = open_folder(folder);
        if (folder_fd < 0)
                return folder_fd;
        /* Its own: two who do the same at once must not take it from each other. */
        snprintf(temporary, sizeof(temporary), ".%.200s.%d.new", name, (int)getpid());
        return file_replace_at(folder_fd, name, text, &how);
}

int file_replace(const char *folder, const char *name, const char *text) {
        return file_replace_for(FILE_OWNER_SELF, folder, name, text);
}

int file_remove(const char *folder, const char *name) {
        _cleanup_close_ int folder_fd = -1;

        folder_fd = open_folder(folder);
        if (folder_fd < 0)
                return folder_fd;
        if (unlinkat(folder_fd, name, 0) < 0 &&
            (errno != EISDIR || unlinkat(folder_fd, name, AT_REMOVEDIR) < 0))
                return -errno;
        return fsync(folder_fd) < 0 ? -errno : 0;
}

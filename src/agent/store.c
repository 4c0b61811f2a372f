/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the state folder. The lock is flock() on the folder itself: it needs no file, so it
 * holds on a full or read-only disk too. The folder is 0700, or any user could take the lock.
 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/file.h"
#include "util/cleanup.h"
#include "util/read.h"
#include "util/time.h"

#define LEDGER_NAME "ledger"
#define LEDGER_TEMP "ledger.new"
#define ASIDE       "ledger."
#define ASIDE_MAX   5   /* older ones go */
#define ASIDE_TRIES 100 /* names tried when several are set aside within a second */
#define STATE_MODE  0700
#define LEDGER_MODE 0600
#define LOCK_MODE   0644 /* everybody may ask; only who may write can hold a write lock */

static int open_folder(const char *directory) {
        int fd;

        if (mkdir(directory, STATE_MODE) < 0 && errno != EEXIST)
                return -errno;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int store_open(struct store *s, const char *directory) {
        _cleanup_close_ int fd = -1;

        *s = (struct store){.directory = directory, .fd = -1, .unread = -EUNATCH};
        fd = open_folder(directory);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        s->fd = TAKE_FD(fd);
        return 0;
}

void store_done(struct store *s) {
        if (s->fd >= 0)
                close(TAKE_FD(s->fd));
}

/* -EBADMSG for what is too large or no regular file. */
static int read_ledger(const struct store *s, struct buf *ret) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        fd = openat(s->fd, LEDGER_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return errno == ELOOP ? -EBADMSG : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        r = read_all(fd, ret);
        return r == -E2BIG ? -EBADMSG : r;
}

static int load(const struct store *s, struct ledger *ret) {
        _cleanup_buf_ struct buf text = BUF(LEDGER_TEXT_MAX);
        int r;

        if (s->fd < 0)
                return -EBADF;
        r = read_ledger(s, &text);
        if (r < 0)
                return r;
        return ledger_parse(buf_text(&text), text.len, ret);
}

static bool is_told(int r) {
        return r >= 0 || r == -ENOENT || r == -EBADMSG || r == -EPROTONOSUPPORT;
}

int store_load(struct store *s, struct ledger *ret) {
        int r = load(s, ret);

        s->unread = is_told(r) ? 0 : r;
        return r;
}

bool store_is_readable(const struct store *s) {
        struct store again = {.fd = -1};
        struct ledger ignored;
        bool readable;

        if (s->fd < 0 && store_open(&again, s->directory) < 0)
                return false;
        readable = is_told(load(s->fd < 0 ? &again : s, &ignored));
        store_done(&again);
        return readable;
}

/*
 * A disk that gives back something else than it took is found out here, if the kernel dropped the
 * pages as it was asked to; a rename that went elsewhere in any case.
 */
static int read_back(const struct store *s, const char *text) {
        _cleanup_buf_ struct buf found = BUF(LEDGER_TEXT_MAX);
        int r = read_ledger(s, &found);

        if (r < 0)
                return r;
        return strcmp(buf_text(&found), text) == 0 && found.len == strlen(text) ? 0 : -EIO;
}

static int replace_ledger(const struct store *s, const char *text) {
        static const struct file_write how = {LEDGER_TEMP, LEDGER_MODE, FILE_OWNER_SELF, true};
        int r;

        r = file_replace_at(s->fd, LEDGER_NAME, text, &how);
        return r < 0 ? r : read_back(s, text);
}

int store_save(struct store *s, const struct ledger *l) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (s->unread < 0)
                return s->unread;
        r = ledger_format(l, &text);
        if (r < 0)
                return r;
        return replace_ledger(s, text);
}

static int is_aside(const struct dirent *d) {
        return strncmp(d->d_name, ASIDE "foreign-", strlen(ASIDE "foreign-")) == 0 ||
               strncmp(d->d_name, ASIDE "damaged-", strlen(ASIDE "damaged-")) == 0 ||
               strncmp(d->d_name, ASIDE "newer-", strlen(ASIDE "newer-")) == 0;
}

/* Behind the first dash are the times, which sort as texts. */
static int by_time(const struct dirent **a, const struct dirent **b) {
        return strcmp(strchrnul((*a)->d_name, '-'), strchrnul((*b)->d_name, '-'));
}

static void forget_oldest(int dir) {
        struct dirent **list = NULL;
        int n = scandirat(dir, ".", &list, is_aside, by_time);

        for (int i = 0; i < n; i++) {
                if (i < n - ASIDE_MAX)
                        (void)unlinkat(dir, list[i]->d_name, 0);
                free(list[i]);
        }
        free(list);
}

/*
 * A second name, not another one: the ledger keeps its own until the next save replaces it. Else a
 * crash between the two would leave no ledger at all, which is not damaged but new (law L10).
 */
static int link_free(int dir, const char *why, const char *when, char *ret, size_t size) {
        for (int i = 0; i < ASIDE_TRIES; i++) {
                if (i == 0)
                        snprintf(ret, size, ASIDE "%s-%s", why, when);
                else
                        snprintf(ret, size, ASIDE "%s-%s.%02d", why, when, i);
                if (linkat(dir, LEDGER_NAME, dir, ret, 0) >= 0)
                        return 0;
                /* A folder, or a file system without second names. */
                if (errno == EPERM && renameat2(dir, LEDGER_NAME, dir, ret, RENAME_NOREPLACE) >= 0)
                        return 0;
                if (errno != EEXIST)
                        return -errno;
        }
        return -EEXIST;
}

int store_set_aside(struct store *s, const char *why, int64_t wall_sec,
                    char ret_name[static STORE_NAME_SIZE]) {
        char when[RFC3339_SIZE], name[STORE_NAME_SIZE];
        int r;

        if (s->fd < 0)
                return -ENOENT;
        r = link_free(s->fd, why, time_format(wall_sec, when), name, sizeof(name));
        if (r < 0)
                return r;
        memcpy(ret_name, name, sizeof(name));
        forget_oldest(s->fd);
        return fsync(s->fd) < 0 ? -errno : 0;
}

/* Private until it is locked: a read lock of somebody else would be in the way. */
static int make_locked(const char *path) {
        _cleanup_close_ int fd = -1;
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

        (void)unlink(path);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd < 0)
                return -errno;
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0 || fchmod(fd, LOCK_MODE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int store_lock_alive(const char *path, const char *temp) {
        _cleanup_close_ int fd = make_locked(temp);

        if (fd < 0 || rename(temp, path) < 0) {
                int error = fd < 0 ? fd : -errno;

                (void)unlink(temp);
                return error;
        }
        return TAKE_FD(fd);
}

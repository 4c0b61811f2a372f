/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs /etc/ecs-pubip/changed.d when the address is another one than the last time. A path unit
 * starts it at a mark that the agent makes. It runs as root and the agent does not, so whatever the
 * agent has written is taken for hostile, and nothing of it may keep the service manager busy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hook_event.h"
#include "run.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/paths.h"
#include "util/read.h"

#define HOOKS_DIR  CONFIG_DIR "/changed.d"
#define STAMP_DIR  "/var/lib/ecs-pubip-hooks"
#define STAMP_NAME "stamp"
#define STAMP_TEMP "stamp.new"
#define READ_MAX   (64u * 1024)
#define STAMP_MAX  512
#define QUICKER_SEC                                                                                \
        2            /* no run is shorter: a mark that is made again and again is not worth more   \
                      */
#define STUCK_SEC 60 /* a mark that cannot be removed would start us at once again */

static int open_dir(int at, const char *name) {
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* The cause goes first, or the path unit would start us for ever. 0 also where there is none. */
static int remove_mark(int run_fd) {
        _cleanup_close_ int fd = open_dir(run_fd, MARKS_NAME);

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (unlinkat(fd, CHANGED_NAME, 0) < 0 && unlinkat(fd, CHANGED_NAME, AT_REMOVEDIR) < 0 &&
            errno != ENOENT)
                return -errno;
        return 0;
}

static int read_regular(int at, const char *name, struct buf *ret) {
        _cleanup_close_ int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? read_all(fd, ret) : -EBADMSG;
}

static void read_stamp(struct hook_stamp *ret) {
        _cleanup_buf_ struct buf text = BUF(STAMP_MAX);

        if (read_regular(AT_FDCWD, STAMP_DIR "/" STAMP_NAME, &text) < 0)
                buf_clear(&text);
        hook_stamp_parse(buf_text(&text), ret);
}

static int write_stamp(const struct hook_stamp *s) {
        _cleanup_close_ int dir = -1, fd = -1;
        char text[STAMP_MAX];
        size_t len;

        (void)mkdir(STAMP_DIR, 0700);
        dir = open_dir(AT_FDCWD, STAMP_DIR);
        if (dir < 0)
                return dir;
        fd = openat(dir, STAMP_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        hook_stamp_format(s, text, sizeof(text));
        len = strlen(text);
        if (write(fd, text, len) != (ssize_t)len || fsync(fd) < 0)
                return -EIO;
        return renameat(dir, STAMP_TEMP, dir, STAMP_NAME) < 0 ? -errno : 0;
}

/* 0, also where there is nothing to do; what went wrong is told by whoever knows it. */
static int run_hooks(int run_fd) {
        _cleanup_buf_ struct buf text = BUF(READ_MAX);
        char space[EVENT_ENV_MAX][EVENT_ENV_SIZE], *environment[EVENT_ENV_MAX];
        struct hook_event e;
        struct hook_stamp stamp;
        int r;

        read_stamp(&stamp);
        r = read_regular(run_fd, STATUS_NAME, &text);
        if (r >= 0)
                r = hook_event_read(buf_text(&text), text.len, &stamp, &e);
        if (r == -EAGAIN || r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        if (hook_event_is_done(&e, &stamp))
                return 0;
        hook_event_environment(&e, space, environment);
        r = run_folder(HOOKS_DIR, environment);
        if (r <= 0)
                return r == -ENOENT ? 0 : r;
        hook_event_stamp(&e, &stamp);
        return write_stamp(&stamp);
}

static void sleep_until(time_t begin, unsigned seconds) {
        const struct timespec end = {.tv_sec = begin + (time_t)seconds};

        while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &end, NULL) == EINTR)
                ;
}

int main(void) {
        _cleanup_close_ int run_fd = -1;
        struct timespec begin;
        int r;

        descriptors_fill(1);
        clock_gettime(CLOCK_BOOTTIME, &begin);
        run_fd = open_dir(AT_FDCWD, RUN_DIR);
        r = run_fd < 0 ? run_fd : remove_mark(run_fd);
        if (r < 0) {
                fprintf(stderr, MARKS_DIR "/" CHANGED_NAME " cannot be removed: %s\n",
                        strerror(-r));
                sleep_until(begin.tv_sec, STUCK_SEC);
                return 0;
        }
        r = run_hooks(run_fd);
        if (r < 0)
                fprintf(stderr, "The hooks cannot be run: %s\n", strerror(-r));
        sleep_until(begin.tv_sec, QUICKER_SEC);
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for changes in the agent's run folder, which may not exist yet or go and come back. */
#include "folder.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "host/clock.h"
#include "util/paths.h"

#define PARENT_DIR  "/run"
#define FOLDER_NAME "ecs-pubip"

#define CAME_OR_WENT (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM)
/* Closed for writing: by its agent, who holds the lock file so. Others' looks are no events. */
#define FOLDER_MASK (CAME_OR_WENT | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_MASK (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

/*
 * The kernel reports the closing of a file before it drops the file's locks, so the agent that has
 * just died still looks alive for a moment.
 */
#define LOOK_AGAIN_USEC (100 * USEC_PER_MSEC)

/* Without inotify (a user may have 128 of them on the whole machine): a look now and then. */
#define POLL_USEC USEC_PER_SEC

/* Used up: not a reason to fail, but to look now and then instead. */
static int folder_blind(struct folder *f, int error) {
        if (error != -EMFILE && error != -ENFILE && error != -ENOSPC && error != -ENOMEM)
                return error;
        close_p(&f->inotify_fd);
        f->inotify_fd = f->folder_wd = f->parent_wd = -1;
        return 0;
}

/* The parent first: the folder may come between the two calls. */
static int folder_arm(struct folder *f) {
        int wd;

        wd = inotify_add_watch(f->inotify_fd, PARENT_DIR, PARENT_MASK);
        if (wd < 0)
                return folder_blind(f, -errno);
        f->parent_wd = wd;
        f->folder_wd = inotify_add_watch(f->inotify_fd, RUN_DIR, FOLDER_MASK);
        if (f->folder_wd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : folder_blind(f, -errno);
        inotify_rm_watch(f->inotify_fd, TAKE_FD(f->parent_wd));
        return 0;
}

int folder_open(struct folder *ret) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        int r;

        f.timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (f.timer_fd < 0)
                return -errno;
        f.inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        r = f.inotify_fd < 0 ? folder_blind(&f, -errno) : folder_arm(&f);
        if (r < 0)
                return r;
        *ret = TAKE(f, FOLDER_NONE);
        return 0;
}

void folder_done(struct folder *f) {
        close_p(&f->inotify_fd);
        close_p(&f->timer_fd);
        *f = FOLDER_NONE;
}

/* True if the event may mean that a snapshot taken now differs from the last one. */
static bool event_counts(struct folder *f, const struct inotify_event *e) {
        const char *name = e->len > 0 ? e->name : "";

        if (e->mask & IN_Q_OVERFLOW)
                return true;
        if (e->wd == f->parent_wd)
                return strcmp(name, FOLDER_NAME) == 0;
        if (e->wd != f->folder_wd)
                return false;
        if (strcmp(name, STATUS_NAME) == 0)
                return e->mask & (CAME_OR_WENT | IN_CLOSE_WRITE);
        /* The agent takes it away when it has read it, and its status may stay as it is. */
        if (strcmp(name, RESUME_NAME) == 0)
                return e->mask & IN_DELETE;
        if (strcmp(name, LOCK_NAME) == 0) {
                f->look_again = true;
                return true;
        }
        return e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED);
}

/* True if the folder came or went: what is watched is then no longer what it was. */
static bool event_moves(const struct folder *f, const struct inotify_event *e) {
        if (e->wd == f->parent_wd)
                return true;
        return e->wd == f->folder_wd && (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED));
}

static int folder_arm_again(struct folder *f) {
        if (f->folder_wd >= 0)
                inotify_rm_watch(f->inotify_fd, TAKE_FD(f->folder_wd));
        return folder_arm(f);
}

/* 1 if something counted, 0 if not. */
static int folder_read(struct folder *f) {
        char space[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        bool counts = false, moved = false;
        ssize_t n;
        int r;

        n = read(f->inotify_fd, space, sizeof(space));
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (char *p = space; p < space + n;) {
                const struct inotify_event *e = (const struct inotify_event *)(void *)p;

                moved = event_moves(f, e) || moved;
                counts = event_counts(f, e) || counts;
                p += sizeof(*e) + e->len;
        }
        if (!moved)
                return counts;
        r = folder_arm_again(f);
        return r < 0 ? r : counts || f->folder_wd >= 0;
}

static int folder_set_timer(struct folder *f, uint64_t when) {
        struct itimerspec spec = {};

        if (when != CLOCK_NEVER) {
                spec.it_value.tv_sec = (time_t)(when / USEC_PER_SEC);
                spec.it_value.tv_nsec = (long)(when % USEC_PER_SEC * 1000);
                if (when == 0)
                        spec.it_value.tv_nsec = 1; /* all zero would disarm it */
        }
        return timerfd_settime(f->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

int folder_wait(struct folder *f, uint64_t deadline, int reader_fd) {
        uint64_t when = deadline, soon = CLOCK_NEVER;
        int r;

        if (TAKE(f->look_again, false))
                soon = clock_boot_usec() + LOOK_AGAIN_USEC;
        else if (f->inotify_fd < 0)
                soon = clock_boot_usec() + POLL_USEC;
        if (soon < deadline)
                when = soon;
        r = folder_set_timer(f, when);
        if (r < 0)
                return r;
        for (;;) {
                struct pollfd fds[] = {
                        {.fd = f->inotify_fd, .events = POLLIN},
                        {.fd = f->timer_fd, .events = POLLIN},
                        {.fd = reader_fd},
                };

                if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
                        return -EPIPE;
                if (fds[0].revents) {
                        r = folder_read(f);
                        if (r != 0)
                                return r;
                }
                if (fds[1].revents)
                        return when < deadline ? 1 : 0;
        }
}

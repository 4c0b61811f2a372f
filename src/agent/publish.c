/* SPDX-License-Identifier: Apache-2.0 */
/* Files in /run need no fsync: they end with the boot that they tell of. */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/paths.h"

#define PATH_SIZE    256
#define PUBLIC_MODE  0644
#define FOLDER_MODE  0755
#define STATUS_FILE  "status.json"
#define METRICS_FILE "metrics.prom"
#define HISTORY_FILE "history"

/*
 * The words of an earlier agent go before this one's lock shows that it lives: whoever sees the
 * lock takes the file for its own.
 */
void publish_init(struct publish *p, const char *directory) {
        char path[PATH_SIZE];

        *p = (struct publish){.directory = directory};
        (void)mkdir(directory, FOLDER_MODE); /* what matters is whether files can be written */
        snprintf(path, sizeof(path), "%s/" STATUS_FILE, directory);
        (void)unlink(path);
}

void publish_done(struct publish *p) {
        free(TAKE_PTR(p->status));
        free(TAKE_PTR(p->metrics));
        free(TAKE_PTR(p->history));
        free(TAKE_PTR(p->line));
}

static int write_file(const char *path, const char *text) {
        _cleanup_close_ int fd = -1;
        size_t len = strlen(text);
        ssize_t n;

        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PUBLIC_MODE);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, PUBLIC_MODE) < 0)
                return -errno;
        n = write(fd, text, len);
        if (n < 0)
                return -errno;
        return (size_t)n == len ? 0 : -ENOSPC;
}

/*
 * Where there is no room for both, the old one goes first: what is out of date is worse than
 * nothing for a moment, or for as long as there is no room at all.
 */
static int replace_file(const char *directory, const char *name, const char *text) {
        char path[PATH_SIZE], temp[PATH_SIZE];
        int r;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        snprintf(temp, sizeof(temp), "%s/.%s.new", directory, name);
        (void)unlink(temp);
        r = write_file(temp, text);
        if (r < 0) {
                (void)unlink(temp);
                (void)unlink(path);
                r = write_file(temp, text);
        }
        if (r >= 0 && rename(temp, path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(temp);
        return r;
}

/* Takes note of what was published; false if it was that already. */
static bool is_news(char **last, const char *text) {
        if (*last && strcmp(*last, text) == 0)
                return false;
        free(*last);
        *last = strdup(text);
        return true;
}

static int replace_if_news(struct publish *p, char **last, const char *name, const char *text) {
        int r;

        if (!is_news(last, text))
                return 0;
        r = replace_file(p->directory, name, text);
        if (r < 0)
                free(TAKE_PTR(*last));
        return r;
}

int publish_status(struct publish *p, const char *json) {
        return replace_if_news(p, &p->status, STATUS_FILE, json);
}

int publish_metrics(struct publish *p, const char *text) {
        return replace_if_news(p, &p->metrics, METRICS_FILE, text);
}

int publish_history(struct publish *p, const char *text) {
        return replace_if_news(p, &p->history, HISTORY_FILE, text);
}

int publish_changed(struct publish *p) {
        char path[PATH_SIZE];
        int r;

        snprintf(path, sizeof(path), "%s/" MARKS_NAME, p->directory);
        (void)mkdir(path, FOLDER_MODE); /* what matters is whether the mark can be made */
        snprintf(path, sizeof(path), "%s/" MARKS_NAME "/" CHANGED_NAME, p->directory);
        r = write_file(path, "");
        return r == -EEXIST ? 0 : r;
}

int publish_mark(struct publish *p, const char *name, bool there) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s/%s", p->directory, name);
        if (!there)
                return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
        return access(path, F_OK) >= 0 ? 0 : replace_file(p->directory, name, "");
}

void publish_line(struct publish *p, const char *line) {
        if (is_news(&p->line, line))
                (void)sd_notifyf(0, "STATUS=%s", line);
}

void publish_ready(void) {
        (void)sd_notify(0, "READY=1");
}

/* MONOTONIC_USEC belongs to it from systemd 253 on and is ignored before. */
void publish_reloading(void) {
        struct timespec t;

        if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
                return;
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                         (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
}

void publish_stopping(void) {
        (void)sd_notify(0, "STOPPING=1");
}

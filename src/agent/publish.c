/* SPDX-License-Identifier: Apache-2.0 */
/* Files in /run need no fsync: they end with the boot that they tell of. */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "util/cleanup.h"
#include "util/paths.h"

#define PATH_SIZE    256
#define PUBLIC_MODE  0644
#define FOLDER_MODE  0755
#define STATUS_FILE  "status.json"
#define METRICS_FILE "metrics.prom"
#define HISTORY_FILE "history"
#define MARKS        MARKS_NAME

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
}

/*
 * Where there is no room for both, the old one goes first: what is out of date is worse than
 * nothing for a moment, or for as long as there is no room at all.
 */
static int replace_file(const char *directory, const char *name, const char *text) {
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char temporary[NAME_MAX + 1];
        const struct file_write how = {temporary, PUBLIC_MODE, FILE_OWNER_SELF, false};
        int r;

        if (fd < 0)
                return -errno;
        snprintf(temporary, sizeof(temporary), ".%.200s.new", name);
        r = file_replace_at(fd, name, text, &how);
        if (r >= 0)
                return r;
        (void)unlinkat(fd, name, 0);
        return file_replace_at(fd, name, text, &how);
}

/* Takes note of what was published; false if it was that already. */
static bool take_note(char **last, const char *text) {
        if (*last && strcmp(*last, text) == 0)
                return false;
        free(*last);
        *last = strdup(text);
        return true;
}

static int replace_if_news(struct publish *p, char **last, const char *name, const char *text) {
        int r;

        if (!take_note(last, text))
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
        _cleanup_close_ int fd = -1;
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s/" MARKS, p->directory);
        (void)mkdir(path, FOLDER_MODE); /* what matters is whether the mark can be made */
        snprintf(path, sizeof(path), "%s/" MARKS "/" CHANGED_NAME, p->directory);
        fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, PUBLIC_MODE);
        return fd < 0 ? -errno : 0;
}

/* Beside the files that are replaced all the time each path unit would wake for each of them. */
static int make_mark(const char *folder, const char *mark, const char *link, const char *name) {
        char to[PATH_SIZE];
        int r = 0;

        (void)mkdir(folder, FOLDER_MODE); /* what matters is whether the mark can be made */
        if (access(mark, F_OK) < 0)
                r = replace_file(folder, name, "");
        snprintf(to, sizeof(to), MARKS "/%s", name);
        if (r >= 0 && access(link, F_OK) < 0 && symlink(to, link) < 0 && errno != EEXIST)
                r = -errno;
        return r;
}

int publish_mark(struct publish *p, const char *name, bool there) {
        char folder[PATH_SIZE], mark[PATH_SIZE], link[PATH_SIZE];

        snprintf(folder, sizeof(folder), "%s/" MARKS, p->directory);
        snprintf(mark, sizeof(mark), "%s/" MARKS "/%s", p->directory, name);
        snprintf(link, sizeof(link), "%s/%s", p->directory, name);
        if (there)
                return make_mark(folder, mark, link, name);
        if ((unlink(mark) < 0 && errno != ENOENT) || (unlink(link) < 0 && errno != ENOENT))
                return -errno;
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "host/config_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/read.h"
#include "util/text.h"

#define DROPINS_MAX 256 /* more of them is a mistake, not a configuration */
#define SUFFIX      ".conf"

/* Strongest last: a name found again replaces the one before (masks it). */
static const char *const directories[] = {
        "/usr/lib/ecs-pubip/ecs-pubip.conf.d",
        "/run/ecs-pubip/ecs-pubip.conf.d",
        "/etc/ecs-pubip/ecs-pubip.conf.d",
};
#define N_DIRECTORIES (sizeof(directories) / sizeof(directories[0]))
#define RUN_DIRECTORY 1 /* the agent may make things beside it, or in its place */

struct dropin {
        size_t directory;
        char name[NAME_MAX + 1];
};

/* One loading: where the parts meet. */
struct load {
        const char *root;
        struct config *config;
        struct config_origins *origins, unwanted;
        config_problem_fn report;
        void *userdata;
        int n_errors;
        bool is_partial; /* something could not be read now */
        size_t n_dropins;
        struct dropin dropins[DROPINS_MAX];
        int folders[N_DIRECTORIES]; /* open while their files are read; -1: none */
};

DEFINE_CLEANUP(DIR *, closedir)

/* Of the machine at this moment, or of rights that a person is about to give. */
static bool is_transient(int error) {
        static const int passing[] = {EMFILE, ENFILE, ENOMEM, EIO,       EINTR,
                                      ESTALE, EACCES, EAGAIN, ETIMEDOUT, ENOBUFS};

        for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
                if (passing[i] == error)
                        return true;
        return false;
}

static void load_problem(struct load *l, const char *path, const char *what) {
        struct config_problem p = {.is_error = true};

        text_copy_printable(p.place, sizeof(p.place), path);

        /* A path near PATH_MAX is cut here: the text is for a person. */
        snprintf(p.text, sizeof(p.text), "%.300s: %.200s", path, what);
        l->n_errors++;
        l->report(&p, l->userdata);
}

static void load_error(struct load *l, const char *path, int error) {
        struct config_problem p = {.is_error = true, .is_transient = is_transient(error)};

        text_copy_printable(p.place, sizeof(p.place), path);
        snprintf(p.text, sizeof(p.text), "%.300s: %.200s", path, strerror(error));
        l->n_errors++;
        l->is_partial = l->is_partial || p.is_transient;
        l->report(&p, l->userdata);
}

/* How systemd spells "this file is masked": a link to the null device. */
static bool is_null_device(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* 0, or a negative errno; *ret_why is what is wrong with the file itself, NULL if nothing is. */
static int read_text(int fd, struct buf *text, const char **ret_why) {
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (is_null_device(&st))
                return 0;
        if (!S_ISREG(st.st_mode)) {
                *ret_why = "is not a regular file";
                return 0;
        }
        r = read_all(fd, text);
        if (r != -E2BIG)
                return r;
        *ret_why = "is larger than 64 KiB";
        return 0;
}

/* Also not as a link that leads nowhere, which is somebody's mistake. */
static bool is_missing(int folder, const char *name) {
        return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/*
 * The main file may be missing, and a drop-in may have gone since its folder was listed. Never
 * blocks: a FIFO is opened without a writer, and refused.
 */
static int load_file(struct load *l, int folder, const char *name, const char *path) {
        _cleanup_close_ int fd = -1;
        _cleanup_buf_ struct buf text = BUF(CONFIG_FILE_MAX);
        const char *why = NULL;
        int n;

        fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
                int error = errno;

                if (!is_missing(folder, name))
                        load_error(l, path, error);
                return 0;
        }
        n = read_text(fd, &text, &why);
        if (n < 0)
                load_error(l, path, -n);
        else if (why)
                load_problem(l, path, why);
        if (n < 0 || why)
                return 0;
        n = config_parse(l->config, path, buf_text(&text), text.len, l->origins, l->report,
                         l->userdata);
        if (n < 0)
                return n;
        l->n_errors += n;
        return 0;
}

static bool is_dropin(const char *name) {
        size_t n = strlen(name);

        return name[0] != '.' && n > strlen(SUFFIX) && n <= NAME_MAX &&
               strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* False when there are too many. */
static bool dropin_add(struct load *l, size_t directory, const char *name) {
        struct dropin *d = l->dropins;

        while (d < l->dropins + l->n_dropins && strcmp(d->name, name) != 0)
                d++;
        if (d == l->dropins + DROPINS_MAX)
                return false;
        if (d == l->dropins + l->n_dropins)
                l->n_dropins++;
        d->directory = directory;
        snprintf(d->name, sizeof(d->name), "%s", name);
        return true;
}

/*
 * The agent's user can make this folder where there is none, but the cloud process and root's own
 * commands read it too: it counts only if root alone can have made it (or whoever owns all of
 * `root`).
 */
static bool may_be_trusted(const struct load *l, int fd) {
        struct stat st, top;

        if (fstat(fd, &st) < 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return false;
        return st.st_uid == 0 ||
               (stat(*l->root ? l->root : "/", &top) >= 0 && st.st_uid == top.st_uid);
}

/* -1 where there is none, or none to be read; then that was said. */
static int open_directory(struct load *l, size_t directory, const char *path) {
        int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
        struct config_problem p = {.is_error = false};
        _cleanup_close_ int fd = -1;

        fd = open(path, directory == RUN_DIRECTORY ? flags | O_NOFOLLOW : flags);
        if (fd < 0) {
                if (errno != ENOENT)
                        load_error(l, path, errno);
                return -1;
        }
        if (directory != RUN_DIRECTORY || may_be_trusted(l, fd))
                return TAKE_FD(fd);
        snprintf(p.text, sizeof(p.text), "%.300s: is not root's alone, so it is ignored", path);
        l->report(&p, l->userdata);
        return -1;
}

static void list_directory(struct load *l, size_t directory) {
        _cleanup_(closedir_p) DIR *dir = NULL;
        char path[PATH_MAX];
        struct dirent *entry;
        int copy;

        snprintf(path, sizeof(path), "%s%s", l->root, directories[directory]);
        l->folders[directory] = open_directory(l, directory, path);
        if (l->folders[directory] < 0)
                return;
        copy = fcntl(l->folders[directory], F_DUPFD_CLOEXEC, 3);
        dir = copy < 0 ? NULL : fdopendir(copy);
        if (!dir) {
                load_error(l, path, errno);
                close_p(&copy);
                return;
        }
        for (errno = 0; (entry = readdir(dir)); errno = 0) {
                if (is_dropin(entry->d_name) && !dropin_add(l, directory, entry->d_name)) {
                        load_problem(l, path, "holds too many files");
                        return;
                }
        }
        if (errno != 0)
                load_error(l, path, errno);
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

static int load_dropins(struct load *l) {
        char path[PATH_MAX];
        int r;

        for (size_t i = 0; i < N_DIRECTORIES; i++)
                list_directory(l, i);
        qsort(l->dropins, l->n_dropins, sizeof(l->dropins[0]), by_name);
        for (size_t i = 0; i < l->n_dropins; i++) {
                const struct dropin *d = &l->dropins[i];

                snprintf(path, sizeof(path), "%s%s/%s", l->root, directories[d->directory],
                         d->name);
                r = load_file(l, l->folders[d->directory], d->name, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static struct load *load_new(void) {
        struct load *l = calloc(1, sizeof(*l));

        for (size_t i = 0; l && i < N_DIRECTORIES; i++)
                l->folders[i] = -1;
        return l;
}

static void load_free(struct load *l) {
        for (size_t i = 0; i < N_DIRECTORIES; i++)
                close_p(&l->folders[i]);
        free(l);
}
DEFINE_CLEANUP(struct load *, load_free)

int config_load_root(const char *root, struct config *ret, struct config_origins *o,
                     config_problem_fn report, void *userdata) {
        _cleanup_(load_free_p) struct load *l = load_new();
        char path[PATH_MAX];
        int r;

        config_defaults(ret);
        if (!l)
                return -ENOMEM;
        l->root = root;
        l->config = ret;
        l->origins = o ? o : &l->unwanted;
        for (size_t i = 0; i < CONFIG_KEYS_MAX; i++)
                TEXT_SET(l->origins->origin[i], "default");
        l->report = report;
        l->userdata = userdata;
        snprintf(path, sizeof(path), "%s%s", root, CONF_MAIN);
        r = load_file(l, AT_FDCWD, path, path);
        if (r >= 0)
                r = load_dropins(l);
        if (r >= 0 && !l->is_partial) /* half of it may contradict itself */
                r = config_check(ret, report, userdata);
        return r < 0 ? r : l->n_errors + r;
}

int config_load(struct config *ret, struct config_origins *o, config_problem_fn report,
                void *userdata) {
        return config_load_root("", ret, o, report, userdata);
}

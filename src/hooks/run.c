/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is run is what was looked at: each file is opened, looked at by fstat(2) and executed by
 * that descriptor, so nothing can be put in its place in between.
 */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/text.h"

#define NAMES_MAX 64
#define NAME_CHARS                                                                                 \
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-" /* run-parts(8) */

DEFINE_CLEANUP(DIR *, closedir)

struct names {
        size_t n;
        char name[NAMES_MAX][NAME_MAX + 1];
};

static void tell(const char *name, const char *what) {
        fprintf(stderr, "%s: %s\n", name, what);
}

/* NULL, or why nobody but root may be the only one to have a say here. */
static const char *untrusted(const struct stat *st) {
        if (st->st_uid != 0)
                return "skipped: it is not root's";
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return "skipped: others than root may write to it";
        return NULL;
}

static const char *unusable(const struct stat *st) {
        if (!S_ISREG(st->st_mode))
                return "skipped: it is no regular file";
        if (st->st_mode & (S_ISUID | S_ISGID))
                return "skipped: it is setuid or setgid";
        if (!(st->st_mode & S_IXUSR))
                return "skipped: it is not executable";
        return untrusted(st);
}

static int open_folder(const char *folder) {
        _cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        const char *why;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        why = untrusted(&st);
        if (why) {
                tell(folder, why);
                return -EPERM;
        }
        return TAKE_FD(fd);
}

static int by_name(const void *a, const void *b) {
        return strcmp(a, b);
}

static void add_name(struct names *names, const char *name) {
        char shown[NAME_MAX + 1];

        if (name[0] == '.')
                return;
        text_copy_printable(shown, sizeof(shown), name);
        if (name[strspn(name, NAME_CHARS)] != '\0')
                tell(shown, "skipped: only letters, digits, '_' and '-' may be in a name");
        else if (names->n == NAMES_MAX)
                tell(shown, "skipped: there are too many");
        else
                text_copy(names->name[names->n++], NAME_MAX + 1, name);
}

static int list_names(int folder_fd, struct names *ret) {
        _cleanup_(closedir_p) DIR *folder = NULL;
        struct dirent *entry;
        int fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return -errno;
        folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        ret->n = 0;
        for (errno = 0; (entry = readdir(folder)); errno = 0)
                add_name(ret, entry->d_name);
        if (errno != 0)
                return -errno;
        qsort(ret->name, ret->n, sizeof(ret->name[0]), by_name);
        return 0;
}

/* A script's interpreter opens the descriptor by its name, so it must be there after exec. */
static void become(int fd, const char *name, char *const environment[]) {
        char *const arguments[] = {(char *)name, NULL};
        int null = open("/dev/null", O_RDONLY);
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setpgid(0, 0);
        umask(077);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || chdir("/") < 0 || fcntl(fd, F_SETFD, 0) < 0)
                _exit(126);
        fexecve(fd, arguments, environment);
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        _exit(126);
}

static int64_t now_sec(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return t.tv_sec;
}

/* SIGCHLD is blocked, so none is missed between the look and the wait. */
static bool await(pid_t pid, int *ret_status) {
        int64_t deadline = now_sec() + RUN_TIMEOUT_SEC;
        sigset_t child;

        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        for (;;) {
                struct timespec left = {.tv_sec = 1};

                if (waitpid(pid, ret_status, WNOHANG) == pid)
                        return true;
                if (now_sec() >= deadline)
                        break;
                (void)sigtimedwait(&child, NULL, &left);
        }
        kill(-pid, SIGKILL);
        waitpid(pid, ret_status, 0);
        return false;
}

static void run_one(int fd, const char *name, char *const environment[]) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
                become(fd, name, environment);
        if (pid < 0) {
                tell(name, strerror(errno));
                return;
        }
        setpgid(pid, pid); /* whoever of the two is first */
        if (!await(pid, &status))
                fprintf(stderr, "%s: killed after %d s\n", name, RUN_TIMEOUT_SEC);
        else if (WIFSIGNALED(status))
                fprintf(stderr, "%s: ended by signal %d\n", name, WTERMSIG(status));
        else if (WEXITSTATUS(status) != 0)
                fprintf(stderr, "%s: exit status %d\n", name, WEXITSTATUS(status));
        else
                tell(name, "done");
}

/* True if it was run, well or not. */
static bool look_and_run(int folder_fd, const char *name, char *const environment[]) {
        _cleanup_close_ int fd =
                openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;
        const char *why;

        if (fd < 0 || fstat(fd, &st) < 0)
                why = errno == ELOOP ? "skipped: it is a link" : strerror(errno);
        else
                why = unusable(&st);
        if (why) {
                tell(name, why);
                return false;
        }
        run_one(fd, name, environment);
        return true;
}

int run_folder(const char *folder, char *const environment[]) {
        static struct names names;
        _cleanup_close_ int fd = open_folder(folder);
        sigset_t child;
        int r, n = 0;

        if (fd < 0)
                return fd;
        r = list_names(fd, &names);
        if (r < 0)
                return r;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child, NULL);
        for (size_t i = 0; i < names.n; i++)
                n += look_and_run(fd, names.name[i], environment);
        return n;
}

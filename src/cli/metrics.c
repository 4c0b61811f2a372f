/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip metrics`: prints them, or links them into the folder of node_exporter's collector. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "host/file.h"
#include "out.h"
#include "util/cleanup.h"
#include "util/paths.h"

#define LINK_NAME   "ecs-pubip.prom"
#define METRICS_MAX (64u * 1024)

/* Where the collector of each distribution's package looks. */
static const char *const folders[] = {
        "/var/lib/prometheus/node-exporter",
        "/var/lib/node_exporter/textfile_collector",
        "/var/lib/prometheus/node_exporter",
};
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void link_path(size_t i, char ret[static PATH_MAX]) {
        snprintf(ret, PATH_MAX, "%s/" LINK_NAME, folders[i]);
}

static bool is_ours(const char *path) {
        char target[sizeof(METRICS_PATH) + 1];
        ssize_t n = readlink(path, target, sizeof(target));

        return n == (ssize_t)strlen(METRICS_PATH) && memcmp(target, METRICS_PATH, (size_t)n) == 0;
}

static int disable(void) {
        unsigned n = 0;

        for (size_t i = 0; i < N_FOLDERS; i++) {
                char path[PATH_MAX];

                link_path(i, path);
                if (!is_ours(path))
                        continue;
                if (unlink(path) < 0) {
                        out_complain("cannot remove %s: %s", path, strerror(errno));
                        return EXIT_FAILED;
                }
                n++;
        }
        return out_line(n > 0 ? "The link is removed" : "There is no link", EXIT_DONE);
}

/* What is not there yet would dangle, and make the collector report an error. */
static int make_file(void) {
        static const char before[] =
                "# HELP ecs_pubip_up 1 while the agent runs; its unit writes 0 "
                "when it has ended.\n# TYPE ecs_pubip_up gauge\n"
                "ecs_pubip_up 0\n# EOF\n";

        return access(METRICS_PATH, F_OK) >= 0 ? 0 : file_replace(RUN_DIR, METRICS_NAME, before);
}

static int enable(void) {
        for (size_t i = 0; i < N_FOLDERS; i++) {
                _cleanup_buf_ struct buf said = BUF(PATH_MAX);
                char path[PATH_MAX];
                int r;

                if (access(folders[i], F_OK) < 0)
                        continue;
                link_path(i, path);
                r = make_file();
                if (r >= 0 && !is_ours(path) && symlink(METRICS_PATH, path) < 0)
                        r = -errno;
                if (r < 0) {
                        out_complain("cannot make %s: %s", path, strerror(-r));
                        return EXIT_FAILED;
                }
                buf_printf(&said, "%s is a link to " METRICS_PATH, path);
                return out_line(buf_text(&said), EXIT_DONE);
        }
        out_complain("there is no folder of a textfile collector here, such as %s; install "
                     "node_exporter, or link " METRICS_PATH " into the one that it is told",
                     folders[0]);
        return EXIT_FAILED;
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_free_ char *metrics = NULL;
        size_t len;
        int r;

        if ((o->enable || o->disable) && geteuid() != 0) {
                out_complain("metrics: to change the link needs root; try: sudo ecs-pubip metrics "
                             "--%s",
                             o->enable ? "enable" : "disable");
                return EXIT_USAGE;
        }
        if (o->disable)
                return disable();
        if (o->enable)
                return enable();
        r = file_read(METRICS_PATH, METRICS_MAX, &metrics, &len);
        if (r == -ENOENT)
                return out_line("# The agent has not run in this boot", EXIT_NO_AGENT);
        if (r < 0)
                return r;
        buf_add(&text, metrics, len);
        return out_text(&text, EXIT_DONE);
}

const struct command command_metrics = {
        .name = "metrics",
        .options = OPTION_ENABLE | OPTION_DISABLE,
        .help = "Print the metrics, or link them for node_exporter",
        .more = "The link is made in the folder of the textfile collector.\nTo enable or "
                "disable it needs root.",
        .run = run,
};

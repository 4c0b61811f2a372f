/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip seal`: forgets this instance, for those who make an image of it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "command.h"
#include "host/file.h"
#include "out.h"
#include "snapshot.h"
#include "util/cleanup.h"
#include "util/paths.h"

DEFINE_CLEANUP(DIR *, closedir)

static int complain(const char *what, const char *name) {
        out_complain("cannot %s " STATE_DIR "%s%s: %s", what, *name ? "/" : "", name,
                     strerror(errno));
        return EXIT_FAILED;
}

static int remove_all(DIR *folder) {
        struct dirent *entry;

        for (errno = 0; (entry = readdir(folder)); errno = 0) {
                const char *name = entry->d_name;

                if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                        continue;
                if (unlinkat(dirfd(folder), name, 0) < 0 && errno != ENOENT)
                        return complain("remove", name);
        }
        if (errno != 0)
                return complain("read", "");
        return fsync(dirfd(folder)) < 0 ? complain("write", "") : EXIT_DONE;
}

static int refuse(void) {
        out_complain("the agent runs and would write its state again; stop it first: "
                     "sudo systemctl stop ecs-pubip");
        return EXIT_NOT_YET;
}

static int forget(DIR *folder, bool json) {
        int r = folder ? remove_all(folder) : EXIT_DONE;

        if (r != EXIT_DONE)
                return r;
        r = file_remove(CONFIG_DIR, HOLD_NAME);
        if (r < 0 && r != -ENOENT) {
                out_complain("cannot remove " HOLD_PATH ": %s", strerror(-r));
                return EXIT_FAILED;
        }
        return out_result(json, "Nothing of this instance is left in " STATE_DIR, EXIT_DONE);
}

static int run(const struct options *o) {
        _cleanup_(closedir_p) DIR *folder = NULL;
        int r;

        r = snapshot_alive();
        if (r != 0)
                return r < 0 ? r : refuse();
        folder = opendir(STATE_DIR);
        if (!folder && errno != ENOENT)
                return -errno;
        /* The agent's own lock, kept to the end: none can start between our look and the last word.
         */
        if (folder && flock(dirfd(folder), LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? refuse() : -errno;
        return forget(folder, o->json);
}

const struct command command_seal = {
        .name = "seal",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "Forget this instance, before making an image",
        .more = "Removes the agent's state and the hold. Refuses while the agent runs.",
        .run = run,
};

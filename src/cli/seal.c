/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip seal`: forgets this instance, for those who make an image of it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "out.h"
#include "snapshot.h"
#include "util/cleanup.h"
#include "util/paths.h"

DEFINE_CLEANUP(DIR *, closedir)

static int remove_all(DIR *folder) {
        struct dirent *entry;

        for (errno = 0; (entry = readdir(folder)); errno = 0) {
                const char *name = entry->d_name;

                if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                        continue;
                if (unlinkat(dirfd(folder), name, 0) < 0 && errno != ENOENT) {
                        out_complain("cannot remove " STATE_DIR "/%s: %s", name, strerror(errno));
                        return -errno;
                }
        }
        if (errno != 0 || fsync(dirfd(folder)) < 0)
                return -errno;
        return 0;
}

static int refuse(void) {
        out_complain("the agent runs and would write its state again; stop it first: "
                     "sudo systemctl stop ecs-pubip");
        return EXIT_NOT_YET;
}

/* An exit status, or a negative errno that nobody has reported. */
static int empty_state(void) {
        _cleanup_(closedir_p) DIR *folder = NULL;

        folder = opendir(STATE_DIR);
        if (!folder)
                return errno == ENOENT ? EXIT_DONE : -errno;
        /* The agent's own lock: none can start between our look and our removing. */
        if (flock(dirfd(folder), LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? refuse() : -errno;
        return remove_all(folder) < 0 ? EXIT_FAILED : EXIT_DONE;
}

int command_seal(const struct options *o) {
        int r;

        (void)o;
        r = snapshot_alive();
        if (r != 0)
                return r < 0 ? r : refuse();
        r = empty_state();
        if (r != EXIT_DONE)
                return r;
        r = file_remove(CONFIG_DIR, HOLD_NAME);
        if (r < 0 && r != -ENOENT) {
                out_complain("cannot remove " HOLD_PATH ": %s", strerror(-r));
                return EXIT_FAILED;
        }
        return out_line("Nothing of this instance is left in " STATE_DIR, EXIT_DONE);
}

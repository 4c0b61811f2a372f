/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip resume`: releases the brake and ends every wait that the server did not ask for. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "folder.h"
#include "host/clock.h"
#include "host/file.h"
#include "out.h"
#include "snapshot.h"
#include "util/paths.h"

#define ANSWER_USEC (15 * USEC_PER_SEC) /* the agent only has to notice */

static bool was_heard(const struct snapshot *s) {
        return access(RESUME_PATH, F_OK) < 0 && !s->status.held;
}

/* The agent unlinks the file that asks it, and its status is no longer held. */
static int await(struct folder *f, bool json) {
        uint64_t deadline = clock_boot_usec() + ANSWER_USEC;
        struct snapshot s;
        int r;

        for (;;) {
                r = snapshot_take(&s);
                if (r < 0)
                        return r;
                if (!s.alive) {
                        unlink(RESUME_PATH);
                        return out_result(json, "The hold is released. The agent does not run",
                                          EXIT_DONE);
                }
                if (was_heard(&s))
                        return out_result(json, "Resumed", EXIT_DONE);
                r = folder_wait(f, deadline, -1);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
        }
        out_complain("the hold is released, but the agent has not noticed within %u s",
                     (unsigned)(ANSWER_USEC / USEC_PER_SEC));
        out_hint("ecs-pubip status");
        return EXIT_NOT_YET;
}

/* The folder is root's and sticky: the agent can take the file away only if it is its own. */
static int ask_agent(void) {
        struct stat lock;

        if (lstat(LOCK_PATH, &lock) < 0)
                return -errno;
        return file_replace_for(lock.st_uid, RUN_DIR, RESUME_NAME, "");
}

static int run(const struct options *o) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        bool json = o->json;
        int r;

        r = folder_open(&f);
        if (r < 0)
                return r;
        r = file_remove(CONFIG_DIR, HOLD_NAME);
        if (r < 0 && r != -ENOENT) {
                out_complain("cannot remove " HOLD_PATH ": %s", strerror(-r));
                return EXIT_FAILED;
        }
        r = snapshot_alive();
        if (r < 0)
                return r;
        if (r == 0)
                return out_result(json, "The hold is released. The agent does not run", EXIT_DONE);
        r = ask_agent();
        if (r < 0) {
                out_complain("cannot write " RESUME_PATH ": %s", strerror(-r));
                return EXIT_FAILED;
        }
        return await(&f, json);
}

const struct command command_resume = {
        .name = "resume",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "End the hold, and look again at once",
        .more = "Ends every wait that the server did not ask for: the thing to do after "
                "a repair.",
        .run = run,
};

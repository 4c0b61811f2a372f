/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run folder and the state folder may be removed and made anew under an agent that runs. What
 * comes in their place is out of the sandbox's reach for good (EROFS, tried), since the namespace
 * was built with the old ones: the agent then ends, and the service manager builds it anew.
 */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "runtime_watch.h"
#include "util/paths.h"

#define PARENT_DIR "/run"
#define CHANGES    (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define LOOK_AGAIN USEC_PER_SEC /* who removes a folder mostly makes it anew at once */

static struct folder_id id_of(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return (struct folder_id){};
        return (struct folder_id){st.st_dev, st.st_ino};
}

static bool is_same(struct folder_id a, struct folder_id b) {
        return a.device == b.device && a.inode == b.inode;
}

/* What was shown in the old one is news in the new one, and `resume` comes into it. */
static void follow_run_folder(struct runtime *r) {
        struct folder_id now = id_of(RUN_DIR);

        if (is_same(now, r->run_folder))
                return;
        r->run_folder = now;
        r->run_lost = false;
        runtime_forget_shown(r);
        runtime_publish(r);
        runtime_watch_hold(r);
        if (r->alive_fd >= 0)
                return;
        r->run_lost = true;
        runtime_look_soon(r, LOOK_AGAIN);
}

static bool is_state_lost(const struct runtime *r) {
        struct stat st;

        return r->store.fd >= 0 && fstat(r->store.fd, &st) >= 0 &&
               !is_same((struct folder_id){st.st_dev, st.st_ino}, id_of(STATE_DIR));
}

/* What was asked for counts on: in a new folder without a ledger of its own ours is kept. */
static void carry_ledger(struct runtime *r) {
        struct store other = {.fd = -1};
        struct ledger ignored;

        if (store_open(&other, STATE_DIR) >= 0 && store_load(&other, &ignored) == -ENOENT)
                (void)store_save(&other, &r->engine.ledger);
        store_done(&other);
}

/* Not during a call: its answer would be lost. */
static bool is_busy(const struct runtime *r) {
        struct status s;

        engine_status(&r->engine, runtime_now(), &s);
        return s.busy;
}

void runtime_check_folders(struct runtime *r) {
        bool was_lost = r->run_lost, state_lost;

        follow_run_folder(r);
        state_lost = is_state_lost(r);
        if (!state_lost && !(was_lost && r->run_lost))
                return;
        if (is_busy(r)) {
                runtime_look_soon(r, LOOK_AGAIN);
                return;
        }
        if (state_lost)
                carry_ledger(r);
        runtime_say(MESSAGE_STATE_FOLDER, LOG_ERR,
                    state_lost ? STATE_DIR
                            " is not the folder any more that the agent has opened: it ends, and "
                            "goes on when the service manager has started it again"
                               : RUN_DIR
                            " was removed or made anew, out of the agent's reach: it ends, and is "
                            "seen again when the service manager has started it again",
                    "");
        runtime_leave(r, -ESTALE);
}

static int on_parent(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        (void)source;
        if (event->len == 0 || strcmp(event->name, strrchr(RUN_DIR, '/') + 1) == 0)
                runtime_check_folders(userdata);
        return 0;
}

/* The folder itself tells nothing of its end as long as a file in it is open (the lock). */
void runtime_open_folders(struct runtime *r) {
        r->run_folder = id_of(RUN_DIR);
        (void)sd_event_add_inotify(r->event, &r->parent, PARENT_DIR, CHANGES, on_parent, r);
}

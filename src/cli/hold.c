/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip hold`: the brake. Returns when no changing call is in flight any more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ecs-pubip/ledger.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "folder.h"
#include "out.h"
#include "snapshot.h"
#include "util/paths.h"
#include "util/text.h"

/* A changing call lasts CALL_MAX; the rest is for the agent to notice and to say so. */
#define ANSWER_USEC (60 * USEC_PER_SEC)

static int read_ledger(struct ledger *ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = file_read(LEDGER_PATH, LEDGER_TEXT_MAX, &text, &len);
        return r < 0 ? r : ledger_parse(text, len, ret);
}

/*
 * For the instance as the agent knows it, or knew it in this boot; else for any. The ledger would
 * know one too: in an image that was not sealed, the one that the image was made of. A brake on
 * that one would be let go as soon as the agent knows who it is.
 */
static int write_brake(const struct snapshot *s) {
        char text[INSTANCE_ID_SIZE + RFC3339_SIZE + 2], time[RFC3339_SIZE];
        const char *id = s->status.instance_id;

        snprintf(text, sizeof(text), "%s %s\n", id[0] ? id : "-",
                 rfc3339_format(clock_wall_sec(), time));
        if (mkdir(CONFIG_DIR, 0755) < 0 && errno != EEXIST)
                return -errno;
        return file_replace(CONFIG_DIR, HOLD_NAME, text);
}

/*
 * True if the ledger has a call whose answer nobody has heard: it may still be under way. So it may
 * with a ledger that cannot be read.
 */
static bool call_may_be_open(void) {
        struct ledger ledger;
        int r = read_ledger(&ledger);

        if (r < 0)
                return r != -ENOENT;
        for (unsigned i = 0; i < ledger.n_entries; i++)
                if (ledger.entries[i].outcome == OUTCOME_OPEN && !ledger.entries[i].settled)
                        return true;
        return false;
}

static bool is_held(const struct snapshot *s) {
        return s->status.held && !s->status.busy;
}

static int finish(const struct snapshot *s) {
        if (s->alive && is_held(s))
                return out_line("Held: no changing call until `ecs-pubip resume`", EXIT_DONE);
        if (!s->alive)
                return out_line(
                        "The brake is set, and counts when the agent starts. It does not run "
                        "now, so no call is in flight",
                        EXIT_DONE);
        out_complain("the brake is set, but the agent has not said within %u s that %s",
                     (unsigned)(ANSWER_USEC / USEC_PER_SEC),
                     s->alive && s->status.busy ? "its changing call has ended" : "it is held");
        out_hint("ecs-pubip status");
        return EXIT_NOT_YET;
}

/*
 * The agent answers through its status. Without an agent nothing new can start, but a cloud
 * process whose agent was killed in the middle finishes the attempt that it had begun.
 */
static int await(struct folder *f, struct snapshot *s) {
        uint64_t deadline = clock_boot_usec() + ANSWER_USEC, orphan = 0;
        int r;

        for (;;) {
                uint64_t now = clock_boot_usec();

                r = snapshot_take(s);
                if (r < 0)
                        return r;
                if (s->alive)
                        orphan = 0;
                else if (orphan == 0)
                        orphan = now + (call_may_be_open() ? CALL_MAX_MS * USEC_PER_MSEC : 0);
                if (s->alive ? is_held(s) || now >= deadline : now >= orphan)
                        return finish(s);
                r = folder_wait(f, s->alive ? deadline : orphan, -1);
                if (r < 0)
                        return r;
        }
}

int command_hold(const struct options *o) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        struct snapshot s;
        int r;

        (void)o;
        r = folder_open(&f);
        if (r < 0)
                return r;
        r = snapshot_take(&s);
        if (r < 0)
                return r;
        r = write_brake(&s);
        if (r < 0) {
                out_complain("cannot write " HOLD_PATH ": %s", strerror(-r));
                return EXIT_FAILED;
        }
        return await(&f, &s);
}

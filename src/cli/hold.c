/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip hold`: the brake. Returns when no changing call is in flight any more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ecs-pubip/governor.h>

#include "command.h"
#include "folder.h"
#include "host/boot_id.h"
#include "host/clock.h"
#include "host/file.h"
#include "machine.h"
#include "out.h"
#include "snapshot.h"
#include "util/paths.h"
#include "util/time.h"

/* A changing call lasts CALL_MAX; the rest is for the agent to notice and to say so. */
#define ANSWER_USEC (60 * USEC_PER_SEC)
#define TELL_USEC   (1 * USEC_PER_SEC) /* what takes longer is told */

/*
 * For the instance as the agent knows it, or knew it in this boot; else for any. The ledger would
 * know one too: in an image that was not sealed, the one that the image was made of. A brake on
 * that one would be let go as soon as the agent knows who it is.
 */
static int write_brake(const struct snapshot *s) {
        char text[INSTANCE_ID_SIZE + RFC3339_SIZE + 2], time[RFC3339_SIZE];
        const char *id = s->status.instance_id;

        snprintf(text, sizeof(text), "%s %s\n", id[0] ? id : "-",
                 time_format(clock_wall_sec(), time));
        if (mkdir(CONFIG_DIR, 0755) < 0 && errno != EEXIST)
                return -errno;
        return file_replace(CONFIG_DIR, HOLD_NAME, text);
}

/* What the ledger does not exclude, whoever asked for it. */
struct flight {
        const char *what; /* NULL: nothing */
        uint64_t until;   /* CLOCK_BOOTTIME: then it is over */
};

/* A reboot that was answered comes within a time of the cloud's clock. */
static uint64_t reboot_left(const struct ledger_entry *e, const struct snapshot *s) {
        int64_t left = e->time + REBOOT_EXECUTION_SEC - snapshot_now(s);

        if (left < 0)
                return 0;
        return (uint64_t)(left < REBOOT_EXECUTION_SEC ? left : REBOOT_EXECUTION_SEC) * USEC_PER_SEC;
}

/*
 * A call whose answer nobody has heard may still be under way: the cloud process of an agent that
 * was killed ends its attempt, and the next agent knows of it by the ledger alone. So it may with a
 * ledger that cannot be read. An accepted reboot is in flight until the machine goes down.
 */
static struct flight in_flight(const struct snapshot *s, uint64_t begin, uint64_t now) {
        const struct flight call = {"a call that the agent had begun", begin + ANSWER_USEC};
        struct flight found = {};
        char boot_id[BOOT_ID_SIZE] = "";
        struct ledger ledger;
        enum ledger_state state = machine_ledger(&ledger);

        if (state != LEDGER_READ)
                return state == LEDGER_NONE ? found : call;
        boot_id_read(NULL, boot_id);
        for (unsigned i = 0; i < ledger.n_entries; i++) {
                const struct ledger_entry *e = &ledger.entries[i];

                if (*boot_id && strcmp(e->boot_id, boot_id) != 0)
                        continue;
                if (e->op == WIRE_REBOOT && e->outcome == OUTCOME_DONE && reboot_left(e, s) > 0)
                        return (struct flight){"the reboot that was accepted",
                                               now + reboot_left(e, s)};
                if (e->outcome == OUTCOME_OPEN && !e->settled)
                        found = call;
        }
        return found;
}

static bool is_held(const struct snapshot *s) {
        return s->status.held && !s->status.busy;
}

static int finish(const struct snapshot *s, bool json) {
        if (s->alive && is_held(s))
                return out_result(json, "Held: no changing call until sudo ecs-pubip resume",
                                  EXIT_DONE);
        if (!s->alive)
                return out_result(
                        json,
                        "The hold is set, and counts when the agent starts. It does not run "
                        "now, so no call is in flight",
                        EXIT_DONE);
        out_complain("the hold is set, but the agent has not said within %u s that %s",
                     (unsigned)(ANSWER_USEC / USEC_PER_SEC),
                     s->alive && s->status.busy ? "its changing call has ended" : "it is held");
        out_hint("ecs-pubip status");
        return EXIT_NOT_YET;
}

/*
 * The agent answers through its status, for its own call; what else may be in flight is waited for
 * as well, at most as long as it can last since the brake was set: nothing new starts after that.
 */
static int await(struct folder *f, struct snapshot *s, bool json) {
        uint64_t begin = clock_boot_usec(), now = begin, tell = begin + TELL_USEC;

        for (;;) {
                struct flight flight;
                uint64_t until;
                int r;

                r = snapshot_take(s);
                if (r < 0)
                        return r;
                flight = in_flight(s, begin, now);
                until = s->alive && !is_held(s) ? begin + ANSWER_USEC : flight.until;
                if (now >= until)
                        return finish(s, json);
                if (flight.what && now >= tell) {
                        out_complain("the hold is set; waiting for %s, at most %u s", flight.what,
                                     (unsigned)((until - now) / USEC_PER_SEC));
                        tell = CLOCK_NEVER;
                }
                /* Nobody is told of a change of the ledger. */
                r = folder_wait(f, flight.what && now + TELL_USEC < until ? now + TELL_USEC : until,
                                -1);
                if (r < 0)
                        return r;
                now = clock_boot_usec();
        }
}

static int run(const struct options *o) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        struct snapshot s;
        int r;

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
        return await(&f, &s, o->json);
}

const struct command command_hold = {
        .name = "hold",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "Pause: watch on, but make no changing call",
        .more = "Returns when no changing call is in flight any more.\n"
                "Survives restart and reboot.",
        .run = run,
};

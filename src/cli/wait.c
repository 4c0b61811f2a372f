/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip wait`: returns when the address is confirmed, or will not be by waiting. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "folder.h"
#include "host/clock.h"
#include "host/cloud_init.h"
#include "out.h"
#include "show.h"
#include "snapshot.h"
#include "util/text.h"
#include "util/time.h"
#include "when.h"

/* Nobody is there yet: the service may be about to start. */
#define COMING_USEC (15 * USEC_PER_SEC)
/* It was there and died: the service manager starts it again after RestartSec=15s. */
#define RESTART_USEC (20 * USEC_PER_SEC)

struct waiting {
        uint64_t deadline;       /* of the whole */
        uint64_t agent_deadline; /* by then an agent must be there */
        bool progress;           /* standard error is a terminal */
        bool of_cloud_init;      /* a stage of cloud-init waits for this process */
        char said[STATUS_LINE_SIZE];
};

static void progress_say(struct waiting *w, const struct snapshot *s) {
        char line[STATUS_LINE_SIZE] = "waiting for the agent to start";
        struct conditions c = s->conditions;

        if (s->alive && s->file == STATUS_FILE_READ)
                status_line(&s->status, &c, line);
        if (strcmp(line, w->said) == 0)
                return;
        TEXT_SET(w->said, line);
        if (w->progress)
                fprintf(stderr, "\r\033[K%.*s", 78, line);
        else
                fprintf(stderr, "%s\n", line); /* a log: one line a change */
}

static void progress_end(struct waiting *w) {
        if (w->said[0] && w->progress)
                fputs("\r\033[K", stderr);
        w->said[0] = '\0';
}

/* Failed, and asked anew at this moment, as after `ecs-pubip resume`: the answer is what counts. */
static bool is_asked_anew(const struct snapshot *s) {
        return s->status.phase == PHASE_FAILED && s->status.next == NEXT_NONE;
}

/* The agent waits for the stage, the stage for this process. */
static bool is_circle(const struct waiting *w, const struct snapshot *s) {
        return w->of_cloud_init && snapshot_awaits_user_data(s);
}

/* True when waiting longer changes nothing; *ret is then the exit status. */
static bool is_over(const struct waiting *w, const struct snapshot *s, enum exit_status *ret) {
        uint64_t now = clock_boot_usec();
        enum exit_status outcome = snapshot_outcome(s);

        *ret = outcome;
        if (outcome == EXIT_DONE || outcome == EXIT_REBOOT_WAITS)
                return true;
        if (outcome == EXIT_FAILED)
                return !is_asked_anew(s) || now >= w->deadline;
        if (outcome == EXIT_NO_AGENT && now >= w->agent_deadline)
                return true;
        *ret = EXIT_NOT_YET;
        return now >= w->deadline || is_circle(w, s);
}

/* Also of an address that works; not beside the page, which has them. */
static void tell_problems(const struct snapshot *s) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);

        show_conditions(&text, &s->conditions);
        fputs(buf_text(&text), stderr);
}

/* Confirmed: one line for a log. Anything else: the whole page, so that nobody has to ask. */
static int finish(const struct waiting *w, const struct snapshot *s, enum exit_status outcome,
                  const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct show_style style = {
                .now = snapshot_now(s),
                .colours = out_colours(STDOUT_FILENO),
        };
        char line[STATUS_LINE_SIZE] = "The agent does not run", span[SPAN_SIZE];
        bool page = !o->json && outcome != EXIT_DONE;
        struct conditions c = s->conditions;

        if (s->alive && !(page && out_terminal(STDOUT_FILENO)))
                tell_problems(s);
        if (!page) {
                if (s->file == STATUS_FILE_READ)
                        status_line(&s->status, &c, line);
                return out_result(o->json, line, outcome);
        }
        if (is_circle(w, s))
                show_beside(&text, "", 0,
                            "This step of cloud-init waits for the agent, and the agent waits for "
                            "the files that cloud-init writes after it: wait in runcmd instead");
        else if (outcome == EXIT_NOT_YET)
                buf_printf(&text, "Not confirmed within %s\n",
                           time_format_span(o->timeout_usec / USEC_PER_SEC, span));
        show_snapshot(&text, s, &style);
        return out_text(&text, outcome);
}

static int run(const struct options *o) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        uint64_t start = clock_boot_usec();
        struct waiting w = {
                .deadline = o->timeout_usec < CLOCK_NEVER - start ? start + o->timeout_usec
                                                                  : CLOCK_NEVER,
                .agent_deadline = start + COMING_USEC,
                .progress = out_terminal(STDERR_FILENO),
                .of_cloud_init = cloud_init_runs_this(),
        };
        enum exit_status outcome;
        struct snapshot s;
        bool over;
        int r;

        r = folder_open(&f);
        if (r < 0)
                return r;
        for (;;) {
                r = snapshot_take(&s);
                if (r < 0)
                        return r;
                if (s.alive)
                        w.agent_deadline = clock_boot_usec() + RESTART_USEC;
                over = is_over(&w, &s, &outcome);
                /* Also where its time was over before its first look. */
                if (!over || outcome == EXIT_NOT_YET)
                        progress_say(&w, &s);
                if (over)
                        break;
                r = folder_wait(&f,
                                s.alive || w.deadline < w.agent_deadline ? w.deadline
                                                                         : w.agent_deadline,
                                -1);
                if (r < 0)
                        return r;
        }
        progress_end(&w);
        return finish(&w, &s, outcome, o);
}

const struct command command_wait = {
        .name = "wait",
        .options = OPTION_TIMEOUT | OPTION_JSON,
        .help = "Wait until the public address is confirmed",
        .more = "Returns at once when it is confirmed, has failed, or when a due reboot "
                "waits for\nsomething else (5): then the caller may be what it waits for.",
        .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of the agent: status, metrics, history, marks, and that it lives. */
#include "runtime_show.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include <ecs-pubip/usec.h>

#include "host/clock.h"
#include "host/hold_file.h"
#include "message_ids.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define ONLINE_MARK "online"
#define REBOOT_MARK "reboot-required"
#define BEAT_SEC    60 /* no write for each wake-up of a busy loop */

/* Without a run folder nobody hears of the agent, but it can still do its job. */
static void tell_unseen(struct runtime *r, int error) {
        if (error < 0 && !r->unseen)
                runtime_say(MESSAGE_STATE_FOLDER, LOG_WARNING,
                            RUN_DIR " cannot be written, so `ecs-pubip status` cannot show how it "
                                    "is with the agent; `systemctl restart ecs-pubip-cloud.socket "
                                    "ecs-pubip` makes the folder anew",
                            strerror(-error));
        r->unseen = error < 0;
}

static bool is_linked(int fd) {
        struct stat st;

        return fd >= 0 && fstat(fd, &st) >= 0 && st.st_nlink > 0;
}

/* The folder may have been full or read-only until now, or somebody has emptied it. */
static int show_alive(struct runtime *r) {
        if (is_linked(r->alive_fd))
                return 0;
        close_p(&r->alive_fd);
        r->alive_fd = store_lock_alive(LOCK_PATH, LOCK_TEMP);
        publish_done(&r->publish);
        return r->alive_fd < 0 ? r->alive_fd : 0;
}

void runtime_forget_shown(struct runtime *r) {
        close_p(&r->alive_fd);
        r->alive_fd = -1;
        publish_done(&r->publish);
}

void runtime_show_alive(struct runtime *r) {
        tell_unseen(r, show_alive(r));
}

/* A brake that `ecs-pubip hold` did not write: who made an image of it may not know of it. */
static void note_brake(const struct runtime *r, struct status *s) {
        char why[HOLD_WHY_SIZE];

        if (hold_file_read(r->engine.facts.identity.instance_id, why) != HOLD_ON || !*why)
                return;
        snprintf(s->hold_problem, sizeof(s->hold_problem),
                 HOLD_PATH " %s, which holds every instance; `ecs-pubip resume` removes it", why);
        if (s->note_kind == NOTE_OTHER)
                TEXT_SET(s->note, s->hold_problem);
}

/* A mark that could not be made, or that somebody took away, is made at the next occasion. */
static int publish_marks(struct runtime *r) {
        const struct engine *e = &r->engine;
        int k = 0, q = 0;

        if (e->confirming.online_mark)
                k = publish_mark(&r->publish, ONLINE_MARK, true);
        if (k >= 0 && r->change_due)
                k = publish_changed(&r->publish);
        if (k >= 0)
                r->change_due = false;
        if (e->reboot.required_mark ||
            e->confirming.online_mark) /* before that, the mark may be an earlier process's */
                q = publish_mark(&r->publish, REBOOT_MARK, e->reboot.required_mark);
        return k < 0 ? k : q;
}

/* The engine's word, and what the runtime adds to it. */
static void take_status(struct runtime *r, struct engine_now now, struct status *ret) {
        const struct history_change *c = &r->record.change;

        engine_status(&r->engine, now, ret);
        TEXT_SET(ret->config_problem, r->config_report.first);
        if (ret->held)
                note_brake(r, ret);
        if (strcmp(c->instance_id, r->engine.facts.identity.instance_id) != 0)
                return; /* not known yet, or the image's */
        ret->previous_ip = c->previous;
        ret->changed_at = c->at;
        ret->change = c->how;
}

/* What others see at this moment. What is over is looked at again when its gap is. */
static void take_view(struct runtime *r, struct status *ret, struct conditions *ret_c) {
        struct engine_now now = runtime_now();

        take_status(r, now, ret);
        condition_list(ret, ret_c);
        r->some_over = condition_follow(&r->conditions, ret_c, engine_time(&r->engine, now),
                                        now.boot_usec);
        if (r->some_over)
                runtime_look_soon(r, CONDITION_GAP_SEC * USEC_PER_SEC);
}

static int publish_metrics_of(struct runtime *r, const struct status *s,
                              const struct conditions *c) {
        _cleanup_free_ char *text = NULL;
        struct netlink_counts counts = netlink_counts(r->netlink);

        r->metrics.kernel_events = counts.events;
        r->metrics.kernel_overruns = counts.overruns;
        r->metrics.heartbeat = clock_wall_sec();
        return metrics_format(s, c, &r->metrics, &text) < 0 ? 0
                                                            : publish_metrics(&r->publish, text);
}

/* One line a phase, for `ecs-pubip history`. */
static int publish_phase(struct runtime *r, const struct status *s) {
        _cleanup_free_ char *text = NULL;
        struct engine_now now = runtime_now();

        record_phase(&r->record, s, engine_time(&r->engine, now), now.boot_usec);
        return history_format(&r->record.history, &text) < 0 ? 0
                                                             : publish_history(&r->publish, text);
}

/* The engine's word goes out first, then the files: a service manager listens to the former. */
void runtime_publish_status(struct runtime *r, struct status *ret) {
        _cleanup_free_ char *json = NULL;
        char line[STATUS_LINE_SIZE];
        struct conditions c;
        int k;

        take_view(r, ret, &c);
        status_line(ret, &c, line);
        notify_status(r->notify, line);
        k = show_alive(r);
        if (k >= 0 && status_format(ret, &c, &json) >= 0)
                k = publish_status(&r->publish, json);
        if (k >= 0)
                k = publish_metrics_of(r, ret, &c);
        if (k >= 0)
                k = publish_phase(r, ret);
        if (k >= 0)
                k = publish_marks(r);
        tell_unseen(r, k);
}

void runtime_publish(struct runtime *r) {
        struct status s;

        runtime_publish_status(r, &s);
}

void runtime_publish_counters(struct runtime *r) {
        struct conditions c;
        struct status s;

        take_view(r, &s, &c);
        (void)publish_metrics_of(r, &s, &c);
}

void runtime_beat(struct runtime *r) {
        if (clock_wall_sec() - r->metrics.heartbeat >= BEAT_SEC ||
            clock_wall_sec() < r->metrics.heartbeat)
                runtime_publish_counters(r);
}

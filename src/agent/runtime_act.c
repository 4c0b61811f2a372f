/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the state machine to the world: status, journal, and the actions in the order of engine.h.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "host/clock.h"
#include "host/hold_file.h"
#include "journal.h"
#include "message_format.h"
#include "message_ids.h"
#include "runtime_parts.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define DURABLE     (unsigned)(ACTION_DROP | ACTION_SET_ASIDE | ACTION_STORE)
#define ONLINE_MARK "online"
#define REBOOT_MARK "reboot-required"
#define USER_DATA_SAYS                                                                             \
        "Before the first change the agent waits, at most 5 min, until cloud-init has written "    \
        "the files of user-data: they may hold its configuration"
#define USER_DATA_NOTE                                                                             \
        "the first change waits for the files of user-data, at most 5 min; or for `ecs-pubip "     \
        "resume`"

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

        if (hold_file_read(r->engine.facts.identity.instance_id, why) == HOLD_ON && *why)
                snprintf(s->note, sizeof(s->note),
                         HOLD_PATH " %s, which holds every instance; `ecs-pubip resume` removes it",
                         why);
}

/* A mark that could not be made, or that somebody took away, is made at the next occasion. */
static int publish_marks(struct runtime *r) {
        const struct engine *e = &r->engine;
        int k = 0, q = 0;

        if (e->confirming.online_mark)
                k = publish_mark(&r->publish, ONLINE_MARK, true);
        if (e->reboot.required_mark ||
            e->confirming.online_mark) /* before that, the mark may be an earlier process's */
                q = publish_mark(&r->publish, REBOOT_MARK, e->reboot.required_mark);
        return k < 0 ? k : q;
}

/* The engine's word goes out first, then the files: a service manager listens to the former. */
static void publish(struct runtime *r, struct status *ret) {
        _cleanup_free_ char *json = NULL;
        char line[STATUS_LINE_SIZE];
        int k;

        engine_status(&r->engine, runtime_now(), ret);
        if (r->awaits_user_data) {
                ret->held = runtime_brake(r) == HOLD_ON;
                TEXT_SET(ret->note, USER_DATA_NOTE);
        }
        if (r->config_unread) {
                ret->held = runtime_brake(r) == HOLD_ON;
                TEXT_SET(ret->note, "the configuration cannot be read at this moment: nothing is "
                                    "changed until it can");
        }
        TEXT_SET(ret->config_problem, r->config_report.first);
        if (ret->held)
                note_brake(r, ret);
        status_line(ret, line);
        notify_status(r->notify, line);
        k = show_alive(r);
        if (k >= 0 && status_format(ret, &json) >= 0)
                k = publish_status(&r->publish, json);
        if (k >= 0)
                k = publish_marks(r);
        tell_unseen(r, k);
}

void runtime_publish(struct runtime *r) {
        struct status s;

        publish(r, &s);
}

void runtime_publish_counters(struct runtime *r) {
        _cleanup_free_ char *text = NULL;
        struct netlink_counts counts = netlink_counts(r->netlink);
        struct status s;

        r->metrics.kernel_events = counts.events;
        r->metrics.kernel_overruns = counts.overruns;
        engine_status(&r->engine, runtime_now(), &s);
        if (metrics_format(&s, &r->metrics, &text) >= 0)
                (void)publish_metrics(&r->publish, text);
}

static void speak(struct runtime *r, struct actions *a, const struct status *s) {
        for (unsigned i = 0; i < a->n_notices; i++) {
                struct notice *n = &a->notices[i];
                struct journal_entry entry;

                if (n->kind == NOTICE_LEDGER_DAMAGED) {
                        TEXT_SET(n->text, r->aside);
                        if (r->ledger_is_newer)
                                n->kind = NOTICE_LEDGER_NEWER;
                }
                message_format(n, s, engine_call_context(&r->engine.given.config), &entry);
                if (n->kind == NOTICE_HELD && r->awaits_user_data) {
                        entry.id = MESSAGE_USER_DATA;
                        TEXT_SET(entry.message, USER_DATA_SAYS);
                }
                if (n->kind == NOTICE_HELD && r->config_unread)
                        continue; /* that was said, and is no brake of a person */
                journal_send(&entry);
        }
}

/* The brake is looked at again after the write, so that nothing slips past it (design 6). */
static void keep_ledger(struct runtime *r) {
        struct event e = {.type = EVENT_STORED};

        e.stored.error = store_save(&r->store, &r->engine.ledger);
        runtime_brake_first_change(r);
        e.stored.hold = runtime_hold(r);
        runtime_enqueue(r, &e);
}

/*
 * In the order of engine.h; a foreign ledger leaves its name before the new one is kept. The marks
 * are not made here but in publish(), as long as they are due.
 */
static void perform(struct runtime *r, unsigned wants) {
        if (wants & ACTION_DROP)
                cloud_link_drop(r->link);
        if (wants & ACTION_SET_ASIDE)
                (void)store_set_aside(&r->store, "foreign", clock_wall_sec(), r->aside);
        if (wants & ACTION_STORE)
                keep_ledger(r);
        if (wants & ACTION_WATCH)
                netlink_watch(r->netlink, &r->engine.watch);
        if (wants & ACTION_BLOCKERS)
                inhibitors_look(r->inhibitors);
        if (wants & ACTION_NO_BLOCKERS)
                inhibitors_stop(r->inhibitors);
}

static void conclude(struct runtime *r, const struct actions *a) {
        if (a->wants & ACTION_EXIT)
                (void)sd_event_exit(r->event, a->exit_status);
        if (a->wants & ACTION_ASK) {
                r->metrics.questions[a->question.op]++;
                cloud_link_ask(r->link, &a->question);
        }
}

void runtime_act(struct runtime *r, struct actions *a) {
        struct status status;

        /* What others are told is durable already: a wait that a status shows outlives us. */
        perform(r, a->wants & DURABLE);
        publish(r, &status);
        speak(r, a, &status);
        perform(r, a->wants & ~DURABLE);
        conclude(r, a);
}

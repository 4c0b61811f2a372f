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
        if (k >= 0 && r->change_due)
                k = publish_changed(&r->publish);
        if (k >= 0)
                r->change_due = false;
        if (e->reboot.required_mark ||
            e->confirming.online_mark) /* before that, the mark may be an earlier process's */
                q = publish_mark(&r->publish, REBOOT_MARK, e->reboot.required_mark);
        return k < 0 ? k : q;
}

/* What others see at this moment: the engine's word, and what the runtime adds to it. */
static void status_take(struct runtime *r, struct status *ret) {
        const struct history_change *c = &r->record.change;

        engine_status(&r->engine, runtime_now(), ret);
        TEXT_SET(ret->config_problem, r->config_report.first);
        if (ret->held)
                note_brake(r, ret);
        if (strcmp(c->instance_id, r->engine.facts.identity.instance_id) != 0)
                return; /* not known yet, or the image's */
        ret->previous_ip = c->previous;
        ret->changed_at = c->at;
        ret->change = c->how;
}

static int publish_metrics_of(struct runtime *r, const struct status *s) {
        _cleanup_free_ char *text = NULL;
        struct netlink_counts counts = netlink_counts(r->netlink);

        r->metrics.kernel_events = counts.events;
        r->metrics.kernel_overruns = counts.overruns;
        r->metrics.heartbeat = clock_wall_sec();
        return metrics_format(s, &r->metrics, &text) < 0 ? 0 : publish_metrics(&r->publish, text);
}

/* One line a phase, for `ecs-pubip history`. */
static int publish_phase(struct runtime *r, const struct status *s) {
        _cleanup_free_ char *text = NULL;
        struct engine_now now = runtime_now();

        record_phase(&r->record, s, engine_time(&r->engine, now), now.boot_usec);
        return history_format(&r->record.history, &text) < 0 ? 0
                                                             : publish_history(&r->publish, text);
}

/* Whose doing it was, by what is on record of our own calls. */
static enum address_change change_of(const struct runtime *r, in_addr_t address) {
        const struct ledger *l = &r->engine.ledger;

        if (address == 0)
                return CHANGE_LOST;
        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].address == address)
                        return CHANGE_ASSIGNED;
        return r->record.change.address != 0 ? CHANGE_REPLACED : CHANGE_ADOPTED;
}

/* The engine tells of an address that a stranger put in the place of another one. */
static void tell_change(const struct runtime *r) {
        const struct history_change *c = &r->record.change;
        struct journal_entry e = {.id = MESSAGE_REPLACED, .priority = LOG_NOTICE};
        char old[IPV4_SIZE];

        if (c->previous == 0 || c->how == CHANGE_REPLACED || c->how == CHANGE_LOST)
                return;
        ipv4_format(c->address, e.address);
        ipv4_format(c->previous, old);
        snprintf(e.message, sizeof(e.message),
                 "The public address changed from %s to %s, which %s; whatever names %s must be "
                 "told",
                 old, e.address,
                 c->how == CHANGE_ASSIGNED ? "this agent asked for" : "it did not ask for", old);
        journal_send(&e);
}

/*
 * An address counts once it is confirmed, and is lost once the control plane shows none. What is
 * in between is told by neither: hooks would name an address that does not work yet.
 */
static void note_change(struct runtime *r, const struct actions *a) {
        const struct engine *e = &r->engine;
        bool lost = false, confirmed = e->phase == PHASE_CONFIRMED && e->expected != 0;
        in_addr_t address = confirmed ? e->expected : 0;

        for (unsigned i = 0; i < a->n_notices; i++)
                lost = lost || a->notices[i].kind == NOTICE_RECLAIMED;
        if (!confirmed && !lost)
                return;
        if (record_change(&r->record, e->facts.identity.instance_id, address, change_of(r, address),
                          engine_time(e, runtime_now()))) {
                r->metrics.changes[r->record.change.how]++;
                tell_change(r);
                r->change_told = false;
        } else if (!confirmed) {
                return;
        }
        r->change_due = !r->change_told;
        r->change_told = true;
}

/* The engine's word goes out first, then the files: a service manager listens to the former. */
static void publish(struct runtime *r, struct status *ret) {
        _cleanup_free_ char *json = NULL;
        char line[STATUS_LINE_SIZE];
        int k;

        status_take(r, ret);
        status_line(ret, line);
        notify_status(r->notify, line);
        k = show_alive(r);
        if (k >= 0 && status_format(ret, &json) >= 0)
                k = publish_status(&r->publish, json);
        if (k >= 0)
                k = publish_metrics_of(r, ret);
        if (k >= 0)
                k = publish_phase(r, ret);
        if (k >= 0)
                k = publish_marks(r);
        tell_unseen(r, k);
}

void runtime_publish(struct runtime *r) {
        struct status s;

        publish(r, &s);
}

void runtime_publish_counters(struct runtime *r) {
        struct status s;

        status_take(r, &s);
        (void)publish_metrics_of(r, &s);
}

void runtime_beat(struct runtime *r) {
        if (clock_wall_sec() - r->metrics.heartbeat >= BEAT_SEC ||
            clock_wall_sec() < r->metrics.heartbeat)
                runtime_publish_counters(r);
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
                journal_send(&entry);
        }
}

/* The brake is looked at again after the write, so that nothing slips past it (design 6). */
static void keep_ledger(struct runtime *r) {
        struct event e = {.type = EVENT_STORED};

        e.stored.error = store_save(&r->store, &r->engine.ledger);
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
        if (wants & ACTION_USER_DATA)
                runtime_look_for_user_data(r);
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
        note_change(r, a);
        publish(r, &status);
        speak(r, a, &status);
        perform(r, a->wants & ~DURABLE);
        conclude(r, a);
}

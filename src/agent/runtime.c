/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: what comes from each adapter becomes an event. */
#include "runtime.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "host/clock.h"
#include "journal.h"
#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "runtime_watch.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define TIMER_EXACT 1 /* µs; 0 would mean the library's 250 ms */
#define TICK_INTERVAL                                                                              \
        (2 * USEC_PER_MIN) /* where there is no watchdog that asks for another one                 \
                            */
#define TICK_ACCURACY USEC_PER_SEC

_Static_assert(BLOCKERS_SIZE == STATUS_WHY_SIZE, "inhibitors and engine speak of the same text");

static void feed_plain(struct runtime *r, enum event_type type) {
        runtime_feed(r, &(struct event){.type = type});
}

/* The brake is looked at again: its watch may have failed. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        runtime_judge_hold(userdata);
        feed_plain(userdata, EVENT_TIMER);
        return 0;
}

static void on_facts(const struct kernel_facts *facts, void *userdata) {
        struct runtime *r = userdata;

        runtime_feed(r, &(struct event){.type = EVENT_KERNEL, .kernel = *facts});
        if (facts->known && !r->ready) {
                r->ready = true;
                notify_ready(r->notify);
        }
}

static void on_answer(const struct wire_answer *answer, void *userdata) {
        struct runtime *r = userdata;

        if (answer->fault.class != FAULT_NONE)
                r->metrics.faults[answer->fault.class]++;
        runtime_feed(r, &(struct event){.type = EVENT_ANSWER, .answer = *answer});
}

/* The brake is read anew, and what that is worth is dated before it was. */
static void on_ready(unsigned number, void *userdata) {
        struct runtime *r = userdata;
        struct event e = {.type = EVENT_READY, .ready.number = number};

        r->looked_again = clock_boot_usec();
        e.ready.hold = runtime_hold(r);
        runtime_feed(r, &e);
}

static bool keeps_link(void *userdata) {
        return engine_keeps_link(&((struct runtime *)userdata)->engine);
}

static void on_blockers(const char *blockers, void *userdata) {
        struct event e = {.type = EVENT_BLOCKERS};

        TEXT_SET(e.blockers, blockers);
        runtime_feed(userdata, &e);
}

static void on_clock(void *userdata) {
        feed_plain(userdata, EVENT_CLOCK);
}

static int set_tick(struct runtime *r) {
        uint64_t interval = notify_interval(r->notify), now = 0;

        (void)sd_event_now(r->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(r->tick, now + (interval ? interval : TICK_INTERVAL));
        return sd_event_source_set_enabled(r->tick, SD_EVENT_ONESHOT);
}

/* A sign of life, and a look at what a watch that failed or is late would have told. */
static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct runtime *r = userdata;

        (void)source, (void)usec;
        notify_alive(r->notify);
        (void)set_tick(r);
        runtime_judge_hold(r);
        netlink_ask(r->netlink); /* sysctls change without a message */
        if (r->some_over)
                runtime_publish(r);
        runtime_beat(r);
        runtime_check_folders(r);
        return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct runtime *r = userdata;

        (void)source, (void)si;
        notify_stopping(r->notify);
        feed_plain(r, EVENT_STOP);
        return sd_event_exit(r->event, 0);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct runtime *r = userdata;

        (void)source, (void)si;
        if (runtime_leave_for_ledger(r))
                return 0;
        if (r->ready)
                notify_reloading(r->notify);
        (void)runtime_read_config(r, true);
        if (r->ready)
                notify_ready(r->notify);
        return 0;
}

static int add_sources(struct runtime *r) {
        int k;

        k = sd_event_add_signal(r->event, NULL, SIGTERM, on_stop, r);
        if (k >= 0)
                k = sd_event_add_signal(r->event, NULL, SIGINT, on_stop, r);
        if (k >= 0)
                k = sd_event_add_signal(r->event, NULL, SIGHUP, on_reload, r);
        if (k >= 0)
                k = sd_event_add_time(r->event, &r->timer, CLOCK_BOOTTIME, ENGINE_NEVER,
                                      TIMER_EXACT, on_timer, r);
        if (k >= 0)
                k = sd_event_add_time(r->event, &r->tick, CLOCK_BOOTTIME, ENGINE_NEVER,
                                      TICK_ACCURACY, on_tick, r);
        if (k >= 0)
                k = set_tick(r);
        if (k >= 0)
                k = clock_watch_new(r->event, on_clock, r, &r->clock);
        if (k >= 0)
                k = cloud_link_new(r->event, CLOUD_SOCKET, on_answer, on_ready, keeps_link, r,
                                   &r->link);
        if (k >= 0)
                k = inhibitors_new(r->event, on_blockers, r, &r->inhibitors);
        if (k >= 0)
                k = runtime_open_config(r);
        if (k >= 0)
                k = runtime_open_user_data(r);
        return k;
}

static int open_event(struct runtime *r) {
        int k;

        k = sd_event_new(&r->event);
        if (k >= 0)
                k = notify_new(r->event, &r->notify);
        if (k >= 0)
                journal_attach(r->event);
        if (k >= 0)
                k = add_sources(r);
        if (k < 0)
                runtime_say(MESSAGE_CANNOT_RUN, LOG_ERR, "The event loop cannot be set up",
                            strerror(-k));
        return k;
}

/* The first answer of netlink and a resume file may come from within: after the start, then. */
static int start(struct runtime *r) {
        int k;

        r->stepping = true;
        runtime_judge_config(r);
        runtime_enqueue(r, &(struct event){.type = EVENT_START});
        k = netlink_new(r->event, on_facts, r, &r->netlink);
        if (k < 0) {
                runtime_say(MESSAGE_CANNOT_RUN, LOG_ERR,
                            "The kernel's network changes cannot be watched", strerror(-k));
                return k;
        }
        runtime_watch_hold(r);
        runtime_open_folders(r);
        runtime_judge_hold(r);
        runtime_drain(r);
        return 0;
}

static int loop(struct runtime *r) {
        int status, k = 0;

        while (k >= 0 && sd_event_get_state(r->event) != SD_EVENT_FINISHED) {
                k = sd_event_run(r->event, UINT64_MAX);
                r->metrics.wakeups++;
        }
        if (k >= 0)
                k = sd_event_get_exit_code(r->event, &status);
        return k < 0 ? k : status;
}

static struct runtime *runtime_free(struct runtime *r) {
        if (!r)
                return NULL;
        sd_event_source_unref(r->parent);
        hold_watch_free(r->hold_watch);
        netlink_free(r->netlink);
        cloud_link_free(r->link);
        inhibitors_free(r->inhibitors);
        cloud_init_watch_free(r->cloud_init);
        sd_event_source_unref(r->config_timer);
        clock_watch_free(r->clock);
        sd_event_source_unref(r->timer);
        sd_event_source_unref(r->tick);
        notify_free(r->notify);
        sd_event_unref(r->event);
        publish_done(&r->publish);
        store_done(&r->store);
        close_p(&r->alive_fd);
        free(r);
        return NULL;
}
DEFINE_CLEANUP(struct runtime *, runtime_free)

int runtime_run(const struct config *config, const struct config_report *report,
                const char *boot_id) {
        _cleanup_(runtime_free_p) struct runtime *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return -ENOMEM;
        r->alive_fd = r->store.fd = -1;
        r->config_report = *report;
        r->config_unread = r->config_unknown = report->n_errors > 0;
        k = runtime_open_state(r);
        if (k >= 0)
                k = open_event(r);
        if (k < 0)
                return k;
        publish_init(&r->publish, RUN_DIR);
        runtime_show_alive(r);
        runtime_open_engine(r, config, boot_id);
        k = start(r);
        return k < 0 ? k : loop(r);
}

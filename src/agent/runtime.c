/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event at a time: what comes while the machine steps, or while its actions are done, waits
 * in a queue. There is one timer, for the engine's one deadline.
 */
#include "runtime.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <ecs-pubip/engine.h>

#include "cloud_link.h"
#include "conf/conf.h"
#include "etiquette.h"
#include "hold.h"
#include "journal.h"
#include "machine.h"
#include "message_ids.h"
#include "netlink.h"
#include "publish.h"
#include "store.h"
#include "story.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define EVENT_TYPES (EVENT_STOP + 1)
#define DURABLE     (unsigned)(ACTION_DROP | ACTION_SET_ASIDE | ACTION_STORE)
#define ONLINE_MARK "online"
#define REBOOT_MARK "reboot-required"
#define TIMER_EXACT 1 /* µs; 0 would mean the library's 250 ms */

_Static_assert(BLOCKERS_SIZE == STATUS_WHY_SIZE, "etiquette and engine speak of the same text");

struct runtime {
        sd_event *event;
        sd_event_source *timer;
        struct engine engine;

        struct store store;
        struct publish publish;
        struct netlink *netlink;
        struct cloud_link *link;
        struct hold_watch *hold_watch;
        struct etiquette *etiquette;
        struct machine_clock *clock;
        int alive_fd;

        struct event queue[EVENT_TYPES]; /* one of a type at most: a later one replaces it */
        unsigned n_queued;
        bool stepping, ready;
        char hold_judged_for[INSTANCE_ID_SIZE];
        char aside[STORE_NAME_SIZE];
        struct metrics metrics;
};

static struct engine_now now(void) {
        return (struct engine_now){machine_boot_usec(), machine_wall_sec()};
}

static void say(const char *id, int priority, const char *text, const char *detail) {
        struct journal_entry e = {.id = id, .priority = priority};

        snprintf(e.message, sizeof(e.message), "%s%s%s", text, *detail ? ": " : "", detail);
        journal_send(&e);
}

static void enqueue(struct runtime *r, const struct event *event) {
        unsigned i = 0;

        while (i < r->n_queued && r->queue[i].type != event->type)
                i++;
        r->queue[i] = *event;
        if (i == r->n_queued)
                r->n_queued++;
}

static struct event dequeue(struct runtime *r) {
        struct event first = r->queue[0];

        memmove(r->queue, r->queue + 1, --r->n_queued * sizeof(first));
        return first;
}

/* A hold file that names nobody, or an instance that does not know itself yet: held. */
static enum hold hold_now(const struct runtime *r) {
        const char *ours = r->engine.identity.instance_id;
        char theirs[INSTANCE_ID_SIZE] = "";
        int found = hold_read(HOLD_PATH, theirs);

        if (found == 0)
                return HOLD_OFF;
        if (found < 0 || !*theirs || !*ours || strcmp(theirs, ours) == 0)
                return HOLD_ON;
        return HOLD_FOREIGN;
}

static void judge_hold(struct runtime *r) {
        struct event e = {.type = EVENT_HOLD, .hold = hold_now(r)};

        if (e.hold != r->engine.hold)
                enqueue(r, &e);
}

static unsigned call_context_of(const struct config *c) {
        return (c->ip_address ? FAULT_WITH_IP_ADDRESS : 0) |
               (c->vlan_id[0] ? FAULT_WITH_VLAN_ID : 0);
}

/* The engine's word goes out first, then the files: a service manager listens to the former. */
static void publish(struct runtime *r, struct status *ret) {
        _cleanup_free_ char *json = NULL;
        char line[STATUS_LINE_SIZE];

        engine_status(&r->engine, now(), ret);
        status_line(ret, line);
        publish_line(&r->publish, line);
        if (status_format(ret, &json) >= 0)
                (void)publish_status(&r->publish, json);
}

static void publish_counters(struct runtime *r) {
        _cleanup_free_ char *text = NULL;
        struct netlink_counts counts = netlink_counts(r->netlink);
        struct status s;

        r->metrics.kernel_events = counts.events;
        r->metrics.kernel_overruns = counts.overruns;
        engine_status(&r->engine, now(), &s);
        if (metrics_format(&s, &r->metrics, &text) >= 0)
                (void)publish_metrics(&r->publish, text);
}

static void speak(struct runtime *r, struct actions *a, const struct status *s) {
        for (unsigned i = 0; i < a->n_notices; i++) {
                struct notice *n = &a->notices[i];
                struct journal_entry entry;

                if (n->kind == NOTICE_LEDGER_DAMAGED && !*n->text)
                        TEXT_SET(n->text, r->aside);
                story_tell(n, s, call_context_of(&r->engine.config), &entry);
                journal_send(&entry);
        }
}

static void do_drop(struct runtime *r) {
        cloud_link_drop(r->link);
}

static void do_set_aside(struct runtime *r) {
        (void)store_set_aside(&r->store, "foreign", machine_wall_sec(), r->aside);
}

/* The brake is looked at again after the write, so that nothing slips past it (design 6). */
static void do_store(struct runtime *r) {
        struct event e = {.type = EVENT_STORED};

        e.stored.error = store_save(&r->store, &r->engine.ledger);
        e.stored.hold = hold_now(r);
        enqueue(r, &e);
}

static void do_watch(struct runtime *r) {
        netlink_watch(r->netlink, &r->engine.watch);
}

static void do_blockers(struct runtime *r) {
        etiquette_look(r->etiquette);
}

static void do_no_blockers(struct runtime *r) {
        etiquette_stop(r->etiquette);
}

static void do_online(struct runtime *r) {
        (void)publish_mark(&r->publish, ONLINE_MARK, true);
}

static void do_reboot_mark(struct runtime *r) {
        (void)publish_mark(&r->publish, REBOOT_MARK, true);
}

static void do_unmark(struct runtime *r) {
        (void)publish_mark(&r->publish, REBOOT_MARK, false);
}

static const struct {
        enum action action;
        void (*perform)(struct runtime *r);
} performers[] = {
        /* In the order of engine.h; a foreign ledger leaves its name before the new one is kept. */
        {ACTION_DROP, do_drop},         {ACTION_SET_ASIDE, do_set_aside},
        {ACTION_STORE, do_store},       {ACTION_WATCH, do_watch},
        {ACTION_BLOCKERS, do_blockers}, {ACTION_NO_BLOCKERS, do_no_blockers},
        {ACTION_ONLINE, do_online},     {ACTION_REBOOT_MARK, do_reboot_mark},
        {ACTION_UNMARK, do_unmark},
};

static void perform(struct runtime *r, unsigned wants) {
        for (size_t i = 0; i < sizeof(performers) / sizeof(performers[0]); i++)
                if (wants & performers[i].action)
                        performers[i].perform(r);
}

static void conclude(struct runtime *r, const struct actions *a) {
        if (a->wants & ACTION_EXIT)
                (void)sd_event_exit(r->event, a->exit_status);
        if (a->wants & ACTION_ASK) {
                r->metrics.questions[a->question.op]++;
                cloud_link_ask(r->link, &a->question);
        }
}

static void step(struct runtime *r, struct event *event) {
        struct actions actions;
        struct status status;

        event->now = now();
        engine_step(&r->engine, event, &actions);
        /* What others are told is durable already: a wait that a status shows outlives us. */
        perform(r, actions.wants & DURABLE);
        publish(r, &status);
        speak(r, &actions, &status);
        perform(r, actions.wants & ~DURABLE);
        conclude(r, &actions);
        if (strcmp(r->hold_judged_for, r->engine.identity.instance_id) != 0) {
                TEXT_SET(r->hold_judged_for, r->engine.identity.instance_id);
                judge_hold(r);
        }
}

static void arm_timer(struct runtime *r) {
        uint64_t deadline = r->engine.deadline;

        (void)sd_event_source_set_time(r->timer, deadline);
        (void)sd_event_source_set_enabled(r->timer, deadline == ENGINE_NEVER ? SD_EVENT_OFF
                                                                             : SD_EVENT_ONESHOT);
}

static void drain(struct runtime *r) {
        r->stepping = true;
        while (r->n_queued > 0) {
                struct event first = dequeue(r);

                step(r, &first);
        }
        r->stepping = false;
        arm_timer(r);
        publish_counters(r);
}

static void feed(struct runtime *r, const struct event *event) {
        enqueue(r, event);
        if (!r->stepping)
                drain(r);
}

static void feed_plain(struct runtime *r, enum event_type type) {
        feed(r, &(struct event){.type = type});
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        feed_plain(userdata, EVENT_TIMER);
        return 0;
}

static void on_facts(const struct kernel_facts *facts, void *userdata) {
        struct runtime *r = userdata;

        feed(r, &(struct event){.type = EVENT_KERNEL, .kernel = *facts});
        if (facts->known && !r->ready) {
                r->ready = true;
                publish_ready();
        }
}

static void on_answer(const struct wire_answer *answer, void *userdata) {
        struct runtime *r = userdata;

        if (answer->fault.class != FAULT_NONE)
                r->metrics.faults[answer->fault.class]++;
        feed(r, &(struct event){.type = EVENT_ANSWER, .answer = *answer});
}

static bool keeps_link(void *userdata) {
        return engine_keeps_link(&((struct runtime *)userdata)->engine);
}

static void on_hold(void *userdata) {
        struct runtime *r = userdata;
        struct event e = {.type = EVENT_HOLD, .hold = hold_now(r)};

        if (e.hold != r->engine.hold)
                feed(r, &e);
}

static void on_resume(void *userdata) {
        feed_plain(userdata, EVENT_RESUME);
}

static void on_blockers(const char *blockers, void *userdata) {
        struct event e = {.type = EVENT_BLOCKERS};

        TEXT_SET(e.blockers, blockers);
        feed(userdata, &e);
}

static void on_clock(void *userdata) {
        feed_plain(userdata, EVENT_CLOCK);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct runtime *r = userdata;

        (void)source, (void)si;
        publish_stopping();
        feed_plain(r, EVENT_STOP);
        return sd_event_exit(r->event, 0);
}

void runtime_report_problem(const struct config_problem *problem, void *userdata) {
        (void)userdata;
        say(problem->is_error ? MESSAGE_CONFIG_ERROR : MESSAGE_CONFIG_WARNING,
            problem->is_error ? LOG_ERR : LOG_WARNING, problem->text, "");
}

/* A configuration with errors changes nothing: the old one stays in force. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        struct runtime *r = userdata;
        struct event e = {.type = EVENT_RELOAD};

        (void)source, (void)si;
        publish_reloading();
        if (config_load(&e.config, NULL, runtime_report_problem, NULL) == 0) {
                say(MESSAGE_RELOADED, LOG_INFO, "The configuration was read again", "");
                feed(r, &e);
        } else {
                say(MESSAGE_RELOADED, LOG_WARNING,
                    "The new configuration cannot be used; the old one stays in force", "");
        }
        publish_ready();
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
                k = machine_clock_new(r->event, on_clock, r, &r->clock);
        if (k >= 0)
                k = cloud_link_new(r->event, CLOUD_SOCKET, on_answer, keeps_link, r, &r->link);
        if (k >= 0)
                k = etiquette_new(r->event, on_blockers, r, &r->etiquette);
        return k;
}

static int open_event(struct runtime *r) {
        int k;

        k = sd_event_new(&r->event);
        if (k >= 0)
                k = sd_event_set_watchdog(r->event, true); /* nothing where none is asked for */
        if (k >= 0)
                k = add_sources(r);
        if (k < 0)
                say(MESSAGE_CANNOT_RUN, LOG_ERR, "The event loop cannot be set up", strerror(-k));
        return k;
}

/* Without a run folder nobody hears of the agent, but it can still do its job. */
static void open_run_folder(struct runtime *r) {
        publish_init(&r->publish, RUN_DIR);
        r->alive_fd = store_lock_alive(LOCK_PATH);
        if (r->alive_fd < 0)
                say(MESSAGE_STATE_FOLDER, LOG_WARNING,
                    RUN_DIR " cannot be written, so `ecs-pubip status` will not see the agent",
                    strerror(-r->alive_fd));
}

static int open_state_folder(struct runtime *r) {
        int k = store_open(&r->store, STATE_DIR);

        if (k == -EBUSY)
                say(MESSAGE_ANOTHER_AGENT, LOG_ERR,
                    "Another ecs-pubip-agent runs here and has " STATE_DIR " in use", "");
        else if (k < 0)
                say(MESSAGE_STATE_FOLDER, LOG_ERR,
                    STATE_DIR " cannot be used, so nothing will be changed", strerror(-k));
        return k == -EBUSY ? k : 0;
}

static enum ledger_state load_ledger(struct runtime *r, struct ledger *ret) {
        int k = store_load(&r->store, ret);

        switch (k) {
        case 0:
                return LEDGER_READ;
        case -ENOENT:
                return LEDGER_NONE;
        case -EBADMSG:
        case -EPROTONOSUPPORT:
                if (store_set_aside(&r->store, "damaged", machine_wall_sec(), r->aside) < 0)
                        TEXT_SET(r->aside, "it could not be renamed");
                return LEDGER_DAMAGED;
        default:
                say(MESSAGE_STATE_FOLDER, LOG_ERR,
                    LEDGER_PATH " cannot be read, so nothing will be changed", strerror(-k));
                return LEDGER_UNREADABLE;
        }
}

static void open_engine(struct runtime *r, const struct config *config, const char *boot_id) {
        _cleanup_free_ struct ledger *ledger = calloc(1, sizeof(*ledger));
        enum ledger_state state = LEDGER_UNREADABLE;
        char id[BOOT_ID_SIZE];
        bool is_ecs = false, has_dmi = machine_dmi(&is_ecs);

        (void)machine_boot_id(boot_id, id); /* "" where unknown; then nothing is changed */
        if (ledger)
                state = load_ledger(r, ledger);
        engine_init(&r->engine, config, id, has_dmi, is_ecs, state, ledger, HOLD_OFF,
                    machine_seed());
        r->engine.hold = hold_now(r);
}

/* The first answer of netlink and a resume file may come from within: after the start, then. */
static int start(struct runtime *r) {
        int k;

        r->stepping = true;
        enqueue(r, &(struct event){.type = EVENT_START});
        k = netlink_new(r->event, on_facts, r, &r->netlink);
        if (k < 0) {
                say(MESSAGE_CANNOT_RUN, LOG_ERR, "The kernel's network changes cannot be watched",
                    strerror(-k));
                return k;
        }
        k = hold_watch_new(r->event, HOLD_PATH, RESUME_PATH, on_hold, on_resume, r, &r->hold_watch);
        if (k < 0)
                say(MESSAGE_CANNOT_RUN, LOG_WARNING,
                    "The brake cannot be watched; it is looked at before each change all the same",
                    strerror(-k));
        judge_hold(r);
        drain(r);
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
        hold_watch_free(r->hold_watch);
        netlink_free(r->netlink);
        cloud_link_free(r->link);
        etiquette_free(r->etiquette);
        machine_clock_free(r->clock);
        sd_event_source_unref(r->timer);
        sd_event_unref(r->event);
        publish_done(&r->publish);
        store_done(&r->store);
        close_p(&r->alive_fd);
        free(r);
        return NULL;
}
DEFINE_CLEANUP(struct runtime *, runtime_free)

int runtime_run(const struct config *config, const char *boot_id) {
        _cleanup_(runtime_free_p) struct runtime *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return -ENOMEM;
        r->alive_fd = r->store.fd = -1;
        k = open_state_folder(r);
        if (k >= 0)
                k = open_event(r);
        if (k < 0)
                return k;
        open_run_folder(r);
        open_engine(r, config, boot_id);
        k = start(r);
        return k < 0 ? k : loop(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The model's machine, disk and operator, and the table of moves. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model_answers.h"
#include "model_secret.h"
#include "model_wire.h"
#include "util/text.h"

#define BOOT_TAKES (10 * USEC_PER_SEC)
#define DATE_LIE   (INT64_C(2) * 24 * 3600)
#define YEARS      (INT64_C(5) * 365 * 24 * 3600)

int64_t world_cloud_sec(const struct world *w) {
        return EPOCH + (int64_t)(w->now / USEC_PER_SEC);
}

int64_t world_date(const struct world *w) {
        return world_cloud_sec(w) - w->behind;
}

struct engine_now world_now(const struct world *w) {
        return (struct engine_now){
                .boot_usec = w->now - w->booted,
                .wall_sec = world_cloud_sec(w) + w->clock_off,
        };
}

static struct kernel_facts kernel_facts(const struct world *w) {
        const struct watch *watch = &w->engine.watch;
        bool local =
                watch->address != 0 && (watch->address == PRIVATE_IP || watch->address == w->nic);
        struct kernel_facts f = {
                .known = true,
                .address = watch->address,
                .local = local ? ANSWER_YES : ANSWER_NO,
                .out = w->link_down ? ANSWER_NO : ANSWER_YES,
                .in = w->link_down ? ANSWER_NO : ANSWER_YES,
        };

        if (watch->n_machine_ips > 0 && !w->link_down) /* or there is no address to judge by */
                f.machine = w->scene->wrong_machine ? ANSWER_NO : ANSWER_YES;
        return f;
}

static void ask_cloud(struct world *w, const struct wire_question *q) {
        laws_sent(w, q);
        wire_pass_question(w, q);
        w->flight = (struct flight){.asked = true, .question = *q, .at = w->now};
}

/* What the runtime does with the actions, as far as the outside sees it. */
void world_step(struct world *w, struct event *e, struct actions *a) {
        e->now = world_now(w);
        if (w->scene->coarse)
                w->engine.given.rng.state = w->scene->seed;
        engine_step(&w->engine, e, a);
        if (a->wants & ACTION_GO) {
                laws_went(w, &w->flight.question);
                w->flight.gone = true;
        }
        if (a->wants & ACTION_DROP) {
                laws_gave_up(w);
                w->flight = (struct flight){0};
        }
        if (a->wants & ACTION_STORE)
                w->store_wanted = true;
        if (a->wants & ACTION_WATCH)
                w->kernel_news = true;
        if (a->wants & ACTION_BLOCKERS) {
                w->blockers_asked = w->blockers_news = true;
                w->blockers_at = w->now;
        }
        if (a->wants & ACTION_NO_BLOCKERS)
                w->blockers_asked = w->blocked = false;
        if (a->wants & ACTION_ASK) {
                w->ask_wanted = w->store_wanted;
                w->asks = a->question;
                if (!w->store_wanted)
                        ask_cloud(w, &a->question);
        }
        laws_stepped(w, e, a);
        if (w->engine.phase == PHASE_STOPPED)
                laws_down(w);
        if (w->engine.phase == PHASE_STOPPED)
                w->running = false;
}

static void step_plain(struct world *w, enum event_type type, struct actions *a) {
        struct event e = {.type = type};

        world_step(w, &e, a);
}

/* The agent ends. What it had asked may still be on its way. */
static void down(struct world *w) {
        if (w->flight.gone && !w->flight.executed)
                answer_abandon(w, CALL_MAX_MS * USEC_PER_MSEC);
        w->flight = (struct flight){0};
        w->running = w->store_wanted = w->told_wanted = w->ask_wanted = false;
        w->config_unread = false;
        w->blockers_asked = w->blocked = false;
        laws_down(w);
}

static void restart_machine(struct world *w) {
        if (w->running)
                down(w);
        w->boot++;
        w->now += BOOT_TAKES;
        w->booted = w->now;
        w->now += START_AFTER;
        cloud_effect(w);
        w->link_down = false;
}

static void tell_user_data(struct world *w, struct actions *a) {
        struct event e = {
                .type = EVENT_USER_DATA,
                .user_data = w->awaits_user_data ? USER_DATA_AWAITED : USER_DATA_SETTLED,
        };

        if (w->running)
                world_step(w, &e, a);
}

static void tell_config(struct world *w, bool unread, struct actions *a) {
        struct event e = {.type = EVENT_CONFIG, .config_unread = unread};

        w->config_unread = unread;
        world_step(w, &e, a);
}

static void start(struct world *w, struct actions *a) {
        struct config config = w->engine.given.config;
        struct actions none;
        char boot_id[BOOT_ID_SIZE] = "";

        if (!w->scene->no_boot_id)
                snprintf(boot_id, sizeof(boot_id), "boot-%u", w->boot);
        engine_init(&w->engine, &config, boot_id, true, !w->scene->not_ecs, w->disk_state, &w->disk,
                    w->hold, w->scene->seed);
        w->running = true;
        w->kernel_news = true;
        w->ask_wanted = w->hold_news = false;
        laws_started(w);
        step_plain(w, EVENT_START, a);
        tell_user_data(w, &none);
}

static void write_ledger(struct world *w) {
        w->disk = w->engine.ledger;
        w->disk_state = LEDGER_READ;
        laws_written(w);
}

static void end_write(struct world *w, int error) {
        w->store_wanted = false;
        w->told_wanted = true;
        w->store_error = error;
        if (w->ask_wanted)
                ask_cloud(w, &w->asks);
        w->ask_wanted = false;
}

static void told(struct world *w, struct actions *a) {
        struct event e = {.type = EVENT_STORED, .stored = {w->store_error, w->hold}};

        w->told_wanted = false;
        world_step(w, &e, a);
}

static void to_deadline(struct world *w, struct actions *a) {
        if (w->booted + w->engine.deadline > w->now)
                w->now = w->booted + w->engine.deadline;
        if (w->scene->coarse)
                w->now += (USEC_PER_SEC - w->now % USEC_PER_SEC) % USEC_PER_SEC;
        step_plain(w, EVENT_TIMER, a);
}

static void pass(struct world *w, uint64_t usec) {
        w->now += usec;
        if (w->late.asked && w->now >= w->late.until)
                w->late = (struct flight){0};
        if (w->reboot_until && w->now >= w->reboot_until)
                w->reboot_accepted = false;
}

static void tell_kernel(struct world *w, struct actions *a) {
        struct event e = {.type = EVENT_KERNEL, .kernel = kernel_facts(w)};

        w->kernel_news = false;
        laws_told_of_kernel(w, &e.kernel);
        world_step(w, &e, a);
}

static void tell_blockers(struct world *w, const char *text, struct actions *a) {
        struct event e = {.type = EVENT_BLOCKERS};

        w->blockers_news = false;
        w->blocked = *text;
        TEXT_SET(e.blockers, text);
        world_step(w, &e, a);
}

static void set_hold(struct world *w, enum hold hold, struct actions *a) {
        struct event e = {.type = EVENT_HOLD, .hold = hold};

        w->hold = hold;
        /* The watch may be late while a call is on its way. */
        w->hold_news = !w->hold_news && (w->store_wanted || w->told_wanted ||
                                         wire_op_changes(w->flight.question.op));
        if (!w->hold_news)
                world_step(w, &e, a);
}

static void reload(struct world *w, bool other_policy, struct actions *a) {
        struct event e = {.type = EVENT_RELOAD, .config = w->engine.given.config};

        if (w->engine.given.config.eip_allocate)
                e.config.eip_bandwidth = 11 - e.config.eip_bandwidth; /* 5 and 6 */
        if (other_policy)
                e.config.reboot_policy = (e.config.reboot_policy + 1) % (REBOOT_NEVER + 1);
        if (other_policy && e.config.reboot_policy == REBOOT_AUTO)
                e.config.heal_policy = (e.config.heal_policy + 1) % (HEAL_ALERT + 1);
        world_step(w, &e, a);
}

static void set_clock(struct world *w, int64_t by, struct actions *a) {
        w->clock_off += by;
        if (w->running)
                step_plain(w, EVENT_CLOCK, a);
}

/* Something outside has changed, so that the agent may have something to say; time alone is not. */
static bool is_news(enum move m) {
        static const enum move silent[] = {MOVE_WRITE,  MOVE_TOLD,   MOVE_READY,
                                           MOVE_ANSWER, MOVE_KERNEL, MOVE_TIMER,
                                           MOVE_SECOND, MOVE_MINUTE, MOVE_UNBLOCKED,
                                           MOVE_DAY,    MOVE_LATE,   MOVE_TEN_MINUTES};

        for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
                if (silent[i] == m)
                        return false;
        return true;
}

void world_do(struct world *w, enum move m, struct actions *a) {
        a->wants = a->n_notices = 0;
        w->n_moves++;
        if (m >= _MOVE_FAIR && m != MOVE_USER_DATA)
                w->cost++;
        if (is_news(m))
                laws_disturbed(w);
        pass(w, 0);
        switch (m) {
        case MOVE_START:
                start(w, a);
                break;
        case MOVE_WRITE:
                write_ledger(w);
                end_write(w, 0);
                break;
        case MOVE_WRITE_FAILS:
                end_write(w, -ENOSPC);
                break;
        case MOVE_WRITE_ODDLY:
                write_ledger(w);
                end_write(w, -EIO);
                break;
        case MOVE_TOLD:
                told(w, a);
                break;
        case MOVE_READY:
        case MOVE_READY_AGAIN:
                answer_ready(w, a);
                break;
        case MOVE_ANSWER:
                answer_truly(w, a);
                break;
        case MOVE_KERNEL:
                tell_kernel(w, a);
                break;
        case MOVE_TIMER:
                to_deadline(w, a);
                break;
        case MOVE_HOLD_NEWS:
                set_hold(w, w->hold, a);
                break;
        case MOVE_UNBLOCKED:
                tell_blockers(w, "", a);
                break;
        case MOVE_BLOCKED:
                tell_blockers(w, "cloud-init to finish", a);
                break;
        case MOVE_REBOOTS:
                w->reboot_accepted = false;
                w->reboot_until = 0;
                w->reboot_repeats = true;
                restart_machine(w);
                break;
        case MOVE_REBOOTS_AGAIN:
                w->reboot_repeats = false;
                restart_machine(w);
                break;
        case MOVE_POWER:
        case MOVE_CONSOLE_REBOOT:
                restart_machine(w);
                break;
        case MOVE_METADATA_NEWS:
                w->metadata = w->effective;
                break;
        case MOVE_CONTROL_NEWS:
                w->shown = w->address;
                break;
        case MOVE_BANDWIDTH_NEWS:
                w->bandwidth_shown = w->bandwidth;
                break;
        case MOVE_EIP_NEWS:
                cloud_settle_eip(w);
                break;
        case MOVE_EIP_LISTED:
                w->eip_listed = 0;
                break;
        case MOVE_DISK_FULL:
        case MOVE_DISK_FREE:
                w->full = m == MOVE_DISK_FULL;
                break;
        case MOVE_KILL:
                down(w);
                w->now += USEC_PER_SEC;
                break;
        case MOVE_STOP:
                step_plain(w, EVENT_STOP, a);
                down(w);
                break;
        case MOVE_LOST_DONE:
        case MOVE_SERVER_DONE:
        case MOVE_REFUSED_DONE:
        case MOVE_STATE_DONE:
        case MOVE_NONCE_DONE:
        case MOVE_UNKNOWN_DONE:
                answer_lost(w, m, a);
                break;
        case MOVE_TWICE:
                answer_twice(w, a);
                break;
        case MOVE_REFUSED_LATE:
                answer_abandon(w, LIE_MAX);
                answer_fault(w, m, a);
                break;
        case MOVE_SILENT_DONE:
                answer_never(w);
                break;
        case MOVE_GONE:
                answer_gone(w, a);
                break;
        case MOVE_LATE:
                answer_late(w);
                break;
        case MOVE_LOST_UNDONE:
        case MOVE_FAULT_UNSENT:
        case MOVE_FAULT_SERVER:
        case MOVE_FAULT_THROTTLED:
        case MOVE_FAULT_HINT:
        case MOVE_FAULT_AUTH:
        case MOVE_FAULT_OPERATOR:
        case MOVE_FAULT_SETTLING:
        case MOVE_FAULT_CLOCK:
        case MOVE_FAULT_ALREADY:
        case MOVE_METADATA_SILENT:
        case MOVE_METADATA_404:
        case MOVE_METADATA_5XX:
                answer_fault(w, m, a);
                break;
        case MOVE_LINE_GARBLED:
        case MOVE_LINE_CUT:
        case MOVE_LINE_LONG:
        case MOVE_LINE_DEEP:
        case MOVE_LINE_WIDE:
        case MOVE_BODY_GARBLED:
        case MOVE_BODY_CUT:
        case MOVE_BODY_LONG:
        case MOVE_BODY_DEEP:
                answer_spoiled(w, m, a);
                break;
        case MOVE_NO_CREDENTIALS:
                secret_cut(w);
                answer_fault(w, m, a);
                break;
        case MOVE_METADATA_STRANGE:
                answer_strange(w, a);
                break;
        case MOVE_STRAY_ANSWER:
                answer_stray(w, a);
                break;
        case MOVE_SECOND:
                pass(w, USEC_PER_SEC);
                break;
        case MOVE_MINUTE:
                pass(w, USEC_PER_MIN);
                break;
        case MOVE_TEN_MINUTES:
                pass(w, 10 * USEC_PER_MIN);
                break;
        case MOVE_DAY:
                pass(w, 24 * USEC_PER_HOUR);
                break;
        case MOVE_LEDGER_REMOVED:
                w->disk_state = LEDGER_NONE;
                laws_ledger_removed(w);
                break;
        case MOVE_LEDGER_DAMAGED:
                w->disk_state = LEDGER_DAMAGED;
                break;
        case MOVE_LEDGER_UNREADABLE:
                w->disk_state = LEDGER_UNREADABLE;
                break;
        case MOVE_LEDGER_READABLE:
                w->disk_state = LEDGER_READ;
                break;
        case MOVE_ASSIGN:
        case MOVE_ASSIGN_EIP:
                cloud_assign(w, m == MOVE_ASSIGN_EIP);
                break;
        case MOVE_BANDWIDTH:
                w->bandwidth = w->bandwidth_shown = w->bandwidth ? 0 : 5;
                break;
        case MOVE_RECLAIM:
                cloud_drift(w, false, false);
                break;
        case MOVE_REPLACE:
                cloud_drift(w, true, false);
                break;
        case MOVE_CONVERT:
                cloud_drift(w, true, true);
                break;
        case MOVE_LINK_DOWN:
        case MOVE_LINK_UP:
                w->link_down = m == MOVE_LINK_DOWN;
                w->kernel_news = true;
                break;
        case MOVE_LOCK:
        case MOVE_UNLOCK:
                w->locked = m == MOVE_LOCK;
                break;
        case MOVE_TRANSIT:
        case MOVE_SETTLED:
                w->transit = m == MOVE_TRANSIT;
                break;
        case MOVE_EIP_TAKEN:
        case MOVE_EIP_FREED:
                cloud_take_eip(w, m == MOVE_EIP_TAKEN);
                break;
        case MOVE_CLOCK_FORWARD:
                set_clock(w, YEARS, a);
                break;
        case MOVE_CLOCK_BACK:
                set_clock(w, -YEARS, a);
                break;
        case MOVE_TIME_BACK:
        case MOVE_TIME_RIGHT:
                w->behind = m == MOVE_TIME_BACK ? BEHIND_SEC : 0;
                break;
        case MOVE_DATE_AHEAD:
                w->date_lie = DATE_LIE;
                break;
        case MOVE_DATE_BACK:
                w->date_lie = -DATE_LIE;
                break;
        case MOVE_DATE_RIGHT:
                w->date_lie = 0;
                break;
        case MOVE_HOLD:
                set_hold(w, HOLD_ON, a);
                break;
        case MOVE_UNHOLD:
                set_hold(w, HOLD_OFF, a);
                break;
        case MOVE_RESUME:
                w->laws.user_data_waived |= w->engine.phase == PHASE_WAITING;
                step_plain(w, EVENT_RESUME, a);
                break;
        case MOVE_RELOAD:
        case MOVE_POLICY:
                reload(w, m == MOVE_POLICY, a);
                break;
        case MOVE_USER_DATA:
                w->awaits_user_data = false;
                tell_user_data(w, a);
                break;
        case MOVE_CONFIG_UNREAD:
        case MOVE_CONFIG_READ:
                tell_config(w, m == MOVE_CONFIG_UNREAD, a);
                break;
        case _MOVE_MAX:
                break;
        }
}

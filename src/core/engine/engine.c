/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine's doors: an event in, and one move of it committed. */
#include <ecs-pubip/engine.h>

#include <string.h>

#include "answer.h"
#include "clock.h"
#include "commit.h"
#include "cure.h"
#include "fault.h"
#include "holdoff.h"
#include "nic.h"
#include "outcome.h"
#include "past.h"
#include "planes.h"
#include "react.h"
#include "reboot.h"
#include "report.h"
#include "retry.h"
#include "util/text.h"

#define USER_DATA_MAX (5 * USEC_PER_MIN) /* cloud-init's own waits mostly end at 120 s */

void engine_init(struct engine *e, const struct config *config, const char *boot_id, bool dmi_known,
                 bool dmi_is_ecs, enum ledger_state state, const struct ledger *ledger,
                 enum hold hold, uint64_t seed) {
        *e = (struct engine){
                .deadline = ENGINE_NEVER,
                .given =
                        {
                                .config = *config,
                                .dmi_known = dmi_known,
                                .dmi_is_ecs = dmi_is_ecs,
                                .rng = {.state = seed},
                                .ledger_state = state,
                                .hold = hold,
                        },
        };
        TEXT_SET(e->given.boot_id, boot_id);
        if (state == LEDGER_READ)
                e->ledger = *ledger;
        if (state == LEDGER_DAMAGED)
                e->ledger.suspect_pending = true;
}

bool engine_keeps_link(const struct engine *e) {
        return e->inflight.step != STEP_IDLE || e->phase == PHASE_CONFIRMING;
}

int64_t engine_time(const struct engine *e, struct engine_now now) {
        return clock_at(e, now);
}

bool engine_is_new(const struct engine *e) {
        return !e->facts.identified || past_is_blank(&e->ledger);
}

struct verdict engine_verdict(const struct engine *e) {
        return planes_verdict(e);
}

static struct move on_start(struct turn *t) {
        struct engine *e = t->e;

        if (e->given.ledger_state == LEDGER_DAMAGED) {
                report_notice(t, NOTICE_LEDGER_DAMAGED);
                turn_store(t); /* that it was damaged must not be forgotten (L10) */
        }
        if (e->given.hold == HOLD_ON)
                report_notice(t, NOTICE_HELD);
        if (e->given.hold == HOLD_FOREIGN)
                report_notice(t, NOTICE_HOLD_FOREIGN);
        e->given.user_data_until = t->now.boot_usec + USER_DATA_MAX;
        t->out->wants |= ACTION_USER_DATA;
        return move_start_over();
}

static bool is_waiting_for(const struct engine *e, enum fault_awaits fact) {
        return e->phase == PHASE_WAITING && fault_row_of(e, &e->holdoff.fault)->awaits == fact;
}

static void waive_user_data(struct turn *t) {
        t->e->given.user_data = USER_DATA_WAIVED;
        t->e->given.user_data_until = 0;
}

/* The time for user-data has gone by, which no event tells. */
static void expire_user_data(struct turn *t) {
        const struct engine *e = t->e;

        if (e->given.user_data_until == 0 || t->now.boot_usec < e->given.user_data_until)
                return;
        if (is_waiting_for(e, AWAITS_USER_DATA))
                report_notice(t, NOTICE_USER_DATA_LATE);
        waive_user_data(t);
}

static struct move on_timer(struct turn *t) {
        const struct engine *e = t->e;

        if (t->now.boot_usec < e->deadline)
                return move_on(PHASE_SAME);
        switch (e->inflight.step) {
        case STEP_ASKING:
                return answer_missed(t);
        case STEP_LEAVING:
                return fault_fail(t, FAULT_REBOOT_NOT_DONE, "");
        case STEP_IDLE:
        case STEP_STORING: /* has no deadline: the runtime always tells */
                break;
        }
        return react_to(t, TRIGGER_DEADLINE);
}

static struct move on_answer(struct turn *t, const struct wire_answer *a) {
        if (t->e->inflight.step != STEP_ASKING)
                return move_on(PHASE_SAME); /* to a question that was given up */
        return answer_heard(t, a);
}

static struct move on_kernel(struct turn *t, const struct kernel_facts *k) {
        t->e->facts.kernel = *k;
        if (k->local == ANSWER_YES && nic_has_address(t->e))
                cure_forget_failure(t, false, true);
        return turn_is_resting(t->e) ? react_to(t, TRIGGER_KERNEL) : move_on(PHASE_SAME);
}

static struct move on_hold(struct turn *t, enum hold hold) {
        struct engine *e = t->e;
        enum hold old = e->given.hold;

        e->given.hold = hold;
        if (hold == old)
                return move_on(PHASE_SAME);
        if (hold == HOLD_FOREIGN)
                report_notice(t, NOTICE_HOLD_FOREIGN);
        else
                report_notice(t, hold == HOLD_ON ? NOTICE_HELD : NOTICE_RESUMED);
        if (old == HOLD_ON && e->phase == PHASE_HELD && turn_is_resting(e))
                return move_start_over();
        return move_on(PHASE_SAME);
}

/* It is what a wait was for: who we are is asked anew, and what is wrong is no longer that. */
static struct move fact_came(struct turn *t) {
        holdoff_clear(t);
        return retry_now_at_word(t);
}

static struct move on_config(struct turn *t, bool unread) {
        t->e->given.config_unread = unread;
        return !unread && is_waiting_for(t->e, AWAITS_CONFIG) ? fact_came(t) : move_on(PHASE_SAME);
}

static struct move on_user_data(struct turn *t, enum user_data state) {
        struct engine *e = t->e;

        if (e->given.user_data_until == 0)
                return move_on(PHASE_SAME); /* too late, or a person did not want to wait */
        e->given.user_data = state;
        if (state != USER_DATA_SETTLED)
                return move_on(PHASE_SAME);
        e->given.user_data_until = 0;
        return is_waiting_for(e, AWAITS_USER_DATA) ? fact_came(t) : move_on(PHASE_SAME);
}

static struct move on_resume(struct turn *t) {
        if (is_waiting_for(t->e, AWAITS_USER_DATA))
                waive_user_data(t);
        report_accept(t);
        if (report_is_accepted(t->e, FAULT_REBOOT_NO_CURE))
                cure_forget_failure(t, true, true);
        return retry_now_at_word(t);
}

static struct move on_reload(struct turn *t, const struct config *config) {
        struct engine *e = t->e;
        struct move m = move_on(PHASE_SAME), retry;
        bool other_policy = config->reboot_policy != e->given.config.reboot_policy;

        if (strcmp(e->given.config.instance_id, config->instance_id) != 0 ||
            strcmp(e->given.config.region, config->region) != 0)
                e->facts.identified = false; /* who we are is asked anew */
        e->given.config = *config;
        e->inflight.outdated |= wire_op_changes(e->inflight.op);
        if (other_policy)
                m = reboot_reconsider(t);
        retry = retry_now_at_word(t);
        return retry.kind == MOVE_ON ? m : retry;
}

static struct move on_clock(struct turn *t) {
        const struct engine *e = t->e;

        if (e->phase == PHASE_WAITING && e->holdoff.fault.class == FAULT_CLOCK)
                return retry_now(t);
        return move_on(PHASE_SAME);
}

static struct move on_stop(struct turn *t) {
        t->out->wants |= ACTION_DROP;
        return move_rest(PHASE_STOPPED, ENGINE_NEVER);
}

static struct move on_event(struct turn *t, const struct event *event) {
        switch (event->type) {
        case EVENT_START:
                return on_start(t);
        case EVENT_TIMER:
                return on_timer(t);
        case EVENT_ANSWER:
                return on_answer(t, &event->answer);
        case EVENT_READY:
                return outcome_ready(t, event->ready.number, event->ready.hold);
        case EVENT_KERNEL:
                return on_kernel(t, &event->kernel);
        case EVENT_STORED:
                return outcome_stored(t, event->stored.error, event->stored.hold);
        case EVENT_HOLD:
                return on_hold(t, event->hold);
        case EVENT_RESUME:
                return on_resume(t);
        case EVENT_RELOAD:
                return on_reload(t, &event->config);
        case EVENT_CONFIG:
                return on_config(t, event->config_unread);
        case EVENT_USER_DATA:
                return on_user_data(t, event->user_data);
        case EVENT_CLOCK:
                return on_clock(t);
        case EVENT_BLOCKERS:
                return reboot_blockers(t, event->blockers);
        case EVENT_STOP:
                return on_stop(t);
        }
        return move_on(PHASE_SAME);
}

void engine_step(struct engine *e, const struct event *event, struct actions *ret) {
        struct turn t = {.e = e, .now = event->now, .out = ret};
        struct verdict before;
        struct move m;

        *ret = (struct actions){};
        if (e->phase == PHASE_STOPPED)
                return;
        before = planes_verdict(e);
        expire_user_data(&t);
        m = on_event(&t, event);
        commit_move(&t, &m);
        m = retry_now_after_question(&t);
        commit_move(&t, &m);
        planes_date(&t, &before);
}

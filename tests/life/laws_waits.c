/* SPDX-License-Identifier: Apache-2.0 */
/* After each step: where the agent stands, how long it waits, and what it says of itself. */
#include <string.h>

#include "laws.h"
#include "model.h"

#define WITNESS_FRESH (60 * USEC_PER_SEC)
#define NOT_ECS_AFTER (10 * USEC_PER_MIN)
#define CONFIRM_SLACK                                                                              \
        (2 * USEC_PER_MIN) /* a question that nobody answers, and the look after it                \
                            */
#define SETTLING_MAX (10 * USEC_PER_MIN)
/* Its call may have left 15 s after the intent, whole seconds of two clocks. */
#define REBOOT_LATE (20 * USEC_PER_MIN + 20 * USEC_PER_SEC)
/* 4.3: with the question that shows it. */
#define LATE_SHOWN   (12 * USEC_PER_MIN)
#define AUTH_MAX     (2 * USEC_PER_MIN)
#define AUTH_MAX_NEW (10 * USEC_PER_MIN) /* in the first boot of an instance id */

/*
 * A change whose answer named the address does not wait for control where that cannot be heard now:
 * the planes that count agree, and control is asked later (4.1). Of an unreadable ledger nobody
 * knows that there was a change.
 */
static bool is_answered_for(const struct laws *l, in_addr_t address) {
        for (unsigned i = l->n_changes; i-- > 0;)
                if (laws_brings_address(l->changes[i].op) && l->changes[i].heard != HEARD_REFUSED)
                        return l->changes[i].heard == HEARD_DONE &&
                               l->changes[i].address == address;
        return false;
}

/* Confirmed means that what was heard last agrees (4.1). */
static void check_confirmed(struct world *w) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        bool classic = w->scene->network == NETWORK_CLASSIC;

        if (!l->kernel_known || !l->kernel_agrees ||
            l->kernel_address != (classic ? e->expected : PRIVATE_IP))
                laws_break(w, "4.1: confirmed although the kernel does not agree");
        if (l->control_owed && !is_answered_for(l, e->expected) &&
            e->given.ledger_state != LEDGER_UNREADABLE)
                laws_break(w, "4.1: confirmed without a look at control after a change");
        if (classic || w->scene->no_metadata) {
                if (e->expected != l->inspected_address)
                        laws_break(w, "4.1: confirmed although control does not agree");
                return;
        }
        if (l->metadata_at && l->metadata_address == e->expected)
                return;
        if (l->reachable && w->now - l->reach_at <= WITNESS_FRESH)
                l->lagging = true;
        if (!l->lagging)
                laws_break(w, "4.1: confirmed although metadata does not agree");
}

/* 4.5, the column of caps: the longest that one wait may be. */
static uint64_t wait_max(enum fault_class class) {
        switch (class) {
        case FAULT_SETTLING:
                return 30 * USEC_PER_SEC;
        case FAULT_AUTH:
                return 60 * USEC_PER_SEC;
        case FAULT_THROTTLED: /* the next minute, or the hint of an hour, and the widest window */
                return (60 + 282 + 2) * USEC_PER_MIN;
        case FAULT_RETRY:
        case FAULT_PROTOCOL:
        case FAULT_CLOCK:
        case FAULT_ALREADY:
                return 5 * USEC_PER_MIN;
        case FAULT_NONE:
        case FAULT_OPERATOR:
        case _FAULT_CLASS_MAX:
                break;
        }
        return 0; /* does not wait */
}

/* L3: nothing is changed while a reboot may still come. */
static bool is_reboot_open(const struct world *w) {
        for (unsigned i = 0; i < w->laws.n_changes; i++) {
                const struct change_seen *c = &w->laws.changes[i];

                if (c->op == WIRE_REBOOT && c->boot == w->boot && c->heard != HEARD_REFUSED &&
                    !c->answered && w->now - c->at < REBOOT_LATE)
                        return true;
        }
        return false;
}

static uint64_t rest_max(const struct world *w) {
        const struct engine *e = &w->engine;

        switch (e->phase) {
        case PHASE_WAITING:
                if (e->holdoff.fault.class == FAULT_RETRY && is_reboot_open(w))
                        return REBOOT_LATE;
                if (strcmp(e->holdoff.fault.code, FAULT_CHANGE_OFTEN) == 0)
                        return USEC_PER_HOUR;
                return wait_max(e->holdoff.fault.class);
        case PHASE_FAILED:
                return 65 * USEC_PER_MIN;
        case PHASE_CONFIRMED:
                return e->given.config.heal_check_interval_usec / 4 * 5;
        case PHASE_HELD: /* control is looked at once an hour */
                return w->scene->no_metadata ? USEC_PER_HOUR
                                             : e->given.config.heal_check_interval_usec;
        case PHASE_REBOOTING: /* an accepted one is not executed, see L3 */
                return 10 * USEC_PER_MIN;
        case PHASE_CONFIRMING:
        case PHASE_INSPECTING:
                return 60 * USEC_PER_SEC;
        case PHASE_ALLOCATING: /* netlink's word about the witness of L4 */
                return 5 * USEC_PER_SEC;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
        return 0; /* nothing is waited for in it */
}

/* L8: every wait has an end, and somebody who will end it. */
static void check_bounds(struct world *w, const struct actions *a) {
        const struct engine *e = &w->engine;
        uint64_t now = w->now - w->booted, max = rest_max(w);

        if (e->inflight.step == STEP_STORING) {
                if (!w->store_wanted && !w->told_wanted)
                        laws_break(w, "L8: waits for a write that nobody was asked for");
                return;
        }
        if (e->inflight.step == STEP_ASKING) {
                max = CALL_MAX_MS * USEC_PER_MSEC;
                if (!(a->wants & ACTION_ASK) && !w->flight.asked && !w->ask_wanted)
                        laws_break(w, "L8: waits for an answer to a question nobody was asked");
        }
        if (e->inflight.step == STEP_LEAVING)
                max = 10 * USEC_PER_MIN;
        if (e->deadline == ENGINE_NEVER)
                laws_break(w, "L8: waits without a deadline");
        else if (e->deadline > now && e->deadline - now > max)
                laws_break(w, "L8, 4.5: waits longer than its class or its phase may");
}

/* L8: a due reboot waits at most Patience for what blocks it, should that never end. */
static void check_patience(struct world *w, const struct event *event) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        bool judged = event->type == EVENT_TIMER || event->type == EVENT_BLOCKERS;

        if (e->phase != PHASE_REBOOTING || !w->blocked)
                l->blocked_since = 0;
        else if (l->blocked_since == 0)
                l->blocked_since = w->now;
        if (judged && l->blocked_since && e->inflight.step == STEP_IDLE &&
            w->now - l->blocked_since >= e->given.config.reboot_patience_usec)
                laws_break(w, "L8: a due reboot waits longer than Patience");
}

static uint64_t patience(const struct engine *e) {
        bool first = strcmp(e->ledger.first_boot_id, e->given.boot_id) == 0;

        return e->holdoff.fault.class == FAULT_SETTLING ? SETTLING_MAX
               : first                                  ? AUTH_MAX_NEW
                                                        : AUTH_MAX;
}

/* 4.5, the last column: what becomes `failed`, and when. */
static void check_failing(struct world *w) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        enum fault_class class = e->holdoff.fault.class;
        bool impatient = class == FAULT_SETTLING || class == FAULT_AUTH;

        if (e->phase == PHASE_FAILED && l->phase != PHASE_FAILED && class != FAULT_OPERATOR) {
                if (!impatient)
                        laws_break(w, "4.5: what heals by waiting became `failed`");
                else if (w->now - l->class_met < (class == FAULT_AUTH ? AUTH_MAX : SETTLING_MAX))
                        laws_break(w, "4.5: `failed` before its patience was over");
        }
        if (e->phase == PHASE_WAITING && e->inflight.step == STEP_IDLE &&
            e->deadline != l->deadline && l->asking != WIRE_ADDRESSES && impatient &&
            w->now - l->class_since > patience(e))
                laws_break(w, "4.5: waits on although its patience is over");
}

/* L3: an accepted reboot that does not come ends `failed`, with its remedy, and nothing else. */
static void check_leaving(struct world *w, const struct event *event) {
        const struct engine *e = &w->engine;

        if (w->laws.step != STEP_LEAVING || e->inflight.step == STEP_LEAVING ||
            event->type == EVENT_STOP)
                return;
        if (e->phase != PHASE_FAILED || strcmp(e->holdoff.fault.code, FAULT_REBOOT_NOT_DONE) != 0)
                laws_break(w, "L3: an accepted reboot that did not come is not `failed`");
}

/* 4.5: a person's word ends every wait that the server did not ask for; a start asks at once. */
static void check_hurry(struct world *w, const struct event *event) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        bool waits = l->phase == PHASE_FAILED || l->phase == PHASE_WAITING;

        if (event->type == EVENT_START && e->inflight.step != STEP_ASKING)
                laws_break(w, "L8: the agent starts, and asks nothing");
        if (l->word)
                l->class_since = w->now;
        if (event->type == EVENT_ANSWER || event->type == EVENT_TIMER)
                l->word = false;
        if (event->type != EVENT_RELOAD && event->type != EVENT_RESUME)
                return;
        if (waits && l->step == STEP_IDLE && l->class != FAULT_THROTTLED &&
            e->inflight.step == STEP_IDLE)
                laws_break(w, "4.5: a reload or `resume` ends no wait");
        l->class_since = w->now;
        l->word = l->step != STEP_IDLE;
        if (event->type == EVENT_RESUME)
                l->no_cure = l->no_cure_told = false;
        if (event->type == EVENT_RESUME && l->alerted)
                l->resumed = l->alerted;
}

/*
 * 4.4: an alert stands from its notice on, whatever the agent waits for meanwhile, until the
 * address is confirmed or the agent's own call brings another. The notice says for which address a
 * person's word is.
 */
static void hear_alert(struct laws *l, const struct notice *n) {
        if (n->kind == NOTICE_FAILED && strcmp(n->fault.code, FAULT_HEAL_REPLACED) == 0)
                l->alerted = n->address;
        if (n->kind == NOTICE_CONFIRMED || n->kind == NOTICE_CHANGED)
                l->alerted = 0;
        if (n->kind == NOTICE_FAILED && strcmp(n->fault.code, FAULT_REBOOT_NO_CURE) == 0)
                l->no_cure_told = true;
}

/*
 * 4.3: the call's answer named it, or it comes while the call's address was to be expected; what
 * comes later, or comes back, is a stranger's.
 */
static bool is_of(const struct world *w, const struct change_seen *c, in_addr_t address) {
        if (c->heard == HEARD_DONE && c->op != WIRE_BANDWIDTH && c->address == address)
                return true;
        return w->now < c->at + LATE_SHOWN && (c->address == address || c->taken_for == address);
}

/* 4.4: under `alert` another address is taken for ours only by a person's word, or by our call. */
static void check_adoption(struct world *w) {
        struct laws *l = &w->laws;
        in_addr_t known = l->ledger_address, now = w->engine.ledger.address;
        bool ours = false;

        for (unsigned i = 0; i < l->n_changes; i++)
                ours |= is_of(w, &l->changes[i], now);
        if (w->engine.given.config.heal_policy == HEAL_ALERT && known && now && known != now &&
            l->resumed != now && !ours)
                laws_break(w, "4.4: a replaced address is adopted against Heal.Policy=alert");
        if (known != now)
                l->resumed = 0;
        l->ledger_address = now;
}

/* Must happen: Confirm.Timeout comes, whatever else is waited for in between (4.1). */
static void check_confirm_timeout(struct world *w, const struct event *event,
                                  const struct actions *a) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;
        bool over =
                l->confirming_since &&
                w->now - l->confirming_since > e->given.config.confirm_timeout_usec + CONFIRM_SLACK;

        if (a->wants & ACTION_ASK && wire_op_changes(a->question.op))
                l->confirming_since = 0;
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_FAILED ||
            e->phase == PHASE_REBOOTING || e->expected == 0 ||
            e->expected != l->confirming_address || event->type == EVENT_RESUME ||
            event->type == EVENT_RELOAD)
                l->confirming_since = 0;
        else if (over && l->step == STEP_IDLE && event->type == EVENT_TIMER &&
                 e->phase == PHASE_CONFIRMING && e->inflight.step == STEP_IDLE)
                laws_break(w, "4.1: it goes on confirming although Confirm.Timeout is over");
        if (l->confirming_since == 0 && e->phase == PHASE_CONFIRMING)
                l->confirming_since = w->now;
        l->confirming_address = e->expected;
}

/* Design 6: `hold` returns when status says held, and then no changing call is in flight. */
static void check_held(struct world *w) {
        static struct status s;

        if (w->hold != HOLD_ON || !w->flight.asked || !wire_op_changes(w->flight.question.op))
                return;
        engine_status(&w->engine, world_now(w), &s);
        if (s.phase == PHASE_HELD)
                laws_break(w, "hold: status says held while a changing call is in flight");
}

/* 4.5: only where this is no ECS instance does the agent end by itself. */
static void check_stopped(struct world *w, const struct event *event) {
        const struct laws *l = &w->laws;

        if (event->type == EVENT_STOP || l->phase == PHASE_STOPPED)
                return;
        if (!w->scene->not_ecs || w->scene->no_metadata || l->silent_since == 0 ||
            w->now - l->silent_since < NOT_ECS_AFTER)
                laws_break(w, "L8: the agent ended by itself");
}

void laws_waits(struct world *w, const struct event *event, const struct actions *a) {
        struct laws *l = &w->laws;
        const struct engine *e = &w->engine;

        /* A link that goes and comes back says nothing about metadata, nor about the witness. */
        for (unsigned i = 0; i < a->n_notices; i++)
                if (a->notices[i].kind == NOTICE_DISAGREES && a->notices[i].plane != PLANE_KERNEL)
                        l->lagging = false;
        if (e->holdoff.fault.class != l->class)
                l->class_met = l->class_since = w->now;
        if (e->phase == PHASE_CONFIRMED && l->phase != PHASE_CONFIRMED)
                check_confirmed(w);
        if (e->phase == PHASE_STOPPED) {
                check_stopped(w, event);
        } else {
                check_bounds(w, a);
                check_failing(w);
                check_leaving(w, event);
                check_hurry(w, event);
                check_held(w);
                check_patience(w, event);
                check_adoption(w);
                check_confirm_timeout(w, event, a);
        }
        for (unsigned i = 0; i < a->n_notices; i++)
                hear_alert(l, &a->notices[i]);
        l->phase = e->phase;
        l->step = e->inflight.step;
        l->asking = e->inflight.op;
        l->deadline = e->deadline;
        l->class = e->holdoff.fault.class;
}

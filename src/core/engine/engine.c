/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static const struct fault no_fault;

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
        e->lagging = e->ledger.lagging;
        if (state == LEDGER_DAMAGED)
                e->ledger.suspect_pending = true;
}

bool engine_keeps_link(const struct engine *e) {
        return e->inflight.step != STEP_IDLE || e->phase == PHASE_CONFIRMING;
}

static void on_stop(struct turn *t) {
        t->e->inflight.op = WIRE_NONE;
        turn_enter(t, PHASE_STOPPED);
        turn_rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_DROP;
}

static void on_hold(struct turn *t, enum hold hold) {
        struct engine *e = t->e;
        enum hold old = e->given.hold;

        e->given.hold = hold;
        if (hold == old)
                return;
        if (hold == HOLD_FOREIGN)
                report_notice(t, NOTICE_HOLD_FOREIGN);
        else
                report_notice(t, hold == HOLD_ON ? NOTICE_HELD : NOTICE_RESUMED);
        if (old == HOLD_ON && e->phase == PHASE_HELD && turn_is_resting(e))
                ask_identity(t);
}

static void on_start(struct turn *t) {
        struct engine *e = t->e;

        if (e->given.ledger_state == LEDGER_DAMAGED) {
                report_notice(t, NOTICE_LEDGER_DAMAGED);
                turn_store(t); /* that it was damaged must not be forgotten (L10) */
        }
        if (e->given.hold == HOLD_ON)
                report_notice(t, NOTICE_HELD);
        if (e->given.hold == HOLD_FOREIGN)
                report_notice(t, NOTICE_HOLD_FOREIGN);
        ask_identity(t);
}

/* A wait is over, or a look is due. */
static void on_deadline(struct turn *t) {
        struct engine *e = t->e;

        e->deadline = ENGINE_NEVER;
        switch (e->phase) {
        case PHASE_WAITING:
                if (t->now.boot_usec < e->holdoff.until) {
                        e->confirming.looks++;
                        ask_question(t, WIRE_ADDRESSES);
                        break;
                }
                holdoff_forget(t);
                if (e->facts.identified && strcmp(e->holdoff.fault.code, FAULT_OTHER_INSTANCE) != 0)
                        wait_or_inspect(t);
                else
                        ask_identity(t);
                break;
        case PHASE_CONFIRMING:
                reboot_tick(t);
                break;
        case PHASE_REBOOTING:
                reboot_due(t);
                break;
        case PHASE_CONFIRMED:
                drift_tick(t);
                break;
        case PHASE_INSPECTING:
                wait_or_inspect(t);
                break;
        case PHASE_FAILED:
                e->before.static_refused = false; /* a person may have raised the bandwidth */
                ask_identity(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_ALLOCATING:
        case PHASE_HELD:
                ask_identity(t);
                break;
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

static void on_kernel(struct turn *t, const struct kernel_facts *k) {
        struct engine *e = t->e;

        e->facts.kernel = *k;
        planes_forget_no_cure(t, false, planes_address_is_on_nic(e));
        planes_judge(t);
        if (!turn_is_resting(e))
                return;
        switch (e->phase) {
        case PHASE_CONFIRMED:
                drift_tick(t);
                break;
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
                reboot_tick(t);
                break;
        case PHASE_WAITING:
        case PHASE_FAILED:
                if (!wait_confirm_again(t))
                        retry_now_after_kernel(t);
                break;
        case PHASE_ALLOCATING:
                decide_next(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_INSPECTING:
        case PHASE_HELD:
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

static void on_reload(struct turn *t, const struct config *config) {
        struct engine *e = t->e;
        bool other_policy = config->reboot_policy != e->given.config.reboot_policy;

        if (strcmp(e->given.config.instance_id, config->instance_id) != 0 ||
            strcmp(e->given.config.region, config->region) != 0)
                e->facts.identified = false; /* who we are is asked anew */
        e->given.config = *config;
        if (other_policy)
                reboot_reconsider(t);
        retry_now_at_word(t);
}

static void got_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;

        switch (op) {
        case WIRE_IDENTIFY:
                fault_of_identify(t, f);
                break;
        case WIRE_INSPECT:
                drift_control_fault(t, f);
                break;
        case WIRE_ADDRESSES:
                drift_metadata_fault(t, f);
                break;
        case WIRE_EIP_FIND: /* part of an inspection, which unconfirms nothing by failing */
                if (e->phase == PHASE_CONFIRMED)
                        drift_control_fault(t, f);
                else
                        fault_meet(t, f);
                break;
        case WIRE_PROBE:
                decide_probe(t, NULL);
                break;
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                outcome_fault(t, op, f);
                break;
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
}

static void got_result(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        switch (op) {
        case WIRE_IDENTIFY:
                decide_identity(t, &a->identity);
                break;
        case WIRE_ADDRESSES:
                decide_addresses(t, &a->addresses);
                break;
        case WIRE_INSPECT:
                decide_instance(t, &a->instance);
                break;
        case WIRE_EIP_FIND:
                decide_eip(t, &a->eip);
                break;
        case WIRE_PROBE:
                decide_probe(t, a);
                break;
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                outcome_done(t, op, a);
                break;
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
}

static void on_answer(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;
        enum wire_op op = e->inflight.op;

        if (e->inflight.step != STEP_ASKING)
                return; /* to a question that was given up */
        turn_rest(t, ENGINE_NEVER);
        clock_learn(t, op, a);
        if (a->fault.class == FAULT_NONE)
                got_result(t, op, a);
        else
                got_fault(t, op, &a->fault);
}

static void on_timer(struct turn *t) {
        struct engine *e = t->e;
        struct fault f;

        if (t->now.boot_usec < e->deadline)
                return;
        if (e->inflight.step == STEP_ASKING) {
                enum wire_op op = e->inflight.op;

                t->out->wants |= ACTION_DROP;
                turn_rest(t, ENGINE_NEVER);
                f = fault_own(FAULT_CLOUD_SILENT, "");
                got_fault(t, op, &f);
                return;
        }
        if (e->inflight.step == STEP_LEAVING) {
                fault_fail(t, FAULT_REBOOT_NOT_DONE, "");
                return;
        }
        on_deadline(t);
}

void engine_step(struct engine *e, const struct event *event, struct actions *ret) {
        struct turn t = {.e = e, .now = event->now, .out = ret};

        *ret = (struct actions){};
        if (e->phase == PHASE_STOPPED)
                return;
        switch (event->type) {
        case EVENT_START:
                on_start(&t);
                break;
        case EVENT_TIMER:
                on_timer(&t);
                break;
        case EVENT_ANSWER:
                on_answer(&t, &event->answer);
                break;
        case EVENT_KERNEL:
                on_kernel(&t, &event->kernel);
                break;
        case EVENT_STORED:
                outcome_stored(&t, event->stored.error, event->stored.hold);
                break;
        case EVENT_HOLD:
                on_hold(&t, event->hold);
                break;
        case EVENT_RESUME:
                /* The failure may be waiting for its next look: the newest that was told counts. */
                TEXT_SET(e->reported.accepted, e->phase == PHASE_FAILED
                                                       ? e->holdoff.fault.code
                                                       : e->reported.faults[REPORTED_FAILED][0]);
                if (report_is_accepted(e, FAULT_REBOOT_NO_CURE))
                        planes_forget_no_cure(&t, true, true);
                retry_now_at_word(&t);
                break;
        case EVENT_RELOAD:
                on_reload(&t, &event->config);
                break;
        case EVENT_CLOCK:
                if (e->phase == PHASE_WAITING && e->holdoff.fault.class == FAULT_CLOCK)
                        retry_now(&t);
                break;
        case EVENT_BLOCKERS:
                reboot_blockers(&t, event->blockers);
                break;
        case EVENT_STOP:
                on_stop(&t);
                break;
        }
        retry_now_after_question(&t);
        if (e->holdoff.fault.class == FAULT_NONE)
                e->holdoff.fault = no_fault;
}

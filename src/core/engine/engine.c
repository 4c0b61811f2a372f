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
                .config = *config,
                .dmi_known = dmi_known,
                .dmi_is_ecs = dmi_is_ecs,
                .rng = {.state = seed},
                .ledger_state = state,
                .deadline = ENGINE_NEVER,
                .hold = hold,
        };
        TEXT_SET(e->boot_id, boot_id);
        if (state == LEDGER_READ)
                e->ledger = *ledger;
        e->lagging = e->ledger.lagging;
        if (state == LEDGER_DAMAGED)
                e->ledger.suspect_pending = true;
}

bool engine_keeps_link(const struct engine *e) {
        return e->step != STEP_IDLE || e->phase == PHASE_CONFIRMING;
}

static void on_stop(struct turn *t) {
        t->e->asking = WIRE_NONE;
        enter(t, PHASE_STOPPED);
        rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_DROP;
}

static void on_hold(struct turn *t, enum hold hold) {
        struct engine *e = t->e;
        enum hold old = e->hold;

        e->hold = hold;
        if (hold == old)
                return;
        if (hold == HOLD_FOREIGN)
                say(t, NOTICE_HOLD_FOREIGN);
        else
                say(t, hold == HOLD_ON ? NOTICE_HELD : NOTICE_RESUMED);
        if (old == HOLD_ON && e->phase == PHASE_HELD && is_resting(e))
                start_over(t);
}

static void on_start(struct turn *t) {
        struct engine *e = t->e;

        if (e->ledger_state == LEDGER_DAMAGED) {
                say(t, NOTICE_LEDGER_DAMAGED);
                store(t); /* that it was damaged must not be forgotten (L10) */
        }
        if (e->hold == HOLD_ON)
                say(t, NOTICE_HELD);
        if (e->hold == HOLD_FOREIGN)
                say(t, NOTICE_HOLD_FOREIGN);
        start_over(t);
}

/* A wait is over, or a look is due. */
static void on_deadline(struct turn *t) {
        struct engine *e = t->e;

        e->deadline = ENGINE_NEVER;
        switch (e->phase) {
        case PHASE_WAITING:
                if (t->now.boot_usec < e->wait_until) {
                        e->looks++;
                        ask(t, WIRE_ADDRESSES);
                        break;
                }
                forget_wait(t);
                if (e->identified && strcmp(e->fault.code, FAULT_OTHER_INSTANCE) != 0)
                        inspect(t);
                else
                        start_over(t);
                break;
        case PHASE_CONFIRMING:
                on_confirming(t);
                break;
        case PHASE_REBOOTING:
                reboot_due(t);
                break;
        case PHASE_CONFIRMED:
                on_confirmed(t);
                break;
        case PHASE_INSPECTING:
                inspect(t);
                break;
        case PHASE_FAILED:
                e->static_refused = false; /* a person may have raised the bandwidth */
                start_over(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_ALLOCATING:
        case PHASE_HELD:
                start_over(t);
                break;
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

static void on_kernel(struct turn *t, const struct kernel_facts *k) {
        struct engine *e = t->e;

        e->kernel = *k;
        judge(t);
        if (!is_resting(e))
                return;
        switch (e->phase) {
        case PHASE_CONFIRMED:
                on_confirmed(t);
                break;
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
                on_confirming(t);
                break;
        case PHASE_WAITING:
        case PHASE_FAILED:
                if (!confirms_again(t))
                        hurry_after_kernel(t);
                break;
        case PHASE_ALLOCATING:
                decide(t);
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
        bool other_policy = config->reboot_policy != e->config.reboot_policy;

        if (strcmp(e->config.instance_id, config->instance_id) != 0 ||
            strcmp(e->config.region, config->region) != 0)
                e->identified = false; /* who we are is asked anew */
        e->config = *config;
        if (other_policy)
                reconsider_reboot(t);
        hurry_at_word(t);
}

static void got_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        struct engine *e = t->e;

        switch (op) {
        case WIRE_IDENTIFY:
                got_identify_fault(t, f);
                break;
        case WIRE_INSPECT:
                got_inspect_fault(t, f);
                break;
        case WIRE_ADDRESSES:
                got_addresses_fault(t, f);
                break;
        case WIRE_EIP_FIND: /* part of an inspection, which unconfirms nothing by failing */
                if (e->phase == PHASE_CONFIRMED)
                        got_inspect_fault(t, f);
                else
                        meet_fault(t, f);
                break;
        case WIRE_PROBE:
                got_probe(t, NULL);
                break;
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                got_change_fault(t, op, f);
                break;
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
}

static void got_result(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        switch (op) {
        case WIRE_IDENTIFY:
                got_identity(t, &a->identity);
                break;
        case WIRE_ADDRESSES:
                got_addresses(t, &a->addresses);
                break;
        case WIRE_INSPECT:
                got_instance(t, &a->instance);
                break;
        case WIRE_EIP_FIND:
                got_eip(t, &a->eip);
                break;
        case WIRE_PROBE:
                got_probe(t, a);
                break;
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                got_change(t, op, a);
                break;
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
}

static void on_answer(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;
        enum wire_op op = e->asking;

        if (e->step != STEP_ASKING)
                return; /* to a question that was given up */
        rest(t, ENGINE_NEVER);
        learn_time(t, op, a);
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
        if (e->step == STEP_ASKING) {
                enum wire_op op = e->asking;

                t->out->wants |= ACTION_DROP;
                rest(t, ENGINE_NEVER);
                f = fault_own(FAULT_CLOUD_SILENT, "");
                got_fault(t, op, &f);
                return;
        }
        if (e->step == STEP_LEAVING) {
                fail_own(t, FAULT_REBOOT_NOT_DONE, "");
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
                got_stored(&t, event->stored.error, event->stored.hold);
                break;
        case EVENT_HOLD:
                on_hold(&t, event->hold);
                break;
        case EVENT_RESUME:
                /* The failure may be waiting for its next look: the newest that was told counts. */
                TEXT_SET(e->accepted,
                         e->phase == PHASE_FAILED ? e->fault.code : e->told[TOLD_FAILED][0]);
                hurry_at_word(&t);
                break;
        case EVENT_RELOAD:
                on_reload(&t, &event->config);
                break;
        case EVENT_CLOCK:
                if (e->phase == PHASE_WAITING && e->fault.class == FAULT_CLOCK)
                        hurry(&t);
                break;
        case EVENT_BLOCKERS:
                got_blockers(&t, event->blockers);
                break;
        case EVENT_STOP:
                on_stop(&t);
                break;
        }
        hurry_after_question(&t);
        if (e->fault.class == FAULT_NONE)
                e->fault = no_fault;
}

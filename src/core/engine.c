/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine's doors: events in, phase and deadline, waits, questions out. */
#include <ecs-pubip/engine.h>

#include <string.h>

#include "turn.h"
#include "util/text.h"

/*
 * The cloud process starts no attempt after ASK_MS and ends the last one within ATTEMPT: together
 * they are CALL_MAX, after which a call that was asked cannot take effect any more (design 3).
 */
#define ASK_MS 25000u

static const struct fault no_fault;

/* NOTICES_MAX is more than any turn says, see the tests; else the last one gives way. */
struct notice *say(struct turn *t, enum notice_kind kind) {
        struct actions *a = t->out;
        struct notice *n;

        if (a->n_notices < NOTICES_MAX)
                a->n_notices++;
        n = &a->notices[a->n_notices - 1];
        *n = (struct notice){.kind = kind, .address = t->e->expected};
        t->e->told_confirmed = kind == NOTICE_CONFIRMED ? n->address : 0;
        return n;
}

/*
 * The one door. Looks made while failed do not change the phase: it stays failed, quietly, until
 * something better than looking is reached.
 */
void enter(struct turn *t, enum phase phase) {
        struct engine *e = t->e;
        bool looking = phase == PHASE_IDENTIFYING || phase == PHASE_INSPECTING;

        if (phase == e->phase || (e->phase == PHASE_FAILED && looking))
                return;
        if (e->phase == PHASE_REBOOTING)
                forget_blockers(t);
        e->phase = phase;
        e->entered = t->now.boot_usec;
        e->phase_since = cloud_now(t);
}

void rest(struct turn *t, uint64_t until) {
        t->e->step = STEP_IDLE;
        t->e->asking = WIRE_NONE;
        t->e->deadline = until;
        if (until != ENGINE_NEVER)
                t->e->inspected_just_now = false; /* L1: "directly after" means no wait between */
}

void store(struct turn *t) {
        t->out->wants |= ACTION_STORE;
}

/* What the intent in the ledger says goes into the question. */
static void fill_from_intent(struct turn *t, struct wire_question *q) {
        const struct ledger_entry *intent = ledger_last(&t->e->ledger, q->op);

        if (!intent)
                return;
        TEXT_SET(q->client_token, intent->client_token);
        if (q->op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(q->allocation_id, intent->allocation_id);
        if (q->op == WIRE_BANDWIDTH) {
                q->bandwidth_out = t->e->config.bandwidth_out;
                q->allocate_public_ip = t->e->instance.charge == CHARGE_POSTPAID;
        }
}

void ask(struct turn *t, enum wire_op op) {
        struct engine *e = t->e;
        struct wire_question *q = &t->out->question;

        *q = (struct wire_question){.op = op, .deadline_ms = ASK_MS};
        if (e->server_time)
                q->server_time = cloud_now(t);
        TEXT_SET(q->instance_id, e->identity.instance_id);
        if (wire_op_changes(op)) {
                fill_from_intent(t, q);
                e->absent_first = 0; /* what was absent before the call says nothing after it */
                e->inspected_just_now = false; /* L1: the next change needs an inspection anew */
        }
        if (op == WIRE_EIP_FIND)
                TEXT_SET(q->allocation_id, eip_wanted(t));
        e->step = STEP_ASKING;
        e->asking = op;
        e->asked = t->now.boot_usec;
        e->deadline = in(t, CALL_MAX_MS * USEC_PER_MSEC);
        t->out->wants |= ACTION_ASK;
}

void ask_probe(struct turn *t, enum wire_probe probe) {
        ask(t, WIRE_PROBE);
        t->out->question.probe = probe;
        t->e->probing = probe;
}

void start_over(struct turn *t) {
        enter(t, PHASE_IDENTIFYING);
        ask(t, WIRE_IDENTIFY);
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

bool is_resting(const struct engine *e) {
        return e->step == STEP_IDLE && e->phase != PHASE_STOPPED && e->phase != PHASE_STARTING;
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

bool is_accepted(const struct engine *e, const char *code) {
        return strcmp(e->accepted, code) == 0;
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

static void on_stop(struct turn *t) {
        t->e->asking = WIRE_NONE;
        enter(t, PHASE_STOPPED);
        rest(t, ENGINE_NEVER);
        t->out->wants |= ACTION_DROP;
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

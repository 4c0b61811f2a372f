/* SPDX-License-Identifier: Apache-2.0 */
/* The one door: what a turn has decided becomes phase, deadline and question. */
#include "commit.h"

#include "clock.h"
#include "due.h"
#include "eip.h"
#include "util/text.h"

/* Looks made while failed change no phase: it stays failed until something better is reached. */
static void enter(struct turn *t, enum phase phase) {
        struct engine *e = t->e;
        bool looking = phase == PHASE_IDENTIFYING || phase == PHASE_INSPECTING;

        if (phase == PHASE_SAME || phase == e->phase || (e->phase == PHASE_FAILED && looking))
                return;
        if (e->phase == PHASE_REBOOTING)
                due_forget_blockers(t);
        e->phase = phase;
        e->phase_entered = t->now.boot_usec;
        e->phase_since = clock_now(t);
}

/* What the intent in the ledger says goes into the question. */
static void fill_from_intent(struct turn *t, struct wire_question *q) {
        const struct ledger_entry *intent = ledger_last(&t->e->ledger, q->op);

        if (!intent)
                return;
        TEXT_SET(q->client_token, intent->client_token);
        if (q->op == WIRE_EIP_ALLOCATE)
                q->order = intent->order;
        if (q->op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(q->allocation_id, intent->allocation_id);
        if (q->op == WIRE_BANDWIDTH) {
                q->bandwidth_out = t->e->given.config.bandwidth_out;
                q->allocate_public_ip = t->e->facts.instance.charge == CHARGE_POSTPAID;
        }
}

static void fill_question(struct turn *t, const struct move *m) {
        struct engine *e = t->e;
        struct wire_question *q = &t->out->question;

        *q = (struct wire_question){.op = m->op, .probe = m->probe, .deadline_ms = CALL_ASK_MS};
        if (e->clock.server_time)
                q->server_time = clock_now(t);
        TEXT_SET(q->instance_id, e->facts.identity.instance_id);
        if (m->op == WIRE_EIP_FIND)
                TEXT_SET(q->allocation_id, eip_wanted_id(e));
        if (wire_op_changes(m->op))
                fill_from_intent(t, q);
}

static void ask(struct turn *t, const struct move *m) {
        struct engine *e = t->e;

        fill_question(t, m);
        t->out->wants |= ACTION_ASK;
        e->inflight = (struct inflight){
                .step = STEP_ASKING,
                .op = m->op,
                .probe = m->probe,
                .asked = t->now.boot_usec,
                .repeats = e->inflight.repeats,
        };
        e->deadline = clock_from_now(t, CALL_MAX_MS * USEC_PER_MSEC);
        if (wire_op_changes(m->op)) {
                e->before.absent_first =
                        0; /* what was absent before the call may not be after it */
                e->facts.inspected_just_now = false; /* L1: the next change needs another look */
                e->confirming.since = 0;
        }
}

void commit_move(struct turn *t, const struct move *m) {
        struct engine *e = t->e;

        enter(t, m->phase);
        switch (m->kind) {
        case MOVE_PASS:
        case MOVE_ON:
                break;
        case MOVE_REST:
                e->inflight = (struct inflight){};
                e->deadline = m->until;
                if (m->until != ENGINE_NEVER)
                        e->facts.inspected_just_now = false; /* L1: no wait between */
                break;
        case MOVE_ASK:
                ask(t, m);
                break;
        case MOVE_STORE:
                e->inflight = (struct inflight){
                        .step = STEP_STORING,
                        .op = m->op,
                        .repeats = m->repeats,
                };
                e->deadline = ENGINE_NEVER;
                turn_store(t);
                break;
        case MOVE_LEAVE:
                e->inflight = (struct inflight){.step = STEP_LEAVING};
                e->deadline = m->until;
                break;
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* What the intent in the ledger says goes into the question. */
static void fill_from_intent(struct turn *t, struct wire_question *q) {
        const struct ledger_entry *intent = ledger_last(&t->e->ledger, q->op);

        if (!intent)
                return;
        TEXT_SET(q->client_token, intent->client_token);
        if (q->op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(q->allocation_id, intent->allocation_id);
        if (q->op == WIRE_BANDWIDTH) {
                q->bandwidth_out = t->e->given.config.bandwidth_out;
                q->allocate_public_ip = t->e->facts.instance.charge == CHARGE_POSTPAID;
        }
}

bool eip_is_wanted(const struct engine *e) {
        return e->given.config.strategy == STRATEGY_EIP || e->before.static_refused;
}

/*
 * An EIP of ours that the ledger knows, unless a person's `resume` says that another address will
 * do. Whoever moved it to another instance wants it there (design 4.4).
 */
const char *eip_of_ledger(const struct engine *e) {
        return e->ledger.kind == KIND_EIP && !report_is_accepted(e, FAULT_EIP_ELSEWHERE)
                       ? e->ledger.eip_id
                       : "";
}

/* The configured one; else the one that was here, one bought here, any free one with the tag. */
static const char *eip_wanted_id(const struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *bought = ledger_last(&e->ledger, WIRE_EIP_ALLOCATE);

        if (*e->given.config.eip_allocation_id)
                return e->given.config.eip_allocation_id;
        if (e->facts.eips_gone == 0 && *eip_of_ledger(e))
                return eip_of_ledger(e);
        if (bought && e->facts.eips_gone <= 1 &&
            strcmp(bought->allocation_id, eip_of_ledger(e)) != 0)
                return bought->allocation_id;
        return "";
}

void ask_question(struct turn *t, enum wire_op op) {
        struct engine *e = t->e;
        struct wire_question *q = &t->out->question;

        *q = (struct wire_question){.op = op, .deadline_ms = ASK_MS};
        if (e->clock.server_time)
                q->server_time = clock_now(t);
        TEXT_SET(q->instance_id, e->facts.identity.instance_id);
        if (wire_op_changes(op)) {
                fill_from_intent(t, q);
                e->before.absent_first =
                        0; /* what was absent before the call says nothing after it */
                e->facts.inspected_just_now =
                        false; /* L1: the next change needs an inspection anew */
        }
        if (op == WIRE_EIP_FIND)
                TEXT_SET(q->allocation_id, eip_wanted_id(t));
        e->inflight.step = STEP_ASKING;
        e->inflight.op = op;
        e->inflight.asked = t->now.boot_usec;
        e->deadline = clock_from_now(t, CALL_MAX_MS * USEC_PER_MSEC);
        t->out->wants |= ACTION_ASK;
}

bool eip_ask_next(struct turn *t) {
        struct engine *e = t->e;
        const char *gone = eip_wanted_id(t);

        if (!eip_is_wanted(e) || *e->given.config.eip_allocation_id || !*gone)
                return false;
        e->facts.eips_gone = strcmp(gone, eip_of_ledger(e)) == 0 ? 1 : 2;
        ask_question(t, WIRE_EIP_FIND);
        return true;
}

void ask_probe(struct turn *t, enum wire_probe probe) {
        ask_question(t, WIRE_PROBE);
        t->out->question.probe = probe;
        t->e->inflight.probe = probe;
}

void ask_identity(struct turn *t) {
        turn_enter(t, PHASE_IDENTIFYING);
        ask_question(t, WIRE_IDENTIFY);
}

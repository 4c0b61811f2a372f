/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: true ones, faults, spoiled and lost ones. */
#include "model_answers.h"

#include "model_secret.h"
#include "model_wire.h"
#include "util/text.h"

static void answer_with(struct world *w, struct wire_answer *answer, struct actions *a) {
        struct event e = {.type = EVENT_ANSWER, .answer = *answer};
        bool signed_one = wire_op_changes(w->flight.question.op);

        laws_heard(w, answer);
        w->flight = (struct flight){0};
        world_step(w, &e, a);
        if (signed_one)
                secret_sought(w, a);
}

void answer_truly(struct world *w, struct actions *a) {
        struct wire_answer answer;

        cloud_execute(w, &w->flight.question, &answer);
        wire_pass(w, w->flight.question.op, &answer);
        answer_with(w, &answer, a);
}

void answer_fault(struct world *w, enum move m, struct actions *a) {
        struct wire_answer answer = {.fault = cloud_fault(m, w->flight.question.op)};

        if (answer.fault.http_status)
                answer.server_time = world_date(w);
        answer_with(w, &answer, a);
}

void answer_lost(struct world *w, enum move m, struct actions *a) {
        struct wire_answer ignored;

        cloud_execute(w, &w->flight.question, &ignored);
        answer_fault(w, m, a);
}

/* Executed, but what is told of it cannot be read. */
void answer_spoiled(struct world *w, enum move m, struct actions *a) {
        struct wire_answer answer, spoiled;

        cloud_execute(w, &w->flight.question, &answer);
        wire_spoil(w, m, w->flight.question.op, &answer, &spoiled);
        answer_with(w, &spoiled, a);
}

void answer_never(struct world *w) {
        struct wire_answer ignored;

        cloud_execute(w, &w->flight.question, &ignored);
        w->flight.executed = true;
}

void answer_strange(struct world *w, struct actions *a) {
        struct wire_answer answer = {.addresses = {.presence = PRESENCE_ABSENT}};

        TEXT_SET(answer.addresses.instance_id, "i-other");
        answer_with(w, &answer, a);
}

void answer_gone(struct world *w, struct actions *a) {
        if (wire_op_changes(w->flight.question.op))
                w->late = w->flight;
        answer_fault(w, MOVE_GONE, a);
}

void answer_late(struct world *w) {
        struct wire_answer ignored;
        struct flight late = w->late;

        w->late = (struct flight){0};
        cloud_execute(w, &late.question, &ignored);
}

void answer_stray(struct world *w, struct actions *a) {
        struct event e = {.type = EVENT_ANSWER};

        TEXT_SET(e.answer.identity.instance_id, "i-other");
        e.answer.reachable = REACH_YES;
        world_step(w, &e, a);
}

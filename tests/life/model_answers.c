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

void answer_ready(struct world *w, struct actions *a) {
        struct event e = {.type = EVENT_READY, .ready = {.hold = w->hold}};

        e.ready.number = ++w->flight.ready;
        w->flight.gone = false;
        world_step(w, &e, a);
}

void answer_truly(struct world *w, struct actions *a) {
        struct wire_answer answer;

        cloud_execute(w, &w->flight, &answer);
        wire_pass(w, w->flight.question.op, &answer);
        answer_with(w, &answer, a);
}

void answer_fault(struct world *w, enum move m, struct actions *a) {
        struct wire_answer answer = {.fault = cloud_fault(m, w->flight.question.op)};

        if (answer.fault.http_status)
                answer.server_time = world_date(w) + w->date_lie;
        answer_with(w, &answer, a);
}

/* A reboot that was not answered with success comes within LIE_MAX, if at all. */
static void execute_unsaid(struct world *w, const struct flight *f) {
        struct wire_answer ignored;
        bool accepted = w->reboot_accepted;
        uint64_t until = accepted ? w->reboot_until : f->at + LIE_MAX;

        cloud_execute(w, f, &ignored);
        w->reboot_until = until;
}

void answer_lost(struct world *w, enum move m, struct actions *a) {
        execute_unsaid(w, &w->flight);
        answer_fault(w, m, a);
}

/* A middle delivers it twice: what the second delivery meets is the answer. */
void answer_twice(struct world *w, struct actions *a) {
        execute_unsaid(w, &w->flight);
        if (w->flight.question.op == WIRE_REBOOT) {
                answer_fault(w, MOVE_STATE_DONE, a);
                return;
        }
        answer_truly(w, a);
}

void answer_abandon(struct world *w, uint64_t usec) {
        w->late = w->flight;
        w->late.until = w->flight.at + usec;
}

/* Executed, but what is told of it cannot be read. */
void answer_spoiled(struct world *w, enum move m, struct actions *a) {
        struct wire_answer answer, spoiled;

        cloud_execute(w, &w->flight, &answer);
        wire_spoil(w, m, w->flight.question.op, &answer, &spoiled);
        answer_with(w, &spoiled, a);
}

void answer_never(struct world *w) {
        execute_unsaid(w, &w->flight);
        w->flight.executed = true;
}

void answer_strange(struct world *w, struct actions *a) {
        struct wire_answer answer = {.addresses = {.presence = PRESENCE_ABSENT}};

        TEXT_SET(answer.addresses.instance_id, "i-other");
        answer_with(w, &answer, a);
}

void answer_gone(struct world *w, struct actions *a) {
        if (w->flight.gone)
                answer_abandon(w, CALL_MAX_MS * USEC_PER_MSEC);
        answer_fault(w, MOVE_GONE, a);
}

void answer_late(struct world *w) {
        struct flight late = w->late;

        w->late = (struct flight){0};
        execute_unsaid(w, &late);
}

void answer_stray(struct world *w, struct actions *a) {
        struct event e = {.type = EVENT_ANSWER};

        TEXT_SET(e.answer.identity.instance_id, "i-other");
        e.answer.reachable = REACH_YES;
        world_step(w, &e, a);
}

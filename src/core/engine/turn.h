/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn is one event. Whoever decides returns a move; commit.c alone does it. So a decision has
 * one result on every way through it, and nobody else writes phase, deadline or question.
 */
#pragma once

#include <ecs-pubip/engine.h>

#define HELD_INSPECT USEC_PER_HOUR       /* between two looks at control under the brake (L14) */
#define LOOK_FRESH   (60 * USEC_PER_SEC) /* how old a look may be that a change rests on (L1, L6) */

struct turn {
        struct engine *e;
        struct engine_now now;
        struct actions *out; /* notices and wants add up; the question is commit.c's */
};

enum move_kind {
        MOVE_PASS,  /* of a gate: nothing here forbids the change */
        MOVE_ON,    /* what is under way goes on: a question, a write, a wait */
        MOVE_REST,  /* nothing is in flight, and the next turn is at `until` */
        MOVE_ASK,   /* `op`, and `probe` with WIRE_PROBE */
        MOVE_STORE, /* the intent of `op`; its call leaves after EVENT_STORED (law L2) */
        MOVE_LEAVE, /* RebootInstance was accepted: to be shut down by `until` */
};

#define PHASE_SAME _PHASE_MAX /* in a move: the phase does not change */

struct move {
        enum move_kind kind;
        enum phase phase;
        enum wire_op op;
        enum wire_probe probe;
        uint64_t until; /* CLOCK_BOOTTIME */
        bool repeats;   /* MOVE_STORE: of a purchase, an earlier call may have been executed */
};

/* The ledger is to be written at the end of this turn. */
static inline void turn_store(struct turn *t) {
        t->out->wants |= ACTION_STORE;
}

/* Nothing is in flight, so that a new question may be asked. */
static inline bool turn_is_resting(const struct engine *e) {
        return e->inflight.step == STEP_IDLE && e->phase != PHASE_STOPPED &&
               e->phase != PHASE_STARTING;
}

static inline struct move move_pass(void) {
        return (struct move){.kind = MOVE_PASS, .phase = PHASE_SAME};
}

static inline struct move move_on(enum phase phase) {
        return (struct move){.kind = MOVE_ON, .phase = phase};
}

static inline struct move move_rest(enum phase phase, uint64_t until) {
        return (struct move){.kind = MOVE_REST, .phase = phase, .until = until};
}

static inline struct move move_ask(enum phase phase, enum wire_op op) {
        return (struct move){.kind = MOVE_ASK, .phase = phase, .op = op};
}

static inline struct move move_probe(enum phase phase, enum wire_probe probe) {
        return (struct move){.kind = MOVE_ASK, .phase = phase, .op = WIRE_PROBE, .probe = probe};
}

/* Who we are is asked anew; everything else follows from there. */
static inline struct move move_start_over(void) {
        return move_ask(PHASE_IDENTIFYING, WIRE_IDENTIFY);
}

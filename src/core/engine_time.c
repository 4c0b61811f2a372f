/* SPDX-License-Identifier: Apache-2.0 */
/* The cloud's time: learnt from answers, counted on with CLOCK_BOOTTIME (design 4.6). */
#include "turn.h"

uint64_t in(const struct turn *t, uint64_t usec) {
        return t->now.boot_usec + usec;
}

int64_t engine_time(const struct engine *e, struct engine_now now) {
        if (e->server_time == 0)
                return now.wall_sec;
        return e->server_time + (int64_t)((now.boot_usec - e->server_time_at) / USEC_PER_SEC);
}

int64_t cloud_now(const struct turn *t) {
        return engine_time(t->e, t->now);
}

static bool is_of_api(enum wire_op op, const struct wire_answer *a) {
        if (a->fault.class != FAULT_NONE)
                return *a->fault.request_id;
        return op == WIRE_INSPECT || op == WIRE_EIP_FIND || wire_op_changes(op);
}

/*
 * Metadata's Date is a hint over plain HTTP: by it no entry of the ledger is dated anew, or a wrong
 * one would free the budgets. Before each changing call an API answer has told the time (L1).
 */
void learn_time(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        struct engine *e = t->e;
        int64_t server_time = a->server_time;
        bool proven = is_of_api(op, a);
        int64_t off = t->now.wall_sec - server_time;

        if (server_time <= 0 || (e->time_proven && !proven))
                return;
        e->server_time = server_time;
        e->server_time_at = t->now.boot_usec;
        e->time_proven |= proven;
        if (proven && ledger_settle_clock(&e->ledger, server_time))
                store(t);
        if (!e->clock_reported && (off > CLOCK_OFF_SEC || off < -CLOCK_OFF_SEC)) {
                e->clock_reported = true;
                say(t, NOTICE_CLOCK)->seconds = off;
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The cloud's time: learnt from answers, counted on with CLOCK_BOOTTIME (design 4.6). */
#include "clock.h"

#include "report.h"

#define CLOCK_OFF_SEC 60 /* a clock that is off by more is told of, and not believed */

int64_t clock_at(const struct engine *e, struct engine_now now) {
        const struct cloud_clock *c = &e->clock;

        if (c->server_time == 0)
                return now.wall_sec;
        return c->server_time + (int64_t)((now.boot_usec - c->read_at) / USEC_PER_SEC);
}

int64_t clock_now(const struct turn *t) {
        return clock_at(t->e, t->now);
}

struct moment clock_moment(const struct turn *t) {
        return (struct moment){
                .boot_id = t->e->given.boot_id,
                .boot_usec = t->now.boot_usec,
                .time = clock_now(t),
        };
}

uint64_t clock_from_now(const struct turn *t, uint64_t usec) {
        return t->now.boot_usec + usec;
}

static bool is_off(int64_t by) {
        return by > CLOCK_OFF_SEC || by < -CLOCK_OFF_SEC;
}

bool clock_is_sure(const struct turn *t) {
        const struct cloud_clock *c = &t->e->clock;

        return c->proven || (c->server_time && !is_off(t->now.wall_sec - clock_now(t)));
}

/*
 * L15: a Date is a word; the acceptance of a signature that was made by it is evidence. Until then
 * it is a hint: by it no entry of the ledger is dated anew, or a wrong one would free the budgets.
 * Before each changing call an inspection was accepted (L1).
 */
void clock_learn(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;
        bool proven = a->time_proven;
        int64_t off = t->now.wall_sec - a->server_time;

        if (a->server_time <= 0 || (e->clock.proven && !proven))
                return;
        e->clock.server_time = a->server_time;
        e->clock.read_at = t->now.boot_usec;
        e->clock.proven |= proven;
        if (proven && ledger_settle_clock(&e->ledger, a->server_time))
                turn_store(t);
        if (!e->reported.clock && is_off(off)) {
                e->reported.clock = true;
                report_notice(t, NOTICE_CLOCK)->seconds = off;
        }
}

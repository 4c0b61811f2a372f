/* SPDX-License-Identifier: Apache-2.0 */
/* A wait, and what is looked at while it lasts (design 4.5). */
#include "wait.h"

#include "adopt.h"
#include "clock.h"
#include "confirm.h"
#include "holdoff.h"
#include "past.h"
#include "planes.h"
#include "situation.h"

struct move wait_confirm(struct turn *t) {
        struct engine *e = t->e;

        e->facts.control_fault = e->holdoff.fault;
        e->holdoff.kept_checked = !e->holdoff.by_server; /* whoever inspects next goes on with it */
        confirm_put_off_control(t, &e->holdoff.fault);
        return confirm_reached(t);
}

struct move wait_on(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = adopt_answered_change(e);
        uint64_t next = e->holdoff.until, look;

        if (!change)
                return move_rest(PHASE_WAITING, next);
        if (e->facts.metadata.presence == PRESENCE_PRESENT &&
            e->facts.metadata.address == change->address) {
                adopt_answer(t, change);
                if (planes_verdict(e).confirmed)
                        return wait_confirm(t);
        }
        look = confirm_next_look(t, PHASE_WAITING);
        return move_rest(PHASE_WAITING, look < next ? look : next);
}

struct move wait_until(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        e->holdoff.until = until;
        e->holdoff.throttled_since_confirm |= e->holdoff.fault.class == FAULT_THROTTLED;
        e->confirming.started = t->now.boot_usec;
        e->confirming.looks = 0;
        return wait_on(t);
}

struct move wait_for(struct turn *t, uint64_t length) {
        holdoff_keep(t, length);
        return wait_until(t, clock_from_now(t, length));
}

struct move wait_for_fact(struct turn *t, const char *code, uint64_t until) {
        struct fault f = fault_own(code, "");

        holdoff_count(t, &f);
        t->e->holdoff.by_server = false;
        return wait_until(t, until);
}

struct move wait_until_time(struct turn *t, const char *code, int64_t when) {
        int64_t left = when - clock_now(t);

        return wait_for_fact(t, code,
                             clock_from_now(t, (uint64_t)(left > 0 ? left : 1) * USEC_PER_SEC));
}

struct move wait_or_inspect(struct turn *t) {
        struct engine *e = t->e;
        bool kept = !e->holdoff.kept_checked && e->ledger.wait.length_usec > 0;
        uint64_t left = kept ? holdoff_left(t) : 0;

        if (kept)
                e->holdoff.kept_checked = true;
        if (left == 0)
                return move_ask(PHASE_INSPECTING, WIRE_INSPECT);
        holdoff_resume(t);
        return wait_until(t, clock_from_now(t, left));
}

struct move wait_end(struct turn *t) {
        struct engine *e = t->e;

        if (t->now.boot_usec < e->holdoff.until) {
                e->confirming.looks++;
                return move_ask(PHASE_SAME, WIRE_ADDRESSES);
        }
        holdoff_forget(t);
        if (e->facts.identified && !fault_explain(&e->holdoff.fault, 0)->other_instance)
                return wait_or_inspect(t);
        return move_start_over();
}

/* Nothing was changed, and the planes that count agree, as they did before. */
bool wait_is_confirmed_again(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;
        struct situation s = situation_of(t);

        return e->phase == PHASE_WAITING && e->holdoff.by_server && e->facts.identified &&
               s.verdict.confirmed && !s.reboots_at_once && l->confirmed != 0 &&
               l->address == e->expected && !past_is_unconfirmed(l);
}

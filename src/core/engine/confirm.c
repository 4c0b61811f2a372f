/* SPDX-License-Identifier: Apache-2.0 */
/* Looks, and the verdict reached (design 4.1 and 8). */
#include "confirm.h"

#include "clock.h"
#include "due.h"
#include "holdoff.h"
#include "past.h"
#include "planes.h"
#include "report.h"
#include "util/text.h"

#define INSPECT_APART  (30 * USEC_PER_SEC) /* a flapping link asks the control plane no oftener */
#define CONTROL_DOUBT  (5 * USEC_PER_MIN)  /* planes disagree this long: ask control again */
#define CONTROL_EVERY  (6 * USEC_PER_HOUR) /* while confirmed, spread over the hour after */
#define CONTROL_SPREAD USEC_PER_HOUR
#define CONTROL_RETRY  USEC_PER_HOUR       /* control could not be heard while confirmed */
#define LOOK_LATER     (60 * USEC_PER_SEC) /* between looks once the schedule is through */

/* Metadata looks while confirming, after it began (design 8). */
static const unsigned look_seconds[] = {2, 5, 10, 20, 40, 60};
#define N_LOOKS (sizeof(look_seconds) / sizeof(look_seconds[0]))

uint64_t confirm_inspect_apart(const struct engine *e) {
        return INSPECT_APART << e->confirming.flaps;
}

void confirm_begin(struct turn *t) {
        struct confirming *c = &t->e->confirming;

        if (c->since == 0 || c->address != t->e->expected)
                c->since = t->now.boot_usec;
        c->address = t->e->expected;
        c->started = t->now.boot_usec;
        c->next_look = ENGINE_NEVER;
        c->looks = 0;
        c->reach_at = 0;
        holdoff_clear(t);
}

uint64_t confirm_next_look(const struct turn *t, enum phase phase) {
        const struct engine *e = t->e;
        uint64_t interval = e->given.config.heal_check_interval_usec, at;

        if (phase == PHASE_CONFIRMED)
                return clock_from_now(t,
                                      interval * 3 / 4 + backoff_slot(e->facts.identity.instance_id,
                                                                      interval / 2));
        if (e->confirming.looks >= N_LOOKS)
                return clock_from_now(t, phase == PHASE_WAITING ? interval : LOOK_LATER);
        at = e->confirming.started + look_seconds[e->confirming.looks] * USEC_PER_SEC;
        return at > t->now.boot_usec ? at : clock_from_now(t, USEC_PER_SEC);
}

struct move confirm_rest(struct turn *t, enum phase phase) {
        struct confirming *c = &t->e->confirming;
        const struct config *config = &t->e->given.config;
        uint64_t now = t->now.boot_usec, next, grace, timeout;

        if (c->next_look == ENGINE_NEVER)
                c->next_look = confirm_next_look(t, phase);
        next = c->next_look;
        if (phase == PHASE_CONFIRMED)
                return move_rest(phase, next < c->next_control ? next : c->next_control);
        grace = c->since + config->reboot_grace_usec;
        timeout = c->since + config->confirm_timeout_usec;
        if (grace > now && grace < next)
                next = grace;
        if (phase == PHASE_REBOOTING)
                timeout = due_patience_ends(t->e, now);
        return move_rest(phase, next < timeout || timeout <= now ? next : timeout);
}

/* Control is asked again once if the doubt is younger than its word, later now and then. */
static bool control_is_in_doubt(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t inspected = e->facts.inspected, age = t->now.boot_usec - inspected;

        if (holdoff_server_left(t) > 0)
                return false;
        if (inspected && inspected < e->confirming.started && age >= confirm_inspect_apart(e))
                return true;
        return age > CONTROL_DOUBT && t->now.boot_usec - e->confirming.started > CONTROL_DOUBT;
}

struct move confirm_look(struct turn *t, enum phase phase) {
        struct engine *e = t->e;
        unsigned planes = planes_required(e);
        bool metadata = planes & (1u << PLANE_METADATA) || e->ledger.confirmed_by_reachability;

        if (t->now.boot_usec < e->confirming.next_look)
                return confirm_rest(t, phase);
        e->confirming.looks++;
        e->confirming.next_look = ENGINE_NEVER;
        if (phase == PHASE_CONFIRMING && control_is_in_doubt(t))
                return move_ask(phase, WIRE_INSPECT);
        if (e->facts.identity.from_metadata && metadata)
                return move_ask(phase, WIRE_ADDRESSES);
        if (planes & (1u << PLANE_OUTSIDE))
                return move_probe(phase, PROBE_OUTSIDE);
        return confirm_rest(t, phase);
}

void confirm_plan_control(struct turn *t) {
        struct engine *e = t->e;

        e->confirming.next_control =
                clock_from_now(t, CONTROL_EVERY + rng_below(&e->given.rng, CONTROL_SPREAD));
}

void confirm_put_off_control(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        if (f->class == FAULT_THROTTLED) { /* those without an address need the quota more */
                confirm_plan_control(t);
                return;
        }
        e->confirming.next_control =
                clock_from_now(t, CONTROL_RETRY + rng_below(&e->given.rng, CONTROL_RETRY));
}

/* Control is asked every 6 h, over restarts too, and never by a whole fleet at once. */
static uint64_t next_control_after_start(struct turn *t) {
        const struct ledger *l = &t->e->ledger;
        int64_t since = l->inspected ? clock_now(t) - l->inspected : 0;
        uint64_t spread = rng_below(&t->e->given.rng, CONTROL_SPREAD);
        uint64_t gone = since > 0 ? (uint64_t)since * USEC_PER_SEC : 0;

        return clock_from_now(t, spread + (gone < CONTROL_EVERY ? CONTROL_EVERY - gone : 0));
}

/* What a restart must know of it; a look that changes nothing is not worth a write. */
static void keep_confirmation(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        bool waits = l->wait.length_usec > 0 && holdoff_server_left(t) == 0;

        if (l->address == e->expected && l->confirmed != 0 && !past_is_unconfirmed(l) && !waits)
                return;
        l->address = e->expected;
        l->kind = e->kind;
        l->confirmed = clock_now(t);
        l->confirmed_seq = l->seq;
        holdoff_forget(t);
        turn_store(t);
}

struct move confirm_reached(struct turn *t) {
        struct engine *e = t->e;
        struct confirming *c = &e->confirming;

        keep_confirmation(t);
        if (e->phase != PHASE_CONFIRMED) {
                if (e->reported.confirmed != e->expected && c->flaps < FLAPS_TOLD)
                        report_notice(t, NOTICE_CONFIRMED);
                c->next_look = ENGINE_NEVER;
        }
        holdoff_clear(t);
        e->holdoff.failed_looks = 0;
        e->holdoff.throttled_since_confirm = false;
        report_clear_faults(t);
        e->reported.asking = WIRE_NONE;
        TEXT_SET(e->reported.accepted, "");
        due_clear(t);
        e->before.absent_first = 0;
        c->since = 0;
        c->online_mark = true;
        e->reboot.required_mark = false;
        if (c->next_control == 0)
                c->next_control = next_control_after_start(t);
        return confirm_rest(t, PHASE_CONFIRMED);
}

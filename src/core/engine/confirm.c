/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static const unsigned look_seconds[] = {2, 5, 10, 20, 40, 60};

uint64_t confirm_inspect_apart(const struct engine *e) {
        return INSPECT_APART << e->confirming.flaps;
}

static uint64_t next_look(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t interval = e->given.config.heal_check_interval_usec, at;

        if (e->phase == PHASE_CONFIRMED)
                return clock_from_now(t,
                                      interval * 3 / 4 + backoff_slot(e->facts.identity.instance_id,
                                                                      interval / 2));
        if (e->confirming.looks >= N_LOOKS)
                return clock_from_now(t, e->phase == PHASE_WAITING ? interval : LOOK_LATER);
        at = e->confirming.started + look_seconds[e->confirming.looks] * USEC_PER_SEC;
        return at > t->now.boot_usec ? at : clock_from_now(t, USEC_PER_SEC);
}

void confirm_schedule(struct turn *t) {
        struct engine *e = t->e;
        uint64_t next, grace, timeout;

        if (e->confirming.next_look == ENGINE_NEVER)
                e->confirming.next_look = next_look(t);
        next = e->confirming.next_look;
        if (e->phase == PHASE_CONFIRMED) {
                turn_rest(t, next < e->confirming.next_control ? next : e->confirming.next_control);
                return;
        }
        grace = e->confirming.started + e->given.config.reboot_grace_usec;
        timeout = e->confirming.started + e->given.config.confirm_timeout_usec;
        if (grace > t->now.boot_usec && grace < next)
                next = grace;
        if (e->phase == PHASE_REBOOTING)
                timeout = due_patience_ends(e, t->now.boot_usec);
        turn_rest(t, next < timeout || timeout <= t->now.boot_usec ? next : timeout);
}

/* Control is asked every 6 h, over restarts too, and never by a whole fleet at once. */
static uint64_t next_control_after_start(struct turn *t) {
        int64_t since = t->e->ledger.inspected ? clock_now(t) - t->e->ledger.inspected : 0;
        uint64_t spread = rng_below(&t->e->given.rng, CONTROL_SPREAD);
        uint64_t gone = since > 0 ? (uint64_t)since * USEC_PER_SEC : 0;

        return spread + (gone < CONTROL_EVERY ? CONTROL_EVERY - gone : 0);
}

/* Now, but not before the change that it confirms: the clock may be behind the one of then. */
static int64_t time_of_confirmation(const struct turn *t) {
        const struct ledger_entry *last = ledger_last(&t->e->ledger, WIRE_NONE);
        int64_t now = clock_now(t);

        return last && last->time > now ? last->time : now;
}

void confirm_begin(struct turn *t) {
        struct engine *e = t->e;

        e->confirming.started = t->now.boot_usec;
        e->confirming.next_look = ENGINE_NEVER;
        e->confirming.looks = 0;
        e->confirming.reach_at = 0;
        e->holdoff.attempt = 0;
        e->holdoff.fault = (struct fault){};
        turn_enter(t, PHASE_CONFIRMING);
}

/* Control is asked again once if the doubt is younger than its word, later now and then. */
static bool control_is_in_doubt(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t age = t->now.boot_usec - e->facts.inspected;

        if (e->phase != PHASE_CONFIRMING || holdoff_server_left(t) > 0)
                return false;
        if (e->facts.inspected && e->facts.inspected < e->confirming.started &&
            age >= confirm_inspect_apart(e))
                return true;
        return age > CONTROL_DOUBT && t->now.boot_usec - e->confirming.started > CONTROL_DOUBT;
}

/* What a look in this phase asks; false where there is nothing to ask. */
bool confirm_look(struct turn *t) {
        struct engine *e = t->e;

        if (t->now.boot_usec < e->confirming.next_look)
                return false;
        e->confirming.looks++;
        e->confirming.next_look = ENGINE_NEVER;
        if (control_is_in_doubt(t)) {
                ask_question(t, WIRE_INSPECT);
                return true;
        }
        if (e->facts.identity.from_metadata &&
            (e->lagging || planes_required(e) & (1u << PLANE_METADATA))) {
                ask_question(t, WIRE_ADDRESSES);
                return true;
        }
        if (planes_required(e) & (1u << PLANE_OUTSIDE)) {
                ask_probe(t, PROBE_OUTSIDE);
                return true;
        }
        return false;
}

/* Also for a look that changed nothing: then it only says when to look next. */
void confirm_reached(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        bool news = l->address != e->expected || l->confirmed == 0 ||
                    planes_changed_unconfirmed(l) ||
                    (l->wait.length_usec > 0 && holdoff_server_left(t) == 0) ||
                    l->lagging != e->lagging;

        if (news) {
                l->address = e->expected;
                l->kind = e->kind;
                l->confirmed = time_of_confirmation(t);
                l->lagging = e->lagging;
                holdoff_forget(t);
                turn_store(t);
        }
        if (e->phase != PHASE_CONFIRMED) {
                if (e->reported.confirmed != e->expected && e->confirming.flaps < FLAPS_TOLD)
                        report_notice(t, NOTICE_CONFIRMED);
                turn_enter(t, PHASE_CONFIRMED);
                e->confirming.next_look = ENGINE_NEVER;
        }
        e->holdoff.fault = (struct fault){};
        e->holdoff.attempt = 0;
        e->holdoff.failed_looks = 0;
        report_clear_faults(t);
        e->holdoff.throttled_since_confirm = false;
        e->reported.asking = WIRE_NONE;
        due_clear(t);
        e->before.absent_first = 0;
        TEXT_SET(e->reported.accepted, "");
        e->confirming.online_mark = true;
        e->reboot.required_mark = false;
        if (e->confirming.next_control == 0)
                e->confirming.next_control = clock_from_now(t, next_control_after_start(t));
        confirm_schedule(t);
}

/* Control could not be heard: what was waited for is asked later. */
static void confirm_meanwhile(struct turn *t) {
        struct engine *e = t->e;

        e->facts.control_fault = e->holdoff.fault;
        e->holdoff.kept_checked = !e->holdoff.by_server; /* whoever inspects next goes on with it */
        e->confirming.next_control =
                clock_from_now(t, CONTROL_RETRY + rng_below(&e->given.rng, CONTROL_RETRY));
        confirm_reached(t);
}

void wait_meanwhile(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = planes_change_for_metadata(t);
        uint64_t next = e->holdoff.until;

        if (change && e->facts.metadata.presence == PRESENCE_PRESENT &&
            e->facts.metadata.address == change->address) {
                adopt_answer(t, change);
                if (e->verdict.confirmed) {
                        confirm_meanwhile(t);
                        return;
                }
        }
        if (change && next_look(t) < next)
                next = next_look(t);
        turn_rest(t, next);
}

/*
 * A link that went and came back while the server keeps control waiting: nothing was changed, and
 * the planes that count agree, as they did before.
 */
bool wait_confirm_again(struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;

        if (e->phase != PHASE_WAITING || !e->holdoff.by_server || !e->facts.identified ||
            !e->verdict.confirmed || l->confirmed == 0 || l->address != e->expected ||
            planes_changed_unconfirmed(l) || due_at_once(t))
                return false;
        confirm_meanwhile(t);
        return true;
}

void wait_begin(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        e->holdoff.until = until;
        e->holdoff.throttled_since_confirm |= e->holdoff.fault.class == FAULT_THROTTLED;
        e->confirming.started = t->now.boot_usec;
        e->confirming.looks = 0;
        wait_meanwhile(t);
}

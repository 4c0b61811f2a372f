/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static const unsigned look_seconds[] = {2, 5, 10, 20, 40, 60};

uint64_t inspect_apart(const struct engine *e) {
        return INSPECT_APART << e->flaps;
}

static uint64_t next_look(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t interval = e->config.heal_check_interval_usec, at;

        if (e->phase == PHASE_CONFIRMED)
                return in(t,
                          interval * 3 / 4 + backoff_slot(e->identity.instance_id, interval / 2));
        if (e->looks >= N_LOOKS)
                return in(t, e->phase == PHASE_WAITING ? interval : LOOK_LATER);
        at = e->confirm_started + look_seconds[e->looks] * USEC_PER_SEC;
        return at > t->now.boot_usec ? at : in(t, USEC_PER_SEC);
}

void schedule_looks(struct turn *t) {
        struct engine *e = t->e;
        uint64_t next, grace, timeout;

        if (e->next_look == ENGINE_NEVER)
                e->next_look = next_look(t);
        next = e->next_look;
        if (e->phase == PHASE_CONFIRMED) {
                rest(t, next < e->next_control ? next : e->next_control);
                return;
        }
        grace = e->confirm_started + e->config.reboot_grace_usec;
        timeout = e->confirm_started + e->config.confirm_timeout_usec;
        if (grace > t->now.boot_usec && grace < next)
                next = grace;
        if (e->phase == PHASE_REBOOTING)
                timeout = patience_ends(e, t->now.boot_usec);
        rest(t, next < timeout || timeout <= t->now.boot_usec ? next : timeout);
}

/* Control is asked every 6 h, over restarts too, and never by a whole fleet at once. */
static uint64_t next_control_after_start(struct turn *t) {
        int64_t since = t->e->ledger.inspected ? cloud_now(t) - t->e->ledger.inspected : 0;
        uint64_t spread = rng_below(&t->e->rng, CONTROL_SPREAD);
        uint64_t gone = since > 0 ? (uint64_t)since * USEC_PER_SEC : 0;

        return spread + (gone < CONTROL_EVERY ? CONTROL_EVERY - gone : 0);
}

/* Now, but not before the change that it confirms: the clock may be behind the one of then. */
static int64_t time_of_confirmation(const struct turn *t) {
        const struct ledger_entry *last = ledger_last(&t->e->ledger, WIRE_NONE);
        int64_t now = cloud_now(t);

        return last && last->time > now ? last->time : now;
}

void confirming_begins(struct turn *t) {
        struct engine *e = t->e;

        e->confirm_started = t->now.boot_usec;
        e->next_look = ENGINE_NEVER;
        e->looks = 0;
        e->reach_at = 0;
        e->attempt = 0;
        e->fault = (struct fault){};
        enter(t, PHASE_CONFIRMING);
}

/* Control is asked again once if the doubt is younger than its word, later now and then. */
static bool control_is_in_doubt(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t age = t->now.boot_usec - e->inspected;

        if (e->phase != PHASE_CONFIRMING || server_wait_left(t) > 0)
                return false;
        if (e->inspected && e->inspected < e->confirm_started && age >= inspect_apart(e))
                return true;
        return age > CONTROL_DOUBT && t->now.boot_usec - e->confirm_started > CONTROL_DOUBT;
}

/* What a look in this phase asks; false where there is nothing to ask. */
bool look(struct turn *t) {
        struct engine *e = t->e;

        if (t->now.boot_usec < e->next_look)
                return false;
        e->looks++;
        e->next_look = ENGINE_NEVER;
        if (control_is_in_doubt(t)) {
                ask(t, WIRE_INSPECT);
                return true;
        }
        if (e->identity.from_metadata &&
            (e->lagging || required_planes(e) & (1u << PLANE_METADATA))) {
                ask(t, WIRE_ADDRESSES);
                return true;
        }
        if (required_planes(e) & (1u << PLANE_OUTSIDE)) {
                ask_probe(t, PROBE_OUTSIDE);
                return true;
        }
        return false;
}

/* Also for a look that changed nothing: then it only says when to look next. */
void confirm(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        bool news = l->address != e->expected || l->confirmed == 0 || was_changed_unconfirmed(l) ||
                    (l->wait.length_usec > 0 && server_wait_left(t) == 0) ||
                    l->lagging != e->lagging;

        if (news) {
                l->address = e->expected;
                l->kind = e->kind;
                l->confirmed = time_of_confirmation(t);
                l->lagging = e->lagging;
                forget_wait(t);
                store(t);
        }
        if (e->phase != PHASE_CONFIRMED) {
                if (e->told_confirmed != e->expected && e->flaps < FLAPS_TOLD)
                        say(t, NOTICE_CONFIRMED);
                enter(t, PHASE_CONFIRMED);
                e->next_look = ENGINE_NEVER;
        }
        e->fault = (struct fault){};
        e->attempt = 0;
        e->failed_looks = 0;
        forget_told(t);
        e->crowded = false;
        e->told_asking = WIRE_NONE;
        reboot_not_due(t);
        e->absent_first = 0;
        TEXT_SET(e->accepted, "");
        e->online = true;
        e->marked = false;
        if (e->next_control == 0)
                e->next_control = in(t, next_control_after_start(t));
        schedule_looks(t);
}

/* Control could not be heard: what was waited for is asked later. */
static void confirm_meanwhile(struct turn *t) {
        struct engine *e = t->e;

        e->control_fault = e->fault;
        e->wait_checked = !e->wait_by_server; /* whoever inspects next goes on with it */
        e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
        confirm(t);
}

void meanwhile(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change = shown_by_metadata(t);
        uint64_t next = e->wait_until;

        if (change && e->metadata.presence == PRESENCE_PRESENT &&
            e->metadata.address == change->address) {
                expect(t, change);
                if (e->verdict.confirmed) {
                        confirm_meanwhile(t);
                        return;
                }
        }
        if (change && next_look(t) < next)
                next = next_look(t);
        rest(t, next);
}

/*
 * A link that went and came back while the server keeps control waiting: nothing was changed, and
 * the planes that count agree, as they did before.
 */
bool confirms_again(struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;

        if (e->phase != PHASE_WAITING || !e->wait_by_server || !e->identified ||
            !e->verdict.confirmed || l->confirmed == 0 || l->address != e->expected ||
            was_changed_unconfirmed(l) || reboots_at_once(t))
                return false;
        confirm_meanwhile(t);
        return true;
}

void wait_begins(struct turn *t, uint64_t until) {
        struct engine *e = t->e;

        e->wait_until = until;
        e->crowded |= e->fault.class == FAULT_THROTTLED;
        e->confirm_started = t->now.boot_usec;
        e->looks = 0;
        meanwhile(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Confirming and staying confirmed: looks and when, drift, the verdict reached. */
#include <string.h>

#include "turn.h"
#include "util/text.h"

#define INSPECT_APART (30 * USEC_PER_SEC) /* a flapping link asks the control plane no oftener */
#define STEADY        (60 * USEC_PER_SEC) /* confirmed for less is a flap */
#define FLAPS_TOLD    3                   /* then only status tells, until it is steady */
#define FLAPS_MAX     5                   /* the control plane is asked every 16 min at least */
#define CONTROL_DOUBT (5 * USEC_PER_MIN)  /* planes disagree this long: ask control again */
#define LOOK_LATER    (60 * USEC_PER_SEC) /* between looks once the schedule is through */

/* Metadata looks while confirming, after it began (design 8). */
static const unsigned look_seconds[] = {2, 5, 10, 20, 40, 60};
#define N_LOOKS (sizeof(look_seconds) / sizeof(look_seconds[0]))

uint64_t next_look(const struct turn *t) {
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

static bool failed_to_confirm(const struct engine *e) {
        return e->phase == PHASE_FAILED && (strncmp(e->fault.code, "Confirm.", 8) == 0 ||
                                            strncmp(e->fault.code, "Reboot.", 7) == 0);
}

static const char *const confirm_faults[_PLANE_MAX] = {
        [PLANE_KERNEL] = FAULT_CONFIRM_KERNEL,
        [PLANE_METADATA] = FAULT_CONFIRM_METADATA,
        [PLANE_CONTROL] = FAULT_CONFIRM_CONTROL,
        [PLANE_OUTSIDE] = FAULT_CONFIRM_OUTSIDE,
};

/* The plane that disagrees now may be another one than at an earlier failure. */
static void fail_to_confirm(struct turn *t) {
        fail_own(t, confirm_faults[t->e->verdict.who], "");
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

void confirming(struct turn *t) {
        struct engine *e = t->e;

        /* Looked at again after a failure: only what the governor allows now can help. */
        if (failed_to_confirm(e) && e->verdict.disagrees) {
                if (governor_pending_change(&e->ledger, e->expected, cloud_now(t)))
                        reboot_due(t);
                else
                        fail_to_confirm(t);
                return;
        }
        if (e->phase != PHASE_CONFIRMING)
                confirming_begins(t);
        schedule_looks(t);
}

/* A reboot helps only against a disagreement, never against not knowing. */
static bool reboot_is_due(const struct turn *t) {
        const struct engine *e = t->e;

        return e->verdict.disagrees &&
               governor_pending_change(&e->ledger, e->expected, cloud_now(t)) &&
               t->now.boot_usec - e->confirm_started >= e->config.reboot_grace_usec;
}

static uint64_t inspect_apart(const struct engine *e) {
        return INSPECT_APART << e->flaps;
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

void on_confirming(struct turn *t) {
        struct engine *e = t->e;

        judge(t);
        if (e->verdict.confirmed && !reboots_at_once(t)) {
                confirm(t);
                return;
        }
        if (e->phase == PHASE_REBOOTING || reboots_at_once(t) || reboot_is_due(t)) {
                reboot_due(t);
                return;
        }
        if (t->now.boot_usec - e->confirm_started >= e->config.confirm_timeout_usec) {
                fail_to_confirm(t);
                return;
        }
        if (!look(t))
                schedule_looks(t);
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

static bool is_steady(const struct turn *t) {
        return t->now.boot_usec - t->e->entered >= STEADY;
}

/* L7: what comes and goes is told a few times, and then that it does. */
static void tell_drift(struct turn *t) {
        struct engine *e = t->e;
        struct notice *n;

        if (e->flaps > FLAPS_TOLD)
                return;
        n = say(t, NOTICE_DISAGREES);
        n->plane = e->verdict.who;
        if (e->flaps == FLAPS_TOLD)
                TEXT_SET(n->text, "it comes and goes, which only `ecs-pubip status` tells until "
                                  "it is steady");
}

/* A confirmed address no longer agrees everywhere. */
void drift(struct turn *t) {
        struct engine *e = t->e;

        if (is_steady(t))
                e->flaps = 0;
        else if (e->flaps < FLAPS_MAX)
                e->flaps++;
        tell_drift(t);
        if (e->verdict.who != PLANE_KERNEL) /* a link that comes back makes the witness right */
                end_lag(t);
        if ((e->inspected && t->now.boot_usec - e->inspected < inspect_apart(e)) ||
            server_wait_left(t) > 0)
                confirming(t);
        else
                inspect(t);
}

void on_confirmed(struct turn *t) {
        struct engine *e = t->e;
        uint64_t left = server_wait_left(t);

        if (left > 0 && e->next_control < in(t, left))
                e->next_control = in(t, left);
        judge(t);
        if (!e->verdict.disagrees && e->flaps >= FLAPS_TOLD && is_steady(t)) {
                e->flaps = 0;
                say(t, NOTICE_CONFIRMED);
        }
        if (e->verdict.disagrees)
                drift(t);
        else if (t->now.boot_usec >= e->next_control)
                ask(t, WIRE_INSPECT);
        else if (!look(t))
                schedule_looks(t);
}

/* A look is complete. */
static void looked(struct turn *t) {
        struct engine *e = t->e;

        judge(t);
        switch (e->phase) {
        case PHASE_CONFIRMED:
                if (e->verdict.disagrees)
                        drift(t);
                else
                        schedule_looks(t);
                break;
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
                on_confirming(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_INSPECTING:
        case PHASE_ALLOCATING:
        case PHASE_FAILED:
        case PHASE_HELD:
                decide(t);
                break;
        case PHASE_WAITING:
                meanwhile(t);
                break;
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

void got_outside(struct turn *t, in_addr_t address) {
        t->e->outside = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_UNKNOWN,
                .address = address,
        };
        looked(t);
}

void got_addresses(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;
        bool ours = strcmp(a->instance_id, e->identity.instance_id) == 0;

        if (!ours && *a->instance_id && e->phase == PHASE_CONFIRMED) {
                start_over(t);
                return;
        }
        if (a->presence == PRESENCE_UNKNOWN || !ours) {
                /* A look that does not return our own id says nothing (L6). */
                struct fault f = fault_own(FAULT_MD_GARBLED, "the look is not of this instance");

                got_addresses_fault(t, &f);
                return;
        }
        learn_metadata(t, a);
        judge(t);
        if (required_planes(e) & (1u << PLANE_OUTSIDE) && e->phase != PHASE_INSPECTING) {
                ask_probe(t, PROBE_OUTSIDE);
                return;
        }
        looked(t);
}

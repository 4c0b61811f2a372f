/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

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

/* The network has come (back): what failed for want of it may work now. */
void hurry_after_kernel(struct turn *t) {
        struct engine *e = t->e;
        bool usable = e->identified ? e->verdict.planes[PLANE_KERNEL] == PLANE_AGREES
                                    : e->kernel.out == ANSWER_YES;

        if (!usable || (e->phase == PHASE_WAITING && e->wait_by_server))
                return;
        if (e->kernel_hurried && t->now.boot_usec - e->kernel_hurried < KERNEL_APART)
                return; /* a flapping link is no reason to ask in its rhythm */
        e->kernel_hurried = t->now.boot_usec;
        start_over(t);
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

/* A control look that fails changes no phase while the planes that count agree. */
void got_inspect_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        judge(t);
        if (e->phase != PHASE_CONFIRMED &&
            (!e->verdict.confirmed || must_alert(t) || reboots_at_once(t))) {
                e->control = (struct plane_facts){};
                judge(t);
                meet_fault(t, f);
                return;
        }
        if (e->phase == PHASE_CONFIRMED && strcmp(f->code, FAULT_OTHER_INSTANCE) == 0) {
                e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
                start_over(t);
                return;
        }
        if (is_news(t, TOLD_CONTROL, f->code))
                say_unknown(t, PLANE_CONTROL, f);
        if (f->class == FAULT_THROTTLED) {
                e->wait_checked = false; /* whoever inspects next goes on with it */
                write_wait(t, throttled_wait(t, f), true, f);
        }
        e->control_fault = *f;
        e->control = (struct plane_facts){};
        e->next_control = in(t, CONTROL_RETRY + rng_below(&e->rng, CONTROL_RETRY));
        if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                drift(t); /* another plane: seen while control was asked */
        else
                confirm(t);
}

/* Metadata could not be read: unknown, which is neither absent nor present (L6). */
void got_addresses_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        forget_metadata(t);
        if (e->phase == PHASE_WAITING) {
                meanwhile(t);
                return;
        }
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_CONFIRMING ||
            e->phase == PHASE_REBOOTING) {
                if (e->phase == PHASE_REBOOTING)
                        enter(t, PHASE_CONFIRMING);
                /* One look that fails is no news. */
                if (e->phase == PHASE_CONFIRMED && e->metadata_fault.class != FAULT_NONE &&
                    is_news(t, TOLD_METADATA, f->code))
                        say_unknown(t, PLANE_METADATA, f);
                e->metadata_fault = *f;
                if (f->class == FAULT_THROTTLED)
                        e->next_look = in(t, throttled_wait(t, f));
                if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                        drift(t); /* another plane: seen while metadata was asked */
                else
                        schedule_looks(t);
                return;
        }
        meet_fault(t, f);
}

/* An end to every wait that the server did not ask for. */
void hurry(struct turn *t) {
        struct engine *e = t->e;

        if (!is_resting(e) || (e->phase == PHASE_WAITING && e->wait_by_server))
                return;
        e->attempt = 0;
        e->failed_looks = 0;
        e->static_refused = false;
        e->fault_since_boot = t->now.boot_usec;
        forget_wait(t);
        if (e->phase == PHASE_CONFIRMED && e->identified) {
                e->next_look = t->now.boot_usec;
                on_confirmed(t);
                return;
        }
        start_over(t);
}

/* A person's word: it counts for the question in flight too, should that end in a wait. */
void hurry_at_word(struct turn *t) {
        t->e->hurry_later = !is_resting(t->e);
        hurry(t);
}

void hurry_after_question(struct turn *t) {
        struct engine *e = t->e;

        if (!e->hurry_later || !is_resting(e))
                return;
        e->hurry_later = false;
        if (e->phase == PHASE_WAITING || e->phase == PHASE_FAILED || !e->identified)
                hurry(t);
}

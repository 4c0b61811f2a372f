/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static bool is_steady(const struct turn *t) {
        return t->now.boot_usec - t->e->phase_entered >= STEADY;
}

/* L7: what comes and goes is told a few times, and then that it does. */
static void report_drift(struct turn *t) {
        struct engine *e = t->e;
        struct notice *n;

        if (e->confirming.flaps > FLAPS_TOLD)
                return;
        n = report_notice(t, NOTICE_DISAGREES);
        n->plane = e->verdict.who;
        if (e->confirming.flaps == FLAPS_TOLD)
                TEXT_SET(n->text, "it comes and goes, which only `ecs-pubip status` tells until "
                                  "it is steady");
}

/* The network has come (back): what failed for want of it may work now. */
void retry_now_after_kernel(struct turn *t) {
        struct engine *e = t->e;
        bool usable = e->facts.identified ? e->verdict.planes[PLANE_KERNEL] == PLANE_AGREES
                                          : e->facts.kernel.out == ANSWER_YES;

        if (!usable || (e->phase == PHASE_WAITING && e->holdoff.by_server))
                return;
        if (e->retry.after_kernel && t->now.boot_usec - e->retry.after_kernel < KERNEL_APART)
                return; /* a flapping link is no reason to ask in its rhythm */
        e->retry.after_kernel = t->now.boot_usec;
        ask_identity(t);
}

/* A confirmed address no longer agrees everywhere. */
void drift_begin(struct turn *t) {
        struct engine *e = t->e;

        if (is_steady(t))
                e->confirming.flaps = 0;
        else if (e->confirming.flaps < FLAPS_MAX)
                e->confirming.flaps++;
        report_drift(t);
        if (e->verdict.who != PLANE_KERNEL) /* a link that comes back makes the witness right */
                planes_end_reachability(t);
        if ((e->facts.inspected &&
             t->now.boot_usec - e->facts.inspected < confirm_inspect_apart(e)) ||
            holdoff_server_left(t) > 0)
                reboot_or_confirm(t);
        else
                wait_or_inspect(t);
}

void drift_tick(struct turn *t) {
        struct engine *e = t->e;
        uint64_t left = holdoff_server_left(t);

        if (left > 0 && e->confirming.next_control < clock_from_now(t, left))
                e->confirming.next_control = clock_from_now(t, left);
        planes_judge(t);
        if (!e->verdict.disagrees && e->confirming.flaps >= FLAPS_TOLD && is_steady(t)) {
                e->confirming.flaps = 0;
                report_notice(t, NOTICE_CONFIRMED);
        }
        if (e->verdict.disagrees)
                drift_begin(t);
        else if (t->now.boot_usec >= e->confirming.next_control)
                ask_question(t, WIRE_INSPECT);
        else if (!confirm_look(t))
                confirm_schedule(t);
}

/* A control look that fails changes no phase while the planes that count agree. */
void drift_control_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        planes_judge(t);
        if (e->phase != PHASE_CONFIRMED &&
            (!e->verdict.confirmed || adopt_needs_word(t) || due_at_once(t))) {
                e->facts.control = (struct plane_facts){};
                planes_judge(t);
                fault_meet(t, f);
                return;
        }
        if (e->phase == PHASE_CONFIRMED && strcmp(f->code, FAULT_OTHER_INSTANCE) == 0) {
                e->confirming.next_control =
                        clock_from_now(t, CONTROL_RETRY + rng_below(&e->given.rng, CONTROL_RETRY));
                ask_identity(t);
                return;
        }
        if (report_once(t, REPORTED_CONTROL, f->code))
                fault_report_unknown(t, PLANE_CONTROL, f);
        if (f->class == FAULT_THROTTLED) {
                e->holdoff.kept_checked = false; /* whoever inspects next goes on with it */
                holdoff_write(t, holdoff_throttled(t, f), true, f);
        }
        e->facts.control_fault = *f;
        e->facts.control = (struct plane_facts){};
        e->confirming.next_control =
                clock_from_now(t, CONTROL_RETRY + rng_below(&e->given.rng, CONTROL_RETRY));
        if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                drift_begin(t); /* another plane: seen while control was asked */
        else
                confirm_reached(t);
}

/* Metadata could not be read: unknown, which is neither absent nor present (L6). */
void drift_metadata_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        planes_forget_metadata(t);
        if (e->phase == PHASE_WAITING) {
                wait_meanwhile(t);
                return;
        }
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_CONFIRMING ||
            e->phase == PHASE_REBOOTING) {
                if (e->phase == PHASE_REBOOTING)
                        turn_enter(t, PHASE_CONFIRMING);
                /* One look that fails is no news. */
                if (e->phase == PHASE_CONFIRMED && e->facts.metadata_fault.class != FAULT_NONE &&
                    report_once(t, REPORTED_METADATA, f->code))
                        fault_report_unknown(t, PLANE_METADATA, f);
                e->facts.metadata_fault = *f;
                if (f->class == FAULT_THROTTLED)
                        e->confirming.next_look = clock_from_now(t, holdoff_throttled(t, f));
                if (e->phase == PHASE_CONFIRMED && e->verdict.disagrees)
                        drift_begin(t); /* another plane: seen while metadata was asked */
                else
                        confirm_schedule(t);
                return;
        }
        fault_meet(t, f);
}

/* An end to every wait that the server did not ask for. */
void retry_now(struct turn *t) {
        struct engine *e = t->e;

        if (!turn_is_resting(e) || (e->phase == PHASE_WAITING && e->holdoff.by_server))
                return;
        e->holdoff.attempt = 0;
        e->holdoff.failed_looks = 0;
        e->before.static_refused = false;
        e->holdoff.since_boot = t->now.boot_usec;
        holdoff_forget(t);
        if (e->phase == PHASE_CONFIRMED && e->facts.identified) {
                e->confirming.next_look = t->now.boot_usec;
                drift_tick(t);
                return;
        }
        ask_identity(t);
}

/* A person's word: it counts for the question in flight too, should that end in a wait. */
void retry_now_at_word(struct turn *t) {
        t->e->retry.now_pending = !turn_is_resting(t->e);
        retry_now(t);
}

void retry_now_after_question(struct turn *t) {
        struct engine *e = t->e;

        if (!e->retry.now_pending || !turn_is_resting(e))
                return;
        e->retry.now_pending = false;
        if (e->phase == PHASE_WAITING || e->phase == PHASE_FAILED || !e->facts.identified)
                retry_now(t);
}

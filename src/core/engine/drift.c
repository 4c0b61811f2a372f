/* SPDX-License-Identifier: Apache-2.0 */
/* Staying confirmed: what a look means then, and what it means that a look fails (design 4.4). */
#include "drift.h"

#include <string.h>

#include "adopt.h"
#include "clock.h"
#include "confirm.h"
#include "fault.h"
#include "holdoff.h"
#include "planes.h"
#include "reboot.h"
#include "report.h"
#include "situation.h"
#include "util/text.h"
#include "wait.h"

#define STEADY    (60 * USEC_PER_SEC) /* confirmed for less is a flap */
#define FLAPS_MAX 5                   /* the control plane is asked every 16 min at least */

static bool is_steady(const struct turn *t) {
        return t->now.boot_usec - t->e->phase_entered >= STEADY;
}

/* L7: what comes and goes is told a few times, and then that it does. */
static void report_drift(struct turn *t, enum plane plane) {
        unsigned flaps = t->e->confirming.flaps;
        struct notice *n;

        if (flaps > FLAPS_TOLD)
                return;
        n = report_notice(t, NOTICE_DISAGREES);
        n->plane = plane;
        if (flaps == FLAPS_TOLD)
                TEXT_SET(n->text, "it comes and goes, which only `ecs-pubip status` tells until "
                                  "it is steady");
}

/* A confirmed address no longer agrees everywhere. */
static struct move begin(struct turn *t, enum plane plane) {
        struct engine *e = t->e;
        uint64_t inspected = e->facts.inspected;

        if (is_steady(t))
                e->confirming.flaps = 0;
        else if (e->confirming.flaps < FLAPS_MAX)
                e->confirming.flaps++;
        report_drift(t, plane);
        if (plane != PLANE_KERNEL) /* a link that comes back makes the witness right */
                planes_end_reachability(t);
        if ((inspected && t->now.boot_usec - inspected < confirm_inspect_apart(e)) ||
            holdoff_server_left(t) > 0)
                return reboot_or_confirm(t);
        return wait_or_inspect(t);
}

struct move drift_tick(struct turn *t) {
        struct engine *e = t->e;
        struct verdict v = planes_verdict(e);
        uint64_t left = holdoff_server_left(t);

        if (left > 0 && e->confirming.next_control < clock_from_now(t, left))
                e->confirming.next_control = clock_from_now(t, left);
        if (v.disagrees)
                return begin(t, v.who);
        if (e->confirming.flaps >= FLAPS_TOLD && is_steady(t)) {
                e->confirming.flaps = 0;
                report_notice(t, NOTICE_CONFIRMED);
        }
        if (t->now.boot_usec >= e->confirming.next_control)
                return move_ask(PHASE_SAME, WIRE_INSPECT);
        return confirm_look(t, PHASE_CONFIRMED);
}

struct move drift_looked(struct turn *t) {
        struct verdict v = planes_verdict(t->e);

        return v.disagrees ? begin(t, v.who) : confirm_rest(t, PHASE_CONFIRMED);
}

/* Nothing is confirmed, or not what control would have to say first. */
static bool needs_control(const struct turn *t, const struct situation *s) {
        return t->e->phase != PHASE_CONFIRMED &&
               (!s->verdict.confirmed || adopt_needs_word(t) || s->reboots_at_once);
}

struct move drift_control_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        struct situation s = situation_of(t);
        bool confirmed = e->phase == PHASE_CONFIRMED;

        if (needs_control(t, &s)) {
                planes_forget_control(t);
                return fault_meet(t, f);
        }
        if (confirmed && fault_row_of(e, f)->other_instance) {
                confirm_put_off_control(t, f);
                return move_start_over();
        }
        if (report_once(t, REPORTED_CONTROL, f->code))
                report_unknown(t, PLANE_CONTROL, f);
        if (f->class == FAULT_THROTTLED)
                holdoff_leave(t, f);
        e->facts.control_fault = *f;
        planes_forget_control(t);
        confirm_put_off_control(t, f);
        if (confirmed && s.verdict.disagrees)
                return begin(t, s.verdict.who); /* another plane: seen while control was asked */
        return confirm_reached(t);
}

struct move drift_metadata_fault(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        bool confirmed = e->phase == PHASE_CONFIRMED;
        struct verdict v;

        planes_forget_metadata(t);
        if (e->phase == PHASE_WAITING)
                return wait_on(t);
        if (!confirmed && e->phase != PHASE_CONFIRMING && e->phase != PHASE_REBOOTING)
                return fault_meet(t, f);
        /* One look that fails is no news. */
        if (confirmed && e->facts.metadata_fault.class != FAULT_NONE &&
            report_once(t, REPORTED_METADATA, f->code))
                report_unknown(t, PLANE_METADATA, f);
        e->facts.metadata_fault = *f;
        if (f->class == FAULT_THROTTLED)
                e->confirming.next_look = clock_from_now(t, holdoff_throttled(t, f));
        v = planes_verdict(e);
        if (confirmed && v.disagrees)
                return begin(t, v.who); /* another plane: seen while metadata was asked */
        return confirm_rest(t, confirmed ? PHASE_CONFIRMED : PHASE_CONFIRMING);
}

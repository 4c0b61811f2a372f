/* SPDX-License-Identifier: Apache-2.0 */
/* What an event means in a phase. */
#include "react.h"

#include "decide.h"
#include "drift.h"
#include "reboot.h"
#include "retry.h"
#include "wait.h"

enum reaction {
        IGNORE,
        RESTART,   /* who we are, and from there */
        INSPECT,   /* the control plane */
        HELD_LOOK, /* at metadata, and now and then who we are */
        DECIDE,    /* by what is known now */
        TICK,      /* the phase goes on: confirming, a due reboot, staying confirmed */
        LOOKED,    /* the same, but the look was this one */
        WAIT_ENDS, /* or a look at metadata is due within the wait */
        MEANWHILE, /* what was looked at during a wait */
        RETRY_NOW, /* the network may have come (back) */
};

static const enum reaction reactions[_TRIGGER_MAX][_PHASE_MAX] = {
        [TRIGGER_DEADLINE] =
                {
                        [PHASE_STARTING] = RESTART,
                        [PHASE_IDENTIFYING] = RESTART,
                        [PHASE_INSPECTING] = INSPECT,
                        [PHASE_ALLOCATING] = RESTART,
                        [PHASE_CONFIRMING] = TICK,
                        [PHASE_REBOOTING] = TICK,
                        [PHASE_CONFIRMED] = TICK,
                        [PHASE_WAITING] = WAIT_ENDS,
                        [PHASE_FAILED] = RESTART,
                        [PHASE_HELD] = HELD_LOOK,
                        [PHASE_STOPPED] = IGNORE,
                },
        [TRIGGER_KERNEL] =
                {
                        [PHASE_STARTING] = IGNORE,
                        [PHASE_IDENTIFYING] = IGNORE,
                        [PHASE_INSPECTING] = IGNORE,
                        [PHASE_ALLOCATING] = DECIDE,
                        [PHASE_CONFIRMING] = TICK,
                        [PHASE_REBOOTING] = TICK,
                        [PHASE_CONFIRMED] = TICK,
                        [PHASE_WAITING] = RETRY_NOW,
                        [PHASE_FAILED] = RETRY_NOW,
                        [PHASE_HELD] = IGNORE,
                        [PHASE_STOPPED] = IGNORE,
                },
        [TRIGGER_LOOKED] =
                {
                        [PHASE_STARTING] = DECIDE,
                        [PHASE_IDENTIFYING] = DECIDE,
                        [PHASE_INSPECTING] = DECIDE,
                        [PHASE_ALLOCATING] = DECIDE,
                        [PHASE_CONFIRMING] = TICK,
                        [PHASE_REBOOTING] = TICK,
                        [PHASE_CONFIRMED] = LOOKED,
                        [PHASE_WAITING] = MEANWHILE,
                        [PHASE_FAILED] = DECIDE,
                        [PHASE_HELD] = DECIDE,
                        [PHASE_STOPPED] = IGNORE,
                },
};

static struct move restart(struct turn *t) {
        if (t->e->phase == PHASE_FAILED)
                t->e->before.static_refused = false; /* a person may have raised the bandwidth */
        return move_start_over();
}

static struct move look_while_held(struct turn *t) {
        const struct facts *f = &t->e->facts;

        if (f->identified && f->identity.from_metadata &&
            t->now.boot_usec - f->inspected < HELD_INSPECT)
                return move_ask(PHASE_SAME, WIRE_ADDRESSES);
        return restart(t);
}

static struct move retry_or_confirm(struct turn *t) {
        return wait_is_confirmed_again(t) ? wait_confirm(t) : retry_now_after_kernel(t);
}

struct move react_to(struct turn *t, enum trigger trigger) {
        switch (reactions[trigger][t->e->phase]) {
        case IGNORE:
                break;
        case RESTART:
                return restart(t);
        case INSPECT:
                return wait_or_inspect(t);
        case HELD_LOOK:
                return look_while_held(t);
        case DECIDE:
                return decide_next(t);
        case TICK:
                return t->e->phase == PHASE_CONFIRMED ? drift_tick(t) : reboot_tick(t);
        case LOOKED:
                return drift_looked(t);
        case WAIT_ENDS:
                return wait_end(t);
        case MEANWHILE:
                return wait_on(t);
        case RETRY_NOW:
                return retry_or_confirm(t);
        }
        return move_on(PHASE_SAME);
}

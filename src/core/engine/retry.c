/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a wait early: a person's word, the network (design 4.5). */
#include "retry.h"

#include "drift.h"
#include "holdoff.h"
#include "planes.h"

#define KERNEL_APART (30 * USEC_PER_SEC) /* a flapping link is no reason to ask in its rhythm */

static bool waits_for_server(const struct engine *e) {
        return e->phase == PHASE_WAITING && e->holdoff.by_server;
}

struct move retry_now(struct turn *t) {
        struct engine *e = t->e;

        if (!turn_is_resting(e) || waits_for_server(e))
                return move_on(PHASE_SAME);
        e->before.static_refused = false;
        e->confirming.since = 0; /* a person may have put right what was wrong */
        holdoff_renew(t);
        holdoff_forget(t);
        if (e->phase != PHASE_CONFIRMED || !e->facts.identified)
                return move_start_over();
        e->confirming.next_look = t->now.boot_usec;
        return drift_tick(t);
}

struct move retry_now_at_word(struct turn *t) {
        t->e->retry.now_pending = !turn_is_resting(t->e);
        return retry_now(t);
}

struct move retry_now_after_question(struct turn *t) {
        struct engine *e = t->e;

        if (!e->retry.now_pending || !turn_is_resting(e))
                return move_on(PHASE_SAME);
        e->retry.now_pending = false;
        if (e->phase == PHASE_WAITING || e->phase == PHASE_FAILED || !e->facts.identified)
                return retry_now(t);
        return move_on(PHASE_SAME);
}

struct move retry_now_after_kernel(struct turn *t) {
        struct engine *e = t->e;
        bool usable = e->facts.identified ? planes_verdict(e).planes[PLANE_KERNEL] == PLANE_AGREES
                                          : e->facts.kernel.out == ANSWER_YES;
        uint64_t last = e->retry.after_kernel;

        if (!usable || waits_for_server(e) || (last && t->now.boot_usec - last < KERNEL_APART))
                return move_on(PHASE_SAME);
        e->retry.after_kernel = t->now.boot_usec;
        return move_start_over();
}

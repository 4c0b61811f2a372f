/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* Until the API has told the time, metadata's Date counts if this machine's clock bears it out. */
static bool time_is_sure(const struct turn *t) {
        int64_t off = t->now.wall_sec - clock_now(t);

        return t->e->clock.proven ||
               (t->e->clock.server_time && off <= CLOCK_OFF_SEC && off >= -CLOCK_OFF_SEC);
}

void holdoff_write(struct turn *t, uint64_t length, bool by_server, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_wait *w = &e->ledger.wait;

        *w = (struct ledger_wait){
                .length_usec = length,
                .started = clock_now(t),
                .started_boot_usec = t->now.boot_usec,
                .asked_by_server = by_server,
                .attempt = e->holdoff.attempt,
                .fault = *f,
        };
        TEXT_SET(w->boot_id, e->given.boot_id);
        turn_store(t);
}

uint64_t holdoff_throttled(const struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        return backoff_wait(f, false, 0, e->facts.identity.instance_id,
                            (unsigned)(clock_now(t) % 60), &e->given.rng);
}

/*
 * How much of a kept wait is left: never more than its length, anew if the clock went back or
 * cannot be trusted yet. The cloud's time has whole seconds: one of them may not be over.
 */
uint64_t holdoff_left(const struct turn *t) {
        const struct ledger_wait *w = &t->e->ledger.wait;
        int64_t gone = time_is_sure(t) ? clock_now(t) - w->started - 1 : 0;
        uint64_t passed;

        if (strcmp(w->boot_id, t->e->given.boot_id) == 0 &&
            t->now.boot_usec >= w->started_boot_usec)
                passed = t->now.boot_usec - w->started_boot_usec;
        else
                passed = gone < 0 ? 0 : USEC_OF(gone);
        return passed < w->length_usec ? w->length_usec - passed : 0;
}

uint64_t holdoff_server_left(const struct turn *t) {
        const struct engine *e = t->e;

        return !e->holdoff.kept_checked && e->ledger.wait.asked_by_server ? holdoff_left(t) : 0;
}

void holdoff_forget(struct turn *t) {
        if (holdoff_server_left(t) == 0)
                t->e->ledger.wait = (struct ledger_wait){};
}

void holdoff_keep(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        if (holdoff_server_left(t) > 0)
                return; /* metadata fails meanwhile: what the server asked for counts more */
        e->holdoff.kept_checked = true;
        if (e->holdoff.by_server || length >= WAIT_KEPT)
                holdoff_write(t, length, e->holdoff.by_server, &e->holdoff.fault);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* Until the API has told the time, metadata's Date counts if this machine's clock bears it out. */
static bool time_is_sure(const struct turn *t) {
        int64_t off = t->now.wall_sec - cloud_now(t);

        return t->e->time_proven ||
               (t->e->server_time && off <= CLOCK_OFF_SEC && off >= -CLOCK_OFF_SEC);
}

void write_wait(struct turn *t, uint64_t length, bool by_server, const struct fault *f) {
        struct engine *e = t->e;
        struct ledger_wait *w = &e->ledger.wait;

        *w = (struct ledger_wait){
                .length_usec = length,
                .started = cloud_now(t),
                .started_boot_usec = t->now.boot_usec,
                .asked_by_server = by_server,
                .attempt = e->attempt,
                .fault = *f,
        };
        TEXT_SET(w->boot_id, e->boot_id);
        store(t);
}

uint64_t throttled_wait(const struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        return backoff_wait(f, false, 0, e->identity.instance_id, (unsigned)(cloud_now(t) % 60),
                            &e->rng);
}

/*
 * How much of a kept wait is left: never more than its length, anew if the clock went back or
 * cannot be trusted yet. The cloud's time has whole seconds: one of them may not be over.
 */
uint64_t wait_left(const struct turn *t) {
        const struct ledger_wait *w = &t->e->ledger.wait;
        int64_t gone = time_is_sure(t) ? cloud_now(t) - w->started - 1 : 0;
        uint64_t passed;

        if (strcmp(w->boot_id, t->e->boot_id) == 0 && t->now.boot_usec >= w->started_boot_usec)
                passed = t->now.boot_usec - w->started_boot_usec;
        else
                passed = gone < 0 ? 0 : USEC_OF(gone);
        return passed < w->length_usec ? w->length_usec - passed : 0;
}

uint64_t server_wait_left(const struct turn *t) {
        const struct engine *e = t->e;

        return !e->wait_checked && e->ledger.wait.asked_by_server ? wait_left(t) : 0;
}

void forget_wait(struct turn *t) {
        if (server_wait_left(t) == 0)
                t->e->ledger.wait = (struct ledger_wait){};
}

void keep_wait(struct turn *t, uint64_t length) {
        struct engine *e = t->e;

        if (server_wait_left(t) > 0)
                return; /* metadata fails meanwhile: what the server asked for counts more */
        e->wait_checked = true;
        if (e->wait_by_server || length >= WAIT_KEPT)
                write_wait(t, length, e->wait_by_server, &e->fault);
}

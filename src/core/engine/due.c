/* SPDX-License-Identifier: Apache-2.0 */
/* A due reboot: since when, what it waits for, and how long it will (design 4.2). */
#include "due.h"

#include "util/text.h"

/* Patience counts only while the blockers are what is waited for: not under the brake, say. */
uint64_t due_patience_ends(const struct engine *e, uint64_t now) {
        uint64_t patience = e->given.config.reboot_patience_usec;
        uint64_t waited = e->reboot.blocked_usec;
        uint64_t left = waited < patience ? patience - waited : 0;

        return (e->reboot.blocked_since ? e->reboot.blocked_since : now) + left;
}

void due_end_block(struct turn *t) {
        struct reboot *r = &t->e->reboot;

        if (r->blocked_since)
                r->blocked_usec += t->now.boot_usec - r->blocked_since;
        r->blocked_since = 0;
}

void due_forget_blockers(struct turn *t) {
        struct reboot *r = &t->e->reboot;

        due_end_block(t);
        t->out->wants |= ACTION_NO_BLOCKERS;
        r->blockers_known = false;
        r->blockers_until = 0;
        TEXT_SET(r->blockers, "");
}

void due_clear(struct turn *t) {
        struct reboot *r = &t->e->reboot;

        r->due_since = r->blocked_since = r->blocked_usec = 0;
        TEXT_SET(t->e->reported.blockers, "");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision about confirming or rebooting rests on, taken at once. */
#include "situation.h"

#include "clock.h"
#include "planes.h"

struct situation situation_of(const struct turn *t) {
        const struct engine *e = t->e;
        struct situation s = {
                .verdict = planes_verdict(e),
                .change = governor_pending_change(&e->ledger, e->expected, clock_now(t)),
        };

        s.reboots_at_once = s.change && e->given.config.reboot_policy == REBOOT_ALWAYS &&
                            !governor_restarted_since(s.change, e->given.boot_id);
        return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision about confirming or rebooting rests on, taken at once. */
#include "situation.h"

#include "clock.h"
#include "cure.h"
#include "planes.h"

struct situation situation_of(const struct turn *t) {
        const struct engine *e = t->e;
        struct moment now = clock_moment(t);
        struct situation s = {
                .verdict = planes_verdict(e),
                .change = governor_pending_change(&e->ledger, e->expected, now.time),
                .reboot_for = governor_change_to_reboot_for(&e->ledger, e->expected, &now),
        };

        s.reboots_at_once = s.reboot_for && e->given.config.reboot_policy == REBOOT_ALWAYS;
        s.wants_reboot = s.reboots_at_once || (s.reboot_for && cure_is_possible(e));
        return s;
}

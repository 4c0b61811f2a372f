/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot to an exit status. */
#include "snapshot.h"

#include <string.h>

bool snapshot_ended(const struct snapshot *s) {
        return !s->alive && s->file == STATUS_FILE_READ && s->status.phase == PHASE_STOPPED &&
               strcmp(s->status.fault.code, FAULT_NOT_ECS) == 0;
}

bool snapshot_reboot_waits(const struct snapshot *s) {
        const struct status *t = &s->status;

        return s->file == STATUS_FILE_READ && t->phase != PHASE_CONFIRMED &&
               t->next == NEXT_REBOOT && t->waits_for[0];
}

static enum exit_status outcome_of_phase(const struct status *t) {
        switch (phase_row(t->phase)->end) {
        case END_DONE:
                return EXIT_DONE;
        case END_HELD:
                return status_is_confirmed(t) ? EXIT_DONE : EXIT_NOT_YET;
        case END_FAILED:
                return EXIT_FAILED;
        case END_OPEN:
        case END_OVER:
                break;
        }
        return EXIT_NOT_YET;
}

bool snapshot_awaits_user_data(const struct snapshot *s) {
        return s->alive && s->file == STATUS_FILE_READ && s->status.phase == PHASE_WAITING &&
               fault_explain(&s->status.fault, 0)->awaits == AWAITS_USER_DATA;
}

enum exit_status snapshot_outcome(const struct snapshot *s) {
        if (!s->alive)
                return EXIT_NO_AGENT;
        if (s->file != STATUS_FILE_READ)
                return EXIT_NOT_YET;
        if (snapshot_reboot_waits(s))
                return EXIT_REBOOT_WAITS;
        return outcome_of_phase(&s->status);
}

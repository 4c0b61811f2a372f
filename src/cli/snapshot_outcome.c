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
        switch (t->phase) {
        case PHASE_CONFIRMED:
                return EXIT_DONE;
        case PHASE_HELD:
                return status_is_confirmed(t) ? EXIT_DONE : EXIT_NOT_YET;
        case PHASE_FAILED:
                return EXIT_FAILED;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_INSPECTING:
        case PHASE_ALLOCATING:
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
        case PHASE_WAITING:
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
        return EXIT_NOT_YET;
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

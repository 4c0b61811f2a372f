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

/* A control plane that cannot be heard changes nothing of what the others show (design 4.1). */
static bool is_only_unheard(const struct status *t, enum plane p) {
        return p == PLANE_CONTROL && t->planes[p].verdict == PLANE_UNKNOWN && t->control_fault[0];
}

/* Under the brake the phase says nothing of the address; the planes still do. */
static bool planes_agree(const struct status *t) {
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (t->planes[p].verdict != PLANE_AGREES &&
                    t->planes[p].verdict != PLANE_NOT_REQUIRED && !is_only_unheard(t, p))
                        return false;
        return t->public_ip && t->planes[PLANE_KERNEL].verdict == PLANE_AGREES;
}

static enum exit_status outcome_of_phase(const struct status *t) {
        switch (t->phase) {
        case PHASE_CONFIRMED:
                return EXIT_DONE;
        case PHASE_HELD:
                return planes_agree(t) ? EXIT_DONE : EXIT_NOT_YET;
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

/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of the state machine: one row each, of all that is told or concluded from one. */
#include <ecs-pubip/status.h>

#include "core/format/status_names.h"

/* clang-format off */
#define ROWS(ROW) \
        ROW(STARTING, "starting", "Starting", NONE, NONE, OPEN, false) \
        ROW(IDENTIFYING, "identifying", "Asking metadata which instance this is", \
            NONE, NONE, OPEN, false) \
        ROW(INSPECTING, "inspecting", "Asking the control plane which address this instance has", \
            NONE, LOOK, OPEN, true) \
        ROW(ALLOCATING, "allocating", "Asking for a public address", NONE, NONE, OPEN, true) \
        ROW(CONFIRMING, "confirming", "Confirming ", PLANES, LOOK, OPEN, true) \
        ROW(REBOOTING, "rebooting", "", REBOOT, REBOOT, OPEN, false) \
        ROW(CONFIRMED, "confirmed", "Confirmed ", ADDRESS, LOOK, DONE, false) \
        ROW(WAITING, "waiting", "Waiting", FAULT, RETRY, OPEN, false) \
        ROW(FAILED, "failed", "Failed", FAULT, RETRY, FAILED, false) \
        ROW(HELD, "held", "Held, nothing is changed: ", ADDRESS, LOOK, HELD, false) \
        ROW(STOPPED, "stopped", "Stopped", FAULT, NONE, OVER, false)

#define NAME(phase, name, ...) [PHASE_##phase] = (name),
const char *const phase_names[_PHASE_MAX] = {ROWS(NAME)};

#define ENTRY(phase, name, opening, detail, next, end, between) \
        [PHASE_##phase] = {name, opening, DETAIL_##detail, NEXT_##next, END_##end, between},
static const struct phase_row rows[_PHASE_MAX] = {ROWS(ENTRY)};
/* clang-format on */

const struct phase_row *phase_row(enum phase p) {
        return &rows[(unsigned)p < _PHASE_MAX ? p : PHASE_STARTING];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Staying confirmed: what a look means then, and what it means that a look fails (design 4.4). */
#pragma once

#include "turn.h"

/* A look is due, or a plane has changed. */
struct move drift_tick(struct turn *t);

/* A look is complete. */
struct move drift_looked(struct turn *t);

/* Control could not be heard: that changes no phase while the planes that count agree. */
struct move drift_control_fault(struct turn *t, const struct fault *f);

/* Metadata could not be read: unknown, which is neither absent nor present (L6). */
struct move drift_metadata_fault(struct turn *t, const struct fault *f);

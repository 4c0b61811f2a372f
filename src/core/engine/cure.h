/* SPDX-License-Identifier: Apache-2.0 */
/* What a reboot would cure, and whether one has (law L12). */
#pragma once

#include "turn.h"

/* The plane that lacks the address and that a restart can make show it; _PLANE_MAX: none. */
enum plane cure_plane(const struct engine *e);

/* There is such a plane, and no reboot has failed to cure it. */
bool cure_is_possible(const struct engine *e);

/* What the planes show now goes into the intent of a reboot. */
void cure_record(const struct engine *e, struct ledger_entry *reboot);

/* A reboot for this address is over, and the plane shows what it showed before, or did so earlier.
 */
bool cure_has_failed(const struct turn *t, enum plane plane);

/* That plane asks for no reboot again, until it shows an address or a person says so. */
void cure_give_up(struct turn *t, enum plane plane);
void cure_forget_failure(struct turn *t, bool metadata, bool nic);

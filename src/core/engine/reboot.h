/* SPDX-License-Identifier: Apache-2.0 */
/* The way from an address that does not work yet to its reboot (design 4.2). */
#pragma once

#include "turn.h"

/* Confirms; or, after a failure to, goes on only with what the governor allows now. */
struct move reboot_or_confirm(struct turn *t);

/* While confirming, or while a reboot is due: the deadline has passed, or a plane has changed. */
struct move reboot_tick(struct turn *t);

/* A reboot is due: comes here again until nothing is left to wait for. */
struct move reboot_due(struct turn *t);

/* Now that its intent is written: is it still due? If not, what is done instead. */
bool reboot_is_still_due(const struct turn *t);
struct move reboot_no_longer_due(struct turn *t);

/* Likewise: something blocks it, and Patience is not over. */
bool reboot_is_blocked(const struct turn *t);

/* The runtime says what a reboot should wait for; "" : nothing. */
struct move reboot_blockers(struct turn *t, const char *blockers);

/* Reboot.Policy is another one now. */
struct move reboot_reconsider(struct turn *t);

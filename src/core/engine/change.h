/* SPDX-License-Identifier: Apache-2.0 */
/* A changing call, from the wish to its intent: what must hold before it (laws L1 to L4, L10). */
#pragma once

#include "turn.h"

/* Passes all gates, or does instead what the first closed one says. */
struct move change_begin(struct turn *t, enum wire_op op);

/* The brake is on: until the next look. */
struct move change_hold(const struct turn *t);

/* L1: nothing but reading since an inspection, and that not long ago. */
bool change_is_inspected(const struct turn *t);

/* L13: this machine is the inspected instance; asked again when the intent is on disk. */
bool change_is_proven(const struct engine *e);

/* The instance can take it: settled, not locked, not expired; else the fault that it is. */
struct move change_check_ready(struct turn *t, enum wire_op op);

/* What the ledger says of a call of which nothing comes: it never left, or was refused. */
enum outcome change_undone(const struct engine *e);

/* The intent is on disk but its call will not leave; the cloud process, if asked, is given up. */
void change_withdraw(struct turn *t, struct ledger_entry *entry);

/* SPDX-License-Identifier: Apache-2.0 */
/* The one door: what a turn has decided becomes phase, deadline and question. */
#pragma once

#include "turn.h"

void commit_move(struct turn *t, const struct move *m);

/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspection shows, and what is done about it (design 4.3, 4.4). */
#pragma once

#include "turn.h"

/* After an inspection, or when more was learnt since. */
struct move decide_next(struct turn *t);

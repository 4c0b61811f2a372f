/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a wait early: a person's word, the network (design 4.5). */
#pragma once

#include "turn.h"

/* Ends every wait that the server did not ask for. */
struct move retry_now(struct turn *t);

/* Resume or reload: it counts for the question in flight too, should that end in a wait. */
struct move retry_now_at_word(struct turn *t);

/* The question that was in flight when the word came has ended, in a wait or not. */
struct move retry_now_after_question(struct turn *t);

/* The network has come (back): what failed for want of it may work now. */
struct move retry_now_after_kernel(struct turn *t);

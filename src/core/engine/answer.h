/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to the question in flight: what is known from now on, and what that leads to. */
#pragma once

#include "turn.h"

struct move answer_heard(struct turn *t, const struct wire_answer *a);

/* There was none by the deadline: whatever still comes is not waited for. */
struct move answer_missed(struct turn *t);

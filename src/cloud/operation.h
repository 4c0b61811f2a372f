/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent may ask: one function per operation of the wire, in a table. */
#pragma once

#include <ecs-pubip/wire.h>

#include "cloud/session.h"

/* Fills *ret whatever happens; the question's deadline runs from now. */
void operation_run(struct session *s, const struct wire_question *q, struct wire_answer *ret);

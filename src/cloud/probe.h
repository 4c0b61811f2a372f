/* SPDX-License-Identifier: Apache-2.0 */
/* The operation that looks at something of the outside: true, or false with ret->fault. */
#pragma once

#include <ecs-pubip/wire.h>

#include "cloud/session.h"

bool probe_run(struct session *s, const struct wire_question *q, struct wire_answer *ret);

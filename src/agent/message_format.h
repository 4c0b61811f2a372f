/* SPDX-License-Identifier: Apache-2.0 */
/* What each notice of the engine says to an operator: one row each (law L7: nothing else speaks).
 */
#pragma once

#include <ecs-pubip/engine.h>

#include "journal.h"

/* `context` is as for fault_explain(). The entry points into both arguments. */
void message_format(const struct notice *n, const struct status *s, unsigned context,
                    struct journal_entry *ret);

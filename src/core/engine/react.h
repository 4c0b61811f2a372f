/* SPDX-License-Identifier: Apache-2.0 */
/* What an event means in a phase. */
#pragma once

#include "turn.h"

enum trigger {
        TRIGGER_DEADLINE, /* a wait is over, or a look is due */
        TRIGGER_KERNEL,   /* netlink shows something else */
        TRIGGER_LOOKED,   /* a look at metadata, or at the outside view, is complete */
        _TRIGGER_MAX,
};

/* Nothing is in flight. */
struct move react_to(struct turn *t, enum trigger trigger);

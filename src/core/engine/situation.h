/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision about confirming or rebooting rests on, taken at once. */
#pragma once

#include "turn.h"

struct situation {
        struct verdict verdict;
        const struct ledger_entry *change; /* ours, that a reboot would serve; NULL: none */
        bool reboots_at_once; /* Reboot.Policy=always, until a reboot after `change` was executed */
};

struct situation situation_of(const struct turn *t);

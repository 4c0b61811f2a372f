/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision about confirming or rebooting rests on, taken at once. */
#pragma once

#include "turn.h"

struct situation {
        struct verdict verdict;
        const struct ledger_entry *change; /* ours, not confirmed yet; NULL: none */
        const struct ledger_entry
                *reboot_for;  /* the same where a reboot may still serve it (L12) */
        bool reboots_at_once; /* Reboot.Policy=always, and it may */
        bool wants_reboot;    /* the same, or a reboot would cure what is wrong with it */
};

struct situation situation_of(const struct turn *t);

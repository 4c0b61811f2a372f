/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May I reboot, may I allocate: laws L2, L3, L10 and the budgets, over the facts of the ledger.
 * Nothing else in the program decides this.
 */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/ledger.h>

#define DAY_SEC              (24 * 60 * 60)
#define REBOOT_EXECUTION_SEC (10 * 60) /* answered with success: must have happened by then */
#define STORE_SEC            15        /* a call leaves this late after its intent, at most */
/* Answer lost: an inspection this long after the intent may repeat. */
#define REBOOT_LOST_SEC (5 * 60 + STORE_SEC)
#define ORPHAN_SEC      (CALL_MAX_MS / 1000 + STORE_SEC)

enum permit {
        PERMIT_YES,
        PERMIT_LATER, /* not before *ret_when (cloud time) */
        PERMIT_NO,    /* spent; *ret_when is when the budget frees a place, 0: not by itself */
};

/* The change of ours that a reboot would serve: less than a day old, its address shown by control.
 */
const struct ledger_entry *governor_pending_change(const struct ledger *l, in_addr_t control,
                                                   int64_t now);

/* True if the machine was started again after that change, by whomever. */
bool governor_restarted_since(const struct ledger_entry *change, const char *boot_id);

/* L3 and L10. `why` gets the code of the fault to report for anything but YES. */
enum permit governor_reboot(const struct ledger *l, const struct config *c, const char *boot_id,
                            int64_t now, int64_t *ret_when, const char **ret_why);

/* Heal.Limit, L10, open intents. For every changing call but the reboot. */
enum permit governor_change(const struct ledger *l, const struct config *c, enum wire_op op,
                            const char *boot_id, int64_t now, int64_t *ret_when,
                            const char **ret_why);

/*
 * After a successful inspection: closes the intents that it settles (design 3). `address` is what
 * control shows now (0: none); an intent without address that brought one gets it. True if
 * anything changed.
 */
bool governor_settle(struct ledger *l, const char *boot_id, in_addr_t address, int64_t now);

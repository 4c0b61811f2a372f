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
/* So long after its intent, in CLOCK_BOOTTIME, an inspection tells that no reboot came of it. */
#define REBOOT_LATE_SEC (20 * 60 + STORE_SEC)
#define VISIBLE_SEC     (10 * 60) /* control may show a new address this late */
#define CREDIT_SEC      (2 * 60)  /* and so late it is that of a call that was refused (4.3) */

/* The moment for which it is asked. */
struct moment {
        const char *boot_id; /* "" : not known */
        uint64_t boot_usec;  /* CLOCK_BOOTTIME */
        int64_t time;        /* the cloud's, s */
};

enum permit {
        PERMIT_YES,
        PERMIT_LATER, /* not before *ret_when (cloud time) */
        PERMIT_LOOK,  /* an inspection that is asked now has to tell first */
        PERMIT_NO,    /* spent; *ret_when is when the budget frees a place, 0: not by itself */
};

/* The change of ours that a reboot would serve: less than a day old, its address shown by control.
 */
const struct ledger_entry *governor_pending_change(const struct ledger *l, in_addr_t control,
                                                   int64_t now);

/*
 * 4.3: true if an address that an inspection shows at that moment is the call's. Its answer named
 * it; or it was to be expected then, and not later.
 */
bool governor_is_credited(const struct ledger_entry *e, in_addr_t address, int64_t now);

/*
 * The same where a reboot may still serve it (L12): once a change, and for no EIP. The machine has
 * not been started again, by whomever, since control first showed the address.
 */
const struct ledger_entry *governor_change_to_reboot_for(const struct ledger *l, in_addr_t control,
                                                         const struct moment *now);

/* The newest reboot of an earlier boot that was for that change; NULL: none. */
const struct ledger_entry *governor_reboot_for(const struct ledger *l,
                                               const struct ledger_entry *change,
                                               const char *boot_id);

/* True if that reboot spends the budget of the day in which it was asked for (L3). */
bool governor_counts_reboot(const struct ledger_entry *e, const char *boot_id);

/* L3 and L10. `why` gets the code of the fault to report for anything but YES. */
enum permit governor_reboot(const struct ledger *l, const struct config *c,
                            const struct moment *now, int64_t *ret_when, const char **ret_why);

/* Heal.Limit, L10, open intents. For every changing call but the reboot. */
enum permit governor_change(const struct ledger *l, const struct config *c, enum wire_op op,
                            const struct moment *now, int64_t *ret_when, const char **ret_why);

/* L14: until when no call of that kind may leave, for how often it has; 0: now it may. */
int64_t governor_ceiling_until(const struct ledger *l, enum wire_op op, int64_t now);

/* How many calls of the last 24 h count against a limit: of that op; NONE: all that bring
 * addresses. */
unsigned governor_spent(const struct ledger *l, enum wire_op op, const char *boot_id, int64_t now);

/* What an inspection showed. */
struct shown {
        in_addr_t address;        /* 0: none */
        const char *eip_id;       /* of that address; "": it is a static one */
        int64_t asked;            /* when, cloud time: of later moments it tells nothing */
        uint64_t asked_boot_usec; /* the same in CLOCK_BOOTTIME */
};

/*
 * After a successful inspection: closes the intents that it settles (design 3). The newest call
 * that may have brought the address, and does not know yet what it brought, gets it: also a refused
 * one, which then is an order whose answer is lost. A stranger's is nobody's. True if anything
 * changed.
 */
bool governor_settle(struct ledger *l, const char *boot_id, const struct shown *shown);

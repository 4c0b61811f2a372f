/* SPDX-License-Identifier: Apache-2.0 */
/* The governor: laws L3 and L10, budgets, open intents, which change a reboot would serve. */
#include "unit.h"

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/governor.h>

#include "util/text.h"

#define NOW  1795000000
#define OURS IP(192, 0, 2, 1)

static struct config defaults(void) {
        struct config c;

        config_defaults(&c);
        return c;
}

static struct ledger_entry *past(struct ledger *l, enum wire_op op, enum outcome outcome,
                                 int64_t age, const char *boot_id) {
        struct ledger_entry *e = ledger_add(l, op, NOW - age);

        assert_non_null(e);
        e->outcome = outcome;
        e->settled = outcome == OUTCOME_DONE;
        TEXT_SET(e->boot_id, boot_id);
        return e;
}

static enum permit may_reboot(const struct ledger *l, int64_t *when, const char **why) {
        struct config c = defaults();

        return governor_reboot(l, &c, &(struct moment){"this", 0, NOW}, when, why);
}

/* One earlier request, by its outcome, boot and age. Limit is 2. */
static void one_request_before(void **state) {
        static const struct {
                enum outcome outcome;
                const char *boot;
                int64_t age;
                enum permit permit;
                const char *why;
        } rows[] = {
                {OUTCOME_DONE, "this", 0, PERMIT_LATER, FAULT_REBOOT_NOT_DONE},
                {OUTCOME_DONE, "this", 599, PERMIT_LATER, FAULT_REBOOT_NOT_DONE},
                {OUTCOME_DONE, "this", 600, PERMIT_NO, FAULT_REBOOT_NOT_DONE},
                {OUTCOME_DONE, "this", DAY_SEC * 3, PERMIT_NO, FAULT_REBOOT_NOT_DONE},
                {OUTCOME_LOST, "this", 0, PERMIT_LATER, FAULT_REBOOT_LOST},
                {OUTCOME_LOST, "this", REBOOT_LATE_SEC - 1, PERMIT_LATER, FAULT_REBOOT_LOST},
                {OUTCOME_LOST, "this", REBOOT_LATE_SEC, PERMIT_LOOK, FAULT_REBOOT_LOST},
                {OUTCOME_OPEN, "this", REBOOT_LATE_SEC - 1, PERMIT_LATER, FAULT_REBOOT_LOST},
                {OUTCOME_OPEN, "this", REBOOT_LATE_SEC, PERMIT_LOOK, FAULT_REBOOT_LOST},
                {OUTCOME_REFUSED, "this", 0, PERMIT_YES, ""},
                {OUTCOME_WITHDRAWN, "this", 0, PERMIT_YES, ""},
                {OUTCOME_DONE, "other", 60, PERMIT_YES, ""},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger l = {0};
                const char *why;
                int64_t when;

                past(&l, WIRE_REBOOT, rows[i].outcome, rows[i].age, rows[i].boot);
                assert_int_equal(may_reboot(&l, &when, &why), rows[i].permit);
                if (*rows[i].why)
                        assert_string_equal(why, rows[i].why);
                if (rows[i].permit == PERMIT_LATER)
                        assert_true(when > NOW);
        }
}

static void limit_counts_a_day(void **state) {
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        past(&l, WIRE_REBOOT, OUTCOME_DONE, DAY_SEC, "a");
        past(&l, WIRE_REBOOT, OUTCOME_DONE, 7200, "b");
        past(&l, WIRE_REBOOT, OUTCOME_WITHDRAWN, 7100, "c");
        past(&l, WIRE_REBOOT, OUTCOME_REFUSED, 7000, "c")->settled = true;
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_YES);
        past(&l, WIRE_REBOOT, OUTCOME_LOST, 3600, "c");
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_NO);
        assert_string_equal(why, FAULT_REBOOT_LIMIT);
        assert_int_equal(when, NOW - 7200 + DAY_SEC);
}

/* L3: a refusal is a word. What was executed the boot id tells, unless a look has told before. */
static void a_refused_reboot_counts_by_its_boot_id(void **state) {
        struct ledger l = {0};
        struct shown shown = {.address = OURS, .eip_id = "", .asked = NOW};
        struct ledger_entry *first, *second;
        const char *why;
        int64_t when;

        (void)state;
        past(&l, WIRE_REBOOT, OUTCOME_DONE, 7200, "a");
        first = past(&l, WIRE_REBOOT, OUTCOME_REFUSED, REBOOT_LATE_SEC + 60, "this");
        second = past(&l, WIRE_REBOOT, OUTCOME_REFUSED, 60, "this");
        first->boot_usec = USEC_PER_SEC;
        second->boot_usec = (REBOOT_LATE_SEC + 1) * USEC_PER_SEC;
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_YES);
        /* CLOCK_BOOTTIME tells how late it is, whatever Dates say. */
        shown.asked_boot_usec = REBOOT_LATE_SEC * USEC_PER_SEC;
        assert_false(governor_settle(&l, "this", &shown));
        shown.asked_boot_usec += USEC_PER_SEC;
        assert_true(governor_settle(&l, "this", &shown));
        assert_true(first->settled);
        assert_false(second->settled);
        assert_false(governor_counts_reboot(first, "next"));
        assert_true(governor_counts_reboot(second, "next"));
        TEXT_SET(second->boot_id, "before");
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_NO);
        assert_string_equal(why, FAULT_REBOOT_LIMIT);
        /* Under another boot id no look takes it back. */
        shown.asked_boot_usec *= 3;
        governor_settle(&l, "this", &shown);
        assert_false(second->settled);
}

static void unknown_is_not_zero(void **state) {
        struct ledger l = {.suspect_pending = true};
        struct config c = defaults();
        const char *why;
        int64_t when;

        (void)state;
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_NO);
        ledger_settle_clock(&l, NOW - 100);
        assert_false(l.suspect_pending);
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_NO);
        assert_int_equal(when, NOW - 100 + DAY_SEC);
        assert_string_equal(why, FAULT_REBOOT_SUSPECT);
        /* One allocation is left, and no second. */
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_YES);
        past(&l, WIRE_ALLOCATE, OUTCOME_DONE, 50, "this");
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_NO);
        assert_string_equal(why, FAULT_HEAL_LIMIT);
        /* A day later all is well again. */
        l.suspect = NOW - DAY_SEC;
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_YES);
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_YES);
}

/* L14: every kind of call has a ceiling of its own, which makes wait. */
static void calls_of_a_kind_have_a_ceiling(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        for (unsigned i = 0; i < 5; i++)
                ledger_sent(&l, WIRE_REBOOT, NOW - 500 + 10 * i);
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_YES);
        ledger_sent(&l, WIRE_REBOOT, NOW - 1);
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_LATER);
        assert_string_equal(why, FAULT_CHANGE_OFTEN);
        assert_int_equal(when, NOW - 500 + 600);
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_YES);
        for (unsigned i = 0; i < 20; i++)
                ledger_sent(&l, WIRE_ALLOCATE, NOW - 3000 + 120 * i);
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_LATER);
        assert_int_equal(when, NOW - 3000 + 3600);
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, when},
                                         &when, &why),
                         PERMIT_YES);
}

static void no_boot_id_no_change(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        assert_int_equal(governor_reboot(&l, &c, &(struct moment){"", 0, NOW}, &when, &why),
                         PERMIT_NO);
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"", 0, NOW}, &when, &why),
                PERMIT_NO);
        assert_string_equal(why, FAULT_BOOT_ID);
}

static bool settle(struct ledger *l, const char *boot_id, in_addr_t address, int64_t asked) {
        struct shown shown = {.address = address, .eip_id = "", .asked = asked};

        return governor_settle(l, boot_id, &shown);
}

static void open_intents_forbid_the_next_change(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        past(&l, WIRE_ALLOCATE, OUTCOME_OPEN, 10, "this");
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_LATER);
        assert_int_equal(when, NOW - 10 + ORPHAN_SEC);
        /* Nothing seen, and too early to say that nothing will be. */
        assert_false(settle(&l, "this", 0, NOW));
        /* At CALL_MAX, or under another boot id, or by its effect. */
        assert_true(settle(&l, "this", 0, NOW - 10 + ORPHAN_SEC));
        assert_int_equal(governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"this", 0, NOW},
                                         &when, &why),
                         PERMIT_YES);
        l.entries[0].settled = false;
        assert_true(settle(&l, "next", 0, NOW));
        l.entries[0].settled = false;
        assert_true(settle(&l, "this", OURS, NOW));
        assert_int_equal(l.entries[0].address, OURS);
        assert_true(l.entries[0].settled);
}

static void lost_reboots_settle_late(void **state) {
        struct ledger l = {0};

        (void)state;
        past(&l, WIRE_REBOOT, OUTCOME_LOST, REBOOT_LATE_SEC - 1, "this");
        assert_false(settle(&l, "this", OURS, NOW));
        assert_true(settle(&l, "this", OURS, NOW + 1));
        l.entries[0].settled = false;
        assert_true(settle(&l, "next", OURS, NOW));
}

/* 4.3: an address that comes in time is the call's, whatever it was answered. */
static void what_is_seen_is_credited(void **state) {
        static const struct {
                enum outcome outcome;
                bool at_gate, settled;
                int64_t age;
                bool credited;
        } rows[] = {
                {OUTCOME_REFUSED, false, false, CREDIT_SEC - 1, true},
                {OUTCOME_REFUSED, false, false, CREDIT_SEC, false},
                {OUTCOME_REFUSED, true, false, 1, false},
                {OUTCOME_WITHDRAWN, false, false, 1, false},
                {OUTCOME_LOST, false, true, VISIBLE_SEC - 1, true},
                {OUTCOME_LOST, false, true, VISIBLE_SEC, false},
                {OUTCOME_LOST, false, false, VISIBLE_SEC, true},
                {OUTCOME_OPEN, false, false, VISIBLE_SEC, true},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger l = {0};
                struct ledger_entry *e =
                        past(&l, WIRE_ALLOCATE, rows[i].outcome, rows[i].age, "this");

                e->at_gate = rows[i].at_gate;
                e->settled = rows[i].settled;
                settle(&l, "this", OURS, NOW);
                assert_int_equal(e->address == OURS, rows[i].credited);
                assert_int_equal(governor_pending_change(&l, OURS, NOW) != NULL, rows[i].credited);
                assert_int_equal(governor_spent(&l, WIRE_NONE, "this", NOW), rows[i].credited);
        }
}

/* A refused call after it, for which it comes too late, takes nothing from a lost one. */
static void an_earlier_call_keeps_its_address(void **state) {
        struct ledger l = {0};
        struct ledger_entry *lost = past(&l, WIRE_ALLOCATE, OUTCOME_LOST, 300, "this"), *refused;

        (void)state;
        refused = past(&l, WIRE_ALLOCATE, OUTCOME_REFUSED, 200, "this");
        assert_true(settle(&l, "this", OURS, NOW));
        assert_int_equal(lost->address, OURS);
        assert_int_equal(refused->address, 0);
}

/* Which change a reboot would serve. */
static void pending_change(void **state) {
        static const struct {
                enum wire_op op;
                enum outcome outcome;
                int64_t age;
                uint64_t confirmed; /* up to which send; this one is the first */
                in_addr_t address, control;
                bool pending;
        } rows[] = {
                {WIRE_ALLOCATE, OUTCOME_DONE, 60, 0, OURS, OURS, true},
                {WIRE_ALLOCATE, OUTCOME_LOST, 60, 0, OURS, OURS, true},
                {WIRE_ALLOCATE, OUTCOME_OPEN, 60, 0, OURS, OURS, true},
                {WIRE_EIP_ASSOCIATE, OUTCOME_DONE, 60, 0, OURS, OURS, true},
                {WIRE_BANDWIDTH, OUTCOME_DONE, 60, 0, OURS, OURS, true},
                {WIRE_ALLOCATE, OUTCOME_REFUSED, 60, 0, OURS, OURS, false},
                {WIRE_EIP_ALLOCATE, OUTCOME_DONE, 60, 0, OURS, OURS, false},
                {WIRE_REBOOT, OUTCOME_DONE, 60, 0, OURS, OURS, false},
                {WIRE_ALLOCATE, OUTCOME_DONE, DAY_SEC, 0, OURS, OURS, false},
                {WIRE_ALLOCATE, OUTCOME_DONE, 60, 1, OURS, OURS, false},
                {WIRE_ALLOCATE, OUTCOME_DONE, 60, 0, OURS, OURS + 1, false},
                {WIRE_ALLOCATE, OUTCOME_DONE, 60, 0, OURS, 0, false},
                {WIRE_ALLOCATE, OUTCOME_DONE, 60, 0, 0, 0, false},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger l = {.confirmed_seq = rows[i].confirmed};

                past(&l, rows[i].op, rows[i].outcome, rows[i].age, "this")->address =
                        rows[i].address;
                assert_int_equal(governor_pending_change(&l, rows[i].control, NOW) != NULL,
                                 rows[i].pending);
        }
}

static void heal_limit_counts_a_day(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        past(&l, WIRE_ALLOCATE, OUTCOME_DONE, DAY_SEC + 1, "a");
        past(&l, WIRE_ALLOCATE, OUTCOME_DONE, 5000, "a");
        past(&l, WIRE_ALLOCATE, OUTCOME_REFUSED, 4000, "a");
        past(&l, WIRE_ALLOCATE, OUTCOME_DONE, 3000, "a");
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_YES);
        /* Lost, and an inspection showed no address: nothing came of it. Shown late, it counts. */
        past(&l, WIRE_ALLOCATE, OUTCOME_LOST, 2000, "a")->settled = true;
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_YES);
        l.entries[l.n_entries - 1].address = OURS;
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_NO);
        assert_int_equal(when, NOW - 5000 + DAY_SEC);
}

/* However an address comes, it is one of Heal.Limit. */
static void heal_limit_counts_all_ways(void **state) {
        static const enum wire_op ways[] = {WIRE_ALLOCATE, WIRE_EIP_ASSOCIATE, WIRE_BANDWIDTH};
        struct config c = defaults();
        const char *why;
        int64_t when;

        (void)state;
        for (unsigned first = 0; first < N(ways); first++) {
                struct ledger l = {0};

                for (unsigned i = 0; i < c.heal_limit; i++)
                        past(&l, ways[(first + i) % N(ways)], OUTCOME_DONE, 5000 - i, "a")
                                ->address = OURS + i;
                for (enum wire_op op = WIRE_ALLOCATE; op <= WIRE_EIP_ASSOCIATE; op++) {
                        if (!wire_op_changes(op))
                                continue;
                        assert_int_equal(governor_change(&l, &c, op, &(struct moment){"a", 0, NOW},
                                                         &when, &why),
                                         PERMIT_NO);
                        assert_int_equal(when, NOW - 5000 + DAY_SEC);
                }
        }
}

/* Steps on the way to one address: a purchase, a bandwidth that brings none. */
static void steps_count_by_themselves(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        c.heal_limit = 1;
        past(&l, WIRE_EIP_ALLOCATE, OUTCOME_DONE, 60, "a");
        past(&l, WIRE_BANDWIDTH, OUTCOME_DONE, 50, "a");
        assert_int_equal(governor_change(&l, &c, WIRE_EIP_ALLOCATE, &(struct moment){"a", 0, NOW},
                                         &when, &why),
                         PERMIT_NO);
        assert_int_equal(
                governor_change(&l, &c, WIRE_BANDWIDTH, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_NO);
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_YES);
        assert_int_equal(governor_change(&l, &c, WIRE_EIP_ASSOCIATE, &(struct moment){"a", 0, NOW},
                                         &when, &why),
                         PERMIT_YES);
        /* Not known yet what it brought: it counts. */
        l.entries[1].outcome = OUTCOME_LOST;
        l.entries[1].settled = true;
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_YES);
        l.entries[1].address = OURS;
        assert_int_equal(
                governor_change(&l, &c, WIRE_ALLOCATE, &(struct moment){"a", 0, NOW}, &when, &why),
                PERMIT_NO);
}

/* A clock that went back neither frees nor freezes: what is of the future is of now. */
static void the_future_is_now(void **state) {
        struct config c = defaults();
        struct ledger l = {0};
        const char *why;
        int64_t when;

        (void)state;
        past(&l, WIRE_REBOOT, OUTCOME_DONE, -DAY_SEC * 400, "a");
        past(&l, WIRE_REBOOT, OUTCOME_DONE, -DAY_SEC * 400, "b");
        ledger_settle_clock(&l, NOW);
        assert_int_equal(may_reboot(&l, &when, &why), PERMIT_NO);
        assert_int_equal(
                governor_reboot(&l, &c, &(struct moment){"this", 0, NOW + DAY_SEC}, &when, &why),
                PERMIT_YES);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_request_before),
                cmocka_unit_test(limit_counts_a_day),
                cmocka_unit_test(a_refused_reboot_counts_by_its_boot_id),
                cmocka_unit_test(unknown_is_not_zero),
                cmocka_unit_test(calls_of_a_kind_have_a_ceiling),
                cmocka_unit_test(no_boot_id_no_change),
                cmocka_unit_test(open_intents_forbid_the_next_change),
                cmocka_unit_test(lost_reboots_settle_late),
                cmocka_unit_test(what_is_seen_is_credited),
                cmocka_unit_test(an_earlier_call_keeps_its_address),
                cmocka_unit_test(pending_change),
                cmocka_unit_test(heal_limit_counts_a_day),
                cmocka_unit_test(heal_limit_counts_all_ways),
                cmocka_unit_test(steps_count_by_themselves),
                cmocka_unit_test(the_future_is_now),
        };

        return cmocka_run_group_tests_name("governor", tests, NULL, NULL);
}

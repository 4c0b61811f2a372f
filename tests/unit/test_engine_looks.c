/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: what goes on once an address is there, and what is told only once. */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

#define UP_TO_CONFIRMED                                                                            \
        {"start", ""}, {"identity A", ""}, {                                                       \
                "kernel up", "confirmed store online"                                              \
        }
#define UP_TO_ALLOCATE                                                                             \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"reach no", ""}, {                                                                \
                "stored", "allocating ask:allocate"                                                \
        }

static bool said(const struct rig *r, enum notice_kind kind) {
        for (unsigned i = 0; i < r->actions.n_notices; i++)
                if (r->actions.notices[i].kind == kind)
                        return true;
        return false;
}

/* Confirmed by the reachability witness: metadata goes on being looked at. */
static void lagging_metadata_is_looked_at(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_ALLOCATE, {"ok A", ""}, {"instance A", "confirming store"}, {"+60", ""},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach yes", "confirmed store online"}, {"wait", "confirmed ask:addresses"},
             {"addresses A", "confirmed store"});
        assert_false(r.engine.ledger.confirmed_by_reachability);
        assert_int_equal(engine_verdict(&r.engine).planes[PLANE_METADATA], PLANE_AGREES);
}

/* The witness is believed by the next process too, and for that address only. */
static void lagging_metadata_outlives_a_restart(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_ALLOCATE, {"ok A", ""}, {"instance A", "confirming store"}, {"+60", ""},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach yes", "confirmed store online"}, {"kill", "identifying ask:identify"},
             {"identity none", "inspecting watch ask:inspect"}, {"kernel up", ""},
             {"instance A", "confirmed online"}, {"kill", "identifying ask:identify"},
             {"identity none", "inspecting watch ask:inspect"}, {"kernel up", ""},
             {"instance B", "confirming store say:replaced"});
        assert_false(r.engine.ledger.confirmed_by_reachability);
        PLAY(&r, {"wait", ""}, {"addresses B", "confirmed online"});
        assert_false(r.disk.confirmed_by_reachability);
}

/* Metadata did not answer once, and control is asked: not knowing is no disagreement. */
static void the_6_h_look_unconfirms_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"wait", "confirmed ask:addresses"},
             {"fault Metadata.Server 503", "confirmed"});
        r.engine.confirming.next_control = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"}, {"instance A", "confirmed store"},
             {"wait", "confirmed ask:addresses"}, {"addresses A", "confirmed"});
        assert_int_equal(r.actions.n_notices, 0);
}

/* L7: a look that was of another instance is looked into, and nothing has changed. */
static void what_was_confirmed_is_not_told_again(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED);
        for (unsigned i = 0; i < 3; i++) {
                PLAY(&r, {"wait", "confirmed ask:addresses"},
                     {"addresses foreign", "identifying ask:identify"},
                     {"identity A", "confirmed"});
                assert_int_equal(r.actions.n_notices, 0);
        }
        PLAY(&r, {"kernel down", "inspecting ask:inspect say:disagrees"},
             {"instance A", "confirming store"}, {"kernel up", "confirmed"});
        assert_true(said(&r, NOTICE_CONFIRMED));
}

/* L7: a link that comes and goes all night; control is asked less and less, and heard once a while.
 */
static void flapping_is_told_a_few_times(void **state) {
        unsigned lines = 0, inspections = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"+60", ""});
        for (unsigned i = 0; i < 3600; i++) {
                PLAY(&r, {i % 2 ? "kernel up" : "kernel down", ""});
                lines += r.actions.n_notices;
                while (r.engine.inflight.step == STEP_ASKING) {
                        inspections += r.engine.inflight.op == WIRE_INSPECT;
                        if (r.engine.inflight.op == WIRE_INSPECT)
                                PLAY(&r, {"instance A", ""});
                        else
                                PLAY(&r, {"addresses A", ""});
                        lines += r.actions.n_notices;
                }
                PLAY(&r, {"+1", ""});
        }
        assert_in_range(lines, 4, 7);
        assert_in_range(inspections, 3, 12);
        PLAY(&r, {"kernel up", ""}, {"+60", ""}, {"wait", ""});
        assert_true(said(&r, NOTICE_CONFIRMED));
}

/* The time of the 6 h look outlives a restart only if it is written down. */
static void the_time_of_the_look_is_kept(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED);
        for (unsigned i = 0; i < 2; i++) {
                r.engine.confirming.next_look = ENGINE_NEVER;
                r.engine.confirming.next_control = r.engine.deadline =
                        r.now.boot_usec + 7 * USEC_PER_HOUR;
                PLAY(&r, {"wait", "confirmed ask:inspect"}, {"instance A", "confirmed store"});
        }
        assert_int_equal(r.disk.inspected, r.now.wall_sec);
}

/* Metadata's Date is only a hint: a wrong one must not age what the budgets count. */
static void a_wrong_date_of_metadata_frees_no_budget(void **state) {
        struct rig r;
        int64_t asked;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_ALLOCATE, {"ok A", ""});
        asked = r.engine.ledger.entries[0].time;
        PLAY(&r, {"boot", ""});
        r.now.wall_sec -= 10 * 365 * DAY_SEC;
        PLAY(&r, {"identity none", ""});
        r.now.wall_sec += 10 * 365 * DAY_SEC;
        PLAY(&r, {"instance none", ""});
        assert_int_equal(r.engine.ledger.entries[0].time, asked);
}

static void a_hint_of_metadata_is_honoured(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"wait", "confirmed ask:addresses"},
             {"fault Metadata.Throttled 429 1800000", "confirmed in:1800-1801"});
        rig_init(&r);
        PLAY(&r, UP_TO_ALLOCATE, {"ok A", ""}, {"instance A", "confirming store"},
             {"wait", "confirming ask:addresses"},
             {"fault Metadata.Throttled 429 30000", "confirming in:30-31"});
}

/* Confirmed, and metadata names another instance: who are we? */
static void another_id_is_asked_for(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"wait", "confirmed ask:addresses"},
             {"addresses foreign", "identifying ask:identify"});
}

/* The cloud process read another id than the one meant: nothing helps but to ask who we are. */
static void another_id_than_meant(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", "inspecting store watch ask:inspect"},
             {"fault Instance.NotThisOne", "waiting !Instance.NotThisOne"},
             {"wait", "identifying ask:identify"});
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED);
        r.engine.confirming.next_control = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"},
             {"fault Instance.NotThisOne", "identifying ask:identify"},
             {"identity A", "confirmed in:150-375"});
}

/* The link went down while metadata was asked, and metadata did not answer. */
static void drift_during_a_look_that_fails(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"wait", "confirmed ask:addresses"}, {"kernel down", "confirmed"},
             {"fault Metadata.ServerError 500", "inspecting say:disagrees ask:inspect"});
}

/* The second absence must be 60 s after the first: the inspection, not what follows it. */
static void two_absences_a_minute_apart(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"kill", ""}, {"kernel up", ""}, {"identity none", ""},
             {"instance none", "inspecting say:reclaimed in:60-60"}, {"+58", ""},
             {"resume", "identifying ask:identify"}, {"identity none", "inspecting ask:inspect"},
             {"+1", ""}, {"instance none", "inspecting in:1-1"});
        /* An inspection 59 s after the first, and a look that takes the rest of the minute. */
        r.engine.facts.metadata_at = 0;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"kill", ""}, {"kernel up", ""}, {"identity none", ""},
             {"instance none", "inspecting say:reclaimed in:60-60"}, {"+59", ""});
        r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "inspecting ask:inspect"}, {"+1", ""});
        r.engine.facts.metadata_at = 0;
        PLAY(&r, {"instance none", "inspecting ask:addresses"}, {"+5", ""});
        r.engine.facts.inspected -=
                2 * USEC_PER_SEC; /* as if it had been answered within the minute */
        PLAY(&r, {"addresses none", "inspecting"}, {"wait", "inspecting ask:inspect"});
}

/* One turn: what is asked gets the answer of the table, a wait is waited for. */
static void go_on(struct rig *r, const char *const answers[static _WIRE_OP_MAX]) {
        const char *event = answers[r->engine.inflight.op];

        if (r->engine.inflight.step == STEP_STORING)
                event = "stored";
        else if (r->engine.inflight.step == STEP_IDLE)
                event = "wait";
        assert_non_null(event);
        PLAY(r, {event, ""});
}

/* Failed for want of an answer from outside: said once, however often it is tried. */
static void a_failure_is_told_once(void **state) {
        static const char *const answers[_WIRE_OP_MAX] = {
                [WIRE_IDENTIFY] = "identity A",
                [WIRE_ADDRESSES] = "addresses A",
                [WIRE_INSPECT] = "instance A",
                [WIRE_PROBE] = "outside none",
        };
        unsigned failed = 0, entered = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        TEXT_SET(r.config.confirm_outside, "http://198.51.100.7/");
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""});
        for (unsigned i = 0; i < 300; i++) {
                enum phase before = r.engine.phase;

                go_on(&r, answers);
                failed += said(&r, NOTICE_FAILED);
                entered += r.engine.phase == PHASE_FAILED && before != PHASE_FAILED;
        }
        assert_true(entered > 2);
        assert_int_equal(failed, 1);
}

/* Reclaimed, and no other can be had: each of these is said once, not with every attempt. */
static void a_refusal_is_told_once(void **state) {
        static const char *const answers[_WIRE_OP_MAX] = {
                [WIRE_IDENTIFY] = "identity none",
                [WIRE_ADDRESSES] = "addresses none",
                [WIRE_INSPECT] = "instance none",
                [WIRE_PROBE] = "reach no",
                [WIRE_ALLOCATE] = "fault InsufficientPublicIp 400",
        };
        unsigned asking = 0, reclaimed = 0, waiting = 0, calls = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMED, {"wait", "confirmed ask:addresses"}, {"addresses none", ""});
        for (unsigned i = 0; i < 300; i++) {
                go_on(&r, answers);
                calls += r.actions.wants & ACTION_ASK && r.actions.question.op == WIRE_ALLOCATE;
                asking += said(&r, NOTICE_ASKING);
                reclaimed += said(&r, NOTICE_RECLAIMED);
                waiting += said(&r, NOTICE_WAITING);
        }
        assert_true(calls > 5);
        assert_int_equal(reclaimed, 1);
        assert_int_equal(asking, 1);
        assert_int_equal(waiting, 1);
}

/* Policy=always asks for one restart; a second one only where the planes go on disagreeing. */
static void always_reboots_once(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "allocating store"}, {"stored", "allocating ask:allocate"},
             {"ok A", ""}, {"instance A", "rebooting store blockers"},
             {"blockers", "rebooting ask:inspect"}, {"instance A", "rebooting store"},
             {"stored", "rebooting ask:reboot"}, {"ok", "rebooting store"}, {"boot", ""},
             {"identity none", ""}, {"kernel up", ""}, {"instance A", "confirming"}, {"+61", ""},
             {"wait", ""}, {"addresses none", ""});
        for (unsigned i = 0; i < 60; i++) {
                assert_true(r.engine.inflight.op != WIRE_REBOOT);
                rig_go_on(&r, "A");
        }
}

/* An EIP may work before metadata shows it, as a static address may: the same witness (4.2). */
static void the_witness_speaks_for_an_eip_too(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_EIP;
        TEXT_SET(r.config.eip_allocation_id, "eip-1");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"},
             {"eip available", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:eip-associate"}, {"ok", "inspecting store ask:inspect"},
             {"instance eip:E", "confirming store"}, {"+60", ""},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach yes", "confirmed store online"});
}

/* A ledger that was set aside counts for a day (L10), and no longer in what others are told. */
static void a_damaged_ledger_is_told_for_a_day(void **state) {
        struct status s;
        struct rig r;

        (void)state;
        rig_init(&r);
        r.disk_state = LEDGER_DAMAGED;
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", "confirmed store online"},
             {"wait", "confirmed ask:addresses"}, {"addresses A", "confirmed"});
        r.engine.confirming.next_control = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"}, {"instance A", "confirmed store"});
        engine_status(&r.engine, r.now, &s);
        assert_true(*s.note);
        PLAY(&r, {"+86401", ""});
        engine_status(&r.engine, r.now, &s);
        assert_string_equal(s.note, "");
}

/* RebootInstance is for an instance that runs; one that the cloud calls Stopped is not settled. */
static void reboot_only_what_runs(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_ALLOCATE, {"ok A", ""}, {"instance A", "confirming store"}, {"+60", ""},
             {"wait", ""}, {"addresses none", ""}, {"reach no", "rebooting blockers"},
             {"blockers", "rebooting ask:inspect"});
        TEXT_SET(r.instance.status, "Stopped");
        PLAY(&r, {"instance A", "waiting no-blockers !Instance.NotSettled"});
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(lagging_metadata_is_looked_at),
                cmocka_unit_test(the_6_h_look_unconfirms_nothing),
                cmocka_unit_test(what_was_confirmed_is_not_told_again),
                cmocka_unit_test(flapping_is_told_a_few_times),
                cmocka_unit_test(lagging_metadata_outlives_a_restart),
                cmocka_unit_test(the_time_of_the_look_is_kept),
                cmocka_unit_test(a_wrong_date_of_metadata_frees_no_budget),
                cmocka_unit_test(a_hint_of_metadata_is_honoured),
                cmocka_unit_test(another_id_is_asked_for),
                cmocka_unit_test(another_id_than_meant),
                cmocka_unit_test(drift_during_a_look_that_fails),
                cmocka_unit_test(two_absences_a_minute_apart),
                cmocka_unit_test(a_failure_is_told_once),
                cmocka_unit_test(a_refusal_is_told_once),
                cmocka_unit_test(always_reboots_once),
                cmocka_unit_test(the_witness_speaks_for_an_eip_too),
                cmocka_unit_test(a_damaged_ledger_is_told_for_a_day),
                cmocka_unit_test(reboot_only_what_runs),
        };

        return cmocka_run_group_tests_name("engine_looks", tests, NULL, NULL);
}

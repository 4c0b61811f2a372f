/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: waits, hints of the server, and what ends them. */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

#define UP_TO_THROTTLED                                                                            \
        {"start", ""}, {"identity none", "inspecting store watch ask:inspect"}, {                  \
                "fault Throttling.User 400 120000", "waiting store !Throttling.User in:120-121"    \
        }

static void a_hint_is_honoured_whatever_is_asked(void **state) {
        static const char *const hurries[] = {"resume", "reload", "clock", "kernel up", "unhold"};
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_THROTTLED);
        for (size_t i = 0; i < N(hurries); i++)
                PLAY(&r, {hurries[i], "waiting in:120-121"});
        PLAY(&r, {"wait", "inspecting ask:inspect"});
}

static void a_hint_survives_restart_and_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_THROTTLED, {"+10", ""}, {"kill", "identifying ask:identify"},
             {"identity none", "waiting watch !Throttling.User in:109-111"}, {"+10", ""},
             {"boot", "identifying ask:identify"},
             {"identity none", "waiting watch !Throttling.User in:59-62"},
             {"wait", "inspecting ask:inspect"});
}

/* Metadata's Date is days ahead, which neither the API nor this machine's clock bears out. */
static void a_hint_is_not_over_by_a_wrong_date(void **state) {
        struct wire_answer a = {};
        struct event e = {.type = EVENT_ANSWER};
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_THROTTLED, {"+10", ""}, {"boot", "identifying ask:identify"});
        a.identity = r.identity;
        a.identity.public.presence = PRESENCE_ABSENT;
        TEXT_SET(a.identity.public.instance_id, r.identity.instance_id);
        a.server_time = r.now.wall_sec + 3 * DAY_SEC;
        e.answer = a;
        e.now = r.now;
        engine_step(&r.engine, &e, &r.actions);
        assert_int_equal(r.engine.phase, PHASE_WAITING);
        assert_in_range((r.engine.holdoff.until - r.now.boot_usec) / USEC_PER_SEC, 110, 121);
}

/* A refusal's own Date is days behind; after a reboot the right time does not end the wait. */
static void a_hint_is_not_begun_by_a_wrong_date(void **state) {
        struct event e = {.type = EVENT_ANSWER};
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""});
        e.now = r.now;
        e.answer.fault = (struct fault){.class = FAULT_THROTTLED, .retry_after_ms = 120000};
        TEXT_SET(e.answer.fault.code, "Throttling.User");
        e.answer.server_time = r.now.wall_sec - 3 * DAY_SEC;
        engine_step(&r.engine, &e, &r.actions);
        assert_int_equal(r.engine.phase, PHASE_WAITING);
        assert_int_equal(r.engine.ledger.wait.started, 0);
}

/* Metadata fails first, and the clock is years ahead: the hint still counts. */
static void a_hint_survives_other_waits(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_THROTTLED, {"+10", ""});
        r.now.wall_sec += 100000000;
        PLAY(&r, {"boot", "identifying ask:identify"},
             {"fault Metadata.NotFound", "waiting !Metadata.NotFound in:0-1"},
             {"reload", "identifying ask:identify"});
        r.now.wall_sec -= 100000000;
        PLAY(&r, {"identity none", "waiting watch !Throttling.User in:60-71"});
}

/* Confirmed, the 6 h look throttled; then the link flaps: no inspection before the hint is over. */
static void a_hint_survives_being_confirmed(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", "confirmed store online"});
        r.engine.confirming.next_control = r.now.boot_usec;
        r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"},
             {"fault Throttling.User 400 600000", "confirmed store say:control-unknown"},
             {"+40", ""}, {"kernel down", "confirming say:disagrees"}, {"kernel up", "confirmed"});
}

static void without_a_hint_the_next_minute(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""},
             {"fault Throttling.User 400", "waiting store !Throttling.User in:0-120"},
             {"resume", "waiting"});
}

/* auth: 10 min of patience in the first boot of this instance, 2 min later on. */
static void patience_with_permissions(void **state) {
        struct rig r;
        unsigned minutes;

        (void)state;
        for (unsigned boots = 1; boots <= 2; boots++) {
                uint64_t began;

                rig_init(&r);
                PLAY(&r, {"start", ""}, {"identity none", ""});
                if (boots == 2)
                        PLAY(&r, {"boot", ""}, {"identity none", ""});
                began = r.now.boot_usec;
                for (unsigned i = 0; r.engine.phase != PHASE_FAILED; i++) {
                        assert_true(i < 1000);
                        PLAY(&r, {"fault Forbidden.RAM 403", ""});
                        if (r.engine.phase != PHASE_FAILED)
                                PLAY(&r, {"wait", "inspecting ask:inspect"});
                }
                minutes = (unsigned)((r.now.boot_usec - began) / USEC_PER_MIN);
                assert_in_range(minutes, boots == 1 ? 10 : 2, boots == 1 ? 11 : 3);
        }
}

#define UP_TO_THE_FIRST_CHANGE                                                                     \
        {"start", ""}, {"identity none", ""}, {                                                    \
                "kernel up", ""                                                                    \
        }

/* 4.3: the first change waits for what cloud-init writes; told once; and then who we are first. */
static void user_data_comes_before_the_first_change(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.user_data_comes = true;
        PLAY(&r, UP_TO_THE_FIRST_CHANGE,
             {"instance none", "waiting !UserData.Waiting say:user-data in:300-300"}, {"+10", ""},
             {"user-data", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", "inspecting ask:probe"});
}

static void user_data_is_not_waited_for_without_end(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.user_data_comes = true;
        PLAY(&r, UP_TO_THE_FIRST_CHANGE, {"instance none", "waiting !UserData.Waiting in:300-300"},
             {"wait", "inspecting say:user-data-late ask:inspect"},
             {"instance none", "inspecting ask:addresses"},
             {"addresses none", "inspecting ask:probe"}, {"user-data", "inspecting"});
}

/* A person's word ends the wait that is shown, and no other. */
static void resume_ends_the_wait_for_user_data(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.user_data_comes = true;
        PLAY(&r, {"start", ""}, {"resume", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", "waiting !UserData.Waiting in:300-300"},
             {"resume", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", "inspecting ask:probe"});
}

/* Also between the write of the intent and its call. */
static void nothing_is_changed_by_files_that_cannot_be_read(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_THE_FIRST_CHANGE, {"unread", ""},
             {"instance none", "waiting !Config.Unread in:300-300"},
             {"read", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"unread", ""}, {"stored", "inspecting store ask:inspect"},
             {"instance none", "waiting !Config.Unread in:300-300"});
}

/* Failed is looked at again after 5, 15, 60 min, told once, and heals by itself. */
static void failed_is_not_for_good(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        TEXT_SET(r.instance.locks, "security");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "failed !Instance.Locked say:failed in:300-300"},
             {"wait", "failed ask:identify"}, {"identity none", "failed ask:inspect"},
             {"instance none", "failed in:900-900"}, {"wait", "failed ask:identify"},
             {"identity none", "failed ask:inspect"}, {"instance none", "failed in:3600-3600"},
             {"wait", "failed ask:identify"}, {"identity none", "failed ask:inspect"},
             {"instance none", "failed in:3300-3900"}, {"resume", "failed ask:identify"},
             {"identity none", "failed ask:inspect"}, {"instance A", "confirming store"});
}

static void clock_faults_are_retried_at_once_once(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""},
             {"fault InvalidTimeStamp.Expired 400", "waiting in:0-0"},
             {"wait", "inspecting ask:inspect"},
             {"fault InvalidTimeStamp.Expired 400", "waiting in:0-30"},
             {"clock", "identifying ask:identify"});
}

static void a_wrong_clock_is_told_once(void **state) {
        struct rig r;
        struct event e = {.type = EVENT_ANSWER};

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""});
        e.now = r.now;
        e.answer.identity = r.identity;
        e.answer.server_time = r.now.wall_sec - 7200;
        engine_step(&r.engine, &e, &r.actions);
        assert_true(r.engine.reported.clock);
        assert_int_equal(engine_time(&r.engine, r.now), r.now.wall_sec - 7200);
}

static void not_an_ecs_instance(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.dmi_is_ecs = false;
        PLAY(&r, {"start", ""});
        for (unsigned i = 0; r.engine.phase != PHASE_STOPPED; i++) {
                assert_true(i < 1000);
                PLAY(&r, {"fault Metadata.Unreachable", ""});
                if (r.engine.phase != PHASE_STOPPED)
                        PLAY(&r, {"wait", "identifying ask:identify"});
        }
        assert_true(r.actions.wants & ACTION_EXIT);
        assert_string_equal(r.engine.holdoff.fault.code, FAULT_NOT_ECS);
        assert_in_range(r.now.boot_usec / USEC_PER_SEC, 600, 630);
        /* On an ECS instance, or where an id is configured, it goes on. */
        rig_init(&r);
        PLAY(&r, {"start", ""});
        for (unsigned i = 0; i < 50; i++)
                PLAY(&r, {"fault Metadata.Unreachable", ""}, {"wait", "identifying ask:identify"});
}

/* A crowd waits for the quota: the address that the call answered with works meanwhile. */
static void metadata_confirms_while_control_throttles(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"}, {"ok A", "inspecting store ask:inspect"},
             {"fault Throttling.User 400 600000", "waiting store in:2-2"},
             {"wait", "waiting ask:addresses"}, {"addresses none", "waiting in:3-3"},
             {"resume", "waiting in:3-3"}, {"wait", "waiting ask:addresses"},
             {"fault Metadata.Server 503", "waiting !Throttling.User in:5-5"},
             {"wait", "waiting ask:addresses"}, {"addresses B", "waiting in:10-10"},
             {"wait", "waiting ask:addresses"},
             {"addresses A", "confirmed store online in:150-375"});
        assert_int_equal(r.engine.ledger.address, rig_address('A'));
        assert_int_equal(r.engine.ledger.kind, KIND_STATIC);
        assert_true(r.disk.wait.asked_by_server); /* no inspection before it is over */
        assert_true(r.engine.confirming.next_control > r.now.boot_usec + 30 * USEC_PER_MIN);
        /* The next process asks nothing either. */
        PLAY(&r, {"kill", "identifying ask:identify"}, {"identity A", "confirming watch"},
             {"kernel up", "confirmed online"});
}

/* Throttled before: the inspection after the change is left to others, metadata is asked first. */
static void in_a_crowd_metadata_is_asked_first(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"fault Throttling.User 400", "waiting store"}, {"wait", "inspecting ask:inspect"},
             {"instance none", "inspecting ask:addresses"},
             {"addresses none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"}, {"ok A", "confirming store in:2-2"},
             {"wait", "confirming ask:addresses"}, {"addresses A", "confirmed store online"});
        assert_int_equal(r.engine.facts.control.presence, PRESENCE_UNKNOWN);
        assert_true(r.engine.confirming.next_control < r.now.boot_usec + 8 * USEC_PER_HOUR);
        /* Metadata does not show it: control is asked before anything is made of that. */
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"fault Throttling.User 400", "waiting store"}, {"wait", "inspecting ask:inspect"},
             {"instance none", ""}, {"addresses none", ""}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"}, {"+1", ""}, {"ok A", "confirming store in:2-2"},
             {"+50", ""}, {"wait", "confirming ask:inspect"});
}

/* Control that was heard, and shows none, is not overruled; nor is Policy=always. */
static void metadata_does_not_overrule_control(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:allocate"},
             {"ok A", "inspecting store ask:inspect"},
             {"instance none", "waiting !Instance.NotShownYet"},
             {"wait", "inspecting ask:inspect"});
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "allocating store"}, {"stored", "allocating ask:allocate"},
             {"ok A", "inspecting store ask:inspect"},
             {"fault Throttling.User 400 600000", "waiting store in:600-601"});
}

/* A word that comes while a question is in flight counts for the wait that it ends in. */
static void a_word_is_not_spent_on_a_question(void **state) {
        static const char *const words[] = {"resume", "reload"};
        struct rig r;

        (void)state;
        for (size_t i = 0; i < N(words); i++) {
                rig_init(&r);
                PLAY(&r, {"start", ""}, {"identity none", "inspecting store watch ask:inspect"},
                     {words[i], "inspecting"},
                     {"fault InstanceExpiredOrInArrears 403", "failed ask:identify"},
                     {"identity none", "failed ask:inspect"},
                     {"fault InstanceExpiredOrInArrears 403", "failed in:300-300"});
                rig_init(&r);
                PLAY(&r, UP_TO_THROTTLED, {"wait", "inspecting ask:inspect"},
                     {words[i], "inspecting"},
                     {"fault Throttling.User 400 120000", "waiting store in:120-240"});
        }
}

static unsigned count(const struct rig *r, enum notice_kind kind) {
        unsigned n = 0;

        for (unsigned i = 0; i < r->actions.n_notices; i++)
                n += r->actions.notices[i].kind == kind;
        return n;
}

/* Services start before the network: that metadata is silent then is nothing to tell. */
static void the_network_has_a_minute_to_come(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"kernel down", "identifying"},
             {"fault Metadata.Unreachable", "waiting !Metadata.Unreachable"});
        assert_int_equal(count(&r, NOTICE_WAITING), 0);
        PLAY(&r, {"+60", ""}, {"wait", "identifying ask:identify"},
             {"fault Metadata.Unreachable", "waiting"});
        assert_int_equal(count(&r, NOTICE_WAITING), 1);
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"kernel up", "identifying"},
             {"fault Metadata.Unreachable", "waiting"});
        assert_int_equal(count(&r, NOTICE_WAITING), 1);
}

/* L7: what comes in turn is told once each. */
static void faults_in_turn_are_told_once(void **state) {
        static const char *const faults[] = {"fault ServiceUnavailable 503", "fault Net.Timeout",
                                             "fault Forbidden.RAM 403"};
        unsigned told = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", "inspecting store watch ask:inspect"});
        for (unsigned i = 0; i < 30; i++) {
                PLAY(&r, {faults[i % N(faults)], ""});
                told += count(&r, NOTICE_WAITING) + count(&r, NOTICE_FAILED);
                if (i == 20)
                        PLAY(&r, {"resume", ""}, {"identity none", ""});
                else
                        PLAY(&r, {"wait", ""});
                if (r.engine.inflight.op == WIRE_IDENTIFY)
                        PLAY(&r, {"identity none", ""});
        }
        assert_int_equal(told, N(faults));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(metadata_confirms_while_control_throttles),
                cmocka_unit_test(in_a_crowd_metadata_is_asked_first),
                cmocka_unit_test(metadata_does_not_overrule_control),
                cmocka_unit_test(a_word_is_not_spent_on_a_question),
                cmocka_unit_test(the_network_has_a_minute_to_come),
                cmocka_unit_test(faults_in_turn_are_told_once),
                cmocka_unit_test(a_hint_is_honoured_whatever_is_asked),
                cmocka_unit_test(a_hint_survives_restart_and_reboot),
                cmocka_unit_test(a_hint_is_not_over_by_a_wrong_date),
                cmocka_unit_test(a_hint_is_not_begun_by_a_wrong_date),
                cmocka_unit_test(a_hint_survives_other_waits),
                cmocka_unit_test(a_hint_survives_being_confirmed),
                cmocka_unit_test(without_a_hint_the_next_minute),
                cmocka_unit_test(patience_with_permissions),
                cmocka_unit_test(user_data_comes_before_the_first_change),
                cmocka_unit_test(user_data_is_not_waited_for_without_end),
                cmocka_unit_test(resume_ends_the_wait_for_user_data),
                cmocka_unit_test(nothing_is_changed_by_files_that_cannot_be_read),
                cmocka_unit_test(failed_is_not_for_good),
                cmocka_unit_test(clock_faults_are_retried_at_once_once),
                cmocka_unit_test(a_wrong_clock_is_told_once),
                cmocka_unit_test(not_an_ecs_instance),
        };

        return cmocka_run_group_tests_name("engine_wait", tests, NULL, NULL);
}

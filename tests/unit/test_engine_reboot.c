/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: a reboot only for what is ours, and only when it is due (design 4.2). */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

#define UP_TO_CHANGE                                                                               \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"reach no", ""}, {                                                                \
                "stored", "allocating ask:allocate"                                                \
        }
/* With Reboot.Policy=always. */
#define UP_TO_REBOOT_OF_ALWAYS                                                                     \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"stored", ""}, {"ok A", ""}, {"instance A", ""}, {"blockers", ""},                \
                {"instance A", ""}, {                                                              \
                "stored", "rebooting ask:reboot"                                                   \
        }
#define UP_TO_CONFIRMING                                                                           \
        UP_TO_CHANGE, {"ok A", ""}, {                                                              \
                "instance A", "confirming store"                                                   \
        }
#define UP_TO_BLOCKERS                                                                             \
        UP_TO_CONFIRMING, {"+61", ""}, {"wait", ""}, {"addresses none", ""}, {                     \
                "reach no", "rebooting blockers"                                                   \
        }

static bool leaves(const struct rig *r) {
        return r->engine.inflight.step == STEP_ASKING && r->engine.inflight.op == WIRE_REBOOT;
}

/* Until RebootInstance leaves, with control showing that; the seconds that took, or -1. */
static int64_t seconds_to_reboot(struct rig *r, const char *shown, unsigned turns) {
        uint64_t began = r->now.boot_usec;

        for (unsigned i = 0; i < turns; i++) {
                if (leaves(r))
                        return (int64_t)((r->now.boot_usec - began) / USEC_PER_SEC);
                if (r->actions.wants & ACTION_BLOCKERS)
                        rig_play(r, &(struct line){"blockers", ""}, 1);
                else
                        rig_go_on(r, shown);
        }
        return -1;
}

/* Nothing came of an allocation; what a person gave hours later is not what it brought. */
static void a_stranger_s_address_is_no_change_of_ours(void **state) {
        static const struct line given[] = {{"instance B", "confirming store say:adopted"},
                                            {"instance eip:E", "confirming store say:adopted"}};
        struct rig r;

        (void)state;
        for (size_t i = 0; i < N(given); i++) {
                rig_init(&r);
                PLAY(&r, UP_TO_CHANGE, {"fault Transport.Timeout", ""}, {"wait", ""},
                     {"instance none", ""});
                TEXT_SET(r.instance.locks, "security");
                for (unsigned n = 0; n < 40; n++)
                        rig_go_on(&r, "none");
                r.instance.locks[0] = '\0';
                while (r.engine.inflight.step != STEP_ASKING ||
                       r.engine.inflight.op != WIRE_INSPECT)
                        rig_go_on(&r, "none");
                rig_play(&r, &given[i], 1);
                assert_int_equal(r.engine.ledger.entries[0].address, 0);
                for (unsigned n = 0; n < 30; n++) {
                        assert_false(leaves(&r));
                        if (r.engine.inflight.op == WIRE_INSPECT)
                                rig_play(&r, &(struct line){given[i].event, ""}, 1);
                        else
                                rig_go_on(&r, "none");
                }
        }
}

/* This boot's clock is hours behind: the verdict is dated after its change all the same. */
static void a_verdict_is_later_than_its_change(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", "rebooting ask:inspect"},
             {"instance A", "rebooting store"}, {"stored", "rebooting ask:reboot"}, {"ok", ""});
        r.now.wall_sec -= 8 * 3600;
        PLAY(&r, {"boot", ""}, {"identity A", ""}, {"kernel up", ""},
             {"fault Metadata.NoRole", "confirmed store online"});
        r.now.wall_sec += 8 * 3600;
        PLAY(&r, {"+600", ""}, {"wait", ""}, {"addresses none", ""});
        assert_int_equal(seconds_to_reboot(&r, "A", 40), -1);
}

/* The brake and the server's hint are waits of their own. */
static void patience_is_for_blockers_only(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_patience_usec = 2 * USEC_PER_MIN;
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", "rebooting ask:inspect"},
             {"fault Throttling.User 400 180000", "waiting store no-blockers"});
        while (r.engine.phase != PHASE_REBOOTING)
                rig_go_on(&r, "A");
        PLAY(&r, {"blockers apt", "rebooting ask:addresses say:reboot-waits"});
        assert_in_range(seconds_to_reboot(&r, "A", 60), 115, 200);
}

/* In all: what blocks off and on is not waited for anew each time. */
static void patience_is_spent_bit_by_bit(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_patience_usec = 2 * USEC_PER_MIN;
        PLAY(&r, UP_TO_BLOCKERS, {"blockers apt", "rebooting ask:addresses say:reboot-waits"},
             {"addresses none", "rebooting"}, {"+100", ""}, {"blockers", "rebooting ask:addresses"},
             {"blockers dpkg", "rebooting say:reboot-waits"}, {"addresses none", ""});
        assert_in_range(seconds_to_reboot(&r, "A", 60), 5, 30);
}

/* Another policy is another rule: Grace and the witness come first again. */
static void another_policy_begins_with_grace(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"stored", ""}, {"ok A", ""}, {"instance A", "rebooting store blockers"},
             {"blockers cloud-init", "rebooting ask:addresses say:reboot-waits"},
             {"addresses none", "rebooting"});
        r.config.reboot_policy = REBOOT_AUTO;
        PLAY(&r, {"reload", "identifying no-blockers ask:identify"}, {"identity none", ""},
             {"instance A", "confirming"});
        while (r.engine.phase != PHASE_REBOOTING)
                rig_go_on(&r, "A");
        assert_true(r.now.boot_usec - r.engine.confirming.started >= r.config.reboot_grace_usec);
}

/* The policy was changed while the intent was on its way to the disk, or a question under way. */
static void a_reload_is_heard_in_the_middle(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", "rebooting ask:inspect"},
             {"instance A", "rebooting store"});
        r.config.reboot_policy = REBOOT_NEVER;
        PLAY(&r, {"reload", "confirming no-blockers"}, {"stored", "confirming store"});
        assert_int_equal(r.engine.ledger.entries[1].outcome, OUTCOME_WITHDRAWN);
        rig_init(&r);
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", "rebooting ask:inspect"});
        r.config.reboot_policy = REBOOT_NEVER;
        PLAY(&r, {"reload", "confirming no-blockers"}, {"instance A", "confirming"});
        assert_int_equal(seconds_to_reboot(&r, "A", 60), -1);
}

/* The witness says that the address works; only the link, which comes back, had disagreed. */
static void what_works_needs_no_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMING, {"+61", ""}, {"kernel down", ""}, {"addresses none", ""},
             {"reach yes", "confirming ask:addresses"}, {"addresses none", "confirming"});
        assert_int_equal(seconds_to_reboot(&r, "A", 10), -1);
}

static bool asks_metadata(const struct rig *r) {
        const struct inflight *f = &r->engine.inflight;

        return f->step == STEP_ASKING && (f->op == WIRE_ADDRESSES || f->op == WIRE_IDENTIFY);
}

/* L12: the kernel plane of a VPC, a verdict that is unknown, and an EIP are cured by no reboot. */
static void what_a_reboot_cannot_cure(void **state) {
        static const struct line shown[] = {{"addresses A", ""}, {"identity A", ""}};
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMING, {"kernel down", ""}, {"wait", ""});
        for (unsigned i = 0; i < 100; i++) {
                assert_false(leaves(&r));
                if (asks_metadata(&r))
                        rig_play(&r, &shown[r.engine.inflight.op == WIRE_IDENTIFY], 1);
                else
                        rig_go_on(&r, "A");
        }
        assert_string_equal(r.engine.holdoff.fault.code, "Confirm.Kernel");
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMING);
        for (unsigned i = 0; i < 100; i++) {
                assert_false(leaves(&r));
                if (asks_metadata(&r))
                        PLAY(&r, {"fault Metadata.ServerError 500", ""});
                else
                        rig_go_on(&r, "A");
        }
}

/* L12: a reboot that cured nothing is the last for its change, and for its plane. */
static void no_reboot_after_one_that_cured_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", ""}, {"instance A", ""}, {"stored", ""}, {"ok", ""},
             {"boot", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance A", ""});
        assert_int_equal(r.engine.ledger.entries[1].metadata_before, SHOWED_NOTHING);
        assert_int_equal(seconds_to_reboot(&r, "A", 60), -1);
        assert_int_equal(r.engine.phase, PHASE_FAILED);
        assert_string_equal(r.engine.holdoff.fault.code, "Reboot.NoCure");
        assert_true(r.disk.metadata_no_cure);
        /* Another address is another change, but the plane is the same, over a restart too. */
        PLAY(&r, {"kill", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"wait", ""});
        while (r.engine.inflight.op != WIRE_ALLOCATE || r.engine.inflight.step != STEP_ASKING)
                rig_go_on(&r, "none");
        PLAY(&r, {"ok B", ""}, {"instance B", "confirming store"});
        assert_int_equal(seconds_to_reboot(&r, "B", 60), -1);
        assert_string_equal(r.engine.holdoff.fault.code, "Reboot.NoCure");
        /* A person says that it is settled; or the plane shows an address, whichever. */
        PLAY(&r, {"resume", ""});
        assert_false(r.engine.ledger.metadata_no_cure);
        r.engine.ledger.metadata_no_cure = true;
        while (r.engine.inflight.step != STEP_ASKING || r.engine.inflight.op != WIRE_IDENTIFY)
                rig_go_on(&r, "B");
        PLAY(&r, {"identity C", ""});
        assert_false(r.engine.ledger.metadata_no_cure);
}

/* A NAT gateway is the way out, so that the witness says nothing; metadata lags by a minute. */
static void metadata_that_lags_after_its_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach yes", ""}, {"stored", ""}, {"ok A", ""}, {"instance A", "confirming store"});
        assert_in_range(seconds_to_reboot(&r, "A", 60), 60, 80);
        PLAY(&r, {"ok", ""}, {"boot", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance A", "confirming"});
        assert_int_equal(seconds_to_reboot(&r, "A", 12), -1);
        while (r.engine.inflight.op != WIRE_ADDRESSES)
                rig_go_on(&r, "A");
        PLAY(&r, {"addresses A", "confirmed store online"});
}

/* An entry of the year to come is dated once, not at each start anew. */
static void the_future_is_dated_once(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CHANGE, {"ok A", ""});
        r.disk.entries[0].time = r.disk.entries[0].first_time = r.now.wall_sec + 365 * DAY_SEC;
        PLAY(&r, {"kill", ""}, {"identity none", ""}, {"instance none", "waiting store"});
        assert_int_equal(r.disk.entries[0].time, r.now.wall_sec);
        PLAY(&r, {"+3600", ""}, {"kill", ""}, {"identity none", ""}, {"instance none", ""});
        assert_int_equal(r.disk.entries[0].time, r.now.wall_sec - 3600);
}

/* L15: the Date of a refusal dates nothing anew and frees no budget; nor does a clock of 1970. */
static void a_wrong_date_frees_nothing(void **state) {
        static const int64_t lies[] = {-2 * DAY_SEC, 2 * DAY_SEC, -1795000000 + 60};
        struct rig r;

        (void)state;
        for (size_t i = 0; i < N(lies); i++) {
                int64_t time;

                rig_init(&r);
                r.config.heal_limit = 1;
                PLAY(&r, UP_TO_CHANGE, {"ok A", ""}, {"instance A", ""}, {"wait", ""},
                     {"addresses A", "confirmed store online"});
                time = r.disk.entries[0].time;
                r.now.wall_sec += 3600 + lies[i];
                r.now.boot_usec += USEC_PER_HOUR;
                PLAY(&r, {"kill", ""}, {"identity none", ""}, {"fault Throttling.User 400", ""});
                assert_int_equal(r.engine.ledger.entries[0].time, time);
                r.now.wall_sec -= lies[i];
                for (unsigned n = 0; n < 60; n++) {
                        assert_int_not_equal(r.engine.inflight.op, WIRE_ALLOCATE);
                        rig_go_on(&r, "none");
                }
                assert_string_equal(r.engine.holdoff.fault.code, "Heal.Limit");
        }
}

/* The link comes back while the witness is asked, after Confirm.Timeout: all agree, and that
 * counts. */
static void agreement_while_the_witness_is_asked(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMING, {"kernel down", ""}, {"+3600", ""}, {"wait", ""},
             {"addresses A", "confirming ask:probe"}, {"kernel up", "confirming"},
             {"reach yes", "confirmed store online"});
}

/* A look that failed takes back the one before it. */
static void a_look_that_failed_is_none(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CONFIRMING, {"+61", ""}, {"kernel down", "confirming ask:addresses"},
             {"addresses none", ""}, {"reach no", "rebooting blockers"},
             {"blockers cloud-init", "rebooting ask:addresses say:reboot-waits"},
             {"addresses foreign", "confirming no-blockers"}, {"wait", "confirming ask:addresses"});
}

/* Asked 19:45 after a lost reboot and answered at 20:26: it tells of 19:45. */
static void an_inspection_tells_of_when_it_was_asked(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, UP_TO_REBOOT_OF_ALWAYS, {"fault Transport.Timeout", ""}, {"+1185", ""},
             {"resume", "identifying ask:identify"}, {"identity none", "inspecting ask:inspect"},
             {"+41", ""}, {"instance A", ""});
        assert_false(r.engine.ledger.entries[1].settled);
}

/* A person sees what a due reboot waits for, and until when. */
static void a_lost_reboot_is_told_with_its_end(void **state) {
        struct status s;
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, UP_TO_REBOOT_OF_ALWAYS, {"kill", "identifying ask:identify"},
             {"identity none", "inspecting watch ask:inspect"}, {"instance A", ""});
        engine_status(&r.engine, r.now, &s);
        assert_int_equal(s.phase, PHASE_REBOOTING);
        assert_int_equal(s.next, NEXT_REBOOT);
        assert_in_range(s.next_at - r.now.wall_sec, 1200, REBOOT_LATE_SEC + 1);
        assert_string_equal(
                s.note,
                "an earlier reboot request may still be executed, or there were many: none is "
                "asked for until then");
}

/* L3: each boot the reboot is refused with words, and each boot it is executed: it counts. */
static void a_refusal_that_is_a_lie_spends_the_budget(void **state) {
        static const char *const lies[] = {"fault Forbidden.RAM 403", "fault UnknownError 400",
                                           "fault IncorrectInstanceStatus 403",
                                           "fault SignatureNonceUsed 400"};
        struct rig r;

        (void)state;
        for (size_t i = 0; i < N(lies); i++) {
                unsigned n = 0;

                rig_init(&r);
                r.config.reboot_limit = 1;
                r.identity.network = r.instance.network = NETWORK_CLASSIC;
                PLAY(&r, UP_TO_CHANGE, {"ok A", ""}, {"instance A", ""}, {"kernel gone", ""});
                while (seconds_to_reboot(&r, "A", 60) >= 0) {
                        n++;
                        PLAY(&r, {lies[i], ""}, {"boot", ""}, {"identity none", ""},
                             {"kernel gone", ""}, {"instance A", ""}, {"kernel gone", ""});
                        assert_in_range(n, 1, 1);
                }
                assert_int_equal(n, 1);
        }
}

/* A lost one is asked for again, after 20 min and a look: a machine that never restarts is helped.
 */
static void a_lost_reboot_is_repeated(void **state) {
        struct rig r;
        uint64_t lost;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_BLOCKERS, {"blockers", "rebooting ask:inspect"},
             {"instance A", "rebooting store"}, {"stored", "rebooting ask:reboot"},
             {"fault Transport.Timeout", ""});
        lost = r.now.boot_usec;
        assert_in_range(seconds_to_reboot(&r, "A", 200), 20 * 60, 22 * 60);
        assert_true(r.engine.facts.inspected - lost >= 20 * USEC_PER_MIN);
        assert_false(r.engine.ledger.entries[1].settled && r.engine.ledger.n_entries == 2);
}

/* After the day in which a reboot could have helped that is no longer what is wrong. */
static void a_limit_is_no_reason_for_ever(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_limit = 0;
        r.config.reboot_policy = REBOOT_ALWAYS;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"stored", ""}, {"ok A", ""}, {"instance A", "failed store !Reboot.Limit"});
        while (r.now.boot_usec < 26 * USEC_PER_HOUR)
                rig_go_on(&r, "A");
        assert_string_equal(r.engine.holdoff.fault.code, "Confirm.Metadata");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_stranger_s_address_is_no_change_of_ours),
                cmocka_unit_test(a_verdict_is_later_than_its_change),
                cmocka_unit_test(patience_is_for_blockers_only),
                cmocka_unit_test(patience_is_spent_bit_by_bit),
                cmocka_unit_test(another_policy_begins_with_grace),
                cmocka_unit_test(a_reload_is_heard_in_the_middle),
                cmocka_unit_test(what_works_needs_no_reboot),
                cmocka_unit_test(what_a_reboot_cannot_cure),
                cmocka_unit_test(no_reboot_after_one_that_cured_nothing),
                cmocka_unit_test(metadata_that_lags_after_its_reboot),
                cmocka_unit_test(the_future_is_dated_once),
                cmocka_unit_test(a_wrong_date_frees_nothing),
                cmocka_unit_test(agreement_while_the_witness_is_asked),
                cmocka_unit_test(a_look_that_failed_is_none),
                cmocka_unit_test(an_inspection_tells_of_when_it_was_asked),
                cmocka_unit_test(a_lost_reboot_is_told_with_its_end),
                cmocka_unit_test(a_refusal_that_is_a_lie_spends_the_budget),
                cmocka_unit_test(a_lost_reboot_is_repeated),
                cmocka_unit_test(a_limit_is_no_reason_for_ever),
        };

        return cmocka_run_group_tests_name("engine_reboot", tests, NULL, NULL);
}

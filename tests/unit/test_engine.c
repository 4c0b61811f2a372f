/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: the ways from a fresh instance to a confirmed address. */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

/* Up to the allocation that was answered with A; the witness says: no way out. */
#define ALLOCATE_VPC                                                                               \
        {"start", "identifying ask:identify"},                                                     \
                {"identity none", "inspecting store watch ask:inspect"}, {"stored", "inspecting"}, \
                {"kernel up", "inspecting"}, {"instance none", "inspecting ask:probe"},            \
                {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"},           \
                {"ok A", "inspecting store ask:inspect"}, {                                        \
                "stored", "inspecting"                                                             \
        }

static void fresh_vpc_with_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, ALLOCATE_VPC, {"instance A", "confirming store in:2-2"}, {"stored", "confirming"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming in:3-3"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming in:5-5"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming in:10-10"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming in:20-20"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming in:20-20"},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach no", "rebooting blockers"}, {"blockers", "rebooting ask:inspect"},
             {"instance A", "rebooting store"}, {"stored", "rebooting ask:reboot"},
             {"ok", "rebooting store in:600-600"}, {"stored", "rebooting in:600-600"},
             {"boot", "identifying ask:identify"}, {"identity A", "inspecting watch ask:inspect"},
             {"kernel up", "inspecting"}, {"instance A", "confirmed store online"},
             {"stored", "confirmed"});
        assert_int_equal(r.engine.ledger.n_entries, 2);
        assert_true(r.engine.ledger.entries[0].unreachable_before);
}

static void fresh_vpc_at_once(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, ALLOCATE_VPC, {"instance A", "confirming store in:2-2"}, {"stored", "confirming"},
             {"wait", "confirming ask:addresses"}, {"addresses A", "confirmed store online"});
}

/* Grace is over, metadata lags, but the address works now and did not before. */
static void reachability_witness_spares_the_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, ALLOCATE_VPC, {"instance A", "confirming store"}, {"+60", ""},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach yes", "confirmed store online"});
        assert_true(r.engine.ledger.confirmed_by_reachability);
}

/* A resolver's error before the change is no "unreachable": what is reachable now may have been. */
static void reachability_unknown_before_proves_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", "identifying ask:identify"},
             {"identity none", "inspecting store watch ask:inspect"}, {"stored", "inspecting"},
             {"kernel up", "inspecting"}, {"instance none", "inspecting ask:probe"},
             {"reach unknown", "allocating store"}, {"stored", "allocating ask:allocate"},
             {"ok A", "inspecting store ask:inspect"}, {"stored", "inspecting"},
             {"instance A", "confirming store"}, {"+60", ""}, {"wait", "confirming ask:addresses"},
             {"addresses none", "rebooting blockers"});
        assert_false(r.engine.ledger.entries[0].unreachable_before);
}

static void address_there_costs_no_api_call(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", "identifying ask:identify"}, {"identity A", "confirming store watch"},
             {"stored", "confirming"}, {"kernel up", "confirmed store online in:150-375"});
}

static void classic_with_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.identity.network = r.instance.network = NETWORK_CLASSIC;
        PLAY(&r, {"start", "identifying ask:identify"},
             {"identity none", "inspecting store watch ask:inspect"},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"}, {"ok A", "inspecting store ask:inspect"},
             {"instance A", "confirming store watch in:2-2"}, {"kernel gone", "confirming in:2-2"},
             {"+60", ""}, {"wait", "confirming ask:probe"}, {"reach no", "rebooting blockers"},
             {"blockers", "rebooting ask:inspect"}, {"instance A", "rebooting store"},
             {"stored", "rebooting ask:reboot"}, {"ok", "rebooting store"},
             {"boot", "identifying ask:identify"}, {"identity A", "inspecting watch ask:inspect"},
             {"instance A", "confirming watch"}, {"kernel up", "confirmed store online"});
}

/* Without metadata the machine must be witnessed before anything is changed (L4). */
static void classic_by_configured_id(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.identity = (struct identity){.network = NETWORK_UNKNOWN};
        TEXT_SET(r.identity.instance_id, "i-test");
        r.instance.network = NETWORK_CLASSIC;
        r.unproven = true;
        r.instance.n_private = 1;
        r.instance.private_ips[0] = htonl(0x0a000005);
        PLAY(&r, {"start", "identifying ask:identify"},
             {"identity unknown", "inspecting store ask:inspect"},
             {"instance none", "inspecting watch ask:probe"}, {"reach no", "allocating in:5-5"},
             {"kernel up", "inspecting ask:inspect"}, {"instance none", "inspecting ask:probe"},
             {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"});
        rig_init(&r);
        r.identity = (struct identity){.network = NETWORK_UNKNOWN};
        TEXT_SET(r.identity.instance_id, "i-test");
        r.instance.network = NETWORK_CLASSIC;
        PLAY(&r, {"start", "identifying ask:identify"},
             {"identity unknown", "inspecting store ask:inspect"},
             {"instance none", "inspecting ask:probe"}, {"kernel stranger", "inspecting"},
             {"reach no", "failed !Instance.NotThisMachine"});
}

/* L13: a guest that hears the metadata of its host, and asks for no change of it. */
static void a_guest_changes_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel stranger", ""},
             {"instance none", "inspecting ask:probe"},
             {"reach no", "failed !Instance.NotThisMachine say:failed"});
        assert_int_equal(r.engine.ledger.n_entries, 0);
        assert_non_null(strstr(r.engine.holdoff.fault.message, "172.16.0.10"));
}

/* An interrupted dump says nothing: no change, however long; then the address comes. */
static void an_unproven_machine_waits(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.unproven = true;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel nobody", ""}, {"instance none", ""},
             {"reach no", "waiting !Instance.Unproven"}, {"+600", ""},
             {"wait", "inspecting ask:inspect"}, {"instance none", "inspecting ask:addresses"},
             {"addresses none", "inspecting ask:probe"},
             {"reach no", "waiting !Instance.Unproven"});
        assert_int_equal(r.engine.ledger.n_entries, 0);
        PLAY(&r, {"kernel up", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"});
}

/* The firmware names another maker: no guest of an ECS instance is one; a person may know better.
 */
static void another_makers_machine_changes_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.dmi_is_ecs = false;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:probe"},
             {"reach no", "failed !Instance.NotThisMachine"});
        rig_init(&r);
        r.dmi_is_ecs = false;
        TEXT_SET(r.config.instance_id, "i-test");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"});
}

static void already_there_is_adopted(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"},
             {"fault AllocatedAlready 403", "inspecting store ask:inspect"},
             {"instance B", "confirming store"}, {"wait", "confirming ask:addresses"},
             {"addresses B", "confirmed store online"});
}

static void existing_address_by_control(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance A", "confirming store say:adopted"}, {"wait", "confirming ask:addresses"},
             {"addresses A", "confirmed store online"});
        assert_int_equal(r.engine.ledger.n_entries, 0);
}

static void preconditions_change_nothing(void **state) {
        static const struct {
                const char *status, *locks;
                int bandwidth, expires;
                enum charge charge;
                const char *wants;
        } rows[] = {
                {"Running", "security", 5, 0, CHARGE_POSTPAID, "failed !Instance.Locked in:300"},
                {"Running", "financial", 5, 0, CHARGE_POSTPAID, "failed !Instance.Locked"},
                {"Running", "", 0, 0, CHARGE_POSTPAID, "failed !Instance.NoBandwidth"},
                {"Running", "", 5, 1, CHARGE_PREPAID, "failed !Instance.Expired"},
                {"Starting", "", 5, 0, CHARGE_POSTPAID, "waiting !Instance.NotSettled in:0-2"},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct rig r;

                rig_init(&r);
                TEXT_SET(r.instance.status, rows[i].status);
                TEXT_SET(r.instance.locks, rows[i].locks);
                r.instance.bandwidth_out = rows[i].bandwidth;
                r.instance.expires = rows[i].expires;
                r.instance.charge = rows[i].charge;
                PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", rows[i].wants});
                assert_int_equal(r.engine.ledger.n_entries, 0);
        }
}

static void hold_between_store_and_call(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""}, {"reach no", ""},
             {"stored held", "held store"}, {"stored", "held"}, {"wait", "held ask:addresses"},
             {"addresses none", "held in:300-300"}, {"unhold", "identifying ask:identify"},
             {"identity none", "inspecting ask:inspect"}, {"instance none", "inspecting ask:probe"},
             {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"});
}

static void no_room_on_disk_changes_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""},
             {"reach no", "allocating store"}, {"stored full", "failed !Ledger.NotWritable"});
}

/* A disk that stalls for minutes: the inspection that the call rests on has grown old (L1). */
static void slow_disk_means_another_inspection(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""},
             {"reach no", "allocating store"}, {"+120", ""},
             {"stored", "inspecting store ask:inspect"});
        assert_int_equal(r.engine.ledger.entries[0].outcome, OUTCOME_WITHDRAWN);
}

/* From the intent it is judged whether a call may be underway: it must not leave long after it. */
static void a_call_leaves_soon_after_its_intent(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""},
             {"reach no", "allocating store"}, {"+16", ""},
             {"stored", "inspecting store ask:inspect"});
}

static void no_boot_id_changes_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.no_boot_id = true;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""},
             {"reach no", "failed !Machine.NoBootId"});
}

/* A call that nobody answered forbids the next one until an inspection, 45 s later, settled it. */
static void lost_allocate_is_looked_for(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:allocate"},
             {"fault Cloud.Gone", "waiting store !Cloud.Gone in:0-1"},
             {"wait", "inspecting ask:inspect"}, {"instance A", "confirming store"},
             {"wait", "confirming ask:addresses"}, {"addresses A", "confirmed store online"});
        assert_int_equal(r.engine.ledger.entries[0].address, rig_address('A'));
}

/* Asked 30 s after the intent, answered 70 s after it: it tells of what was so at 30 s. */
static void an_inspection_tells_of_when_it_was_asked(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:allocate"}, {"kill", ""}, {"+30", ""},
             {"identity none", "inspecting watch ask:inspect"}, {"+40", ""}, {"instance none", ""});
        assert_false(r.engine.ledger.entries[0].settled);
}

/* Answered with 500, but executed: the address is ours, and a reboot may serve it (4.2). */
static void executed_with_a_server_error(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:allocate"},
             {"fault InternalError 500", "waiting store !InternalError"},
             {"wait", "inspecting ask:inspect"}, {"instance A", "confirming store"}, {"+60", ""},
             {"wait", "confirming ask:addresses"}, {"addresses none", "confirming ask:probe"},
             {"reach no", "rebooting blockers"});
        assert_int_equal(r.engine.ledger.entries[0].address, rig_address('A'));
}

/* A reply lost three times with nothing to show for it spends nothing of Heal.Limit. */
static void lost_replies_without_effect_spend_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""});
        for (unsigned i = 0; i < 40; i++) {
                PLAY(&r, {"reach no", ""});
                if (r.engine.phase == PHASE_ALLOCATING)
                        PLAY(&r, {"stored", "allocating ask:allocate"},
                             {"fault Transport.Timeout", "waiting store"});
                while (r.engine.inflight.op != WIRE_PROBE) {
                        if (r.engine.inflight.op == WIRE_INSPECT)
                                PLAY(&r, {"instance none", ""});
                        else if (r.engine.inflight.op == WIRE_ADDRESSES)
                                PLAY(&r, {"addresses none", ""});
                        else
                                PLAY(&r, {"wait", "inspecting ask:inspect"});
                        assert_int_not_equal(r.engine.phase, PHASE_FAILED);
                }
        }
}

/* L14: a call of one kind leaves six times in ten minutes, twenty times in an hour; no word helps.
 */
static void calls_have_a_ceiling(void **state) {
        unsigned n = 0, n_early = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""});
        while (r.now.boot_usec < USEC_PER_HOUR) {
                if (r.engine.inflight.step == STEP_ASKING &&
                    r.engine.inflight.op == WIRE_ALLOCATE) {
                        n++;
                        n_early += r.now.boot_usec < 10 * USEC_PER_MIN;
                        PLAY(&r, {"fault Transport.Timeout", ""}, {"resume", ""});
                        continue;
                }
                assert_int_not_equal(r.engine.phase, PHASE_FAILED);
                rig_go_on(&r, "none");
        }
        assert_in_range(n_early, 5, 6);
        assert_in_range(n, 18, 20);
        assert_string_equal(r.engine.holdoff.fault.code, "Change.TooOften");
}

/* L14: under the brake metadata is looked at, and control once an hour. */
static void the_brake_asks_control_once_an_hour(void **state) {
        struct rig r;
        unsigned n = 0;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"hold", ""}, {"start", ""}, {"identity none", ""}, {"kernel up", ""});
        while (r.now.boot_usec < 24 * USEC_PER_HOUR) {
                n += r.engine.inflight.step == STEP_ASKING && r.engine.inflight.op == WIRE_INSPECT;
                rig_go_on(&r, "none");
        }
        assert_in_range(n, 20, 25);
}

/* L14: an order that was accepted is late for ten minutes, and not made again. */
static void a_raised_bandwidth_is_late(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.bandwidth_out = 5;
        r.instance.bandwidth_out = 0;
        r.instance.charge = CHARGE_PREPAID;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:bandwidth"},
             {"ok", "inspecting store ask:inspect"},
             {"instance none", "waiting !Instance.NotShownYet"});
        while (r.now.boot_usec < 9 * USEC_PER_MIN) {
                assert_int_not_equal(r.engine.phase, PHASE_ALLOCATING);
                rig_go_on(&r, "none");
        }
        r.instance.bandwidth_out = 5;
        while (r.engine.inflight.op != WIRE_ALLOCATE)
                rig_go_on(&r, "none");
}

/* Control fails at each doubt: Confirm.Timeout comes all the same. */
static void the_timeout_comes_over_failed_looks(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_grace_usec = 10 * USEC_PER_HOUR;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", ""}, {"ok A", ""}, {"instance A", "confirming store"});
        while (r.engine.phase != PHASE_FAILED) {
                assert_true(r.now.boot_usec < USEC_PER_HOUR);
                if (r.engine.inflight.op == WIRE_INSPECT && r.engine.phase == PHASE_CONFIRMING)
                        PLAY(&r, {"fault ServiceUnavailable 503", ""});
                else
                        rig_go_on(&r, r.engine.inflight.op == WIRE_INSPECT ? "A" : "none");
        }
}

static void killed_before_the_answer(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:allocate"}, {"+5", ""},
             {"kill", "identifying ask:identify"},
             {"identity none", "inspecting watch ask:inspect"},
             {"instance none", "inspecting in:60-60"}, {"wait", "inspecting ask:inspect"},
             {"+1", ""}, {"instance none", "inspecting store ask:addresses"},
             {"addresses none", "inspecting ask:probe"}, {"reach no", "allocating store"});
        assert_int_equal(r.engine.ledger.n_entries, 2);
        assert_true(r.engine.ledger.entries[0].settled);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(fresh_vpc_with_reboot),
                cmocka_unit_test(fresh_vpc_at_once),
                cmocka_unit_test(reachability_witness_spares_the_reboot),
                cmocka_unit_test(reachability_unknown_before_proves_nothing),
                cmocka_unit_test(address_there_costs_no_api_call),
                cmocka_unit_test(classic_with_reboot),
                cmocka_unit_test(classic_by_configured_id),
                cmocka_unit_test(a_guest_changes_nothing),
                cmocka_unit_test(an_unproven_machine_waits),
                cmocka_unit_test(another_makers_machine_changes_nothing),
                cmocka_unit_test(already_there_is_adopted),
                cmocka_unit_test(existing_address_by_control),
                cmocka_unit_test(preconditions_change_nothing),
                cmocka_unit_test(hold_between_store_and_call),
                cmocka_unit_test(no_room_on_disk_changes_nothing),
                cmocka_unit_test(slow_disk_means_another_inspection),
                cmocka_unit_test(a_call_leaves_soon_after_its_intent),
                cmocka_unit_test(no_boot_id_changes_nothing),
                cmocka_unit_test(lost_allocate_is_looked_for),
                cmocka_unit_test(an_inspection_tells_of_when_it_was_asked),
                cmocka_unit_test(executed_with_a_server_error),
                cmocka_unit_test(lost_replies_without_effect_spend_nothing),
                cmocka_unit_test(calls_have_a_ceiling),
                cmocka_unit_test(the_brake_asks_control_once_an_hour),
                cmocka_unit_test(a_raised_bandwidth_is_late),
                cmocka_unit_test(the_timeout_comes_over_failed_looks),
                cmocka_unit_test(killed_before_the_answer),
        };

        return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}

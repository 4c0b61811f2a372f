/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: drift by cause and policy (design 4.4), EIPs, bandwidth, reboot policies.
 */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

/* Confirmed with A, then so long that netlink's news ask the control plane at once. */
static void confirmed(struct rig *r, enum heal_policy policy) {
        rig_init(r);
        r->config.heal_policy = policy;
        PLAY(r, {"start", ""}, {"identity A", ""}, {"kernel up", "confirmed store online"},
             {"stored", "confirmed"}, {"+60", ""}, {"wait", "confirmed ask:addresses"});
}

static void reclaimed(void **state) {
        struct rig r;

        (void)state;
        confirmed(&r, HEAL_REALLOCATE);
        PLAY(&r, {"addresses none", "inspecting ask:inspect say:disagrees"},
             {"instance none", "inspecting say:reclaimed in:60-60"},
             {"wait", "inspecting ask:inspect"}, {"instance none", ""});
        if (r.engine.inflight.op == WIRE_ADDRESSES)
                PLAY(&r, {"addresses none", "inspecting ask:probe"});
        PLAY(&r, {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"});
        for (enum heal_policy policy = HEAL_ADOPT; policy <= HEAL_ALERT; policy++) {
                confirmed(&r, policy);
                PLAY(&r, {"addresses none", "inspecting ask:inspect"},
                     {"instance none", "failed !Heal.Reclaimed say:reclaimed"});
        }
}

static void replaced(void **state) {
        struct rig r;

        (void)state;
        for (enum heal_policy policy = HEAL_REALLOCATE; policy <= HEAL_ADOPT; policy++) {
                confirmed(&r, policy);
                PLAY(&r, {"addresses B", "inspecting ask:inspect"},
                     {"instance B", "confirmed store say:replaced"});
        }
        confirmed(&r, HEAL_ALERT);
        PLAY(&r, {"addresses B", "inspecting ask:inspect"}, {"instance B", "failed !Heal.Replaced"},
             {"resume", "failed ask:identify"}, {"identity B", "failed ask:inspect"},
             {"instance B", "confirmed store say:replaced"});
}

/* Gone straight after an inspection: control is asked again soon, though not at once. */
static void gone_right_after_an_inspection(void **state) {
        struct rig r;
        uint64_t began;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance A", "confirming store"}, {"wait", ""},
             {"addresses A", "confirmed store online"});
        began = r.now.boot_usec;
        r.engine.confirming.next_look = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", ""}, {"addresses none", "confirming say:disagrees"});
        for (unsigned i = 0; r.engine.inflight.op != WIRE_INSPECT; i++) {
                assert_true(i < 20);
                if (r.engine.inflight.op == WIRE_ADDRESSES)
                        PLAY(&r, {"addresses none", ""});
                else
                        PLAY(&r, {"wait", ""});
        }
        assert_in_range((r.now.boot_usec - began) / USEC_PER_SEC, 20, 60);
}

/* Confirmed without the control plane: what it says later of the same address is no change. */
static void the_kind_is_learnt_later(void **state) {
        struct rig r;

        (void)state;
        confirmed(&r, HEAL_ALERT);
        PLAY(&r, {"addresses A", "confirmed"});
        r.engine.confirming.next_control = r.now.boot_usec;
        r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"}, {"instance A", "confirmed store"});
        assert_int_equal(r.actions.n_notices, 0);
        assert_int_equal(r.engine.ledger.kind, KIND_STATIC);
}

/* Heal.Policy=alert: only the answer to this very alert takes another address. */
static void an_alert_is_answered_by_a_person_only(void **state) {
        struct rig r;

        (void)state;
        confirmed(&r, HEAL_ALERT);
        PLAY(&r, {"addresses A", "confirmed"},
             {"resume", "confirmed ask:addresses"}, /* before there is anything to answer */
             {"addresses B", "inspecting ask:inspect"}, {"instance B", "failed !Heal.Replaced"},
             {"wait", "failed ask:identify"}, {"identity B", "failed ask:inspect"},
             {"fault ServiceUnavailable 503", "failed !ServiceUnavailable"});
        assert_int_equal(r.engine.ledger.address, rig_address('A'));
}

/* L6: an error after the look that showed nothing takes that look's word away. */
static void an_identify_that_fails_forgets_the_look(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"fault Transport.Connect", "waiting"},
             {"kernel up", "identifying ask:identify"}, {"fault Metadata.NotFound 404", "waiting"},
             {"wait", "inspecting ask:inspect"}, {"instance none", "inspecting ask:addresses"});
}

static void converted_to_an_eip(void **state) {
        struct rig r;

        (void)state;
        confirmed(&r, HEAL_REALLOCATE);
        PLAY(&r, {"addresses E", "inspecting ask:inspect"},
             {"instance eip:E", "confirmed store say:replaced"});
        assert_int_equal(r.engine.ledger.kind, KIND_EIP);
        confirmed(&r, HEAL_ALERT);
        PLAY(&r, {"addresses E", "inspecting ask:inspect"},
             {"instance eip:E", "failed !Heal.Replaced"});
}

/* Control still has it: wait and report, whatever the policy, and never a reboot. */
static void kernel_or_metadata_only(void **state) {
        struct rig r;

        (void)state;
        for (enum heal_policy policy = HEAL_REALLOCATE; policy <= HEAL_ALERT; policy++) {
                confirmed(&r, policy);
                PLAY(&r, {"addresses none", "inspecting ask:inspect"},
                     {"instance A", "confirming store"});
                for (unsigned i = 0; r.engine.phase != PHASE_FAILED; i++) {
                        assert_true(i < 200);
                        assert_int_not_equal(r.engine.phase, PHASE_REBOOTING);
                        rig_go_on(&r, "A");
                }
                assert_string_equal(r.engine.holdoff.fault.code, FAULT_CONFIRM_METADATA);
                assert_int_equal(r.engine.ledger.n_entries, 0);
        }
}

static void fresh(struct rig *r, enum strategy strategy) {
        rig_init(r);
        r->config.strategy = strategy;
        PLAY(r, {"start", ""}, {"identity none", ""}, {"kernel up", ""});
}

static void eip_is_associated(void **state) {
        struct rig r;

        (void)state;
        fresh(&r, STRATEGY_EIP);
        PLAY(&r, {"instance none", "inspecting ask:eip-find"}, {"eip available", ""});
        if (r.engine.inflight.op == WIRE_PROBE)
                PLAY(&r, {"reach no", ""});
        PLAY(&r, {"stored", "allocating ask:eip-associate"});
        assert_string_equal(r.actions.question.allocation_id, "eip-1");
        assert_true(*r.actions.question.client_token);
        PLAY(&r, {"ok", "inspecting store ask:inspect"}, {"instance none", "waiting"},
             {"wait", "inspecting ask:inspect"}, {"instance eip:E", "confirming store"},
             {"wait", "confirming ask:addresses"}, {"addresses E", "confirmed store online"});
        assert_int_equal(r.engine.kind, KIND_EIP);
}

/*
 * A person has bound the EIP meanwhile: what is shown then is the call's. Once another address has
 * taken its place, and long after the call, the same one is a stranger's again (4.3, 4.4).
 */
static void what_comes_back_later_is_a_strangers(void **state) {
        struct rig r;

        (void)state;
        fresh(&r, STRATEGY_EIP);
        PLAY(&r, {"instance none", "inspecting ask:eip-find"}, {"eip available", ""},
             {"reach no", ""}, {"stored", "allocating ask:eip-associate"},
             {"fault InvalidAssociation.Duplicated 400", "inspecting store ask:inspect"},
             {"instance eip:E", "confirming store"});
        assert_int_equal(r.engine.ledger.entries[0].address, rig_address('E'));
        PLAY(&r, {"resume", "identifying ask:identify"},
             {"identity none", "inspecting ask:inspect"},
             {"instance A", "confirming store say:replaced"});
        r.config.heal_policy = HEAL_ALERT;
        PLAY(&r, {"reload", "identifying ask:identify"}, {"+1200", ""},
             {"identity none", "inspecting ask:inspect"},
             {"instance eip:E", "failed !Heal.Replaced"});
        assert_int_equal(r.engine.ledger.address, rig_address('A'));
}

/* Refused by the product, and executed all the same: ours, so that no person is asked. */
static void a_refusal_is_a_word(void **state) {
        struct rig r;

        (void)state;
        confirmed(&r, HEAL_ALERT);
        r.engine.ledger.address = rig_address('Z');
        r.engine.ledger.n_entries = 0;
        ledger_add(&r.engine.ledger, WIRE_ALLOCATE, r.now.wall_sec)->outcome = OUTCOME_REFUSED;
        PLAY(&r, {"addresses B", "inspecting ask:inspect"}, {"instance B", "confirmed store"});
        assert_int_equal(r.engine.ledger.entries[0].outcome, OUTCOME_LOST);
}

static void eip_of_others_is_never_taken(void **state) {
        struct rig r;

        (void)state;
        fresh(&r, STRATEGY_EIP);
        PLAY(&r, {"instance none", "inspecting ask:eip-find"},
             {"eip elsewhere", "failed !Eip.Elsewhere"});
        fresh(&r, STRATEGY_EIP);
        PLAY(&r, {"instance none", "inspecting ask:eip-find"},
             {"eip associating", "waiting !Eip.Settling"});
        fresh(&r, STRATEGY_EIP);
        PLAY(&r, {"instance none", "inspecting ask:eip-find"},
             {"eip none", "failed !Eip.NoneFree"});
}

/* Confirmed with EIP E by another's hand; then control shows none. */
static void eip_is_gone(struct rig *r, enum strategy strategy) {
        rig_init(r);
        r->config.strategy = strategy;
        PLAY(r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance eip:E", "confirming store"}, {"wait", ""},
             {"addresses E", "confirmed store online"}, {"+60", ""}, {"wait", ""},
             {"addresses none", "inspecting ask:inspect"},
             {"instance none", "inspecting say:reclaimed"}, {"wait", "inspecting ask:inspect"},
             {"instance none", "inspecting ask:eip-find"});
        assert_string_equal(r->actions.question.allocation_id, "eip-1");
}

/* Design 4.4: whoever bound our EIP to another instance wants it there, however it came to us. */
static void our_eip_on_another_instance(void **state) {
        struct rig r;

        (void)state;
        for (enum strategy s = STRATEGY_STATIC; s <= STRATEGY_STATIC_EIP; s++) {
                eip_is_gone(&r, s);
                PLAY(&r, {"eip elsewhere", "failed !Eip.Elsewhere"});
                assert_int_equal(r.engine.ledger.n_entries, 0);
        }
        /* A person's word: another address will do. */
        eip_is_gone(&r, STRATEGY_STATIC);
        PLAY(&r, {"eip elsewhere", "failed"}, {"resume", "failed ask:identify"},
             {"identity none", "failed ask:inspect"}, {"instance none", "failed ask:probe"},
             {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"});
}

/* Free again it comes back; where it is no more, another one with the tag is looked for. */
static void our_eip_is_free_or_no_more(void **state) {
        struct rig r;

        (void)state;
        eip_is_gone(&r, STRATEGY_EIP);
        PLAY(&r, {"eip available", ""}, {"reach no", "allocating store"},
             {"stored", "allocating ask:eip-associate"});
        eip_is_gone(&r, STRATEGY_EIP);
        PLAY(&r, {"eip none", "inspecting ask:eip-find"});
        assert_string_equal(r.actions.question.allocation_id, "");
        PLAY(&r, {"eip none", "failed !Eip.NoneFree"});
        eip_is_gone(&r, STRATEGY_STATIC);
        PLAY(&r, {"eip none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"});
}

/* Bought once, whatever happens to the answer: the token outlives a crash. */
static void eip_is_bought_once(void **state) {
        struct rig r;
        char token[CLIENT_TOKEN_SIZE];

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_EIP;
        r.config.eip_allocate = true;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"}, {"eip none", ""});
        if (r.engine.inflight.op == WIRE_PROBE)
                PLAY(&r, {"reach no", ""});
        PLAY(&r, {"stored", "allocating ask:eip-allocate"});
        TEXT_SET(token, r.actions.question.client_token);
        PLAY(&r, {"+50", ""}, {"boot", "identifying ask:identify"},
             {"identity none", "inspecting watch ask:inspect"});
        for (unsigned i = 0; r.actions.question.op != WIRE_EIP_ALLOCATE; i++) {
                assert_true(i < 30);
                rig_go_on(&r, "none");
        }
        assert_string_equal(r.actions.question.client_token, token);
}

/* The machine was off for a day after the purchase: its token means nothing any more. */
static void a_lost_purchase_is_a_persons_affair(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_EIP;
        r.config.eip_allocate = true;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"}, {"eip none", "allocating store"},
             {"stored", "allocating ask:eip-allocate"}, {"+86400", ""}, {"boot", ""},
             {"identity none", "inspecting watch ask:inspect"},
             {"instance none", "inspecting store ask:eip-find"},
             {"eip none", "failed !Eip.PurchaseLost"}, {"resume", "failed ask:identify"},
             {"identity none", "failed ask:inspect"}, {"instance none", "failed ask:eip-find"},
             {"eip none", "allocating store"}, {"stored", "allocating ask:eip-allocate"});
        assert_int_equal(r.engine.ledger.n_entries, 2);
}

static void static_first_then_eip(void **state) {
        struct rig r;

        (void)state;
        fresh(&r, STRATEGY_STATIC_EIP);
        PLAY(&r, {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"},
             {"fault OperationDenied 403 0 The instance is in VPC", ""});
        if (r.engine.phase == PHASE_INSPECTING)
                PLAY(&r, {"instance none", "inspecting ask:eip-find"});
        /* A shortage is no reason to go on to the EIP. */
        fresh(&r, STRATEGY_STATIC_EIP);
        PLAY(&r, {"instance none", ""}, {"reach no", ""}, {"stored", "allocating ask:allocate"},
             {"fault InsufficientPublicIp 403", "waiting store !InsufficientPublicIp"});
}

static void bandwidth_is_raised_with_one_token(void **state) {
        struct rig r;
        char token[CLIENT_TOKEN_SIZE];

        (void)state;
        rig_init(&r);
        r.config.bandwidth_out = 10;
        r.instance.bandwidth_out = 0;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:bandwidth"});
        assert_int_equal(r.actions.question.bandwidth_out, 10);
        assert_true(r.actions.question.allocate_public_ip);
        TEXT_SET(token, r.actions.question.client_token);
        assert_true(*token);
        PLAY(&r, {"+50", ""}, {"kill", "identifying ask:identify"}, {"identity none", ""},
             {"instance none", ""}, {"wait", "inspecting ask:inspect"}, {"+1", ""},
             {"instance none", "inspecting store ask:addresses"},
             {"addresses none", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:bandwidth"});
        assert_string_equal(r.actions.question.client_token, token);
        r.instance.bandwidth_out = 10;
        PLAY(&r, {"ok", "inspecting store ask:inspect"}, {"instance A", "confirming store"});
        assert_int_equal(r.engine.ledger.n_entries, 1);
}

/* The reboot is due, and the policy or somebody on the machine has a word. */
static void due(struct rig *r, enum reboot_policy policy) {
        rig_init(r);
        r->config.reboot_policy = policy;
        PLAY(r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""});
        if (r->engine.inflight.op == WIRE_PROBE)
                PLAY(r, {"reach no", "allocating store"});
        PLAY(r, {"stored", "allocating ask:allocate"}, {"ok A", "inspecting store ask:inspect"});
}

static void policy_never_leaves_a_mark(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_NEVER);
        PLAY(&r, {"instance A", "confirming store"}, {"+61", ""}, {"wait", ""},
             {"addresses none", "failed mark !Reboot.Never"});
        assert_int_equal(r.engine.ledger.n_entries, 1);
}

static void policy_always_reboots_at_once(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_ALWAYS);
        PLAY(&r, {"instance A", "rebooting store blockers"}, {"blockers", ""});
        if (r.engine.inflight.op == WIRE_INSPECT)
                PLAY(&r, {"instance A", "rebooting store"});
        PLAY(&r, {"stored", "rebooting ask:reboot"});
}

/* The address works, but the link went down meanwhile: what worked is not believed later. */
static void a_witness_is_not_kept_for_later(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_AUTO);
        PLAY(&r, {"instance A", "confirming store"}, {"+61", ""}, {"wait", ""},
             {"addresses none", "confirming ask:probe"}, {"kernel down", ""}, {"reach yes", ""});
        assert_int_not_equal(r.engine.phase, PHASE_CONFIRMED);
        assert_false(r.engine.ledger.confirmed_by_reachability);
}

/* The ledger of a cloned image: kept aside, and nothing of it counts. */
static void another_instances_ledger(void **state) {
        struct ledger_entry *e;
        struct rig r;

        (void)state;
        rig_init(&r);
        TEXT_SET(r.disk.instance_id, "i-other");
        r.disk.address = rig_address('Z');
        e = ledger_add(&r.disk, WIRE_ALLOCATE, r.now.wall_sec - 60);
        e->outcome = OUTCOME_DONE;
        e->address = rig_address('Z');
        r.disk_state = LEDGER_READ;
        PLAY(&r, {"start", "identifying ask:identify"},
             {"identity none", "inspecting aside store watch ask:inspect say:foreign"});
        assert_int_equal(r.engine.ledger.n_entries, 0);
        assert_int_equal(r.engine.ledger.address, 0);
        assert_string_equal(r.engine.ledger.instance_id, "i-test");
        PLAY(&r, {"instance none", "inspecting ask:probe"});
}

/* Blocked: it waits and says for what; after Patience it does not wait any longer. */
static void patience_ends(void **state) {
        struct rig r;
        uint64_t began;

        (void)state;
        due(&r, REBOOT_AUTO);
        PLAY(&r, {"instance A", "confirming store"}, {"+61", ""}, {"wait", ""},
             {"addresses none", "confirming ask:probe"}, {"reach no", "rebooting blockers"},
             {"blockers cloud-init", "rebooting ask:addresses say:reboot-waits"});
        began = r.now.boot_usec;
        for (unsigned i = 0; r.engine.inflight.step != STEP_STORING; i++) {
                assert_true(i < 500);
                rig_go_on(&r, "A");
        }
        assert_int_equal(r.engine.inflight.op, WIRE_REBOOT);
        assert_in_range((r.now.boot_usec - began) / USEC_PER_MIN, 29, 31);
}

/* Other events before the answer are no answer; none in time is unknown, and waited for. */
static void only_an_answer_unblocks(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_ALWAYS);
        PLAY(&r, {"instance A", "rebooting store blockers in:15-15"}, {"+5", ""},
             {"kernel down", "rebooting in:10-10"}, {"kernel up", "rebooting in:10-10"},
             {"blockers cloud-init", "rebooting ask:addresses say:reboot-waits"});
        due(&r, REBOOT_ALWAYS);
        PLAY(&r, {"instance A", "rebooting store blockers in:15-15"},
             {"wait", "rebooting ask:addresses"}, {"addresses none", "rebooting"});
        assert_true(*r.engine.reboot.blockers);
        PLAY(&r, {"blockers", ""});
        while (r.engine.inflight.op != WIRE_REBOOT)
                rig_go_on(&r, "A");
}

/* The disk was full when nothing blocked: at the next look the machine is asked again. */
static void blockers_are_asked_again(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_ALWAYS);
        PLAY(&r, {"instance A", "rebooting store blockers"}, {"blockers", ""});
        if (r.engine.inflight.op == WIRE_INSPECT)
                PLAY(&r, {"instance A", "rebooting store"});
        PLAY(&r, {"stored full", "failed no-blockers"}, {"wait", "failed ask:identify"},
             {"identity none", "failed ask:inspect"},
             {"instance A", "rebooting blockers in:15-15"});
}

/* Classic: the address comes to the NIC while the intent is being written: nothing is left to do.
 */
static void agreement_at_the_last_moment(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.identity.network = r.instance.network = NETWORK_CLASSIC;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", ""}, {"ok A", ""},
             {"instance A", "confirming store watch"}, {"kernel gone", "confirming"}, {"+61", ""},
             {"wait", "confirming ask:probe"}, {"reach no", "rebooting blockers"},
             {"blockers", "rebooting ask:inspect"}, {"instance A", "rebooting store"},
             {"kernel up", "rebooting"}, {"stored", "confirmed store no-blockers online"});
        assert_int_equal(r.engine.ledger.entries[1].outcome, OUTCOME_WITHDRAWN);
}

/* The reachability witness is asked again where its word is older than a minute. */
static void the_witness_is_asked_anew(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_AUTO);
        PLAY(&r, {"instance A", "confirming store"}, {"+61", ""}, {"wait", ""},
             {"addresses none", "confirming ask:probe"}, {"reach no", "rebooting blockers"},
             {"blockers cloud-init", "rebooting ask:addresses"}, {"addresses none", "rebooting"},
             {"+61", ""}, {"wait", "rebooting ask:addresses"},
             {"addresses none", "rebooting ask:probe"},
             {"reach yes", "confirmed store no-blockers online"});
}

/* Accepted and never executed: failed after the first, and never asked again in this boot. */
static void accepted_and_never_executed(void **state) {
        struct rig r;

        (void)state;
        due(&r, REBOOT_AUTO);
        PLAY(&r, {"instance A", "confirming store"}, {"+61", ""}, {"wait", ""},
             {"addresses none", "confirming ask:probe"}, {"reach no", "rebooting blockers"},
             {"blockers", "rebooting ask:inspect"}, {"instance A", "rebooting store"},
             {"stored", "rebooting ask:reboot"}, {"ok", "rebooting store in:600-600"},
             {"wait", "failed no-blockers !Reboot.NotDone"});
        for (unsigned i = 0; i < 200; i++) {
                assert_int_not_equal(r.engine.inflight.op, WIRE_REBOOT);
                rig_go_on(&r, "A");
        }
        assert_int_equal(r.engine.ledger.n_entries, 2);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(reclaimed),
                cmocka_unit_test(replaced),
                cmocka_unit_test(gone_right_after_an_inspection),
                cmocka_unit_test(the_kind_is_learnt_later),
                cmocka_unit_test(an_alert_is_answered_by_a_person_only),
                cmocka_unit_test(an_identify_that_fails_forgets_the_look),
                cmocka_unit_test(converted_to_an_eip),
                cmocka_unit_test(kernel_or_metadata_only),
                cmocka_unit_test(eip_is_associated),
                cmocka_unit_test(what_comes_back_later_is_a_strangers),
                cmocka_unit_test(a_refusal_is_a_word),
                cmocka_unit_test(eip_of_others_is_never_taken),
                cmocka_unit_test(our_eip_on_another_instance),
                cmocka_unit_test(our_eip_is_free_or_no_more),
                cmocka_unit_test(eip_is_bought_once),
                cmocka_unit_test(a_lost_purchase_is_a_persons_affair),
                cmocka_unit_test(static_first_then_eip),
                cmocka_unit_test(bandwidth_is_raised_with_one_token),
                cmocka_unit_test(policy_never_leaves_a_mark),
                cmocka_unit_test(policy_always_reboots_at_once),
                cmocka_unit_test(a_witness_is_not_kept_for_later),
                cmocka_unit_test(another_instances_ledger),
                cmocka_unit_test(patience_ends),
                cmocka_unit_test(agreement_at_the_last_moment),
                cmocka_unit_test(the_witness_is_asked_anew),
                cmocka_unit_test(only_an_answer_unblocks),
                cmocka_unit_test(blockers_are_asked_again),
                cmocka_unit_test(accepted_and_never_executed),
        };

        return cmocka_run_group_tests_name("engine_heal", tests, NULL, NULL);
}

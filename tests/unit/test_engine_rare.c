/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: what seldom comes together, each once a defect. */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

#define UP_TO_DUE                                                                                  \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"reach no", ""}, {"stored", "allocating ask:allocate"}, {"ok A", ""}, {           \
                "instance A", "confirming store"                                                   \
        }

static bool said(const struct rig *r, enum notice_kind kind) {
        for (unsigned i = 0; i < r->actions.n_notices; i++)
                if (r->actions.notices[i].kind == kind)
                        return true;
        return false;
}

/* A static address cannot be had, and the EIP that would do instead is on another instance. */
static void second_choice_is_elsewhere(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_STATIC_EIP;
        TEXT_SET(r.config.eip_allocation_id, "eip-1");
        r.instance.bandwidth_out = 0;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"},
             {"eip elsewhere", "failed !Eip.Elsewhere in:300-300"});
}

/* No EIP was free; then a person raises the bandwidth: the next look takes the static address. */
static void first_choice_comes_back(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_STATIC_EIP;
        r.instance.bandwidth_out = 0;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"}, {"eip none", "failed !Eip.NoneFree"});
        r.instance.bandwidth_out = 5;
        PLAY(&r, {"wait", "failed ask:identify"}, {"identity none", "failed ask:inspect"},
             {"instance none", "failed ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"});
}

#define UP_TO_PURCHASE                                                                             \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"eip none", "allocating store"}, {                                                \
                "stored", "allocating ask:eip-allocate"                                            \
        }

/* Who may buy an EIP, where that product's calls are in reach. */
static void buyer(struct rig *r, enum product product) {
        rig_init(r);
        r->config.strategy = STRATEGY_EIP;
        r->config.eip_allocate = true;
        r->eip.product = product;
}

/* The first answer was lost; what refuses the repeat says nothing about the first. */
static void a_refused_repeat_keeps_the_token(void **state) {
        static const struct line ends[][2] = {
                {{"stored", "allocating ask:eip-allocate"}, {"fault Throttling.User 400", ""}},
                {{"stored", "allocating ask:eip-allocate"}, {"fault Transport.Connect", ""}},
                {{"stored held", "held store"}, {"unhold", "identifying ask:identify"}},
                {{"+61", ""}, {"stored", "inspecting store ask:inspect"}},
        };
        char token[CLIENT_TOKEN_SIZE];
        struct rig r;

        (void)state;
        for (size_t i = 0; i < N(ends); i++) {
                buyer(&r, PRODUCT_ANY);
                PLAY(&r, UP_TO_PURCHASE);
                TEXT_SET(token, r.actions.question.client_token);
                PLAY(&r, {"fault Transport.Timeout", "waiting store"}, {"wait", ""},
                     {"instance none", "inspecting store ask:eip-find"},
                     {"eip none", "allocating store"});
                rig_play(&r, ends[i], 2);
                for (unsigned n = 0; r.actions.question.op != WIRE_EIP_ALLOCATE; n++) {
                        assert_true(n < 40);
                        rig_go_on(&r, "none");
                }
                assert_string_equal(r.actions.question.client_token, token);
                assert_int_equal(r.engine.ledger.n_entries, 1);
        }
}

/* The cloud counts a token's day from its first use, however often it was repeated. */
static void a_token_ages_from_its_first_use(void **state) {
        struct rig r;

        (void)state;
        buyer(&r, PRODUCT_ANY);
        PLAY(&r, UP_TO_PURCHASE, {"fault Transport.Timeout", ""}, {"+50000", ""}, {"wait", ""},
             {"instance none", ""}, {"addresses none", ""}, {"eip none", "allocating store"},
             {"stored", "allocating ask:eip-allocate"}, {"fault Transport.Timeout", ""},
             {"+50000", ""}, {"wait", ""}, {"instance none", ""}, {"addresses none", ""},
             {"eip none", "failed !Eip.PurchaseLost"});
}

/* L11: the order of its first call, a token of its number, and the same again whatever changed. */
static void a_purchase_is_an_order_with_a_number(void **state) {
        struct rig r;
        const struct wire_question *q = &r.actions.question;
        struct eip_order first;

        (void)state;
        buyer(&r, PRODUCT_VPC);
        PLAY(&r, UP_TO_PURCHASE);
        first = q->order;
        assert_int_equal(first.product, PRODUCT_VPC);
        assert_int_equal(first.charge, EIP_PAY_BY_TRAFFIC);
        assert_int_equal(first.bandwidth, 5);
        assert_string_equal(q->client_token, "ecs-pubip-i-test-1");
        r.config.eip_bandwidth = 100;
        r.eip.product = PRODUCT_ECS;
        PLAY(&r, {"fault Transport.Timeout", ""}, {"reload", ""});
        while (r.actions.question.op != WIRE_EIP_ALLOCATE)
                rig_go_on(&r, "none");
        assert_memory_equal(&q->order, &first, sizeof(first));
        assert_string_equal(q->client_token, "ecs-pubip-i-test-1");
}

/* A refusal says nothing of the number's first use, before the ledger began: only a person does. */
static void a_number_ends_at_a_persons_word(void **state) {
        struct rig r;

        (void)state;
        buyer(&r, PRODUCT_VPC);
        PLAY(&r, UP_TO_PURCHASE,
             {"fault IdempotentParameterMismatch 400",
              "failed !IdempotentParameterMismatch store say:failed"},
             {"resume", ""}, {"identity none", ""}, {"instance none", ""},
             {"eip none", "allocating store"}, {"stored", "allocating ask:eip-allocate"});
        assert_string_equal(r.actions.question.client_token, "ecs-pubip-i-test-2");
}

/* The list of EIPs lags a moment behind the purchase. */
static void what_was_just_bought_is_not_bought_again(void **state) {
        struct rig r;

        (void)state;
        buyer(&r, PRODUCT_ANY);
        PLAY(&r, UP_TO_PURCHASE, {"ok", "inspecting store ask:inspect"},
             {"instance none", "inspecting ask:eip-find"}, {"eip none", "inspecting ask:eip-find"},
             {"eip none", "waiting !Eip.Settling"}, {"wait", "inspecting ask:inspect"},
             {"instance none", "inspecting ask:eip-find"},
             {"eip available", "inspecting ask:probe"}, {"reach no", "allocating store"},
             {"stored", "allocating ask:eip-associate"});
}

/* Another bandwidth with the old token is refused: what the first call did an inspection tells. */
static void a_bandwidth_token_ends_with_its_refusal(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.bandwidth_out = 10;
        r.instance.bandwidth_out = 0;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"reach no", ""}, {"stored", "allocating ask:bandwidth"});
        PLAY(&r, {"fault Transport.Timeout", ""}, {"wait", ""});
        for (unsigned n = 0; r.engine.inflight.step != STEP_STORING; n++) {
                assert_true(n < 10);
                rig_go_on(&r, "none");
        }
        PLAY(&r, {"stored", "allocating ask:bandwidth"},
             {"fault IdempotentParameterMismatch 400", ""});
        assert_int_equal(r.engine.ledger.entries[0].outcome, OUTCOME_REFUSED);
}

/* alert: B was told; C in its place is told, too, and the word for B does not count for it. */
static void each_stranger_asks_for_a_word(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.heal_policy = HEAL_ALERT;
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", "confirmed store online"},
             {"+60", ""}, {"wait", ""}, {"addresses B", ""},
             {"instance B", "failed !Heal.Replaced say:failed"}, {"resume", "failed ask:identify"},
             {"identity C", "failed ask:inspect"},
             {"instance C", "failed !Heal.Replaced say:failed"}, {"resume", "failed ask:identify"},
             {"identity C", "failed ask:inspect"}, {"instance C", "confirmed store say:replaced"});
}

/* A word spoken about one stranger is none about the next, whoever was seen when it was spoken. */
static void a_word_is_not_kept_for_the_next_stranger(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.heal_policy = HEAL_ALERT;
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""}, {"+60", ""}, {"wait", ""},
             {"addresses B", ""}, {"instance B", "failed !Heal.Replaced say:failed"},
             {"resume", "failed ask:identify"}, {"identity C", "failed ask:inspect"},
             {"instance C", "failed !Heal.Replaced say:failed"}, {"wait", "failed ask:identify"},
             {"identity C", "failed ask:inspect"}, {"instance C", "failed !Heal.Replaced"});
}

/* The token of a bandwidth long settled is no way around Heal.Limit. */
static void an_old_token_passes_no_limit(void **state) {
        static const char given[] = "ABC";
        struct rig r;
        char event[16];

        (void)state;
        rig_init(&r);
        r.config.bandwidth_out = 5;
        r.config.reboot_policy = REBOOT_NEVER;
        r.instance.bandwidth_out = 0;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"stored", "allocating ask:bandwidth"}, {"fault Transport.Timeout", ""});
        r.instance.bandwidth_out = 5;
        for (unsigned i = 0; i < 3; i++) {
                for (unsigned n = 0; r.actions.question.op != WIRE_ALLOCATE; n++) {
                        assert_true(n < 60);
                        rig_go_on(&r, "none");
                }
                snprintf(event, sizeof(event), "ok %c", given[i]);
                rig_play(&r, &(struct line){event, ""}, 1);
                snprintf(event, sizeof(event), "instance %c", given[i]);
                rig_play(&r, &(struct line){event, ""}, 1);
                snprintf(event, sizeof(event), "addresses %c", given[i]);
                PLAY(&r, {"wait", ""}, {event, ""}, {"+600", ""}, {"wait", ""},
                     {"addresses none", "inspecting ask:inspect"});
        }
        r.instance.bandwidth_out = 0;
        for (unsigned n = 0; r.engine.phase != PHASE_FAILED; n++) {
                assert_true(n < 60);
                assert_false(r.engine.inflight.step == STEP_ASKING &&
                             wire_op_changes(r.engine.inflight.op));
                rig_go_on(&r, "none");
        }
        assert_string_equal(r.engine.holdoff.fault.code, "Heal.Limit");
}

/* The configured EIP is the one that will do: what was bought instead would never be used. */
static void nothing_is_bought_beside_a_configured_eip(void **state) {
        struct rig r;

        (void)state;
        buyer(&r, PRODUCT_ANY);
        TEXT_SET(r.config.eip_allocation_id, "eip-mistyped");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:eip-find"}, {"eip none", "failed !Eip.NotFound"});
}

/* A leftover EipAllocationId= is nothing to Strategy=static, which may not even list EIPs. */
static void a_static_strategy_asks_for_no_eip(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        TEXT_SET(r.config.eip_allocation_id, "eip-1");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"instance none", "inspecting ask:probe"});
}

/* The address is taken away while its reboot waits: no plane is left that could disagree. */
static void an_address_lost_before_its_reboot(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_policy = REBOOT_ALWAYS;
        r.config.confirm_planes = 1u << PLANE_KERNEL;
        r.config.confirm_timeout_usec = 10 * USEC_PER_SEC;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"stored", ""}, {"ok A", ""}, {"instance A", "rebooting store blockers"},
             {"blockers cloud-init", "rebooting say:reboot-waits"}, {"+700", ""},
             {"blockers", "rebooting ask:inspect"}, {"instance none", ""});
        for (unsigned i = 0; i < 12; i++) {
                assert_int_not_equal(r.engine.phase, PHASE_CONFIRMING);
                rig_go_on(&r, "none");
        }
}

/* The link goes while the 6 h look is under way, and the look fails too. */
static void a_lost_link_behind_a_look_that_fails(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""}, {"+100", ""});
        r.engine.confirming.next_control = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"}, {"kernel gone", "confirmed"},
             {"fault ServiceUnavailable 503", "inspecting ask:inspect say:disagrees"});
}

/* The server asked for an hour; the link that had gone is back after a moment. */
static void a_flap_while_throttled(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""}, {"+3600", ""},
             {"kernel down", "inspecting ask:inspect say:disagrees"},
             {"fault Throttling.User 400 3600000", "waiting store !Throttling.User"},
             {"kernel up", "confirmed"});
        assert_true(r.engine.confirming.next_control > r.now.boot_usec + 50 * USEC_PER_MIN);
}

/* One look at metadata that fails is no news; two are, once. */
static void metadata_that_is_not_heard_is_told(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""}, {"wait", ""},
             {"fault Metadata.Unreachable", "confirmed"}, {"wait", "confirmed ask:addresses"},
             {"fault Metadata.Unreachable", "confirmed say:plane-unknown"}, {"wait", ""},
             {"fault Metadata.Unreachable", "confirmed"});
        assert_int_equal(r.actions.n_notices, 0);
        PLAY(&r, {"wait", ""}, {"addresses A", "confirmed"}, {"wait", ""},
             {"fault Metadata.Unreachable", "confirmed"}, {"wait", ""},
             {"fault Metadata.Unreachable", "confirmed say:plane-unknown"});
}

/* Cut-through, and the answer of its association was lost: it is ours all the same. */
static void a_lost_cut_through_association_counts(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_EIP;
        TEXT_SET(r.config.eip_allocation_id, "eip-1");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"eip available", ""}, {"reach no", ""}, {"stored", "allocating ask:eip-associate"},
             {"fault Transport.Timeout", ""}, {"wait", ""},
             {"instance none", "inspecting store ask:eip-find"},
             {"eip cut-through", "confirming store watch"});
        assert_false(said(&r, NOTICE_ADOPTED));
        assert_int_equal(r.engine.ledger.entries[0].address, rig_address('E'));
}

/* Reboot.Policy=always: a fault on the way is no reason to forget the reboot. */
static void always_is_not_forgotten(void **state) {
        struct rig r;

        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                rig_init(&r);
                r.config.reboot_policy = REBOOT_ALWAYS;
                PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
                     {"instance none", ""}, {"stored", ""}, {"ok A", ""},
                     {"instance A", "rebooting store blockers"},
                     {"blockers cloud-init", "rebooting ask:addresses"});
                if (i == 0)
                        PLAY(&r, {"addresses A", "rebooting"},
                             {"blockers", "rebooting ask:inspect"},
                             {"fault ServiceUnavailable 503", "waiting no-blockers"}, {"wait", ""},
                             {"instance A", "rebooting blockers"});
                else
                        PLAY(&r, {"fault Metadata.Unreachable", "confirming no-blockers"},
                             {"wait", ""});
                assert_int_equal(r.engine.phase, PHASE_REBOOTING);
        }
}

/* Cut-through: eip-find is part of the 6 h look, and that unconfirms nothing by failing. */
static void cut_through_stays_confirmed(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.strategy = STRATEGY_EIP;
        TEXT_SET(r.config.eip_allocation_id, "eip-1");
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"instance none", ""},
             {"eip cut-through", "confirming store watch"},
             {"kernel up", "confirmed store online"});
        r.engine.confirming.next_control = r.engine.deadline = r.now.boot_usec;
        PLAY(&r, {"wait", "confirmed ask:inspect"},
             {"instance none", "confirmed store ask:eip-find"},
             {"fault ServiceUnavailable 503", "confirmed say:control-unknown"});
}

/* The witness said yes where metadata lags; an hour later the link goes and comes back. */
static void a_witness_outlives_a_flap(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_DUE, {"+61", ""}, {"wait", ""}, {"addresses none", "confirming ask:probe"},
             {"reach yes", "confirmed store online"}, {"+3600", ""},
             {"kernel down", "inspecting ask:inspect"}, {"instance A", "confirming"},
             {"kernel up", "confirmed"});
}

/* In a crowd, with a short Grace: control was not heard, which is not "no address". */
static void not_heard_is_not_absent(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.reboot_grace_usec = 10 * USEC_PER_SEC;
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""},
             {"fault Throttling.User 400", ""}, {"wait", ""}, {"instance none", ""},
             {"addresses none", ""}, {"reach no", "allocating store"},
             {"stored", "allocating ask:allocate"}, {"ok A", "confirming store"}, {"+11", ""},
             {"wait", ""}, {"addresses none", "confirming ask:probe"}, {"reach no", ""});
        assert_int_equal(r.engine.expected, rig_address('A'));
        assert_int_not_equal(r.engine.phase, PHASE_WAITING);
}

/* The answer to an alert is given while its look is throttled. */
static void a_word_during_a_throttled_look(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.config.heal_policy = HEAL_ALERT;
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", "confirmed store online"},
             {"+60", ""}, {"wait", ""}, {"addresses B", ""},
             {"instance B", "failed !Heal.Replaced"}, {"wait", ""}, {"identity B", ""},
             {"fault Throttling.User 400", "waiting store"}, {"resume", "waiting"}, {"wait", ""},
             {"instance B", "confirmed store say:replaced"});
}

/* What a reboot waits for is told when it is heard, and once. */
static void what_blocks_is_told_once(void **state) {
        unsigned told = 0;
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_DUE, {"+61", ""}, {"wait", ""}, {"addresses none", "confirming ask:probe"},
             {"reach no", "rebooting blockers"}, {"+6", ""},
             {"kernel down", "rebooting ask:addresses"},
             {"blockers cloud-init", "rebooting say:reboot-waits"});
        for (unsigned i = 0; i < 10; i++) {
                while (r.engine.inflight.op != WIRE_ADDRESSES)
                        if (r.engine.inflight.step == STEP_ASKING)
                                PLAY(&r, {"reach no", ""});
                        else
                                PLAY(&r, {"wait", ""});
                PLAY(&r, {"fault Metadata.Server 503", "confirming no-blockers"});
                while (r.engine.phase != PHASE_REBOOTING)
                        rig_go_on(&r, "A");
                PLAY(&r, {"blockers cloud-init", ""});
                told += said(&r, NOTICE_REBOOT_WAITS);
        }
        assert_int_equal(told, 0);
}

static void another_id_is_asked_for(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        r.identity.from_metadata = false;
        r.identity.network = NETWORK_UNKNOWN;
        r.instance.network = NETWORK_CLASSIC;
        TEXT_SET(r.config.instance_id, "i-test");
        PLAY(&r, {"start", ""}, {"identity unknown", ""}, {"instance A", ""}, {"kernel up", ""});
        assert_int_equal(r.engine.phase, PHASE_CONFIRMED);
        TEXT_SET(r.config.instance_id, "i-new");
        PLAY(&r, {"reload", "identifying ask:identify"});
}

/* Metadata has come right, and meanwhile the link went: the failure names the link. */
static void the_plane_of_now_is_named(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity A", ""}, {"kernel up", ""}, {"+60", ""}, {"wait", ""},
             {"addresses none", ""}, {"instance A", ""});
        for (unsigned i = 0; r.engine.phase != PHASE_FAILED; i++) {
                assert_true(i < 100);
                rig_go_on(&r, "A");
        }
        assert_string_equal(r.engine.holdoff.fault.code, FAULT_CONFIRM_METADATA);
        PLAY(&r, {"kernel down", ""}, {"wait", "failed ask:identify"},
             {"identity A", "failed ask:inspect"}, {"instance A", "failed !Confirm.Kernel"},
             {"wait", "failed ask:identify"}, {"fault ServiceUnavailable 503", "failed"});
        assert_int_equal(engine_verdict(&r.engine).planes[PLANE_METADATA], PLANE_UNKNOWN);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(second_choice_is_elsewhere),
                cmocka_unit_test(first_choice_comes_back),
                cmocka_unit_test(a_refused_repeat_keeps_the_token),
                cmocka_unit_test(a_token_ages_from_its_first_use),
                cmocka_unit_test(a_purchase_is_an_order_with_a_number),
                cmocka_unit_test(a_number_ends_at_a_persons_word),
                cmocka_unit_test(what_was_just_bought_is_not_bought_again),
                cmocka_unit_test(a_bandwidth_token_ends_with_its_refusal),
                cmocka_unit_test(each_stranger_asks_for_a_word),
                cmocka_unit_test(a_word_is_not_kept_for_the_next_stranger),
                cmocka_unit_test(an_old_token_passes_no_limit),
                cmocka_unit_test(nothing_is_bought_beside_a_configured_eip),
                cmocka_unit_test(a_static_strategy_asks_for_no_eip),
                cmocka_unit_test(an_address_lost_before_its_reboot),
                cmocka_unit_test(a_lost_link_behind_a_look_that_fails),
                cmocka_unit_test(a_flap_while_throttled),
                cmocka_unit_test(metadata_that_is_not_heard_is_told),
                cmocka_unit_test(a_lost_cut_through_association_counts),
                cmocka_unit_test(always_is_not_forgotten),
                cmocka_unit_test(cut_through_stays_confirmed),
                cmocka_unit_test(a_witness_outlives_a_flap),
                cmocka_unit_test(not_heard_is_not_absent),
                cmocka_unit_test(a_word_during_a_throttled_look),
                cmocka_unit_test(what_blocks_is_told_once),
                cmocka_unit_test(another_id_is_asked_for),
                cmocka_unit_test(the_plane_of_now_is_named),
        };

        return cmocka_run_group_tests_name("engine_rare", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The RAM policy: valid, and no wider than the configuration needs. */
#include "unit.h"

#include <cjson/cJSON.h>

#include "cli/ram.h"
#include "util/cleanup.h"
#include "util/text.h"

static const struct ram_place place = {
        .region_id = "cn-hangzhou",
        .account_id = "1234567890",
        .instance_id = "i-bp1abc",
};

DEFINE_CLEANUP(cJSON *, cJSON_Delete)

static cJSON *policy_of(const struct config *c, const struct ram_place *p) {
        _cleanup_buf_ struct buf text = BUF(16384);
        cJSON *policy;

        assert_int_equal(ram_policy(&text, c, p), 0);
        policy = cJSON_Parse(buf_text(&text));
        assert_non_null(policy);
        assert_string_equal(cJSON_GetObjectItem(policy, "Version")->valuestring, "1");
        return policy;
}

/* The statement that allows an action, or NULL. */
static const cJSON *statement_of(const cJSON *policy, const char *action) {
        const cJSON *statement, *name;

        cJSON_ArrayForEach(statement, cJSON_GetObjectItem(policy, "Statement")) {
                assert_string_equal(cJSON_GetObjectItem(statement, "Effect")->valuestring, "Allow");
                cJSON_ArrayForEach(
                        name, cJSON_GetObjectItem(
                                      statement, "Action")) if (strcmp(name->valuestring, action) ==
                                                                0) return statement;
        }
        return NULL;
}

static bool is_on(const cJSON *policy, const char *action, const char *resource) {
        const cJSON *item, *statement = statement_of(policy, action);

        cJSON_ArrayForEach(item,
                           cJSON_GetObjectItem(statement, "Resource")) if (strcmp(item->valuestring,
                                                                                  resource) ==
                                                                           0) return true;
        return false;
}

static int count_actions(const cJSON *policy) {
        const cJSON *statement;
        int n = 0;

        cJSON_ArrayForEach(statement, cJSON_GetObjectItem(policy, "Statement")) n +=
                cJSON_GetArraySize(cJSON_GetObjectItem(statement, "Action"));
        return n;
}

static void defaults(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL;
        struct config c;

        (void)state;
        config_defaults(&c);
        policy = policy_of(&c, &place);
        assert_int_equal(count_actions(policy), 3);
        assert_true(is_on(policy, "ecs:DescribeInstances", "*"));
        assert_true(is_on(policy, "ecs:AllocatePublicIpAddress",
                          "acs:ecs:cn-hangzhou:1234567890:instance/i-bp1abc"));
        assert_true(is_on(policy, "ecs:RebootInstance",
                          "acs:ecs:cn-hangzhou:1234567890:instance/i-bp1abc"));
        assert_false(is_on(policy, "ecs:RebootInstance", "*"));
}

static void never_more_than_needed(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL;
        struct config c;

        (void)state;
        config_defaults(&c);
        c.reboot_policy = REBOOT_NEVER;
        policy = policy_of(&c, &place);
        assert_null(statement_of(policy, "ecs:RebootInstance"));
        assert_int_equal(count_actions(policy), 2);
}

static void bandwidth(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL;
        struct config c;

        (void)state;
        config_defaults(&c);
        c.bandwidth_out = 5;
        policy = policy_of(&c, &place);
        assert_non_null(statement_of(policy, "ecs:ModifyInstanceNetworkSpec"));
        assert_int_equal(count_actions(policy), 5);
}

static void eip(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL, *named = NULL, *buying = NULL;
        struct config c;

        (void)state;
        config_defaults(&c);
        c.strategy = STRATEGY_EIP;
        TEXT_SET(c.eip_allocation_id, "eip-bp1xyz");
        policy = policy_of(&c, &place);
        assert_null(statement_of(policy, "ecs:AllocatePublicIpAddress"));
        assert_null(statement_of(policy, "vpc:AllocateEipAddress"));
        assert_true(is_on(policy, "vpc:AssociateEipAddress",
                          "acs:vpc:cn-hangzhou:1234567890:eip/eip-bp1xyz"));
        assert_true(is_on(policy, "vpc:AssociateEipAddress",
                          "acs:vpc:cn-hangzhou:1234567890:instance/i-bp1abc"));
        c.eip_allocate = true;
        named = policy_of(&c, &place); /* one is named: none is bought */
        assert_null(statement_of(named, "vpc:AllocateEipAddress"));
        c.eip_allocation_id[0] = '\0';
        buying = policy_of(&c, &place);
        assert_non_null(statement_of(buying, "vpc:AllocateEipAddress"));
}

/* An EIP that was bound by hand: the agent looks where it went, and no more. */
static void eip_of_another_hand(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *without = NULL, *with = NULL;
        struct ram_place here = place;
        struct config c;

        (void)state;
        config_defaults(&c);
        without = policy_of(&c, &here);
        here.has_eip = true;
        with = policy_of(&c, &here);
        assert_true(is_on(with, "vpc:DescribeEipAddresses", "*"));
        assert_int_equal(count_actions(with), count_actions(without) + 1);
}

static void unknown_is_a_star(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL;
        struct ram_place nowhere = {};
        struct config c;

        (void)state;
        config_defaults(&c);
        policy = policy_of(&c, &nowhere);
        assert_true(is_on(policy, "ecs:AllocatePublicIpAddress", "acs:ecs:*:*:instance/*"));
}

/* Whatever is allowed is explained, and the other way round. */
static void explained(void **state) {
        _cleanup_(cJSON_Delete_p) cJSON *policy = NULL;
        _cleanup_buf_ struct buf text = BUF(16384);
        const cJSON *statement, *name;
        struct config c;

        (void)state;
        config_defaults(&c);
        c.strategy = STRATEGY_STATIC_EIP;
        c.bandwidth_out = 1;
        c.eip_allocate = true;
        policy = policy_of(&c, &place);
        ram_explain(&text, &c, &place);
        cJSON_ArrayForEach(statement, cJSON_GetObjectItem(policy, "Statement"))
                cJSON_ArrayForEach(name, cJSON_GetObjectItem(statement, "Action"))
                        assert_non_null(strstr(buf_text(&text), name->valuestring));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults),
                cmocka_unit_test(never_more_than_needed),
                cmocka_unit_test(bandwidth),
                cmocka_unit_test(eip),
                cmocka_unit_test(eip_of_another_hand),
                cmocka_unit_test(unknown_is_a_star),
                cmocka_unit_test(explained),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

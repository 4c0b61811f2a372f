/* SPDX-License-Identifier: Apache-2.0 */
/* Which command a mistyped word may have meant. */
#include "unit.h"

#include "cli/near.h"

static void near_words(void **state) {
        static const struct {
                const char *typed, *known;
                unsigned distance;
        } cases[] = {
                {"status", "status", 0}, {"statsu", "status", 1}, {"sttaus", "status", 1},
                {"statu", "status", 1},  {"sta", "status", 1},    {"stattus", "status", 1},
                {"wiat", "wait", 1},     {"Wait", "wait", 1},     {"docktor", "doctor", 1},
                {"seel", "seal", 1},     {"polisy", "policy", 1}, {"plann", "plan", 1},
                {"hodl", "hold", 1},     {"", "plan", 4},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++)
                assert_int_equal(near_distance(cases[i].typed, cases[i].known), cases[i].distance);
}

static void far_words(void **state) {
        char huge[1000];

        (void)state;
        memset(huge, 's', sizeof(huge) - 1);
        huge[sizeof(huge) - 1] = '\0';
        assert_true(near_distance(huge, "status") > NEAR_MAX);
        assert_true(near_distance("status", huge) > NEAR_MAX);
        assert_true(near_distance("release", "resume") > NEAR_MAX);
        assert_true(near_distance("st", "status") > NEAR_MAX); /* too short for a beginning */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(near_words),
                cmocka_unit_test(far_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

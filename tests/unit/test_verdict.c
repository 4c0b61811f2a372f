/* SPDX-License-Identifier: Apache-2.0 */
/* Three planes, one verdict: all combinations of what the planes may say. */
#include "unit.h"

#include <ecs-pubip/verdict.h>

#define OURS  IP(192, 0, 2, 1)
#define OTHER IP(192, 0, 2, 2)

#define KERNEL   (1u << PLANE_KERNEL)
#define METADATA (1u << PLANE_METADATA)
#define CONTROL  (1u << PLANE_CONTROL)
#define OUTSIDE  (1u << PLANE_OUTSIDE)

static void planes_by_network(void **state) {
        (void)state;
        assert_int_equal(verdict_planes_auto(NETWORK_VPC, false, false), KERNEL | METADATA);
        assert_int_equal(verdict_planes_auto(NETWORK_CLASSIC, true, false), KERNEL);
        assert_int_equal(verdict_planes_auto(NETWORK_VPC, true, false), KERNEL);
        assert_int_equal(verdict_planes_auto(NETWORK_VPC, false, true),
                         KERNEL | METADATA | OUTSIDE);
}

static struct plane_facts facts(enum plane_verdict v) {
        switch (v) {
        case PLANE_AGREES:
                return (struct plane_facts){PRESENCE_PRESENT, OURS};
        case PLANE_DISAGREES:
                return (struct plane_facts){PRESENCE_ABSENT, 0};
        case PLANE_UNKNOWN:
        case PLANE_NOT_REQUIRED:
                break;
        }
        return (struct plane_facts){0};
}

static struct kernel_facts kernel(enum plane_verdict v) {
        return (struct kernel_facts){
                .known = v != PLANE_UNKNOWN,
                .address = OURS,
                .local = ANSWER_YES,
                .out = v == PLANE_AGREES ? ANSWER_YES : ANSWER_NO,
                .in = ANSWER_YES,
        };
}

/* confirmed: all required agree; disagrees: one of them does; who: the first that does, else is
   unknown. Against a second, simpler way to say it. */
static void every_combination(void **state) {
        static const enum plane_verdict all[] = {PLANE_UNKNOWN, PLANE_DISAGREES, PLANE_AGREES};

        (void)state;
        for (unsigned n = 0; n < 3 * 3 * 3 * 3 * 16; n++) {
                enum plane_verdict says[] = {all[n % 3], all[n / 3 % 3], all[n / 9 % 3],
                                             all[n / 27 % 3]};
                unsigned required = n / 81, agree = 0, disagree = 0, unknown = 0;
                struct verdict_input in = {
                        .network = NETWORK_CLASSIC,
                        .on_nic = true,
                        .expected = OURS,
                        .required = required,
                        .kernel = kernel(says[PLANE_KERNEL]),
                        .metadata = facts(says[PLANE_METADATA]),
                        .control = facts(says[PLANE_CONTROL]),
                        .outside = facts(says[PLANE_OUTSIDE]),
                };
                struct verdict v = verdict_judge(&in);

                for (unsigned p = 0; p < _PLANE_MAX; p++) {
                        if (!(required & 1u << p))
                                continue;
                        assert_int_equal(v.planes[p], says[p]);
                        agree |= (says[p] == PLANE_AGREES) << p;
                        disagree |= (unsigned)(says[p] == PLANE_DISAGREES) << p;
                        unknown |= (unsigned)(says[p] == PLANE_UNKNOWN) << p;
                }
                assert_int_equal(v.confirmed, required != 0 && agree == required);
                assert_int_equal(v.disagrees, disagree != 0);
                if (disagree)
                        assert_int_equal(v.who, __builtin_ctz(disagree));
                else if (unknown)
                        assert_int_equal(v.who, __builtin_ctz(unknown));
                else
                        assert_int_equal(v.who, _PLANE_MAX);
        }
}

/* All answers to three questions: one no is a no, one unknown is never a no. */
static void kernel_answers(void **state) {
        static const enum answer all[] = {ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES};

        (void)state;
        for (unsigned n = 0; n < 3 * 3 * 3; n++) {
                enum answer local = all[n % 3], out = all[n / 3 % 3], in = all[n / 9];
                struct kernel_facts facts = {
                        .known = true, .address = OURS, .local = local, .out = out, .in = in};
                bool no = local == ANSWER_NO || out == ANSWER_NO || in == ANSWER_NO;
                bool yes = local == ANSWER_YES && out == ANSWER_YES && in == ANSWER_YES;

                assert_int_equal(verdict_of_kernel(&facts), no    ? PLANE_DISAGREES
                                                            : yes ? PLANE_AGREES
                                                                  : PLANE_UNKNOWN);
                facts.known = false;
                assert_int_equal(verdict_of_kernel(&facts), PLANE_UNKNOWN);
                facts.known = true;
                facts.address = 0;
                assert_int_equal(verdict_of_kernel(&facts), PLANE_UNKNOWN);
        }
}

/* An address that no longer counts, and the private one behind translation. */
static void kernel_of_another_address(void **state) {
        struct verdict_input in = {
                .expected = OURS, .required = KERNEL, .kernel = kernel(PLANE_AGREES)};

        (void)state;
        in.kernel.address = OTHER;
        assert_int_equal(verdict_judge(&in).planes[PLANE_KERNEL], PLANE_AGREES);
        in.on_nic = true;
        assert_int_equal(verdict_judge(&in).planes[PLANE_KERNEL], PLANE_UNKNOWN);
}

static void nothing_expected_is_never_confirmed(void **state) {
        struct verdict_input in = {
                .required = KERNEL | METADATA,
                .kernel = {.known = true, .local = ANSWER_YES, .out = ANSWER_YES, .in = ANSWER_YES},
                .metadata = {PRESENCE_ABSENT, 0},
        };
        struct verdict v = verdict_judge(&in);

        (void)state;
        assert_false(v.confirmed);
        assert_false(v.disagrees);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(planes_by_network),
                cmocka_unit_test(every_combination),
                cmocka_unit_test(kernel_answers),
                cmocka_unit_test(kernel_of_another_address),
                cmocka_unit_test(nothing_expected_is_never_confirmed),
        };

        return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}

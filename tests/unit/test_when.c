/* SPDX-License-Identifier: Apache-2.0 */
/* Times as a person says them. */
#include "unit.h"

#include "cli/when.h"
#include "util/time.h"

#define NOW INT64_C(1763863200) /* 2025-11-23T02:00:00Z */

static void spans(void **state) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } cases[] = {
                {0, "0 s"},
                {59, "59 s"},
                {60, "1 min"},
                {3599, "59 min"},
                {3600, "1 h"},
                {7500, "2 h 5 min"},
                {172799, "47 h 59 min"},
                {172800, "2 days"},
                {UINT64_MAX, "213503982334601 days"},
        };
        char text[WHEN_SIZE];

        (void)state;
        for (size_t i = 0; i < N(cases); i++)
                assert_string_equal(time_format_span(cases[i].seconds, text), cases[i].text);
}

static void past_and_future(void **state) {
        char text[WHEN_SIZE];

        (void)state;
        assert_string_equal(when_ago(0, NOW, text), "-");
        assert_string_equal(when_ago(NOW - 180, NOW, text), "3 min ago");
        assert_string_equal(when_ago(NOW, NOW, text), "0 s ago");
        /* The cloud's clock is ahead of ours: no nonsense, the time itself. */
        assert_string_equal(when_ago(NOW + 60, NOW, text), "2025-11-23T02:01:00Z");
        assert_string_equal(when_in(NOW + 12, NOW, text), "in 12 s");
        assert_string_equal(when_in(NOW, NOW, text), "now");
        assert_string_equal(when_in(NOW - 5, NOW, text), "now");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spans),
                cmocka_unit_test(past_and_future),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

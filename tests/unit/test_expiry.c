/* SPDX-License-Identifier: Apache-2.0 */
/* When temporary keys are fetched anew. */
#include "unit.h"

#include <ecs-pubip/backoff.h>

#include "cloud/expiry.h"

#define END     INT64_C(1795000000)
#define FETCHED (1000 * USEC_PER_SEC)
#define LATER   (FETCHED + 60 * USEC_PER_SEC)

static void refreshed_ten_minutes_before_the_end(void **state) {
        static const struct {
                enum clock_trust trust;
                int64_t left;
                uint64_t boot_usec;
                bool refresh, over;
        } rows[] = {
                {CLOCK_PROVEN, 601, LATER, false, false},
                {CLOCK_PROVEN, 600, LATER, true, false},
                {CLOCK_PROVEN, 1, LATER, true, false},
                {CLOCK_PROVEN, 0, LATER, true, true},
                {CLOCK_PROVEN, -1, LATER, true, true},
                /* What was just fetched is not fetched again for a minute, unless it is over. */
                {CLOCK_PROVEN, 600, FETCHED, false, false},
                {CLOCK_PROVEN, 600, LATER - 1, false, false},
                {CLOCK_PROVEN, 0, FETCHED, true, true},
                /* A hint is enough for a refresh, and proves no end. */
                {CLOCK_HINT, 601, LATER, false, false},
                {CLOCK_HINT, 600, LATER, true, false},
                {CLOCK_HINT, -1, LATER, true, false},
                {CLOCK_HINT, -1, FETCHED, false, false},
                /* The Date of a refusal neither. */
                {CLOCK_TRIAL, 600, LATER, true, false},
                {CLOCK_TRIAL, -1, LATER, true, false},
                {CLOCK_TRIAL, -1, FETCHED, false, false},
                /* The wall clock alone says nothing. */
                {CLOCK_UNKNOWN, 600, LATER, false, false},
                {CLOCK_UNKNOWN, -1, LATER, false, false},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                const struct expiry_now now = {
                        .trust = rows[i].trust,
                        .cloud_sec = END - rows[i].left,
                        .boot_usec = rows[i].boot_usec,
                };

                assert_int_equal(expiry_wants_refresh(END, FETCHED, &now), rows[i].refresh);
                assert_int_equal(expiry_is_over(END, &now), rows[i].over);
        }
}

static void static_keys_never_expire(void **state) {
        const struct expiry_now now = {CLOCK_PROVEN, END, LATER};

        (void)state;
        assert_false(expiry_wants_refresh(0, FETCHED, &now));
        assert_false(expiry_is_over(0, &now));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refreshed_ten_minutes_before_the_end),
                cmocka_unit_test(static_keys_never_expire),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

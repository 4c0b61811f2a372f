/* SPDX-License-Identifier: Apache-2.0 */
/* Waits: the table of design 4.5, row by row, and the hints of the server. */
#include "unit.h"

#include <ecs-pubip/backoff.h>

#define ROUNDS 2000

static struct fault of(enum fault_class class, uint32_t hint_ms) {
        return (struct fault){.class = class, .retry_after_ms = hint_ms};
}

/* Least and most of many draws. */
static void draw(const struct fault *f, bool slow, unsigned attempt, unsigned second,
                 uint64_t *ret_min, uint64_t *ret_max) {
        struct rng rng = {.state = 1};

        *ret_min = UINT64_MAX;
        *ret_max = 0;
        for (int i = 0; i < ROUNDS; i++) {
                uint64_t wait = backoff_wait(f, slow, attempt, "i-a", second, &rng);

                *ret_min = wait < *ret_min ? wait : *ret_min;
                *ret_max = wait > *ret_max ? wait : *ret_max;
        }
}

/* Full jitter: anywhere below a ceiling that doubles from the first wait up to the cap. */
static void ceilings_double_up_to_the_cap(void **state) {
        static const struct {
                enum fault_class class;
                unsigned first, cap;
        } rows[] = {
                {FAULT_RETRY, 1, 300},
                {FAULT_PROTOCOL, 1, 300},
                {FAULT_SETTLING, 2, 30},
                {FAULT_AUTH, 3, 60},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct fault f = of(rows[i].class, 0);

                for (unsigned attempt = 0; attempt < 12; attempt++) {
                        uint64_t min, max, ceiling = rows[i].first * USEC_PER_SEC << attempt;

                        if (ceiling > rows[i].cap * USEC_PER_SEC)
                                ceiling = rows[i].cap * USEC_PER_SEC;
                        draw(&f, false, attempt, 0, &min, &max);
                        assert_true(max <= ceiling);
                        assert_true(max > ceiling * 9 / 10);
                        assert_true(min < ceiling / 4);
                        assert_true(min > 0);
                }
        }
}

static void clock_is_retried_at_once_once(void **state) {
        struct fault f = of(FAULT_CLOCK, 0);
        uint64_t min, max;

        (void)state;
        draw(&f, false, 0, 0, &min, &max);
        assert_int_equal(max, 0);
        draw(&f, false, 1, 0, &min, &max);
        assert_true(max > 25 * USEC_PER_SEC && max <= 30 * USEC_PER_SEC);
        draw(&f, false, 20, 0, &min, &max);
        assert_true(max > 250 * USEC_PER_SEC && max <= 300 * USEC_PER_SEC);
}

static void slow_rows_begin_at_the_cap(void **state) {
        struct fault f = of(FAULT_RETRY, 0);
        uint64_t min, max;

        (void)state;
        draw(&f, true, 0, 0, &min, &max);
        assert_true(min >= 150 * USEC_PER_SEC && max <= 300 * USEC_PER_SEC);
}

static void no_wait_is_shorter_than_the_hint(void **state) {
        static const uint32_t hints[] = {1, 1000, 30000, 60000, 600000, 3600000};

        (void)state;
        for (size_t i = 0; i < N(hints); i++)
                for (unsigned attempt = 0; attempt < 20; attempt++) {
                        struct fault f = of(FAULT_THROTTLED, hints[i]);
                        uint64_t min, max;

                        draw(&f, false, attempt, 59, &min, &max);
                        assert_true(min >= hints[i] * USEC_PER_MSEC);
                        assert_true(max <= hints[i] * USEC_PER_MSEC + 65 * USEC_PER_MIN);
                }
}

static void an_absurd_hint_is_an_hour(void **state) {
        struct fault f = of(FAULT_THROTTLED, UINT32_MAX);
        uint64_t min, max;

        (void)state;
        draw(&f, false, 0, 0, &min, &max);
        assert_true(min >= HINT_MAX_USEC && max <= HINT_MAX_USEC + USEC_PER_MIN);
}

/* Without a hint: not in this minute any more, whichever second it is. */
static void without_hint_the_next_minute(void **state) {
        struct fault f = of(FAULT_THROTTLED, 0);

        (void)state;
        for (unsigned second = 0; second < 60; second++)
                for (unsigned attempt = 0; attempt < 12; attempt++) {
                        uint64_t min, max;

                        draw(&f, false, attempt, second, &min, &max);
                        assert_true(min >= (60 - second) * USEC_PER_SEC);
                        assert_true(max <= (60 - second) * USEC_PER_SEC + 64 * USEC_PER_MIN);
                }
}

/* Throttled again and again: a uniform place in 2, 32, at last 64 minutes. */
static void throttled_windows_widen(void **state) {
        static const unsigned minutes[] = {2, 32, 64, 64};
        struct fault f = of(FAULT_THROTTLED, 60000);

        (void)state;
        for (unsigned i = 0; i < N(minutes); i++) {
                uint64_t min, max, window = minutes[i] * USEC_PER_MIN;

                draw(&f, false, i + 1, 0, &min, &max);
                assert_in_range(max, USEC_PER_MIN + window * 9 / 10, USEC_PER_MIN + window);
                assert_in_range(min, USEC_PER_MIN, USEC_PER_MIN + window / 10);
        }
}

static void slots_spread_a_fleet(void **state) {
        unsigned tenth[10] = {0};

        (void)state;
        for (int i = 0; i < 10000; i++) {
                char id[32];
                uint64_t slot;

                snprintf(id, sizeof(id), "i-bp1%010d", i);
                slot = backoff_slot(id, USEC_PER_MIN);
                assert_true(slot < USEC_PER_MIN);
                assert_int_equal(slot, backoff_slot(id, USEC_PER_MIN));
                tenth[slot * 10 / USEC_PER_MIN]++;
        }
        for (int i = 0; i < 10; i++)
                assert_in_range(tenth[i], 850, 1150);
}

static void patience_is_that_of_the_table(void **state) {
        (void)state;
        assert_int_equal(backoff_patience(FAULT_AUTH, true), 10 * USEC_PER_MIN);
        assert_int_equal(backoff_patience(FAULT_AUTH, false), 2 * USEC_PER_MIN);
        assert_int_equal(backoff_patience(FAULT_SETTLING, true), 10 * USEC_PER_MIN);
        assert_int_equal(backoff_patience(FAULT_SETTLING, false), 10 * USEC_PER_MIN);
        assert_int_equal(backoff_patience(FAULT_RETRY, true), 0);
        assert_int_equal(backoff_patience(FAULT_THROTTLED, false), 0);
        assert_int_equal(backoff_patience(FAULT_CLOCK, false), 0);
}

static void failed_is_looked_at_slowly(void **state) {
        (void)state;
        assert_int_equal(backoff_failed(0, "i-a"), 5 * USEC_PER_MIN);
        assert_int_equal(backoff_failed(1, "i-a"), 15 * USEC_PER_MIN);
        assert_int_equal(backoff_failed(2, "i-a"), 60 * USEC_PER_MIN);
        assert_in_range(backoff_failed(3, "i-a"), 55 * USEC_PER_MIN, 65 * USEC_PER_MIN);
        assert_in_range(backoff_failed(UINT32_MAX, "i-a"), 55 * USEC_PER_MIN, 65 * USEC_PER_MIN);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(ceilings_double_up_to_the_cap),
                cmocka_unit_test(clock_is_retried_at_once_once),
                cmocka_unit_test(slow_rows_begin_at_the_cap),
                cmocka_unit_test(no_wait_is_shorter_than_the_hint),
                cmocka_unit_test(an_absurd_hint_is_an_hour),
                cmocka_unit_test(without_hint_the_next_minute),
                cmocka_unit_test(throttled_windows_widen),
                cmocka_unit_test(slots_spread_a_fleet),
                cmocka_unit_test(patience_is_that_of_the_table),
                cmocka_unit_test(failed_is_looked_at_slowly),
        };

        return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}

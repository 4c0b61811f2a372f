/* SPDX-License-Identifier: Apache-2.0 */
/* Waits: the table of design 4.5, row by row, and the hints of the server. */
#include "unit.h"

#include <ecs-pubip/backoff.h>

#define ROUNDS 2000
#define WIDEST (16889 * USEC_PER_SEC) /* 1.6^12 min */

static struct fault of(enum fault_class class, uint32_t hint_ms) {
        return (struct fault){.class = class, .retry_after_ms = hint_ms};
}

/* Least and most of many draws. */
static void draw(const struct fault *f, bool slow, unsigned attempt, int64_t now, uint64_t *ret_min,
                 uint64_t *ret_max) {
        struct rng rng = {.state = 1};

        *ret_min = UINT64_MAX;
        *ret_max = 0;
        for (int i = 0; i < ROUNDS; i++) {
                uint64_t wait = backoff_wait(f, slow, attempt, "i-a", now, &rng);

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
                        assert_true(max <= hints[i] * USEC_PER_MSEC + WIDEST + 2 * USEC_PER_MIN);
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
                        assert_true(max <= (60 - second) * USEC_PER_SEC + WIDEST);
                }
}

/* Throttled again and again: windows of 1.6^attempt minutes, of which each second minute counts. */
static void throttled_windows_widen(void **state) {
        static const unsigned seconds[] = {96,   154,  246,  393,   629,   1007, 1611,
                                           2577, 4123, 6597, 10556, 16889, 16889};
        struct fault f = of(FAULT_THROTTLED, 0);

        (void)state;
        for (unsigned i = 0; i < N(seconds); i++) {
                uint64_t min, max, full = seconds[i] / 2 / 60 * 120 + seconds[i] / 2 % 60;

                draw(&f, false, i + 1, 0, &min, &max);
                assert_in_range(max, (60 + full * 9 / 10) * USEC_PER_SEC,
                                (60 + full + 1) * USEC_PER_SEC);
                assert_in_range(min, USEC_PER_MIN, (60 + full / 10) * USEC_PER_SEC);
        }
}

/* Others may take each second minute whole: a try in one is followed by a try in another. */
static void the_next_try_is_in_a_minute_of_the_other_parity(void **state) {
        static const uint32_t hints[] = {0, 1, 5000, 59000, 60000, 61000, 3600000};
        struct rng rng = {.state = 5};

        (void)state;
        for (unsigned i = 0; i < 20 * ROUNDS; i++) {
                struct fault f = of(FAULT_THROTTLED, hints[i % N(hints)]);
                int64_t now = 1795000000 + (int64_t)rng_below(&rng, 7200);
                unsigned attempt = 1 + (unsigned)rng_below(&rng, 14);
                uint64_t wait = backoff_wait(&f, false, attempt, "i-a", now, &rng);
                int64_t then = now + (int64_t)(wait / USEC_PER_SEC);

                assert_int_equal((then / 60 - now / 60) % 2, 1);
        }
}

/* Each tenth of the minutes that count is met as often. */
static void the_draw_is_even(void **state) {
        struct fault f = of(FAULT_THROTTLED, 90000);
        struct rng rng = {.state = 3};
        unsigned tenth[10] = {0};

        (void)state;
        for (unsigned i = 0; i < 10000; i++) { /* 4123 s, the first of them in second 30 */
                uint64_t wait = backoff_wait(&f, false, 9, "i-a", 0, &rng) / USEC_PER_SEC;
                uint64_t odd = (wait / 60 - 1) / 2; /* minutes 1, 3, 5 … count */

                tenth[(odd * 60 + wait % 60 - 30) * 10 / 2062]++;
        }
        for (int i = 0; i < 10; i++)
                assert_in_range(tenth[i], 850, 1150);
}

/* Who is refused early in a minute is one of many; but one early refusal alone says nothing. */
static void a_crowd_shows_in_two_refusals(void **state) {
        static const struct {
                unsigned attempt, second, before, wanted;
        } rows[] = {
                {1, 59, 59, 1}, /* at the end of a minute: none */
                {1, 0, 59, 1},  /* early once */
                {1, 0, 29, 1},  /* 2 min, which 96 s are near enough to */
                {1, 9, 14, 3},  /* 4 min */
                {1, 5, 3, 5},   /* 10 min */
                {1, 0, 0, 9},   /* an hour */
                {1, 60, 0, 9},  /* a second that there is not */
                {7, 5, 3, 7},   /* it has been seen before */
                {12, 0, 0, 12}, {4000000000, 0, 0, 4000000000},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                assert_int_equal(backoff_crowd(rows[i].attempt, rows[i].second, rows[i].before),
                                 rows[i].wanted);
                assert_int_equal(backoff_crowd(rows[i].attempt, rows[i].before, rows[i].second),
                                 rows[i].wanted);
        }
}

/* Before 1970, as a machine without a clock may have it, is a time as well. */
static void a_clock_before_its_epoch(void **state) {
        struct fault f = of(FAULT_THROTTLED, 0);
        uint64_t min, max;

        (void)state;
        draw(&f, false, 3, -100, &min, &max);
        assert_in_range(min, USEC_PER_MIN, max);
        assert_in_range(max, min, 10 * USEC_PER_MIN);
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
                cmocka_unit_test(the_next_try_is_in_a_minute_of_the_other_parity),
                cmocka_unit_test(the_draw_is_even),
                cmocka_unit_test(a_crowd_shows_in_two_refusals),
                cmocka_unit_test(a_clock_before_its_epoch),
                cmocka_unit_test(slots_spread_a_fleet),
                cmocka_unit_test(patience_is_that_of_the_table),
                cmocka_unit_test(failed_is_looked_at_slowly),
        };

        return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}

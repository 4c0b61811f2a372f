/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts: copying, words, numbers, addresses, times. */
#include "unit.h"

#include <arpa/inet.h>

#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

static void copies_end_and_say_when_cut(void **state) {
        char small[4];

        (void)state;
        memset(small, 'x', sizeof(small));
        assert_true(TEXT_SET(small, "ab"));
        assert_memory_equal(small, "ab\0\0", 4); /* the rest is zero: structs compare as bytes */
        assert_true(TEXT_SET(small, "abc"));
        assert_string_equal(small, "abc");
        assert_false(TEXT_SET(small, "abcd"));
        assert_string_equal(small, "abc");
        assert_true(TEXT_SET(small, ""));
        assert_memory_equal(small, "\0\0\0\0", 4);
        assert_true(TEXT_SET(small, NULL));
        assert_string_equal(small, "");
        assert_false(text_copy(small, 1, "a"));
        assert_string_equal(small, "");
}

static void printable_copies_hold_no_other_bytes(void **state) {
        char all[257], got[300];

        (void)state;
        for (unsigned i = 0; i < 255; i++)
                all[i] = (char)(i + 1);
        all[255] = '\0';
        text_copy_printable(got, sizeof(got), all);
        assert_int_equal(strlen(got), 255);
        for (unsigned i = 0; i < 255; i++)
                if (i + 1 >= 0x20 && i + 1 <= 0x7e)
                        assert_int_equal(got[i], all[i]);
                else
                        assert_int_equal(got[i], '?');
        text_copy_printable(got, 3, "a\nbc");
        assert_string_equal(got, "a?");
        text_copy_printable(got, 3, NULL);
        assert_string_equal(got, "");
}

static void words_are_letters_digits_and_what_is_named(void **state) {
        (void)state;
        assert_true(text_is_word("azAZ09", 6, ""));
        assert_false(text_is_word("azAZ09", 5, ""));
        assert_false(text_is_word("", 5, ""));
        assert_false(text_is_word("a-b", 5, ""));
        assert_true(text_is_word("a-b", 5, "-"));
        assert_true(text_is_word("-", 5, "_-"));
        assert_false(text_is_word("a b", 5, "-_."));
        assert_false(text_is_word("a\n", 5, "-_."));
        assert_false(text_is_word("\xc3\xa4", 5, "-_."));
        assert_false(text_is_word("@[`{/:", 6, ""));
}

static void numbers_are_whole_and_within_their_bound(void **state) {
        static const struct {
                const char *text;
                uint64_t max;
                bool good;
                uint64_t value;
        } cases[] = {
                {"0", 0, true, 0},
                {"0", 5, true, 0},
                {"5", 5, true, 5},
                {"6", 5, false, 0},
                {"10", 9, false, 0},
                {"007", 9, true, 7},
                {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
                {"18446744073709551616", UINT64_MAX, false, 0},
                {"99999999999999999999999999", UINT64_MAX, false, 0},
                {"65535", 65535, true, 65535},
                {"65536", 65535, false, 0},
                {"", 5, false, 0},
                {" 1", 5, false, 0},
                {"1 ", 5, false, 0},
                {"+1", 5, false, 0},
                {"-1", 5, false, 0},
                {"0x1", 50, false, 0},
                {"1.0", 50, false, 0},
                {"1e1", 50, false, 0},
                {"1\n", 50, false, 0},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                uint64_t value = 77;

                if (text_to_u64(cases[i].text, cases[i].max, &value) != cases[i].good)
                        fail_msg("\"%s\"", cases[i].text);
                assert_int_equal(value, cases[i].good ? cases[i].value : 77);
        }
}

static void every_bound_is_exact(void **state) {
        (void)state;
        for (uint64_t max = 0; max < 130; max++)
                for (uint64_t n = 0; n < 260; n++) {
                        char text[16];
                        uint64_t value = 1000;

                        snprintf(text, sizeof(text), "%lu", (unsigned long)n);
                        assert_int_equal(text_to_u64(text, max, &value), n <= max);
                        assert_int_equal(value, n <= max ? n : 1000);
                }
}

static void addresses_are_dotted_quads(void **state) {
        static const char *const bad[] = {"",          "0.0.0.0",   "1.2.3",    "1.2.3.4.5",
                                          "1.2.3.256", "1.2.3.4 ",  " 1.2.3.4", "1.2.3.4/32",
                                          "0x1.2.3.4", "1.2.3.04x", "::1",      "a.b.c.d",
                                          "1.2..4",    "16909060"};
        char text[IPV4_SIZE];
        in_addr_t a = 7;

        (void)state;
        for (size_t i = 0; i < N(bad); i++) {
                if (ipv4_parse(bad[i], &a))
                        fail_msg("taken: \"%s\"", bad[i]);
                assert_int_equal(a, 7);
        }
        assert_true(ipv4_parse("203.0.113.10", &a));
        assert_int_equal(ntohl(a), 0xcb00710a);
        assert_string_equal(ipv4_format(a, text), "203.0.113.10");
        assert_true(ipv4_parse("255.255.255.255", &a));
        assert_string_equal(ipv4_format(a, text), "255.255.255.255");
}

static void times_are_utc_in_both_forms(void **state) {
        static const struct {
                const char *text;
                int64_t seconds;
        } good[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"2026-11-23T02:00:00Z", 1795399200},
                {"2017-12-10T04:04Z", 1512878640},
                {"2024-02-29T23:59:59Z", 1709251199},
                {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        };
        static const char *const bad[] = {"",
                                          "2026-11-23",
                                          "2026-11-23T02:00:00",
                                          "now",
                                          "2026-11-23T02:00:00+08:00",
                                          "2026-13-01T00:00:00Z",
                                          "2026-11-23T25:00:00Z",
                                          "2026-11-23T02:00:00Zx",
                                          "2026-11-23 02:00:00Z",
                                          "2026-11-23T02:00:00.5Z"};
        char text[RFC3339_SIZE];

        (void)state;
        for (size_t i = 0; i < N(good); i++) {
                int64_t seconds = -7;

                assert_true(time_parse(good[i].text, &seconds));
                assert_int_equal(seconds, good[i].seconds);
                if (strlen(good[i].text) == RFC3339_SIZE - 1)
                        assert_string_equal(time_format(seconds, text), good[i].text);
        }
        for (size_t i = 0; i < N(bad); i++) {
                int64_t seconds = -7;

                if (time_parse(bad[i], &seconds))
                        fail_msg("taken: \"%s\"", bad[i]);
                assert_int_equal(seconds, -7);
        }
        assert_string_equal(time_format(-1, text), "1970-01-01T00:00:00Z");
        assert_string_equal(time_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
        assert_string_equal(time_format(INT64_MIN, text), "1970-01-01T00:00:00Z");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(copies_end_and_say_when_cut),
                cmocka_unit_test(printable_copies_hold_no_other_bytes),
                cmocka_unit_test(words_are_letters_digits_and_what_is_named),
                cmocka_unit_test(numbers_are_whole_and_within_their_bound),
                cmocka_unit_test(every_bound_is_exact),
                cmocka_unit_test(addresses_are_dotted_quads),
                cmocka_unit_test(times_are_utc_in_both_forms),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

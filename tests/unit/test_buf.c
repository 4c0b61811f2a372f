/* SPDX-License-Identifier: Apache-2.0 */
/* The growing byte string: content, ceiling, stickiness of errors. */
#include "unit.h"

#include <errno.h>

#include "util/buf.h"

static void it_starts_empty_and_is_never_null(void **state) {
        struct buf b = BUF(10);

        (void)state;
        assert_string_equal(buf_text(&b), "");
        buf_add(&b, "", 0);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(b.len, 0);
        buf_done(&b);
        buf_done(&b);
        assert_string_equal(buf_text(&b), "");
}

static void it_grows_to_its_ceiling_and_not_a_byte_further(void **state) {
        struct buf b = BUF(1000);

        (void)state;
        for (unsigned i = 0; i < 1000; i++)
                buf_add(&b, "x", 1);
        assert_int_equal(b.error, 0);
        assert_int_equal(b.len, 1000);
        assert_int_equal(strlen(buf_text(&b)), 1000);
        buf_add(&b, "y", 1);
        assert_int_equal(b.error, -E2BIG);
        assert_int_equal(b.len, 1000);
        assert_null(strchr(buf_text(&b), 'y'));
        buf_done(&b);
}

static void an_error_sticks(void **state) {
        struct buf b = BUF(4);

        (void)state;
        buf_puts(&b, "ab");
        buf_puts(&b, "cdefg");
        assert_int_equal(b.error, -E2BIG);
        buf_puts(&b, "c"); /* would fit, but the text would be one with a hole */
        assert_string_equal(buf_text(&b), "ab");
        buf_printf(&b, "%d", 1);
        assert_string_equal(buf_text(&b), "ab");
        buf_clear(&b);
        assert_int_equal(b.error, 0);
        assert_string_equal(buf_text(&b), "");
        buf_puts(&b, "wxyz");
        assert_string_equal(buf_text(&b), "wxyz");
        buf_done(&b);
        assert_int_equal(b.max, 4);
}

static void sizes_near_the_end_of_numbers_do_not_wrap(void **state) {
        struct buf b = BUF(SIZE_MAX);

        (void)state;
        buf_puts(&b, "abc");
        buf_add(&b, "x", SIZE_MAX - 1);
        assert_true(b.error < 0);
        assert_string_equal(buf_text(&b), "abc");
        buf_done(&b);
        b = BUF(5);
        buf_add(&b, "x", SIZE_MAX);
        assert_int_equal(b.error, -E2BIG);
        buf_done(&b);
        b = BUF(0);
        buf_puts(&b, "");
        assert_int_equal(b.error, 0);
        buf_puts(&b, "a");
        assert_int_equal(b.error, -E2BIG);
        buf_done(&b);
}

static void bytes_are_bytes(void **state) {
        struct buf b = BUF(100);

        (void)state;
        buf_add(&b, "a\0b", 3);
        buf_add(&b, "\0", 1);
        assert_int_equal(b.len, 4);
        assert_memory_equal(b.data, "a\0b\0", 5);
        buf_done(&b);
}

static void printf_fits_exactly_or_not_at_all(void **state) {
        struct buf b = BUF(8);
        struct buf long_one = BUF(100000);

        (void)state;
        buf_printf(&b, "%s-%03d", "abcd", 7);
        assert_string_equal(buf_text(&b), "abcd-007");
        assert_int_equal(b.len, 8);
        buf_clear(&b);
        buf_printf(&b, "%s", "123456789");
        assert_int_equal(b.error, -E2BIG);
        assert_string_equal(buf_text(&b), "");
        buf_done(&b);
        buf_printf(&long_one, "%50000d", 1);
        buf_printf(&long_one, "%s", "");
        assert_int_equal(long_one.len, 50000);
        assert_int_equal(long_one.data[49999], '1');
        buf_done(&long_one);
}

static void a_secret_leaves_nothing_behind(void **state) {
        static const char zeroes[64];
        struct buf b = BUF_SECRET(1000);

        (void)state;
        buf_puts(&b, "LTAI-very-secret");
        buf_clear(&b);
        assert_memory_equal(b.data, zeroes, 17);
        for (unsigned i = 0; i < 60; i++) /* it moves on its way, and keeps what it holds */
                buf_puts(&b, "0123456789");
        assert_int_equal(b.error, 0);
        assert_int_equal(strlen(buf_text(&b)), 600);
        buf_clear(&b);
        for (size_t i = 0; i + 64 <= 600; i += 64)
                assert_memory_equal(b.data + i, zeroes, 64);
        buf_done(&b);
}

static void room_once_made_stays_where_it_is(void **state) {
        struct buf b = BUF(5000);
        const char *data;

        (void)state;
        assert_true(buf_reserve(&b, 1000));
        assert_string_equal(buf_text(&b), ""); /* room is no content */
        buf_puts(&b, "a");
        assert_true(buf_reserve(&b, 4999));
        data = b.data;
        for (unsigned i = 0; i < 4999; i++)
                buf_add(&b, "b", 1);
        assert_ptr_equal(b.data, data);
        assert_int_equal(b.len, 5000);
        assert_false(buf_reserve(&b, 1));
        assert_false(buf_reserve(&b, 0)); /* errors stick here too */
        buf_done(&b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_starts_empty_and_is_never_null),
                cmocka_unit_test(it_grows_to_its_ceiling_and_not_a_byte_further),
                cmocka_unit_test(an_error_sticks),
                cmocka_unit_test(sizes_near_the_end_of_numbers_do_not_wrap),
                cmocka_unit_test(bytes_are_bytes),
                cmocka_unit_test(printf_fits_exactly_or_not_at_all),
                cmocka_unit_test(a_secret_leaves_nothing_behind),
                cmocka_unit_test(room_once_made_stays_where_it_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

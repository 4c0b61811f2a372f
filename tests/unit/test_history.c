/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of a boot and the last change of the address: what is written is read, and no more. */
#include "unit.h"

#include <errno.h>

#include <ecs-pubip/history.h>

#include "util/text.h"

#define T0             1795399200 /* 2026-11-23T02:00:00Z */
#define IP(a, b, c, d) ((in_addr_t)((a) | (b) << 8 | (c) << 16 | (unsigned)(d) << 24))
#define A              IP(203, 0, 113, 10)
#define B              IP(203, 0, 113, 11)

static void lines_as_the_contract_has_them(void **state) {
        struct history h = {}, back;
        struct history_entry e = {.at = T0, .uptime = 12, .phase = PHASE_WAITING};
        char *text = NULL;

        (void)state;
        TEXT_SET(e.code, "Throttling");
        history_add(&h, &e);
        history_add(&h,
                    &(struct history_entry){
                            .at = T0 + 5, .uptime = 17, .phase = PHASE_CONFIRMED, .public_ip = A});
        assert_int_equal(history_format(&h, &text), 0);
        assert_string_equal(text, "{\"at\":\"2026-11-23T02:00:00Z\",\"uptime\":12,\"phase\":"
                                  "\"waiting\",\"public_ip\":null,\"code\":\"Throttling\"}\n"
                                  "{\"at\":\"2026-11-23T02:00:05Z\",\"uptime\":17,\"phase\":"
                                  "\"confirmed\",\"public_ip\":\"203.0.113.10\",\"code\":null}\n");
        assert_int_equal(history_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.n, 2);
        assert_int_equal(back.entries[1].public_ip, A);
        assert_string_equal(back.entries[0].code, "Throttling");
        /* Cut anywhere but between lines, it is refused. */
        for (size_t i = 1; i < strlen(text); i++)
                if (text[i - 1] != '\n')
                        assert_int_equal(history_parse(text, i, &back), -EBADMSG);
        free(text);
        h.n = 0;
        assert_int_equal(history_format(&h, &text), 0);
        assert_string_equal(text, "");
        free(text);
}

static void the_oldest_goes(void **state) {
        struct history h = {}, back;
        char *text = NULL;

        (void)state;
        for (unsigned i = 0; i < HISTORY_ENTRIES + 10; i++) {
                struct history_entry e = {.at = T0 + i, .phase = PHASE_FAILED, .public_ip = A};

                memset(e.code, 'c', sizeof(e.code) - 1);
                history_add(&h, &e);
        }
        assert_int_equal(h.n, HISTORY_ENTRIES);
        assert_int_equal(h.entries[0].at, T0 + 10);
        assert_int_equal(history_format(&h, &text), 0); /* the fullest fits */
        assert_true(strlen(text) < HISTORY_TEXT_MAX);
        assert_int_equal(history_parse(text, strlen(text), &back), 0);
        free(text);
}

static void the_previous_is_the_last_different_one(void **state) {
        struct history_change c = {};

        (void)state;
        assert_true(history_change_note(&c, A, CHANGE_ASSIGNED, T0));
        assert_int_equal(c.previous, 0);
        assert_false(history_change_note(&c, A, CHANGE_ADOPTED, T0 + 9));
        assert_int_equal(c.at, T0);
        assert_int_equal(c.how, CHANGE_ASSIGNED);
        assert_true(history_change_note(&c, 0, CHANGE_LOST, T0 + 10));
        assert_int_equal(c.previous, A);
        assert_true(history_change_note(&c, B, CHANGE_ASSIGNED, T0 + 20)); /* over the loss */
        assert_int_equal(c.previous, A);
        assert_true(history_change_note(&c, A, CHANGE_REPLACED, T0 + 30));
        assert_int_equal(c.previous, B);
        assert_true(history_change_note(&c, 0, CHANGE_LOST, T0 + 40));
        assert_true(history_change_note(&c, A, CHANGE_ADOPTED, T0 + 50)); /* it came back */
        assert_int_equal(c.previous, 0);
}

static void a_change_survives(void **state) {
        struct history_change c = {.instance_id = "i-bp1test",
                                   .address = A,
                                   .previous = B,
                                   .at = T0,
                                   .how = CHANGE_REPLACED},
                              back;
        char *text = NULL;

        (void)state;
        assert_int_equal(history_change_format(&c, &text), 0);
        assert_int_equal(history_change_parse(text, strlen(text), &back), 0);
        assert_memory_equal(&c, &back, sizeof(c));
        assert_int_equal(history_change_parse("{}", 2, &back), -EBADMSG);
        assert_int_equal(history_change_parse("", 0, &back), -EBADMSG);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_as_the_contract_has_them),
                cmocka_unit_test(the_oldest_goes),
                cmocka_unit_test(the_previous_is_the_last_different_one),
                cmocka_unit_test(a_change_survives),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

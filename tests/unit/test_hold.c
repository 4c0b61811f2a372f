/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the brake: what is a note, and whom it brakes. */
#include "unit.h"

#include <ecs-pubip/hold.h>

#define WHEN "2026-11-23T02:00:00Z"
#define LONG "i-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void only_a_whole_note_narrows_it(void **state) {
        static const struct {
                const char *text, *id;
                bool note;
        } cases[] = {
                {"i-bp1abc0001 " WHEN "\n", "i-bp1abc0001", true},
                {"i-bp1abc0001\t" WHEN "\r\n", "i-bp1abc0001", true},
                {"i-bp1abc0001 " WHEN, "i-bp1abc0001", true},
                {"- " WHEN "\n", "", true},
                {"", "", false},
                {"\n", "", false},
                {"-\n", "", false},
                {"i-bp1abc0001\n", "", false}, /* of one that is ours it may be a part */
                {"i-bp1abc0001 2026-11-2", "", false},
                {"i-bp1abc0001 " WHEN " and so on\n", "", false},
                {"i-bp1abc0001 " WHEN "\ni-bp1abc0002 " WHEN "\n", "", false},
                {"i-bp1 " WHEN "\n", "", false},
                {"I-BP1ABC0001 " WHEN "\n", "", false},
                {"i-BP1ABC0001 " WHEN "\n", "", false},
                {"i-am-holding-this " WHEN "\n", "", false},
                {"i-bp1abc0001, " WHEN "\n", "", false},
                {"because of the audit\n", "", false},
                {"i-bp1/../abc0001 " WHEN "\n", "", false},
                {"x i-bp1abc0001 " WHEN "\n", "", false},
                {LONG " " WHEN "\n", "", false},
        };
        char id[INSTANCE_ID_SIZE];

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                memset(id, 'x', sizeof(id));
                assert_int_equal(hold_parse(cases[i].text, strlen(cases[i].text), id),
                                 cases[i].note);
                assert_string_equal(id, cases[i].id);
        }
        assert_false(hold_parse("i-bp1abc0001 " WHEN "\0x", sizeof("i-bp1abc0001 " WHEN) + 1, id));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_a_whole_note_narrows_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

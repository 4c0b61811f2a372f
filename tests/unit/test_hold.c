/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the brake: whom it brakes. */
#include "unit.h"

#include <ecs-pubip/hold.h>

static void only_an_instance_id_narrows_it(void **state) {
        static const struct {
                const char *text, *id;
        } cases[] = {
                {"i-bp1abc 2026-11-23T02:00:00Z\n", "i-bp1abc"},
                {"\n  i-bp1abc", "i-bp1abc"},
                {"i-bp1abc\r\nwhy not", "i-bp1abc"},
                {"", ""},
                {"- 2026-11-23T02:00:00Z\n", ""},
                {"because of the audit", ""},
                {"i-bp1/../abc", ""},
                {"x i-bp1abc", ""},
                {"i-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                 ""},
        };
        char id[INSTANCE_ID_SIZE];

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                memset(id, 'x', sizeof(id));
                hold_parse(cases[i].text, id);
                assert_string_equal(id, cases[i].id);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_an_instance_id_narrows_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Results of curl, by the numbers of its versions. */
#include "unit.h"

#include <curl/curl.h>

#include <ecs-pubip/fault.h>

#include "cloud/result.h"

/* 51 and 60 had other names before 7.62, and 7.61 is the floor. */
static void certificates_by_number(void **state) {
        (void)state;
        for (int sent = 0; sent < 2; sent++) {
                assert_string_equal(result_code(51, sent), FAULT_TLS);
                assert_string_equal(result_code(60, sent), FAULT_TLS);
                assert_string_equal(result_code(CURLE_PEER_FAILED_VERIFICATION, sent), FAULT_TLS);
        }
        assert_true(result_is_tls(51) && result_is_tls(60));
}

static void what_left_decides(void **state) {
        (void)state;
        assert_string_equal(result_code(CURLE_OPERATION_TIMEDOUT, false), FAULT_CONNECT);
        assert_string_equal(result_code(CURLE_OPERATION_TIMEDOUT, true), FAULT_TIMEOUT);
        assert_string_equal(result_code(CURLE_GOT_NOTHING, true), FAULT_CLOSED);
        assert_string_equal(result_code(CURLE_GOT_NOTHING, false), FAULT_CONNECT);
        assert_false(result_is_tls(CURLE_OPERATION_TIMEDOUT));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(certificates_by_number),
                cmocka_unit_test(what_left_decides),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

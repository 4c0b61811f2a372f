/* SPDX-License-Identifier: Apache-2.0 */
/* Every notice, for every fault that there is: a sentence without holes. */
#include "unit.h"

#include "agent/message_format.h"

static struct status some_status(void) {
        struct status s = {.phase = PHASE_WAITING, .network = NETWORK_VPC};

        TEXT_SET(s.instance_id, "i-bp1example");
        TEXT_SET(s.region_id, "cn-hangzhou");
        return s;
}

static struct notice some_notice(enum notice_kind kind) {
        struct notice n = {.kind = kind, .op = WIRE_ALLOCATE, .plane = PLANE_KERNEL};

        n.address = ip4("203.0.113.10");
        n.old_address = ip4("203.0.113.9");
        n.seconds = -7200;
        TEXT_SET(n.text, "cloud-init to finish");
        TEXT_SET(n.request_id, "REQ-1");
        return n;
}

/* No template is left over, and nothing that was left out leaves a trace. */
static void assert_sentence(const char *message) {
        assert_true(strlen(message) > 15);
        assert_null(strchr(message, '{'));
        assert_null(strchr(message, '}'));
        assert_null(strstr(message, "  "));
        assert_null(strstr(message, "()"));
        assert_null(strstr(message, " ."));
        assert_null(strstr(message, "(null)"));
}

static void every_notice_with_everything(void **state) {
        (void)state;
        for (enum notice_kind kind = 0; kind < _NOTICE_MAX; kind++) {
                struct notice n = some_notice(kind);
                struct status s = some_status();
                struct journal_entry e;

                n.fault = fault_own(FAULT_LOCKED, "security");
                message_format(&n, &s, 0, &e);
                assert_sentence(e.message);
                assert_int_equal(strlen(e.id), 32);
                assert_in_range(e.priority, 3, 6);
                assert_string_equal(e.instance_id, "i-bp1example");
                assert_string_equal(e.action, "AllocatePublicIpAddress");
        }
}

static void every_notice_with_nothing(void **state) {
        (void)state;
        for (enum notice_kind kind = 0; kind < _NOTICE_MAX; kind++) {
                struct notice n = {.kind = kind};
                struct status s = {.phase = PHASE_STARTING};
                struct journal_entry e;

                n.fault = fault_own(FAULT_MD_UNREACHABLE, "");
                message_format(&n, &s, 0, &e);
                assert_true(strlen(e.message) > 10);
                assert_null(strchr(e.message, '{'));
                assert_null(strstr(e.message, "(null)"));
        }
}

static void no_two_notices_share_an_id(void **state) {
        const char *ids[_NOTICE_MAX];

        (void)state;
        for (enum notice_kind kind = 0; kind < _NOTICE_MAX; kind++) {
                struct notice n = some_notice(kind);
                struct status s = some_status();
                struct journal_entry e;

                message_format(&n, &s, 0, &e);
                ids[kind] = e.id;
                for (enum notice_kind other = 0; other < kind; other++)
                        if (other != NOTICE_USER_DATA || kind != NOTICE_USER_DATA_LATE)
                                assert_string_not_equal(ids[other], e.id);
        }
}

static void every_fault_fits(void **state) {
        size_t n_rows;
        const struct fault_row *rows = fault_table(&n_rows);

        (void)state;
        for (size_t i = 0; i < n_rows; i++) {
                struct notice n = some_notice(NOTICE_FAILED);
                struct status s = some_status();
                const char *asked = fault_row_message(&rows[i]);
                struct journal_entry e;

                TEXT_SET(n.fault.code, rows[i].code ? rows[i].code : "Some.Code");
                n.fault.http_status = rows[i].status;
                TEXT_SET(n.fault.message, asked ? asked : "");
                message_format(&n, &s, 0, &e);
                assert_sentence(e.message);
                assert_non_null(strstr(e.message, "A person must act: "));
                assert_true(strlen(e.message) < sizeof(e.message) - 1);
                assert_string_equal(e.error_code, n.fault.code);
        }
}

/* What the cloud says is text, not template, and cannot break the line. */
static void hostile_texts(void **state) {
        struct notice n = some_notice(NOTICE_WAITING);
        struct status s = some_status();
        struct journal_entry e;

        (void)state;
        n.fault = fault_own(FAULT_RESOLVE, "");
        TEXT_SET(n.fault.message, "{remedy} [x] %s %n\nMESSAGE_ID=0\x01\xff");
        message_format(&n, &s, 0, &e);
        assert_non_null(strstr(e.message, "{remedy} [x] %s %n?MESSAGE_ID=0??"));
        memset(n.fault.message, '{', sizeof(n.fault.message) - 1);
        memset(n.text, ']', sizeof(n.text) - 1);
        message_format(&n, &s, 0, &e);
        assert_true(strlen(e.message) < sizeof(e.message));
}

static void clock_says_which_way(void **state) {
        struct notice n = some_notice(NOTICE_CLOCK);
        struct status s = some_status();
        struct journal_entry e;

        (void)state;
        message_format(&n, &s, 0, &e);
        assert_non_null(strstr(e.message, "2 h behind the cloud"));
        n.seconds = INT64_MIN;
        message_format(&n, &s, 0, &e);
        assert_non_null(strstr(e.message, "106751991167300 days behind"));
        n.seconds = 90;
        message_format(&n, &s, 0, &e);
        assert_non_null(strstr(e.message, "1 min ahead of the cloud"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_notice_with_everything),
                cmocka_unit_test(every_notice_with_nothing),
                cmocka_unit_test(no_two_notices_share_an_id),
                cmocka_unit_test(every_fault_fits),
                cmocka_unit_test(hostile_texts),
                cmocka_unit_test(clock_says_which_way),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Agent <-> cloud lines: what is written is read back, and nothing else is read. */
#include "unit.h"

#include <errno.h>

#include <cjson/cJSON.h>

#include <ecs-pubip/wire.h>

static const struct wire_question questions[] = {
        {.op = WIRE_IDENTIFY, .deadline_ms = 1},
        {.op = WIRE_ADDRESSES, .deadline_ms = CALL_MAX_MS, .server_time = 1795442400},
        {.op = WIRE_INSPECT, .deadline_ms = 30000, .instance_id = "i-bp1test"},
        {.op = WIRE_EIP_FIND, .deadline_ms = 30000, .instance_id = "i-bp1test"},
        {.op = WIRE_EIP_FIND,
         .deadline_ms = 30000,
         .instance_id = "i-bp1test",
         .allocation_id = "eip-bp1test"},
        {.op = WIRE_PROBE, .deadline_ms = 5000, .instance_id = "i-bp1test", .probe = PROBE_REACH},
        {.op = WIRE_PROBE, .deadline_ms = 5000, .instance_id = "i-bp1test", .probe = PROBE_OUTSIDE},
        {.op = WIRE_PROBE,
         .deadline_ms = 5000,
         .instance_id = "i-bp1test",
         .probe = PROBE_PERMISSION,
         .permission = WIRE_REBOOT},
        {.op = WIRE_ALLOCATE, .deadline_ms = 30000, .instance_id = "i-bp1test"},
        {.op = WIRE_BANDWIDTH,
         .deadline_ms = 30000,
         .instance_id = "i-bp1test",
         .client_token = "b6f0-11",
         .bandwidth_out = 5,
         .allocate_public_ip = true},
        {.op = WIRE_EIP_ALLOCATE,
         .deadline_ms = 30000,
         .instance_id = "i-bp1test",
         .client_token = "0123456789012345678901234567890123456789012345678901234567890123",
         .order = {PRODUCT_VPC, EIP_PAY_BY_BANDWIDTH, 500, "BGP_PRO"}},
        {.op = WIRE_EIP_FIND,
         .deadline_ms = 5000,
         .instance_id = "i-bp1test",
         .audit = true,
         .allocation_id = "eip-bp1test"},
        {.op = WIRE_EIP_ASSOCIATE,
         .deadline_ms = 30000,
         .instance_id = "i-bp1test",
         .client_token = "t",
         .allocation_id = "eip-bp1test"},
        {.op = WIRE_REBOOT, .deadline_ms = 30000, .instance_id = "i-bp1test"},
};

static char *question_line(const struct wire_question *q) {
        char *line = NULL;

        assert_int_equal(wire_question_format(q, &line), 0);
        assert_int_equal(line[strlen(line) - 1], '\n');
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        return line;
}

static void questions_come_back(void **state) {
        bool seen[_WIRE_OP_MAX] = {};

        (void)state;
        for (size_t i = 0; i < N(questions); i++) {
                struct wire_question back;
                char *line = question_line(&questions[i]);

                memset(&back, 0xaa, sizeof(back));
                assert_int_equal(wire_question_parse(line, strlen(line) - 1, &back), 0);
                assert_memory_equal(&back, &questions[i], sizeof(back));
                seen[questions[i].op] = true;
                free(line);
        }
        for (enum wire_op op = WIRE_NONE + 1; op < _WIRE_OP_MAX; op++)
                assert_true(seen[op]);
}

static const struct identity identity = {
        .instance_id = "i-bp1test",
        .region_id = "cn-hangzhou",
        .account_id = "1234567890123456",
        .mac = "00:16:3e:0a:0b:0c",
        .private_ip = IP(172, 16, 0, 10),
        .network = NETWORK_VPC,
        .from_metadata = true,
        .public = {.instance_id = "i-bp1test",
                   .presence = PRESENCE_PRESENT,
                   .address = IP(203, 0, 113, 10)},
};
static const struct instance instance = {
        .instance_id = "i-bp1test",
        .status = "Running",
        .network = NETWORK_CLASSIC,
        .public_ip = IP(203, 0, 113, 10),
        .eip = IP(203, 0, 113, 11),
        .eip_id = "eip-bp1test",
        .locks = "security, financial",
        .bandwidth_out = 5,
        .charge = CHARGE_PREPAID,
        .expires = 1798000000,
        .n_private = 2,
        .n_macs = INSTANCE_ADDRS,
        .private_ips = {IP(172, 16, 0, 10), IP(172, 16, 0, 11)},
        .macs = {"00:16:3e:00:00:01", "00:16:3e:00:00:02", "00:16:3e:00:00:03", "00:16:3e:00:00:04",
                 "00:16:3e:00:00:05", "00:16:3e:00:00:06", "00:16:3e:00:00:07", "00:16:3e:00:00:08",
                 "00:16:3e:00:00:09", "00:16:3e:00:00:0a", "00:16:3e:00:00:0b", "00:16:3e:00:00:0c",
                 "00:16:3e:00:00:0d", "00:16:3e:00:00:0e", "00:16:3e:00:00:0f",
                 "00:16:3e:00:00:10"},
};

static void answer_comes_back(enum wire_op op, const struct wire_answer *a) {
        struct wire_answer back;
        char *line = NULL;

        assert_int_equal(wire_answer_format(op, a, &line), 0);
        memset(&back, 0xaa, sizeof(back));
        if (wire_answer_parse(op, line, strlen(line) - 1, &back) < 0)
                fail_msg("refused: %s", line);
        assert_memory_equal(&back, a, sizeof(back));
        free(line);
}

static void answers_come_back(void **state) {
        struct wire_answer a = {.request_id = "B4A1-11", .server_time = 1795442400};

        (void)state;
        a.identity = identity;
        answer_comes_back(WIRE_IDENTIFY, &a);
        a = (struct wire_answer){
                .addresses = {.instance_id = "i-bp1test", .presence = PRESENCE_ABSENT}};
        answer_comes_back(WIRE_ADDRESSES, &a);
        a.addresses.presence = PRESENCE_UNKNOWN;
        answer_comes_back(WIRE_ADDRESSES, &a);
        a.addresses = identity.public;
        answer_comes_back(WIRE_ADDRESSES, &a);
        a = (struct wire_answer){.instance = instance, .request_id = "r"};
        answer_comes_back(WIRE_INSPECT, &a);
        a.instance =
                (struct instance){.instance_id = "i", .status = "Stopped", .bandwidth_out = -1};
        answer_comes_back(WIRE_INSPECT, &a);
        a = (struct wire_answer){.request_id = "r"};
        answer_comes_back(WIRE_EIP_FIND, &a); /* none fits */
        a.eip = (struct eip){.allocation_id = "eip-1",
                             .address = IP(203, 0, 113, 10),
                             .status = EIP_IN_USE,
                             .mode = EIP_CUT_THROUGH,
                             .bound_to = "eni-1",
                             .bound_here = true,
                             .locked = true};
        answer_comes_back(WIRE_EIP_FIND, &a);
        answer_comes_back(WIRE_EIP_ALLOCATE, &a);
        a = (struct wire_answer){.address = IP(203, 0, 113, 10), .server_time = 1};
        answer_comes_back(WIRE_ALLOCATE, &a);
        for (enum wire_reach reach = REACH_UNKNOWN; reach <= REACH_YES; reach++) {
                a.reachable = reach;
                a.time_proven = reach == REACH_YES;
                answer_comes_back(WIRE_PROBE, &a);
        }
        a.reachable = REACH_UNKNOWN;
        a = (struct wire_answer){};
        answer_comes_back(WIRE_PROBE, &a);
        answer_comes_back(WIRE_BANDWIDTH, &a);
        answer_comes_back(WIRE_EIP_ASSOCIATE, &a);
        answer_comes_back(WIRE_REBOOT, &a);
}

static void faults_come_back(void **state) {
        struct wire_answer a = {.server_time = 1795442400};

        (void)state;
        for (enum fault_class c = FAULT_NONE + 1; c < _FAULT_CLASS_MAX; c++)
                for (enum wire_op op = WIRE_NONE + 1; op < _WIRE_OP_MAX; op++) {
                        a.fault = (struct fault){.class = c,
                                                 .code = "Throttling.User",
                                                 .http_status = 400 + (unsigned)c,
                                                 .message = "\"quoted\" \\ and / all",
                                                 .request_id = "0C5E-11",
                                                 .retry_after_ms = UINT32_MAX};
                        answer_comes_back(op, &a);
                }
        a.fault = (struct fault){.class = FAULT_RETRY, .code = "Transport.Timeout"};
        answer_comes_back(WIRE_INSPECT, &a);
}

/* A server's words may hold anything; what leaves is printable and is accepted. */
static void odd_bytes_are_replaced_before_they_leave(void **state) {
        struct wire_answer a = {.fault = {.class = FAULT_RETRY,
                                          .code = "X",
                                          .message = "a\nb\x7f\xe4\xb8\xad\x1b[31m"}},
                           back;
        char *line = NULL;

        (void)state;
        assert_int_equal(wire_answer_format(WIRE_REBOOT, &a, &line), 0);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        assert_int_equal(wire_answer_parse(WIRE_REBOOT, line, strlen(line) - 1, &back), 0);
        assert_string_equal(back.fault.message, "a?b?????[31m");
        free(line);
}

static const char *const bad_questions[] = {
        "",
        " ",
        "null",
        "[]",
        "{}",
        "\"op\"",
        "{",
        "}",
        "{]",
        "[}",
        "{\"op\":\"identify\"}", /* no deadline */
        "{\"op\":\"identify\",\"deadline_ms\":0}",
        "{\"op\":\"identify\",\"deadline_ms\":-1}",
        "{\"op\":\"identify\",\"deadline_ms\":45001}",
        "{\"op\":\"identify\",\"deadline_ms\":1.5}",
        "{\"op\":\"identify\",\"deadline_ms\":1e99}",
        "{\"op\":\"identify\",\"deadline_ms\":1e999}",
        "{\"op\":\"identify\",\"deadline_ms\":99999999999999999999999999}",
        "{\"op\":\"identify\",\"deadline_ms\":\"1\"}",
        "{\"op\":\"identify\",\"deadline_ms\":true}",
        "{\"op\":\"identify\",\"deadline_ms\":null}",
        "{\"op\":\"identify\",\"deadline_ms\":[1]}",
        "{\"op\":\"none\",\"deadline_ms\":1}",
        "{\"op\":\"IDENTIFY\",\"deadline_ms\":1}",
        "{\"op\":\"\",\"deadline_ms\":1}",
        "{\"op\":1,\"deadline_ms\":1}",
        "{\"op\":\"identify\",\"deadline_ms\":1}x",
        "{\"op\":\"identify\",\"deadline_ms\":1}{}",
        "{\"op\":\"identify\",\"deadline_ms\":1,}",
        "{\"op\":\"identify\",\"deadline_ms\":1,\"server_time\":-1}",
        "{\"op\":\"identify\",\"deadline_ms\":1,\"server_time\":253402300800}",
        "{\"op\":\"identify\",\"deadline_ms\":1,\"server_time\":\"2026-11-23T02:00:00Z\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1}", /* whom? */
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i\\u0000b\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i b\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i\\nb\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i\xe4\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i/b\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i&Action=X\"}",
        "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\""
        "0123456789012345678901234567890123456789012345678901234567890123\"}",
        "{\"op\":\"allocate\",\"deadline_ms\":1}",
        "{\"op\":\"reboot\",\"deadline_ms\":1}",
        "{\"op\":\"probe\",\"deadline_ms\":1,\"instance_id\":\"i\"}",
        "{\"op\":\"probe\",\"deadline_ms\":1,\"instance_id\":\"i\",\"probe\":\"what\"}",
        "{\"op\":\"probe\",\"deadline_ms\":1,\"instance_id\":\"i\",\"probe\":\"permission\"}",
        "{\"op\":\"probe\",\"deadline_ms\":1,\"instance_id\":\"i\",\"probe\":\"permission\","
        "\"permission\":\"probe\"}",
        "{\"op\":\"bandwidth\",\"deadline_ms\":1,\"instance_id\":\"i\",\"client_token\":\"t\"}",
        "{\"op\":\"bandwidth\",\"deadline_ms\":1,\"instance_id\":\"i\",\"bandwidth_out\":5}",
        "{\"op\":\"bandwidth\",\"deadline_ms\":1,\"instance_id\":\"i\",\"client_token\":\"t\","
        "\"bandwidth_out\":4294967301}",
        "{\"op\":\"bandwidth\",\"deadline_ms\":1,\"instance_id\":\"i\",\"client_token\":\"t\","
        "\"bandwidth_out\":5,\"allocate_public_ip\":1}",
        "{\"op\":\"eip-allocate\",\"deadline_ms\":1,\"instance_id\":\"i\"}",
        "{\"op\":\"eip-associate\",\"deadline_ms\":1,\"instance_id\":\"i\",\"client_token\":\"t\"}",
};

#define FILL(array) (memset(array, 'z', sizeof(array) - 1), (array)[sizeof(array) - 1] = '\0')

/* Texts end, ids are words and presence goes with an address, as their parsers make them. */
static void fill_answer(enum wire_op op, struct wire_answer *a) {
        struct addresses *shown = op == WIRE_IDENTIFY ? &a->identity.public : &a->addresses;

        a->fault = (struct fault){};
        a->reachable = a->time_proven = true;
        FILL(a->request_id);
        if (op == WIRE_IDENTIFY || op == WIRE_ADDRESSES) {
                FILL(shown->instance_id);
                shown->presence = PRESENCE_PRESENT;
        }
        if (op == WIRE_IDENTIFY) {
                FILL(a->identity.instance_id), FILL(a->identity.region_id);
                FILL(a->identity.account_id), FILL(a->identity.mac);
                a->identity.tokenless = a->identity.from_metadata = true;
        }
        if (op == WIRE_INSPECT) {
                FILL(a->instance.instance_id), FILL(a->instance.status);
                FILL(a->instance.eip_id), FILL(a->instance.locks);
                a->instance.n_private = a->instance.n_macs = INSTANCE_ADDRS;
                for (size_t k = 0; k < INSTANCE_ADDRS; k++)
                        FILL(a->instance.macs[k]);
        }
        if (op == WIRE_EIP_FIND || op == WIRE_EIP_ALLOCATE) {
                FILL(a->eip.allocation_id), FILL(a->eip.bound_to);
                a->eip.bound_here = a->eip.locked = a->eip.tagged = a->eip.named = true;
        }
}

/* Every member of an answer full of one byte, and its numbers at an end of their range: what the
 * cloud process can hold, it can say, and the agent takes it. */
static void answers_at_their_extremes(void **state) {
        static const unsigned char bytes[] = {0x7f, 0xff, 0x80, 0x01, '9'};

        (void)state;
        for (enum wire_op op = WIRE_IDENTIFY; op < _WIRE_OP_MAX; op++) {
                for (size_t i = 0; i < N(bytes); i++) {
                        struct wire_answer a, back;
                        char *line;
                        int b = bytes[i];

                        memset(&a, b, sizeof(a));
                        fill_answer(op, &a);
                        if (b == 0x80)
                                a.server_time = INT64_MIN;
                        assert_int_equal(wire_answer_format(op, &a, &line), 0);
                        if (wire_answer_parse(op, line, strlen(line) - 1, &back) != 0)
                                fail_msg("%s, %02x: %s", wire_op_name(op), (unsigned)b, line);
                        free(line);
                }
        }
}

/* Read from a reply of the API and sent on: whatever the one half takes, the other one does. */
static void times_and_bandwidths_of_the_cloud_are_taken(void **state) {
        static const struct {
                const char *bandwidth, *expires;
        } cases[] = {
                {"0", "1970-01-01T00:00:01Z"},
                {"100001", "9999-12-31T23:59:59Z"},
                {"1000000", "9999-12-31T23:59:61Z"},
                {"-1", "2099-12-31T15:59Z"},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                struct wire_answer a = {}, back;
                char text[512], request_id[REQUEST_ID_SIZE], *line;

                snprintf(
                        text, sizeof(text),
                        "{\"RequestId\":\"R\",\"Instances\":{\"Instance\":[{\"InstanceId\":\"i-1\","
                        "\"Status\":\"Running\",\"InternetMaxBandwidthOut\":%s,\"ExpiredTime\":"
                        "\"%s\",\"PublicIpAddress\":{\"IpAddress\":[\"203.0.113.9\"]}}]}}",
                        cases[k].bandwidth, cases[k].expires);
                assert_int_equal(
                        reply_parse_instance(text, strlen(text), "i-1", &a.instance, request_id),
                        0);
                assert_int_equal(wire_answer_format(WIRE_INSPECT, &a, &line), 0);
                if (wire_answer_parse(WIRE_INSPECT, line, strlen(line) - 1, &back) != 0)
                        fail_msg("%s", line);
                assert_int_equal(back.instance.bandwidth_out, a.instance.bandwidth_out);
                assert_int_equal(back.instance.bandwidth_out, atoi(cases[k].bandwidth));
                assert_int_equal(back.instance.expires, a.instance.expires);
                free(line);
        }
}

static void bad_questions_are_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < N(bad_questions); i++) {
                struct wire_question q, before;

                memset(&q, 0x55, sizeof(q));
                before = q;
                if (wire_question_parse(bad_questions[i], strlen(bad_questions[i]), &q) != -EBADMSG)
                        fail_msg("taken: %s", bad_questions[i]);
                assert_memory_equal(&q, &before, sizeof(q));
        }
}

static const struct {
        enum wire_op op;
        const char *line;
} bad_answers[] = {
        {WIRE_REBOOT, "{}"},
        {WIRE_REBOOT, "{\"ok\":null}"},
        {WIRE_REBOOT, "{\"ok\":true}"},
        {WIRE_REBOOT, "{\"ok\":[]}"},
        {WIRE_REBOOT,
         "{\"ok\":{},\"fault\":{\"class\":\"retry\",\"code\":\"x\",\"http_status\":0}}"},
        {WIRE_REBOOT, "{\"ok\":{\"request_id\":1}}"},
        {WIRE_REBOOT, "{\"ok\":{},\"server_time\":\"1\"}"},
        {WIRE_REBOOT, "{\"ok\":{},\"server_time\":1e300}"},
        {WIRE_REBOOT, "{\"fault\":{}}"},
        {WIRE_REBOOT, "{\"fault\":\"retry\"}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"\",\"code\":\"x\",\"http_status\":0}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"none\",\"code\":\"x\",\"http_status\":0}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"retry\",\"http_status\":0}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"retry\",\"code\":\"x\"}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"retry\",\"code\":\"x\",\"http_status\":1000}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"retry\",\"code\":\"x\",\"http_status\":0,"
                      "\"retry_after_ms\":4294967296}}"},
        {WIRE_REBOOT, "{\"fault\":{\"class\":\"retry\",\"code\":\"x\",\"http_status\":0,"
                      "\"message\":\"a\\nb\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\"\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\"0.0.0.0\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\"203.0.113\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\"203.0.113.256\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\" 203.0.113.10\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":\"::1\"}}"},
        {WIRE_ALLOCATE, "{\"ok\":{\"address\":3405803786}}"},
        {WIRE_ADDRESSES, "{\"ok\":{\"instance_id\":\"i\"}}"},
        {WIRE_ADDRESSES, "{\"ok\":{\"instance_id\":\"i\",\"presence\":\"present\"}}"},
        {WIRE_ADDRESSES, "{\"ok\":{\"presence\":\"absent\",\"address\":\"203.0.113.10\"}}"},
        {WIRE_ADDRESSES, "{\"ok\":{\"presence\":\"unknown\",\"address\":\"203.0.113.10\"}}"},
        {WIRE_IDENTIFY,
         "{\"ok\":{\"instance_id\":\"i\",\"region_id\":\"r\",\"from_metadata\":true}}"},
        {WIRE_IDENTIFY, "{\"ok\":{\"instance_id\":\"i\",\"region_id\":\"r\",\"from_metadata\":true,"
                        "\"public\":{}}}"},
        {WIRE_IDENTIFY, "{\"ok\":{\"region_id\":\"r\",\"from_metadata\":true,"
                        "\"public\":{\"presence\":\"absent\"}}}"},
        {WIRE_IDENTIFY, "{\"ok\":{\"instance_id\":\"i\",\"region_id\":\"r\",\"from_metadata\":1,"
                        "\"public\":{\"presence\":\"absent\"}}}"},
        {WIRE_IDENTIFY, "{\"ok\":{\"instance_id\":\"i\",\"region_id\":\"r\",\"from_metadata\":true,"
                        "\"network\":\"ipv9\",\"public\":{\"presence\":\"absent\"}}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\"}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"bandwidth_out\":1}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\",\"bandwidth_out\":1,"
                       "\"private_ips\":\"172.16.0.1\"}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\",\"bandwidth_out\":1,"
                       "\"private_ips\":[1]}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\",\"bandwidth_out\":1,"
                       "\"macs\":[\"\"]}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\",\"bandwidth_out\":1,"
                       "\"macs\":[\"00:16:3e:00:00:010\"]}}"},
        {WIRE_INSPECT, "{\"ok\":{\"instance_id\":\"i\",\"status\":\"Running\",\"bandwidth_out\":1,"
                       "\"private_ips\":[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\",\"10.0.0.4\","
                       "\"10.0.0.5\",\"10.0.0.6\",\"10.0.0.7\",\"10.0.0.8\",\"10.0.0.9\","
                       "\"10.0.0.10\",\"10.0.0.11\",\"10.0.0.12\",\"10.0.0.13\",\"10.0.0.14\","
                       "\"10.0.0.15\",\"10.0.0.16\",\"10.0.0.17\"]}}"},
        {WIRE_EIP_FIND, "{\"ok\":{\"allocation_id\":\"eip-1\"}}"},
        {WIRE_EIP_FIND, "{\"ok\":{\"address\":\"203.0.113.10\"}}"},
        {WIRE_EIP_ALLOCATE, "{\"ok\":{}}"},
        {WIRE_PROBE, "{\"ok\":{\"reachable\":true}}"},
        {WIRE_PROBE, "{\"ok\":{\"reachable\":\"perhaps\"}}"},
        {WIRE_PROBE, "{\"ok\":{},\"time_proven\":1}"},
};

static void bad_answers_are_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < N(bad_answers); i++) {
                struct wire_answer a, before;
                const char *line = bad_answers[i].line;

                memset(&a, 0x55, sizeof(a));
                before = a;
                if (wire_answer_parse(bad_answers[i].op, line, strlen(line), &a) != -EBADMSG)
                        fail_msg("taken for %s: %s", wire_op_name(bad_answers[i].op), line);
                assert_memory_equal(&a, &before, sizeof(a));
        }
}

/* Cut anywhere, a line is no line; with a byte changed it may be one, but never breaks anything. */
static void cut_and_bent_lines(void **state) {
        (void)state;
        for (size_t i = 0; i < N(questions); i++) {
                char *line = question_line(&questions[i]);
                size_t n = strlen(line) - 1;
                struct wire_question q;

                for (size_t k = 0; k < n; k++) {
                        char *cut = malloc(k ? k : 1); /* just as long, for the sanitizer */

                        memcpy(cut, line, k);
                        assert_int_equal(wire_question_parse(cut, k, &q), -EBADMSG);
                        free(cut);
                }
                for (size_t k = 0; k < n; k++)
                        for (unsigned byte = 0; byte < 256; byte += 5) {
                                char kept = line[k];

                                line[k] = (char)byte;
                                wire_question_parse(line, n, &q);
                                line[k] = kept;
                        }
                free(line);
        }
}

/* Each member of a good answer in turn takes each wrong shape; required ones are missed. */
static void every_member_minds_its_type(void **state) {
        static const char *const shapes[] = {"null", "[]",    "{}",  "1.5",
                                             "-7",   "1e300", "[1]", "\"\\u0001\""};
        struct wire_answer a = {.instance = instance}, back;
        char *line = NULL, *bent;
        cJSON *object, *ok;
        unsigned n = 0;

        (void)state;
        assert_int_equal(wire_answer_format(WIRE_INSPECT, &a, &line), 0);
        object = cJSON_Parse(line);
        ok = cJSON_GetObjectItem(object, "ok");
        for (int i = 0; i < cJSON_GetArraySize(ok); i++)
                for (size_t k = 0; k < N(shapes); k++) {
                        cJSON *copy = cJSON_Duplicate(object, true);
                        cJSON *inside = cJSON_GetObjectItem(copy, "ok");
                        const char *name = cJSON_GetArrayItem(inside, i)->string;
                        bool list = strcmp(name, "private_ips") == 0 || strcmp(name, "macs") == 0;
                        bool number = strcmp(name, "bandwidth_out") == 0;
                        char *key = strdup(name);

                        cJSON_ReplaceItemInObject(inside, key, cJSON_Parse(shapes[k]));
                        bent = cJSON_PrintUnformatted(copy);
                        /* An empty list is a list, and -7 is a (meaningless) bandwidth. */
                        if (!(list && k == 1) && !(number && k == 4)) {
                                if (wire_answer_parse(WIRE_INSPECT, bent, strlen(bent), &back) == 0)
                                        fail_msg("taken: %s", bent);
                                n++;
                        }
                        free(key);
                        free(bent);
                        cJSON_Delete(copy);
                }
        assert_true(n > 80);
        cJSON_Delete(object);
        free(line);
}

static void long_and_deep_lines(void **state) {
        static const char head[] = "{\"op\":\"identify\",\"deadline_ms\":1,\"x\":";
        size_t n = WIRE_LINE_MAX;
        char *line = malloc(n + 1);
        struct wire_question q;

        (void)state;
        /* One byte below the ceiling (its newline counts) it is read, at the ceiling not. */
        memset(line, ' ', n);
        memcpy(line, head, strlen(head));
        memcpy(line + n - 3, "1}", 2);
        assert_int_equal(wire_question_parse(line, n - 1, &q), 0);
        memset(line + n - 3, ' ', 3);
        memcpy(line + n - 2, "1}", 2);
        assert_int_equal(wire_question_parse(line, n, &q), -EBADMSG);
        /* 32,000 brackets: refused, without a stack to match. */
        memset(line, '[', n);
        memcpy(line, head, strlen(head));
        assert_int_equal(wire_question_parse(line, n - 1, &q), -EBADMSG);
        memset(line, '{', n);
        assert_int_equal(wire_question_parse(line, n - 1, &q), -EBADMSG);
        /* A text of 60 KiB in a member of 64 bytes. */
        memset(line, 'a', n);
        memcpy(line, "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"", 47);
        memcpy(line + n - 4, "\"}", 2);
        assert_int_equal(wire_question_parse(line, n - 2, &q), -EBADMSG);
        free(line);
}

static void a_nul_is_never_the_end(void **state) {
        char raw[] = "{\"op\":\"identify\",\"deadline_ms\":1}\0{}";
        const char escaped[] =
                "{\"op\":\"inspect\",\"deadline_ms\":1,\"instance_id\":\"i\\u0000\"}";
        const char harmless[] = "{\"op\":\"identify\",\"deadline_ms\":1,\"x\":\"\\\\u0000\"}";
        struct wire_question q;

        (void)state;
        assert_int_equal(wire_question_parse(raw, sizeof(raw) - 1, &q), -EBADMSG);
        raw[3] = '\0';
        assert_int_equal(wire_question_parse(raw, sizeof(raw) - 1, &q), -EBADMSG);
        assert_int_equal(wire_question_parse(escaped, strlen(escaped), &q), -EBADMSG);
        assert_int_equal(wire_question_parse(harmless, strlen(harmless), &q), 0);
}

static void unknown_members_and_blanks_are_let_by(void **state) {
        const char *line =
                " { \"new\" : {\"a\":[1,2]}, \"op\":\"identify\" ,\"deadline_ms\":7 } \r";
        struct wire_question q;
        struct wire_answer a;

        (void)state;
        assert_int_equal(wire_question_parse(line, strlen(line), &q), 0);
        assert_int_equal(q.deadline_ms, 7);
        line = "{\"ok\":{\"later\":1},\"also\":null}";
        assert_int_equal(wire_answer_parse(WIRE_REBOOT, line, strlen(line), &a), 0);
}

/* The two steps of a changing call: these very bytes, and nothing beside them. */
static void steps_come_back(void **state) {
        static const struct {
                struct wire_step step;
                const char *line;
        } rows[] = {
                {{.number = 2}, "{\"ready\":2}\n"},
                {{.number = 1, .at_ms = 1}, "{\"go\":1,\"at_ms\":1}\n"},
                {{.number = 9, .at_ms = UINT64_MAX}, "{\"go\":9,\"at_ms\":18446744073709551615}\n"},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                char line[WIRE_STEP_SIZE];
                struct wire_step back;

                wire_step_format(&rows[i].step, line);
                assert_string_equal(line, rows[i].line);
                assert_true(wire_step_is(&rows[i].step, line, strlen(line) - 1));
                if (rows[i].step.at_ms == 0)
                        continue;
                assert_int_equal(wire_go_parse(rows[i].step.number, line, strlen(line) - 1, &back),
                                 0);
                assert_true(back.number == rows[i].step.number && back.at_ms == rows[i].step.at_ms);
        }
}

static void no_steps(void **state) {
        static const char *const lines[] = {
                "",
                "{}",
                "[]",
                "{\"ready\":0}",
                "{\"ready\":2}",
                "{\"ready\":10}",
                "{\"ready\":01}",
                "{\"ready\":+1}",
                "{\"ready\":1.5}",
                "{\"ready\":-1}",
                "{\"ready\":4294967297}",
                "{\"ready\":\"1\"}",
                "{\"ready\":1} ",
                "{\"ready\":1,\"ready\":1}",
                "{\"ready\":1,\"ok\":{}}",
                "{\"ready\":1}{\"ready\":2}",
                "{\"go\":1}",
                "{\"go\":1,\"at_ms\":0}",
                "{\"go\":0,\"at_ms\":1}",
                "{\"go\":2,\"at_ms\":1}",
                "{\"go\":1,\"at_ms\":-1}",
                "{\"go\":1,\"at_ms\":18446744073709551616}",
                "{\"go\":1,\"at_ms\":1,\"x\":1}",
                "{\"at_ms\":1,\"go\":1}",
                "{ \"go\":1,\"at_ms\":1}",
                "{\"go\":true,\"at_ms\":1}",
        };

        (void)state;
        for (size_t i = 0; i < N(lines); i++) {
                size_t len = strlen(lines[i]);
                struct wire_step s;

                if (wire_step_is(&(struct wire_step){.number = 1}, lines[i], len) ||
                    wire_go_parse(1, lines[i], len, &s) != -EBADMSG)
                        fail_msg("taken for a step: %s", lines[i]);
        }
}

/* The wire's contract with what others wrote against it: the very bytes. */
static void the_very_bytes(void **state) {
        struct wire_answer a = {.server_time = 1795442400, .request_id = "R1"};
        char *line = question_line(&questions[9]);

        (void)state;
        assert_string_equal(line, "{\"op\":\"bandwidth\",\"deadline_ms\":30000,"
                                  "\"instance_id\":\"i-bp1test\",\"client_token\":\"b6f0-11\","
                                  "\"audit\":false,\"bandwidth_out\":5,"
                                  "\"allocate_public_ip\":true}\n");
        free(line);
        a.address = IP(203, 0, 113, 10);
        assert_int_equal(wire_answer_format(WIRE_ALLOCATE, &a, &line), 0);
        assert_string_equal(line, "{\"ok\":{\"address\":\"203.0.113.10\",\"request_id\":\"R1\"},"
                                  "\"server_time\":1795442400,\"time_proven\":false}\n");
        free(line);
        a = (struct wire_answer){.fault = {.class = FAULT_THROTTLED,
                                           .code = "Throttling.User",
                                           .http_status = 400,
                                           .message = "m",
                                           .request_id = "R2",
                                           .retry_after_ms = 2500}};
        assert_int_equal(wire_answer_format(WIRE_ALLOCATE, &a, &line), 0);
        assert_string_equal(line,
                            "{\"fault\":{\"class\":\"throttled\",\"code\":\"Throttling.User\","
                            "\"http_status\":400,\"message\":\"m\",\"request_id\":\"R2\","
                            "\"retry_after_ms\":2500},\"time_proven\":false}\n");
        free(line);
}

static void ops_have_names(void **state) {
        (void)state;
        assert_string_equal(wire_op_name(WIRE_EIP_FIND), "eip-find");
        assert_string_equal(wire_op_name(WIRE_NONE), "none");
        assert_string_equal(wire_op_name((enum wire_op)77), "none");
        assert_false(wire_op_changes(WIRE_PROBE));
        assert_true(wire_op_changes(WIRE_ALLOCATE));
        assert_true(wire_op_changes(WIRE_REBOOT));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(steps_come_back),
                cmocka_unit_test(no_steps),
                cmocka_unit_test(questions_come_back),
                cmocka_unit_test(answers_come_back),
                cmocka_unit_test(faults_come_back),
                cmocka_unit_test(odd_bytes_are_replaced_before_they_leave),
                cmocka_unit_test(answers_at_their_extremes),
                cmocka_unit_test(times_and_bandwidths_of_the_cloud_are_taken),
                cmocka_unit_test(bad_questions_are_refused),
                cmocka_unit_test(bad_answers_are_refused),
                cmocka_unit_test(cut_and_bent_lines),
                cmocka_unit_test(every_member_minds_its_type),
                cmocka_unit_test(long_and_deep_lines),
                cmocka_unit_test(a_nul_is_never_the_end),
                cmocka_unit_test(unknown_members_and_blanks_are_let_by),
                cmocka_unit_test(the_very_bytes),
                cmocka_unit_test(ops_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

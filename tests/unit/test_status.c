/* SPDX-License-Identifier: Apache-2.0 */
/* status.json as the contract has it, its line for people, and the metrics. */
#include "unit.h"

#include <errno.h>
#include <regex.h>

#include <ecs-pubip/condition.h>

#include "util/text.h"

#define T0 1795399200 /* 2026-11-23T02:00:00Z */

static const struct status confirmed = {
        .phase = PHASE_CONFIRMED,
        .public_ip = IP(203, 0, 113, 10),
        .kind = KIND_STATIC,
        .instance_id = "i-bp1test",
        .region_id = "cn-hangzhou",
        .network = NETWORK_VPC,
        .since = T0,
        .boot_id = "11111111-2222-3333-4444-555555555555",
        .planes = {[PLANE_KERNEL] = {PLANE_AGREES, IP(172, 16, 0, 10), "eth0", T0},
                   [PLANE_METADATA] = {PLANE_AGREES, IP(203, 0, 113, 10), "", T0},
                   [PLANE_CONTROL] = {PLANE_AGREES, IP(203, 0, 113, 10), "", T0}},
        .allocations = 1,
        .reboots = 1,
};

static const struct status failed = {
        .phase = PHASE_FAILED,
        .since = T0,
        .planes = {[PLANE_KERNEL] = {PLANE_UNKNOWN},
                   [PLANE_METADATA] = {PLANE_DISAGREES},
                   [PLANE_OUTSIDE] = {PLANE_UNKNOWN}},
        .attempt = 4000000000,
        .next = NEXT_LOOK,
        .next_at = T0 + 300,
        .fault = {.class = FAULT_OPERATOR,
                  .code = "InstanceLockedForSecurity",
                  .http_status = 403,
                  .message = "locked \"so\"",
                  .request_id = "R-1"},
        .sentence = "The instance is locked for security reasons",
        .remedy = "Have the lock lifted",
        .fault_since = T0 - 5,
        .held = true,
        .busy = true,
        .note = "control plane not heard",
        .control_fault = "Forbidden.RAM",
};

static const struct status rebooting = {
        .phase = PHASE_REBOOTING,
        .public_ip = IP(203, 0, 113, 10),
        .kind = KIND_EIP,
        .network = NETWORK_CLASSIC,
        .since = T0,
        .next = NEXT_REBOOT,
        .waits_for = "cloud-init to finish",
};

/* With the list that the agent makes. */
static int format_of(const struct status *s, char **ret) {
        struct conditions c;

        condition_list(s, &c);
        return status_format(s, &c, ret);
}

static void line_of(const struct status *s, char ret[static STATUS_LINE_SIZE]) {
        struct conditions c;

        condition_list(s, &c);
        status_line(s, &c, ret);
}

static int metrics_of(const struct status *s, const struct metrics *m, char **ret) {
        struct conditions c;

        condition_list(s, &c);
        return metrics_format(s, &c, m, ret);
}

/* The sample of design 6, member by member and in its order, then what was added. */
static void the_contract_to_the_letter(void **state) {
        char *text = NULL;

        (void)state;
        assert_int_equal(format_of(&confirmed, &text), 0);
        assert_string_equal(
                text,
                "{\"version\":1,\"phase\":\"confirmed\",\"public_ip\":\"203.0.113.10\","
                "\"kind\":\"static\",\"instance_id\":\"i-bp1test\",\"region_id\":\"cn-hangzhou\","
                "\"network_type\":\"vpc\",\"since\":\"2026-11-23T02:00:00Z\","
                "\"boot_id\":\"11111111-2222-3333-4444-555555555555\","
                "\"planes\":{\"kernel\":{\"verdict\":\"agrees\",\"address\":\"172.16.0.10\","
                "\"interface\":\"eth0\",\"since\":\"2026-11-23T02:00:00Z\"},"
                "\"metadata\":{\"verdict\":\"agrees\",\"address\":\"203.0.113.10\","
                "\"since\":\"2026-11-23T02:00:00Z\"},"
                "\"control\":{\"verdict\":\"agrees\",\"address\":\"203.0.113.10\","
                "\"since\":\"2026-11-23T02:00:00Z\"}},"
                "\"allocations\":1,\"reboots\":1,\"attempt\":0,\"next\":null,\"fault\":null,"
                "\"held\":false,\"busy\":false,\"note\":null,\"control_fault\":null,\"metadata_fault\":null,\"previous_ip\":null,\"changed_at\":null,\"change\":null,\"config_problem\":null,\"conditions\":[]}\n");
        free(text);
        assert_int_equal(format_of(&failed, &text), 0);
        assert_non_null(strstr(text,
                               "\"next\":{\"what\":\"look\",\"at\":\"2026-11-23T02:05:00Z\","
                               "\"waits_for\":null},\"fault\":{\"class\":\"operator\","
                               "\"code\":\"InstanceLockedForSecurity\",\"http_status\":403,"
                               "\"message\":\"locked \\\"so\\\"\",\"request_id\":\"R-1\","
                               "\"sentence\":\"The instance is locked for security reasons\","
                               "\"remedy\":\"Have the lock lifted\","
                               "\"since\":\"2026-11-23T01:59:55Z\"},\"held\":true,\"busy\":true"));
        assert_non_null(strstr(text, "\"public_ip\":null,\"kind\":null,\"instance_id\":null"));
        assert_non_null(strstr(text, "\"outside\":{\"verdict\":\"unknown\""));
        free(text);
        assert_int_equal(format_of(&rebooting, &text), 0);
        assert_non_null(strstr(text, "\"next\":{\"what\":\"reboot\",\"at\":null,"
                                     "\"waits_for\":\"cloud-init to finish\"}"));
        free(text);
}

static void what_is_written_is_read(void **state) {
        const struct status *all[] = {&confirmed, &failed, &rebooting};

        (void)state;
        for (size_t i = 0; i < N(all); i++) {
                struct status back;
                char *text = NULL;

                memset(&back, 0xaa, sizeof(back));
                assert_int_equal(format_of(all[i], &text), 0);
                assert_int_equal(status_parse(text, strlen(text), &back, NULL), 0);
                assert_memory_equal(&back, all[i], sizeof(back));
                free(text);
        }
        for (enum phase p = 0; p < _PHASE_MAX; p++) {
                struct status s = {.phase = p}, back;
                char *text = NULL;

                assert_int_equal(format_of(&s, &text), 0);
                assert_int_equal(status_parse(text, strlen(text), &back, NULL), 0);
                assert_int_equal(back.phase, p);
                free(text);
        }
}

#define PLANES                                                                                     \
        "\"planes\":{\"kernel\":{\"verdict\":\"agrees\"},\"metadata\":{\"verdict\":\"agrees\"},"   \
        "\"control\":{\"verdict\":\"agrees\"}}"
#define COUNTS "\"allocations\":0,\"reboots\":0,\"attempt\":0"

static void only_version_1_is_read(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "null",
                "[]",
                "{\"phase\":\"confirmed\"," PLANES "," COUNTS "}",
                "{\"version\":2,\"phase\":\"confirmed\"," PLANES "," COUNTS "}",
                "{\"version\":\"1\",\"phase\":\"confirmed\"," PLANES "," COUNTS "}",
                "{\"version\":1,\"phase\":\"dancing\"," PLANES "," COUNTS "}",
                "{\"version\":1,\"phase\":\"confirmed\"," COUNTS "}",
                "{\"version\":1,\"phase\":\"confirmed\",\"planes\":{}," COUNTS "}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS ",\"next\":{}}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS ",\"fault\":{}}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS ",\"since\":\"now\"}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS ",\"public_ip\":\"x\"}",
                "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS "",
        };
        const char *good = "{\"version\":1,\"phase\":\"confirmed\"," PLANES "," COUNTS
                           ",\"fault\":null,\"next\":null,\"later\":[1]}";
        struct status s, before;

        (void)state;
        memset(&s, 0x55, sizeof(s));
        before = s;
        for (size_t i = 0; i < N(bad); i++)
                if (status_parse(bad[i], strlen(bad[i]), &s, NULL) != -EBADMSG)
                        fail_msg("taken: %s", bad[i]);
        assert_memory_equal(&s, &before, sizeof(s));
        assert_int_equal(status_parse(good, strlen(good), &s, NULL), 0);
}

static void a_half_written_file_is_refused(void **state) {
        struct status s;
        char *text = NULL;

        (void)state;
        assert_int_equal(format_of(&failed, &text), 0);
        for (size_t n = 0; n < strlen(text) - 1; n++)
                assert_int_equal(status_parse(text, n, &s, NULL), -EBADMSG);
        free(text);
        text = malloc(STATUS_TEXT_MAX + 1);
        memset(text, ' ', STATUS_TEXT_MAX + 1);
        assert_int_equal(status_parse(text, STATUS_TEXT_MAX + 1, &s, NULL), -EBADMSG);
        memset(text, '{', STATUS_TEXT_MAX + 1);
        assert_int_equal(status_parse(text, STATUS_TEXT_MAX, &s, NULL), -EBADMSG);
        free(text);
}

/* The longest and oddest that the struct can hold still fits the ceiling. */
static void the_fullest_status_fits(void **state) {
        struct status s = failed;
        char *text = NULL;

        (void)state;
        memset(s.note, '"', sizeof(s.note) - 1);
        memset(s.remedy, '\\', sizeof(s.remedy) - 1);
        memset(s.sentence, '"', sizeof(s.sentence) - 1);
        memset(s.waits_for, '"', sizeof(s.waits_for) - 1);
        memset(s.fault.message, '"', sizeof(s.fault.message) - 1);
        memset(s.fault.code, '"', sizeof(s.fault.code) - 1);
        assert_int_equal(format_of(&s, &text), 0);
        assert_int_equal(status_parse(text, strlen(text), &s, NULL), 0);
        free(text);
}

static void names_are_those_of_verdict_and_ledger(void **state) {
        (void)state;
        for (enum plane_verdict v = PLANE_NOT_REQUIRED; v <= PLANE_AGREES; v++) {
                struct status s = {.planes = {[PLANE_KERNEL] = {.verdict = v}}};
                char want[64], *text = NULL;

                snprintf(want, sizeof(want), "{\"kernel\":{\"verdict\":\"%s\"", verdict_name(v));
                assert_int_equal(format_of(&s, &text), 0);
                assert_non_null(strstr(text, want));
                free(text);
        }
        for (enum kind k = KIND_STATIC; k <= KIND_EIP; k++) {
                struct status s = {.kind = k};
                char want[64], *text = NULL;

                snprintf(want, sizeof(want), "\"kind\":\"%s\"", ledger_kind_name(k));
                assert_int_equal(format_of(&s, &text), 0);
                assert_non_null(strstr(text, want));
                free(text);
        }
        assert_string_equal(status_phase_name(PHASE_HELD), "held");
        assert_string_equal(status_phase_name((enum phase)99), "unknown");
        assert_string_equal(status_network_name(NETWORK_VPC), "vpc");
        assert_string_equal(status_network_name(NETWORK_CLASSIC), "classic");
        assert_null(status_network_name(NETWORK_UNKNOWN));
        assert_null(status_network_name((enum network)99));
}

static void lines_say_what_a_person_wants(void **state) {
        struct status s = confirmed;
        char line[STATUS_LINE_SIZE];

        (void)state;
        line_of(&s, line);
        assert_string_equal(line, "Confirmed 203.0.113.10 (static)");
        snprintf(s.note, sizeof(s.note), "metadata lags");
        line_of(&s, line);
        assert_string_equal(line, "Confirmed 203.0.113.10 (static); metadata lags");
        s.phase = PHASE_CONFIRMING;
        s.planes[PLANE_METADATA].verdict = PLANE_DISAGREES;
        s.planes[PLANE_KERNEL].verdict = PLANE_UNKNOWN;
        line_of(&s, line);
        assert_string_equal(line, "Confirming 203.0.113.10 (static); this machine's links are not "
                                  "known yet; metadata does not show it");
        line_of(&failed, line);
        assert_string_equal(line, "Failed: The instance is locked for security reasons "
                                  "(InstanceLockedForSecurity); next look 2026-11-23T02:05:00Z; "
                                  "metadata does not show it; The role is not allowed to do "
                                  "this (Forbidden.RAM)");
        line_of(&rebooting, line);
        assert_string_equal(line, "Reboot due for 203.0.113.10 (eip); waits for cloud-init to "
                                  "finish");
        s = rebooting;
        s.waits_for[0] = '\0';
        line_of(&s, line);
        assert_string_equal(line, "Rebooting for 203.0.113.10 (eip)");
        s = (struct status){.phase = PHASE_HELD, .held = true};
        line_of(&s, line);
        assert_string_equal(line, "Held, nothing is changed: no public address");
        s = (struct status){.phase = PHASE_WAITING,
                            .fault = {.class = FAULT_RETRY, .message = "as it\nsaid"}};
        line_of(&s, line);
        assert_string_equal(line, "Waiting: as it?said");
}

static void every_phase_has_a_line(void **state) {
        (void)state;
        for (enum phase p = 0; p < _PHASE_MAX; p++) {
                struct status s = {.phase = p};
                char line[STATUS_LINE_SIZE];

                memset(s.sentence, 'x', sizeof(s.sentence) - 1); /* longer than a line */
                s.fault.class = FAULT_RETRY;
                line_of(&s, line);
                assert_true(strlen(line) >= 7);
                assert_null(strchr(line, '\n'));
        }
}

static bool fits(const char *pattern, const char *text) {
        regex_t re;
        bool yes;

        assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
        yes = regexec(&re, text, 0, NULL, 0) == 0;
        regfree(&re);
        return yes;
}

#define NAME "[a-zA-Z_][a-zA-Z0-9_]*"
#define LABELS                                                                                     \
        "(\\{" NAME "=\"([^\"\\\n]|\\\\[\\\"n])*\"(," NAME "=\"([^\"\\\n]|\\\\[\\\"n])*\")*\\})?"

/* Reads the text as format 0.0.4: HELP, TYPE, then samples of that very name; EOF last. */
static unsigned check_exposition(char *text) {
        char family[128] = "";
        unsigned n_samples = 0, n_in_family = 1;
        bool eof = false;

        assert_int_equal(text[strlen(text) - 1], '\n');
        for (char *save, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                assert_false(eof);
                if (strcmp(line, "# EOF") == 0) {
                        eof = true;
                } else if (strncmp(line, "# HELP ", 7) == 0) {
                        assert_true(n_in_family > 0);
                        assert_true(fits("^# HELP " NAME " .+[.]$", line));
                        snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "),
                                 line + 7);
                        n_in_family = 0;
                } else if (strncmp(line, "# TYPE ", 7) == 0) {
                        bool total = fits("_total$", family);

                        assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
                        assert_string_equal(line + 7 + strlen(family),
                                            total ? " counter" : " gauge");
                } else {
                        if (strncmp(line, family, strlen(family)) != 0 ||
                            !strchr(" {", line[strlen(family)]) ||
                            !fits("^" NAME LABELS " -?[0-9]+$", line))
                                fail_msg("not a sample of %s: %s", family, line);
                        n_samples++;
                        n_in_family++;
                }
        }
        assert_true(eof);
        assert_true(n_in_family > 0);
        return n_samples;
}

static void metrics_are_valid(void **state) {
        const struct status *all[] = {&confirmed, &failed, &rebooting, &(struct status){}};
        struct metrics m = {.wakeups = UINT64_MAX, .kernel_events = 7};

        (void)state;
        m.questions[WIRE_INSPECT] = 3;
        m.faults[FAULT_RETRY] = 2;
        for (size_t i = 0; i < N(all); i++) {
                char *text = NULL;

                assert_int_equal(metrics_of(all[i], &m, &text), 0);
                assert_true(check_exposition(text) > 50);
                free(text);
        }
}

static void metrics_say_what_is(void **state) {
        struct metrics m = {.kernel_overruns = 4};
        struct status s = failed;
        char *text = NULL;

        (void)state;
        m.questions[WIRE_EIP_FIND] = 3;
        assert_int_equal(metrics_of(&confirmed, &m, &text), 0);
        assert_non_null(strstr(text, "\necs_pubip_phase{phase=\"confirmed\"} 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_phase{phase=\"failed\"} 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_confirmed 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_plane{plane=\"kernel\",verdict=\"agrees\"} 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_questions_total{op=\"eip-find\"} 3\n"));
        assert_non_null(strstr(text, "\necs_pubip_kernel_overruns_total 4\n"));
        assert_non_null(strstr(text, "address=\"203.0.113.10\",kind=\"static\"} 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_phase_since_timestamp_seconds 1795399200\n"));
        assert_null(strstr(text, "ecs_pubip_fault{"));
        free(text);
        /* A label holds whatever a server sent as its code. */
        snprintf(s.fault.code, sizeof(s.fault.code), "a\"b\\c\nd");
        assert_int_equal(metrics_of(&s, &m, &text), 0);
        assert_non_null(strstr(text, "\necs_pubip_fault{class=\"operator\","
                                     "code=\"a\\\"b\\\\c\\nd\"} 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_confirmed 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_held 1\n"));
        free(text);
        assert_int_equal(metrics_of(&rebooting, &m, &text), 0);
        assert_non_null(strstr(text, "\necs_pubip_reboot_due 1\n"));
        free(text);
}

/* Confirmed is what the planes say; held and the configuration are series of their own. */
static void metrics_keep_apart_what_differs(void **state) {
        struct metrics m = {.heartbeat = T0 + 7, .changes[CHANGE_REPLACED] = 2};
        struct status s = confirmed;
        char *text = NULL;

        (void)state;
        s.phase = PHASE_HELD;
        s.held = true;
        s.changed_at = T0 - 60;
        TEXT_SET(s.config_problem, "/etc/x:1");
        s.clock_offset = -3600;
        assert_int_equal(metrics_of(&s, &m, &text), 0);
        assert_non_null(strstr(text, "\necs_pubip_up 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_heartbeat_timestamp_seconds 1795399207\n"));
        assert_non_null(strstr(text, "\necs_pubip_config_ok 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_address_assigned 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_address_confirmed 1\n"));
        assert_non_null(strstr(text, "\necs_pubip_confirmed 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_held 1\n"));
        assert_non_null(strstr(text, "{change=\"replaced\"} 2\n"));
        assert_non_null(strstr(text, "{change=\"lost\"} 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_address_changed_timestamp_seconds 1795399140\n"));
        assert_non_null(strstr(text, "\necs_pubip_clock_offset_seconds -3600\n"));
        free(text);
        s.planes[PLANE_KERNEL].verdict = PLANE_DISAGREES; /* the NIC went down */
        s.changed_at = 0;
        s.config_problem[0] = '\0';
        assert_int_equal(metrics_of(&s, &m, &text), 0);
        assert_non_null(strstr(text, "\necs_pubip_address_confirmed 0\n"));
        assert_non_null(strstr(text, "\necs_pubip_config_ok 1\n"));
        assert_null(strstr(text, "changed_timestamp"));
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_contract_to_the_letter),
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(only_version_1_is_read),
                cmocka_unit_test(a_half_written_file_is_refused),
                cmocka_unit_test(the_fullest_status_fits),
                cmocka_unit_test(names_are_those_of_verdict_and_ledger),
                cmocka_unit_test(lines_say_what_a_person_wants),
                cmocka_unit_test(every_phase_has_a_line),
                cmocka_unit_test(metrics_are_valid),
                cmocka_unit_test(metrics_say_what_is),
                cmocka_unit_test(metrics_keep_apart_what_differs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

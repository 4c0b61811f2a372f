/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of `ecs-pubip status`: what a person reads, and that nothing can break the page. */
#include "unit.h"

#include <ecs-pubip/fault_text.h>

#include "cli/show.h"
#include "util/ipv4.h"
#include "util/text.h"

#define NOW INT64_C(1763863200)

static const struct show_style plain = {.now = NOW}, coloured = {.now = NOW, .colours = true};

static struct snapshot confirmed(void) {
        struct snapshot s = {.alive = true};

        s.status.phase = PHASE_CONFIRMED;
        s.status.kind = KIND_STATIC;
        s.status.network = NETWORK_VPC;
        ipv4_parse("203.0.113.10", &s.status.public_ip);
        TEXT_SET(s.status.instance_id, "i-bp1abc");
        TEXT_SET(s.status.region_id, "cn-hangzhou");
        for (enum plane p = 0; p < PLANE_OUTSIDE; p++)
                s.status.planes[p] =
                        (struct status_plane){PLANE_AGREES, s.status.public_ip, "", NOW - 180};
        TEXT_SET(s.status.planes[PLANE_KERNEL].interface, "eth0");
        return s;
}

static struct snapshot failed(void) {
        struct snapshot s = confirmed();

        s.status.phase = PHASE_FAILED;
        s.status.fault = (struct fault){.class = FAULT_OPERATOR, .http_status = 403};
        TEXT_SET(s.status.fault.code, "InstanceLockedForSecurity");
        TEXT_SET(s.status.fault.request_id, "473469C7-AA6F");
        TEXT_SET(s.status.sentence, "the instance is locked");
        TEXT_SET(s.status.remedy, "unlock it");
        s.status.fault_since = NOW - 7200;
        return s;
}

/* As snapshot_take() leaves it: with the list that the agent has made. */
static void show_listed(struct buf *page, struct snapshot *s, const struct show_style *style) {
        condition_list(&s->status, &s->conditions);
        show_snapshot(page, s, style);
}

static bool page_has(struct snapshot *s, const struct show_style *style, const char *text) {
        _cleanup_buf_ struct buf page = BUF(65536);

        show_listed(&page, s, style);
        assert_int_equal(page.error, 0);
        return strstr(buf_text(&page), text);
}

static void verdict_comes_first(void **state) {
        _cleanup_buf_ struct buf page = BUF(65536);
        struct snapshot s = confirmed();

        (void)state;
        show_listed(&page, &s, &plain);
        assert_int_equal(strncmp(buf_text(&page), "Confirmed 203.0.113.10", 22), 0);
        assert_null(strstr(buf_text(&page), "outside"));
        assert_null(strchr(buf_text(&page), '\033'));
}

static void planes_in_columns(void **state) {
        struct snapshot s = confirmed();

        (void)state;
        assert_true(page_has(&s, &plain,
                             "\nkernel    agrees       203.0.113.10    eth0            3 min ago\n"
                             "metadata  agrees       203.0.113.10    -               3 min ago\n"));
        s.status.planes[PLANE_METADATA] = (struct status_plane){.verdict = PLANE_DISAGREES};
        assert_true(page_has(&s, &plain,
                             "\nmetadata  disagrees    -               -               -\n"));
        s.status.planes[PLANE_OUTSIDE].verdict = PLANE_UNKNOWN;
        assert_true(page_has(&s, &plain, "\noutside   unknown "));
}

static void colours_do_not_move_columns(void **state) {
        struct snapshot s = confirmed();

        (void)state;
        assert_true(page_has(&s, &coloured,
                             "kernel    \033[1;32magrees\033[0m       203.0.113.10    eth0"));
}

static void a_fault_has_its_remedy(void **state) {
        struct snapshot s = failed();

        (void)state;
        assert_true(page_has(
                &s, &plain,
                "Failed: the instance is locked (InstanceLockedForSecurity)\nRemedy    unlock it\n"));
        assert_true(page_has(&s, &plain, "\nRemedy    unlock it\n"));
        assert_true(page_has(&s, &plain,
                             "\nCode      InstanceLockedForSecurity (HTTP 403), first 2 h ago\n"));
        assert_true(page_has(&s, &plain, "\nRequest   473469C7-AA6F\n"));
}

static void what_comes_next(void **state) {
        struct snapshot s = failed();

        (void)state;
        assert_false(page_has(&s, &plain, "\nNext "));
        s.status.next = NEXT_LOOK;
        s.status.next_at = NOW + 300;
        assert_true(page_has(&s, &plain, "\nNext      looks again in 5 min\n"));
        s.status.next = NEXT_RETRY;
        s.status.next_at = 0;
        assert_true(page_has(&s, &plain, "\nNext      tries again soon\n"));
        s.status.next = NEXT_REBOOT;
        TEXT_SET(s.status.waits_for, "cloud-init to finish");
        assert_true(page_has(&s, &plain,
                             "\nNext      a restart, which waits for cloud-init to finish\n"));
        s.status.next_at = NOW + 600;
        assert_true(
                page_has(&s, &plain, "cloud-init to finish; at the latest in 10\n          min\n"));
}

static void the_brake_is_said(void **state) {
        struct snapshot s = confirmed();

        (void)state;
        assert_false(page_has(&s, &plain, "resume"));
        s.status.held = true;
        assert_true(page_has(&s, &plain, "\nHeld      no changing call is made until"));
        s.status.busy = true;
        assert_true(page_has(&s, &plain, "a changing call is in flight"));
}

static void a_dead_agent(void **state) {
        struct snapshot s = confirmed();

        (void)state;
        s.alive = false;
        assert_true(page_has(&s, &plain, "The agent does not run\nRemedy "));
        assert_true(page_has(&s, &plain, "What it said last:\nConfirmed"));
        s.file = STATUS_FILE_ABSENT;
        assert_false(page_has(&s, &plain, "What it said last"));
}

static void an_agent_that_has_ended(void **state) {
        struct snapshot s = failed();

        (void)state;
        s.alive = false;
        s.status.phase = PHASE_STOPPED; /* by its operator */
        assert_true(page_has(&s, &plain, "systemctl start"));
        TEXT_SET(s.status.fault.code, FAULT_NOT_ECS); /* by itself: it would only end again */
        assert_false(page_has(&s, &plain, "systemctl start"));
        assert_true(page_has(&s, &plain, "\nRemedy    unlock it\n"));
}

static void no_status(void **state) {
        struct snapshot s = {.alive = true, .file = STATUS_FILE_ABSENT};

        (void)state;
        assert_true(page_has(&s, &plain, "The agent is starting"));
        s.file = STATUS_FILE_GARBLED;
        assert_true(page_has(&s, &plain, "Remedy    update the package"));
        s = (struct snapshot){.alive = true, .file = STATUS_FILE_UNREADABLE, .error = -13};
        assert_true(page_has(&s, &plain, "Permission denied"));
}

static void a_wrong_clock(void **state) {
        struct snapshot s = confirmed();

        (void)state;
        assert_false(page_has(&s, &plain, "\nClock "));
        s.status.clock_offset = 8 * 3600;
        assert_true(page_has(
                &s, &plain,
                "\nClock     this machine's clock is 8 h ahead of the cloud's. Times above are"));
        s.status.clock_offset = -INT32_MAX;
        assert_true(
                page_has(&s, &plain, "\nClock     this machine's clock is 24855 days behind the"));
}

/* The line, counted from 1, on which `text` ends, wrapped or not; 0: it is not on the page. */
static unsigned line_of_end(const char *page, const char *text) {
        static char flat[65536];
        static unsigned line[65536];
        unsigned n = 0, now = 1;
        const char *found;

        for (const char *p = page; *p; p++) {
                line[n] = now;
                flat[n++] = *p == '\n' ? ' ' : *p;
                if (*p == '\n') {
                        now++;
                        p += strspn(p + 1, " ");
                }
        }
        flat[n] = '\0';
        found = strstr(flat, text);
        return found ? line[found - flat + (long)strlen(text) - 1] : 0;
}

static unsigned widest(const char *page) {
        unsigned most = 0;

        for (const char *line = page; *line; line += strcspn(line, "\n") + 1) {
                unsigned n = (unsigned)strcspn(line, "\n");

                most = n > most ? n : most;
        }
        return most;
}

#define CODE_OF(row) (row->code ? row->code : "Some.Code")

/* At 80 x 24 the cause and all of the remedy are within the first ten lines, for each fault. */
static void cause_and_remedy_come_first(void **state) {
        static const enum phase phases[] = {PHASE_FAILED, PHASE_WAITING, PHASE_CONFIRMING};
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < N(phases); j++) {
                        const struct fault_row *row = &rows[i];
                        _cleanup_buf_ struct buf page = BUF(65536);
                        struct snapshot s = failed();
                        const char *at;

                        s.status.phase = phases[j];
                        s.status.held = true;
                        s.status.next = NEXT_RETRY;
                        s.status.next_at = NOW + 300;
                        TEXT_SET(s.status.fault.code, CODE_OF(row));
                        TEXT_SET(s.status.fault.message, "ecs:AllocatePublicIpAddress");
                        TEXT_SET(s.status.sentence, fault_sentence(row));
                        fault_remedy(&s.status.fault, 0, s.status.remedy);
                        show_listed(&page, &s, &plain);
                        at = strstr(buf_text(&page), "\nRemedy    ");
                        assert_non_null(at);
                        if (line_of_end(buf_text(&page), fault_sentence(row)) == 0)
                                fail_msg("%s: no cause:\n%s", CODE_OF(row), buf_text(&page));
                        if (line_of_end(buf_text(&page), s.status.remedy) == 0 ||
                            line_of_end(buf_text(&page), s.status.remedy) > 10)
                                fail_msg("%s: the remedy ends too late:\n%s", CODE_OF(row),
                                         buf_text(&page));
                        assert_true(widest(buf_text(&page)) <= 80);
                }
}

/* States that no row of the fault table makes: what is wrong and what helps, in ten lines. */
static void other_troubles_come_first_too(void **state) {
        static const struct {
                const char *cause, *remedy;
        } wanted[] = {
                {"The agent does not run", "sudo systemctl start ecs-pubip"},
                {"The status file is not one that this version",
                 "sudo systemctl restart ecs-pubip"},
                {"the configuration has an error", "ecs-pubip config --check"},
                {"the configuration has an error", "ecs-pubip config --check"},
                {"Held, nothing is changed", "sudo ecs-pubip resume"},
                {"Held, nothing is changed", "sudo ecs-pubip resume"},
                {"eth0 is down", "Confirming"},
                {"metadata is unreachable", "Confirming"},
                {"no link of this machine has 172.16.0.10", "Confirming"},
                {"there is no default route", "Confirming"},
                {"the ledger cannot be written", "Held"},
                {"Waiting for user-data before the first change, until 2026", "ecs-pubip resume"},
                {"Reboot due for 203.0.113.10", "a person to reboot this machine"},
        };

        (void)state;
        for (size_t i = 0; i < N(wanted); i++) {
                _cleanup_buf_ struct buf page = BUF(65536);
                struct snapshot s = confirmed();
                struct status *t = &s.status;
                unsigned cause, remedy;

                switch (i) {
                case 0:
                        s.alive = false;
                        break;
                case 1:
                        s.file = STATUS_FILE_GARBLED;
                        break;
                case 3:
                        t->phase = PHASE_HELD;
                        t->held = true;
                        /* fall through */
                case 2:
                        TEXT_SET(t->note, "the configuration has an error and is not in force: "
                                          "ecs-pubip config --check");
                        break;
                case 4:
                        t->phase = PHASE_HELD;
                        t->held = true;
                        break;
                case 5:
                        s = failed();
                        t->phase = PHASE_HELD;
                        t->held = true;
                        break;
                case 6:
                case 7:
                case 8:
                case 9:
                        t->phase = PHASE_CONFIRMING;
                        t->planes[PLANE_KERNEL].verdict = PLANE_DISAGREES;
                        t->planes[PLANE_METADATA].verdict = PLANE_UNKNOWN;
                        TEXT_SET(t->metadata_fault, "Metadata.Unreachable");
                        TEXT_SET(t->planes[PLANE_KERNEL].reason, wanted[i].cause);
                        break;
                case 10:
                        t->phase = PHASE_HELD;
                        t->held = true;
                        TEXT_SET(t->note, "the ledger cannot be written, so nothing is changed");
                        break;
                case 11:
                        t->phase = PHASE_WAITING;
                        t->public_ip = 0;
                        t->fault = fault_own(FAULT_USER_DATA, "");
                        TEXT_SET(t->sentence, fault_sentence(fault_explain(&t->fault, 0)));
                        fault_remedy(&t->fault, 0, t->remedy);
                        t->next = NEXT_RETRY;
                        t->next_at = 1795000000;
                        break;
                default:
                        t->phase = PHASE_REBOOTING;
                        t->next = NEXT_REBOOT;
                        TEXT_SET(t->waits_for, wanted[i].remedy);
                        break;
                }
                show_listed(&page, &s, &plain);
                cause = line_of_end(buf_text(&page), wanted[i].cause);
                remedy = line_of_end(buf_text(&page), wanted[i].remedy);
                if (cause == 0 || cause > 10 || remedy == 0 || remedy > 10)
                        fail_msg("state %zu: cause in line %u, remedy in line %u:\n%s", i, cause,
                                 remedy, buf_text(&page));
                assert_true(widest(buf_text(&page)) <= 80);
        }
}

/* Everything as long as it can be. */
static void longest(void **state) {
        struct snapshot s = failed();
        struct status *t = &s.status;

        (void)state;
        memset(t->sentence, 'x', sizeof(t->sentence) - 1);
        memset(t->remedy, 'y', sizeof(t->remedy) - 1);
        memset(t->waits_for, 'z', sizeof(t->waits_for) - 1);
        memset(t->note, 'n', sizeof(t->note) - 1);
        memset(t->fault.message, ' ', sizeof(t->fault.message) - 1);
        memset(t->fault.code, 'c', sizeof(t->fault.code) - 1);
        memset(t->control_fault, 'd', sizeof(t->control_fault) - 1);
        t->next = NEXT_REBOOT;
        t->next_at = INT64_MAX;
        t->fault_since = INT64_MIN;
        t->planes[PLANE_KERNEL].since = INT64_MAX;
        memset(t->planes[PLANE_KERNEL].interface, 'i', INTERFACE_SIZE - 1);
        assert_true(page_has(&s, &coloured, "xxxx"));
}

static void fields_are_wrapped(void **state) {
        _cleanup_buf_ struct buf page = BUF(4096);
        _cleanup_buf_ struct buf text = BUF(4096);

        (void)state;
        for (int i = 0; i < 30; i++)
                buf_puts(&text, "a word of it ");
        show_field(&page, "Remedy", buf_text(&text));
        for (const char *line = buf_text(&page); *line; line = strchr(line, '\n') + 1) {
                assert_true(strcspn(line, "\n") <= 80);
                assert_int_equal(
                        strncmp(line, line == page.data ? "Remedy    a" : "          ", 10), 0);
        }
        buf_clear(&page);
        show_field(&page, "Note", "");
        assert_string_equal(buf_text(&page), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verdict_comes_first),
                cmocka_unit_test(planes_in_columns),
                cmocka_unit_test(colours_do_not_move_columns),
                cmocka_unit_test(a_fault_has_its_remedy),
                cmocka_unit_test(what_comes_next),
                cmocka_unit_test(the_brake_is_said),
                cmocka_unit_test(a_dead_agent),
                cmocka_unit_test(an_agent_that_has_ended),
                cmocka_unit_test(no_status),
                cmocka_unit_test(a_wrong_clock),
                cmocka_unit_test(cause_and_remedy_come_first),
                cmocka_unit_test(other_troubles_come_first_too),
                cmocka_unit_test(longest),
                cmocka_unit_test(fields_are_wrapped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

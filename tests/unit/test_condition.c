/* SPDX-License-Identifier: Apache-2.0 */
/* Troubled states: headline, page, JSON and metrics tell one story, with its remedy in sight. */
#include "unit.h"

#include <ecs-pubip/condition.h>
#include <ecs-pubip/fault_text.h>
#include <ecs-pubip/usec.h>

#include "cli/show.h"
#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define NOW     INT64_C(1763863200)
#define IN_VIEW 10 /* lines of 80 columns */

/* One that is confirmed, in another phase. */
static struct status base(enum phase phase) {
        struct status s = {.phase = phase, .kind = KIND_STATIC, .network = NETWORK_VPC};

        ipv4_parse("203.0.113.10", &s.public_ip);
        TEXT_SET(s.instance_id, "i-bp1test0000000000001");
        TEXT_SET(s.region_id, "cn-hangzhou");
        for (enum plane p = 0; p < PLANE_OUTSIDE; p++)
                s.planes[p].verdict = PLANE_AGREES;
        ipv4_parse("172.16.0.10", &s.planes[PLANE_KERNEL].address);
        TEXT_SET(s.planes[PLANE_KERNEL].interface, "eth0");
        s.held = phase == PHASE_HELD;
        return s;
}

/* As the engine fills it in. */
static void meet(struct status *s, const char *code, unsigned http, const char *message) {
        struct fault_names names = {s->instance_id, s->region_id, "web"};
        const struct fault_row *row;

        TEXT_SET(s->fault.code, code);
        TEXT_SET(s->fault.message, message);
        s->fault.http_status = http;
        row = fault_explain(&s->fault, 0);
        s->fault.class = row->class;
        s->fault_since = NOW - 60;
        TEXT_SET(s->sentence, fault_sentence(row));
        fault_remedy_here(&s->fault, 0, &names, s->remedy);
        s->next = s->phase == PHASE_WAITING ? NEXT_RETRY : NEXT_LOOK;
        s->next_at = NOW + 300;
}

/* States of the fault table that people were woken by. */
static const struct {
        enum condition_kind kind;
        enum phase phase;
        const char *code;
        unsigned http;
        const char *message, *cause, *remedy;
} faults[] = {
        {CONDITION_PERMISSION, PHASE_WAITING, FAULT_MD_NO_ROLE, 0, "", "has no RAM role",
         "--InstanceIds '[\"i-bp1test0000000000001\"]' --RamRoleName web"},
        {CONDITION_PERMISSION, PHASE_WAITING, "Forbidden.RAM", 403,
         "not authorized (action: ecs:DescribeInstances)", "The role is not allowed",
         "Grant ecs:DescribeInstances to"},
        {CONDITION_PERMISSION, PHASE_WAITING, "NoPermission", 403, "", "The role is not allowed",
         "ecs-pubip policy"},
        {CONDITION_ADDRESS, PHASE_FAILED, "InstanceExpiredOrInArrears", 400, "", "in arrears",
         "pay what is due"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_LOCKED, 0, "financial", "an unpaid bill", "Pay"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_LOCKED, 0, "security", "security reasons",
         "have the lock lifted"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_NO_BANDWIDTH, 0, "", "bandwidth is 0",
         "Change Bandwidth"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_MD_FORBIDDEN, 403, "", "it is disabled",
         "--InstanceId i-bp1test0000000000001 --HttpEndpoint enabled"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_MD_TOKEN, 0, "", "does not travel far enough",
         "--HttpPutResponseHopLimit 2"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_RESOLVE, 0, "", "cannot be resolved",
         "/etc/resolv.conf"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_CONNECT, 0, "", "accepts a connection",
         "ecs-vpc.cn-hangzhou.aliyuncs.com"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_TLS, 0, "", "certificate", "ca-certificates"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_CLOUD_UNREACHABLE, 0, "",
         "cannot reach its cloud process", "unmask"},
        {CONDITION_ADDRESS, PHASE_WAITING, "Throttling.User", 400, "", "Throttling.User",
         "Nothing to do"},
        {CONDITION_ADDRESS, PHASE_WAITING, "InternalError", 500, "", "InternalError",
         "Nothing to do"},
        {CONDITION_ADDRESS, PHASE_WAITING, FAULT_NOT_RUNNING, 0, "", "between two states",
         "Nothing to do"},
        {CONDITION_ADDRESS, PHASE_WAITING, "InsufficientPublicIp", 400, "", "no public address",
         "an EIP may be had"},
        {CONDITION_ADDRESS, PHASE_FAILED, "Foo.BarBaz", 400, "A thing", "Foo.BarBaz", "Remedy"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_HEAL_RECLAIMED, 0, "", "was taken away",
         "[Heal] Policy=reallocate"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_EIP_ELSEWHERE, 0, "", "bound to another instance",
         "Unbind it there"},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_EIP_NONE, 0, "", "No free EIP", "EipTag="},
        {CONDITION_ADDRESS, PHASE_FAILED, FAULT_REBOOT_NEVER, 0, "", "A reboot is due",
         "Restart the instance"},
        {CONDITION_BUDGET, PHASE_FAILED, FAULT_REBOOT_LIMIT, 0, "", "Reboot.Limit is reached",
         "aliyun ecs RebootInstance --InstanceId i-bp1test0000000000001"},
        {CONDITION_BUDGET, PHASE_WAITING, FAULT_CHANGE_OFTEN, 0, "", "six times in ten minutes",
         "Nothing to do"},
        {CONDITION_IDENTITY, PHASE_FAILED, FAULT_NOT_MACHINE, 0, "", "is not the instance",
         "Run the agent on the instance"},
        {CONDITION_IDENTITY, PHASE_WAITING, FAULT_UNPROVEN, 0, "", "Nothing shows yet",
         "ip -4 address"},
        {CONDITION_LEDGER, PHASE_FAILED, FAULT_LEDGER_WRITE, 0, "", "ledger cannot be written",
         "free some space"},
        {CONDITION_CLOCK, PHASE_WAITING, FAULT_TLS_TIME, 0, "", "not yet valid", "timedatectl"},
};

/* What stands beside the phase, in any of them. */
static void unreadable(struct status *s) {
        s->note_kind = NOTE_LEDGER_UNREADABLE;
        TEXT_SET(s->note, "the ledger cannot be read, so nothing is changed");
}
static void unwritable(struct status *s) {
        s->note_kind = NOTE_LEDGER_UNWRITABLE;
        TEXT_SET(s->note, "the ledger cannot be written, so nothing is changed");
}
static void unread(struct status *s) {
        s->note_kind = NOTE_CONFIG_UNREAD;
        TEXT_SET(s->note, "the configuration cannot be read at this moment");
}
static void bad_config(struct status *s) {
        TEXT_SET(s->config_problem, "/etc/ecs-pubip/ecs-pubip.conf:2 Reboot.Limit");
}
static void deny_control(struct status *s) {
        s->planes[PLANE_CONTROL].verdict = PLANE_UNKNOWN;
        TEXT_SET(s->control_fault, "Forbidden.RAM");
}
static void mute_control(struct status *s) {
        s->planes[PLANE_CONTROL].verdict = PLANE_UNKNOWN;
        TEXT_SET(s->control_fault, FAULT_CONNECT);
}
static void mute_metadata(struct status *s) {
        s->planes[PLANE_METADATA].verdict = PLANE_UNKNOWN;
        TEXT_SET(s->metadata_fault, FAULT_MD_UNREACHABLE);
}
static void other_metadata(struct status *s) {
        s->planes[PLANE_METADATA].verdict = PLANE_DISAGREES;
}
static void other_control(struct status *s) {
        s->planes[PLANE_CONTROL].verdict = PLANE_DISAGREES;
}
static void other_outside(struct status *s) {
        s->planes[PLANE_OUTSIDE].verdict = PLANE_DISAGREES;
}
static void lack(struct status *s, enum kernel_gap gap, const char *reason) {
        s->planes[PLANE_KERNEL].verdict = PLANE_DISAGREES;
        s->kernel_gap = gap;
        TEXT_SET(s->planes[PLANE_KERNEL].reason, reason);
}
static void link_down(struct status *s) {
        lack(s, KERNEL_GAP_DOWN, "eth1: down");
}
static void no_carrier(struct status *s) {
        lack(s, KERNEL_GAP_CARRIER, "eth0: no carrier");
}
static void rule(struct status *s) {
        lack(s, KERNEL_GAP_ROUTE, "out: rule 100 prohibits");
}
static void no_route(struct status *s) {
        lack(s, KERNEL_GAP_ROUTE, "no route from 172.16.0.10");
}
static void tunnel(struct status *s) {
        lack(s, KERNEL_GAP_REPLIES, "out: replies leave by wg0");
}
static void filter(struct status *s) {
        lack(s, KERNEL_GAP_FILTER, "in: dropped by rp_filter=1");
}
static void no_address(struct status *s) {
        lack(s, KERNEL_GAP_NONE, "no link has 172.16.0.10");
}
static void empty_brake(struct status *s) {
        s->held = true;
        TEXT_SET(s->hold_problem, "/etc/ecs-pubip/hold is empty, which holds every instance");
}

static const struct trouble {
        enum condition_kind kind;
        void (*make)(struct status *s);
        const char *cause, *remedy;
} troubles[] = {
        {CONDITION_LEDGER, unreadable, "the ledger cannot be read", "sudo ecs-pubip resume"},
        {CONDITION_LEDGER, unwritable, "the ledger cannot be written", "df -h"},
        {CONDITION_CONFIG, unread, "the configuration cannot be read", "ls -l /etc/ecs-pubip"},
        {CONDITION_CONFIG, bad_config, "Reboot.Limit", "sudo ecs-pubip config --check"},
        {CONDITION_KERNEL, link_down, "eth1: down", "sudo ip link set eth1 up"},
        {CONDITION_KERNEL, no_carrier, "eth0: no carrier", "ip -s link show eth0;"},
        {CONDITION_KERNEL, rule, "rule 100 prohibits",
         "ip route get 203.0.113.1 from 172.16.0.10;"},
        {CONDITION_KERNEL, no_route, "no route from", "give the default route back"},
        {CONDITION_KERNEL, tunnel, "leave by wg0",
         "sudo ip rule add from 172.16.0.10 lookup TABLE"},
        {CONDITION_KERNEL, filter, "rp_filter=1", "sudo sysctl -w net.ipv4.conf.eth0.rp_filter=2"},
        {CONDITION_KERNEL, no_address, "no link has 172.16.0.10", "ip address"},
        {CONDITION_METADATA, mute_metadata, "metadata is unreachable (Metadata.Unreachable)",
         "100.100.100.200"},
        {CONDITION_METADATA, other_metadata, "metadata does not show it", "ecs-pubip doctor"},
        {CONDITION_CONTROL, deny_control, "The role is not allowed to do this (Forbidden.RAM)",
         "ecs-pubip policy"},
        {CONDITION_CONTROL, mute_control, "the ECS API gives no answer (Transport.Connect)",
         "ecs-vpc.cn-hangzhou.aliyuncs.com"},
        {CONDITION_CONTROL, other_control, "the ECS API does not show it", "ecs-pubip doctor"},
        {CONDITION_OUTSIDE, other_outside, "another address is seen from", "NAT gateway"},
        {CONDITION_HOLD, empty_brake, "hold is empty", "sudo ecs-pubip resume"},
};

static const enum phase past_it[] = {PHASE_CONFIRMED, PHASE_WAITING, PHASE_FAILED, PHASE_HELD};

/* The first lines as a terminal of 80 columns shows them, each line end and indent as one blank. */
static void view(const struct status *t, struct buf *out) {
        _cleanup_buf_ struct buf page = BUF(65536);
        const struct show_style style = {.now = NOW};
        struct snapshot s = {.alive = true, .status = *t};
        unsigned n = 0;

        condition_list(t, &s.conditions);
        show_snapshot(&page, &s, &style);
        for (const char *p = buf_text(&page); *p && n < IN_VIEW; p++) {
                n += *p == '\n';
                if (*p != '\n' && *p != ' ')
                        buf_add(out, p, 1);
                else if (p[1] != ' ')
                        buf_puts(out, " ");
        }
        assert_int_equal(page.error, 0);
}

static void has(const char *text, const char *what, const char *name, enum phase phase) {
        if (!strstr(text, what))
                fail_msg("%s, %s: no \"%s\" in: %s", name, status_phase_name(phase), what, text);
}

static void check(const struct status *s, enum condition_kind kind, const char *cause,
                  const char *remedy) {
        _cleanup_buf_ struct buf first = BUF(65536), sample = BUF(256), member = BUF(256);
        _cleanup_free_ char *json = NULL, *metrics = NULL;
        static const struct metrics none;
        const char *name = condition_name(kind);
        char line[STATUS_LINE_SIZE];
        struct conditions c;

        condition_list(s, &c);
        status_line(s, &c, line);
        has(line, cause, name, s->phase);
        view(s, &first);
        has(buf_text(&first), cause, name, s->phase);
        has(buf_text(&first), remedy, name, s->phase);
        assert_int_equal(status_format(s, &c, &json), 0);
        buf_printf(&member, "{\"condition\":\"%s\",\"severity\":\"problem\"", name);
        has(json, buf_text(&member), name, s->phase);
        assert_int_equal(metrics_format(s, &c, &none, &metrics), 0);
        buf_printf(&sample, "ecs_pubip_condition{condition=\"%s\",severity=\"problem\"} 1\n", name);
        has(metrics, buf_text(&sample), name, s->phase);
}

static void each_fault_in_its_phase(void **state) {
        (void)state;
        for (size_t i = 0; i < N(faults); i++) {
                struct status s = base(faults[i].phase);
                char line[STATUS_LINE_SIZE];
                struct conditions c;

                s.public_ip = 0;
                meet(&s, faults[i].code, faults[i].http, faults[i].message);
                check(&s, faults[i].kind, faults[i].cause, faults[i].remedy);
                condition_list(&s, &c);
                assert_int_equal(c.n, 1);
                assert_int_equal(c.list[0].since, NOW - 60);
                status_line(&s, &c, line);
                has(line, faults[i].code, faults[i].code, s.phase);
        }
}

static void each_trouble_in_each_phase(void **state) {
        (void)state;
        for (size_t i = 0; i < N(troubles); i++)
                for (size_t k = 0; k < N(past_it); k++) {
                        struct status s = base(past_it[k]);

                        troubles[i].make(&s);
                        check(&s, troubles[i].kind, troubles[i].cause, troubles[i].remedy);
                }
}

/* Two at once: the more urgent one is first, and none is left out. */
static void two_troubles(void **state) {
        (void)state;
        for (size_t i = 0; i < N(troubles); i++)
                for (size_t k = i + 1; k < N(troubles); k++) {
                        const struct trouble *a = &troubles[i], *b = &troubles[k];
                        struct status s = base(PHASE_CONFIRMED);
                        _cleanup_buf_ struct buf first = BUF(65536);
                        bool one_note = a->kind == CONDITION_LEDGER && b->make == unread;
                        struct conditions c;
                        char line[STATUS_LINE_SIZE];

                        if (a->kind == b->kind || one_note)
                                continue;
                        a->make(&s);
                        b->make(&s);
                        condition_list(&s, &c);
                        assert_int_equal(c.n, 2);
                        assert_true(c.list[0].kind < c.list[1].kind);
                        status_line(&s, &c, line);
                        has(line, a->cause, condition_name(a->kind), s.phase);
                        if (!c.list[1].told)
                                has(line, "; and 1 more", condition_name(b->kind), s.phase);
                        view(&s, &first);
                        has(buf_text(&first), a->cause, condition_name(a->kind), s.phase);
                        has(buf_text(&first), b->cause, condition_name(b->kind), s.phase);
                        has(buf_text(&first), a->remedy, condition_name(a->kind), s.phase);
                }
}

/* The line ends with a whole condition, and says how many there are besides; the page has them. */
static void a_line_has_whole_conditions(void **state) {
        struct status s = base(PHASE_FAILED);
        _cleanup_buf_ struct buf page = BUF(65536);
        const struct show_style style = {.now = NOW};
        struct snapshot shown = {.alive = true};
        char line[STATUS_LINE_SIZE];
        struct conditions c;

        (void)state;
        meet(&s, FAULT_MD_NO_ROLE, 0, "");
        unwritable(&s);
        bad_config(&s);
        rule(&s);
        mute_metadata(&s);
        deny_control(&s);
        other_outside(&s);
        condition_list(&s, &c);
        assert_int_equal(c.n, 7);
        status_line(&s, &c, line);
        assert_string_equal(line, "Failed: The instance has no RAM role, so there are no "
                                  "credentials (Metadata.NoRole); next look "
                                  "2025-11-23T02:05:00Z; the ledger cannot be written, so nothing "
                                  "is changed; and 5 more");
        shown.status = s;
        condition_list(&s, &shown.conditions);
        show_snapshot(&page, &shown, &style);
        has(buf_text(&page), "\nProblem   out: rule 100 prohibits\nRemedy ", "kernel", s.phase);
        has(buf_text(&page), "\nProblem   another address is seen from", "outside", s.phase);
        assert_null(strstr(buf_text(&page), "Problem   the ledger"));
}

/* Each sentence of the table fits with its code: nothing of the first problem is ever cut. */
static void the_first_problem_is_never_cut(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                struct status s = base(PHASE_WAITING);
                char code[FAULT_CODE_SIZE] = "", whole[CONDITION_TEXT_SIZE];
                char line[STATUS_LINE_SIZE];
                struct conditions c;

                snprintf(code, sizeof(code), "%.*s",
                         (int)(rows[i].code ? strcspn(rows[i].code, "|*") : 0), rows[i].code);
                s.fault.class = rows[i].class;
                TEXT_SET(s.fault.code, code);
                TEXT_SET(s.sentence, fault_sentence(&rows[i]));
                condition_list(&s, &c);
                condition_text(&c.list[0], whole);
                status_line(&s, &c, line);
                if (fault_explain(&s.fault, 0)->awaits != AWAITS_USER_DATA)
                        has(line, whole, code, s.phase);
        }
}

static struct condition *only(const struct status *s, struct conditions *ret) {
        condition_list(s, ret);
        assert_int_equal(ret->n, 1);
        return &ret->list[0];
}

/* What somebody asked for, or what is normal on the way, is no problem. */
static void what_is_wanted_is_a_note(void **state) {
        struct status s = base(PHASE_HELD);
        struct conditions c;

        (void)state;
        assert_int_equal(only(&s, &c)->severity, CONDITION_NOTE);
        assert_string_equal(c.list[0].sentence,
                            "no changing call is made until sudo ecs-pubip resume");
        s = base(PHASE_WAITING);
        meet(&s, FAULT_USER_DATA, 0, "");
        assert_int_equal(only(&s, &c)->severity, CONDITION_NOTE);
        for (enum phase p = PHASE_STARTING; p <= PHASE_REBOOTING; p++) {
                s = base(p);
                other_metadata(&s);
                assert_int_equal(only(&s, &c)->severity, CONDITION_NOTE);
                s.was_confirmed = true; /* it was there, and is not any more */
                assert_int_equal(only(&s, &c)->severity, CONDITION_PROBLEM);
        }
        s = base(PHASE_CONFIRMED);
        other_control(&s);
        s.planes_aside = 1u << PLANE_CONTROL;
        assert_int_equal(only(&s, &c)->severity, CONDITION_NOTE);
        s = base(PHASE_CONFIRMED);
        s.clock_offset = 3600;
        assert_int_equal(only(&s, &c)->severity, CONDITION_NOTE);
}

static void nothing_wrong_is_no_condition(void **state) {
        struct status s = base(PHASE_CONFIRMED);
        struct conditions c;

        (void)state;
        condition_list(&s, &c);
        assert_int_equal(c.n, 0);
}

/* A fault that is also said of a plane, and a ledger that two say cannot be written: one of each.
 */
static void one_cause_is_told_once(void **state) {
        struct status s = base(PHASE_WAITING);
        struct conditions c;

        (void)state;
        meet(&s, FAULT_MD_UNREACHABLE, 0, "");
        mute_metadata(&s);
        assert_int_equal(only(&s, &c)->kind, CONDITION_ADDRESS);
        s = base(PHASE_FAILED);
        meet(&s, FAULT_LEDGER_WRITE, 0, "");
        unwritable(&s);
        assert_int_equal(only(&s, &c)->kind, CONDITION_LEDGER);
}

static bool follow(struct condition_past *past, const struct status *s, int64_t sec,
                   struct conditions *ret) {
        condition_list(s, ret);
        return condition_follow(past, ret, NOW + sec, (uint64_t)(100 + sec) * USEC_PER_SEC);
}

static void a_problem_ends_after_its_gap(void **state) {
        struct status well = base(PHASE_CONFIRMED), ill = well, other = well, hold = well;
        static const struct metrics none;
        static struct condition_past past;
        _cleanup_free_ char *metrics = NULL;
        struct conditions c;
        char line[STATUS_LINE_SIZE];

        (void)state;
        bad_config(&ill);
        assert_false(follow(&past, &ill, 0, &c));
        assert_int_equal(c.list[0].since, NOW);
        assert_true(follow(&past, &well, 5, &c));
        assert_int_equal(c.n, 1);
        assert_true(c.list[0].over);
        assert_false(condition_is_problem(&c.list[0]));
        status_line(&well, &c, line); /* it says what is so now */
        assert_string_equal(line, "Confirmed 203.0.113.10 (static)");
        assert_int_equal(metrics_format(&well, &c, &none, &metrics), 0);
        assert_non_null(strstr(metrics, "condition=\"config\",severity=\"problem\"} 1"));
        assert_false(follow(&past, &ill, 9, &c)); /* back within the gap */
        assert_false(c.list[0].over);
        assert_int_equal(c.list[0].since, NOW);
        assert_true(follow(&past, &well, 18, &c));
        assert_false(follow(&past, &well, 19, &c));
        assert_int_equal(c.n, 0);
        assert_false(follow(&past, &ill, 30, &c)); /* another one */
        assert_int_equal(c.list[0].since, NOW + 30);

        deny_control(&other); /* another code is another problem */
        other.planes[PLANE_CONTROL].since = NOW + 40;
        (void)follow(&past, &other, 40, &c);
        TEXT_SET(other.control_fault, FAULT_CONNECT);
        other.planes[PLANE_CONTROL].since = NOW + 41;
        (void)follow(&past, &other, 41, &c);
        assert_int_equal(c.list[0].since, NOW + 41);

        hold.held = true; /* a note ends at once */
        (void)follow(&past, &hold, 60, &c);
        assert_int_equal(c.list[0].since, NOW + 60);
        assert_false(follow(&past, &well, 61, &c));
        assert_int_equal(c.n, 0);
}

/* Who reads the file has the agent's list; of an agent that wrote none he makes it. */
static void the_list_travels(void **state) {
        static const char unknown[] =
                "\"conditions\":[{\"condition\":\"warp\",\"severity\":\"problem\","
                "\"sentence\":\"x\"},7,{\"condition\":\"hold\",\"severity\":\"note\","
                "\"sentence\":\"y\"}]}";
        struct status s = base(PHASE_CONFIRMED), back;
        _cleanup_free_ char *json = NULL;
        _cleanup_buf_ struct buf cut = BUF(65536);
        struct conditions c, read;

        (void)state;
        tunnel(&s);
        empty_brake(&s);
        condition_list(&s, &c);
        c.list[0].since = NOW;
        c.list[1].over = true;
        assert_int_equal(status_format(&s, &c, &json), 0);
        assert_int_equal(status_parse(json, strlen(json), &back, &read), 0);
        assert_memory_equal(&read, &c, sizeof(c));
        assert_int_equal(status_parse(json, strlen(json), &back, NULL), 0);

        buf_add(&cut, json, (size_t)(strstr(json, "\"conditions\"") - json));
        buf_puts(&cut, unknown);
        assert_int_equal(status_parse(buf_text(&cut), cut.len, &back, &read), 0);
        assert_int_equal(read.n, 1);
        assert_string_equal(read.list[0].sentence, "y");

        buf_clear(&cut);
        buf_add(&cut, json, (size_t)(strstr(json, ",\"conditions\"") - json));
        buf_puts(&cut, "}");
        assert_int_equal(status_parse(buf_text(&cut), cut.len, &back, &read), 0);
        assert_int_equal(read.n, 2);
        assert_string_equal(read.list[0].sentence, "out: replies leave by wg0");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_fault_in_its_phase),
                cmocka_unit_test(each_trouble_in_each_phase),
                cmocka_unit_test(two_troubles),
                cmocka_unit_test(a_line_has_whole_conditions),
                cmocka_unit_test(the_first_problem_is_never_cut),
                cmocka_unit_test(what_is_wanted_is_a_note),
                cmocka_unit_test(nothing_wrong_is_no_condition),
                cmocka_unit_test(one_cause_is_told_once),
                cmocka_unit_test(a_problem_ends_after_its_gap),
                cmocka_unit_test(the_list_travels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

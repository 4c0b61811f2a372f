/* SPDX-License-Identifier: Apache-2.0 */
/* Troubled states: headline, page, JSON and metrics tell one story, with its remedy in sight. */
#include "unit.h"

#include <ecs-pubip/condition.h>
#include <ecs-pubip/fault_text.h>

#include "cli/show.h"
#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define NOW     INT64_C(1763863200)
#define IN_VIEW 10 /* lines */

static const enum phase phases[] = {PHASE_CONFIRMED, PHASE_WAITING, PHASE_FAILED, PHASE_HELD};

struct trouble {
        const char *name; /* of its condition */
        void (*make)(struct status *s);
        const char *cause, *remedy;
};

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
static void mute_metadata(struct status *s) {
        s->planes[PLANE_METADATA].verdict = PLANE_UNKNOWN;
        TEXT_SET(s->metadata_fault, "Metadata.Unreachable");
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
static void link_down(struct status *s) {
        s->planes[PLANE_KERNEL].verdict = PLANE_DISAGREES;
        TEXT_SET(s->planes[PLANE_KERNEL].reason, "eth0 is down");
}
static void brake(struct status *s) {
        s->held = true;
}
static void refuse(struct status *s, enum fault_class class, const char *code, const char *sentence,
                   const char *remedy) {
        s->fault.class = class;
        TEXT_SET(s->fault.code, code);
        TEXT_SET(s->sentence, sentence);
        TEXT_SET(s->remedy, remedy);
}
static void no_role(struct status *s) {
        refuse(s, FAULT_AUTH, "NoPermission", "The role may not do this", "aliyun ram attach");
}
static void no_money(struct status *s) {
        refuse(s, FAULT_OPERATOR, "InvalidAccountStatus.NotEnoughBalance",
               "The account lacks money", "Pay; then sudo ecs-pubip resume");
}

static const struct trouble troubles[] = {
        {"permission", no_role, "The role may not do this", "aliyun ram attach"},
        {"address", no_money, "The account lacks money", "Pay; then sudo ecs-pubip resume"},
        {"ledger", unreadable, "the ledger cannot be read", "df -h"},
        {"ledger", unwritable, "the ledger cannot be written", "df -h"},
        {"config", unread, "the configuration cannot be read", "ecs-pubip config --check"},
        {"config", bad_config, "Reboot.Limit", "ecs-pubip config --check"},
        {"kernel", link_down, "eth0 is down", "ip address"},
        {"metadata", mute_metadata, "metadata is unreachable", "ecs-pubip doctor"},
        {"metadata", other_metadata, "metadata does not show it", "ecs-pubip doctor"},
        {"control", deny_control, "the ECS API gives no answer", "ecs-pubip doctor"},
        {"control", other_control, "the ECS API does not show it", "ecs-pubip doctor"},
        {"outside", other_outside, "another address is seen from", "ecs-pubip doctor"},
        {"hold", brake, "changing call is made", "ecs-pubip resume"},
};
#define N_TROUBLES (sizeof(troubles) / sizeof(troubles[0]))

/* The first lines as a terminal of 80 columns shows them, each line end and indent as one blank. */
static void view(const struct status *t, struct buf *out) {
        _cleanup_buf_ struct buf page = BUF(65536);
        const struct show_style style = {.now = NOW};
        struct snapshot s = {.alive = true, .status = *t};
        unsigned n = 0;

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

static void has(const char *text, const char *what, const struct trouble *t, enum phase phase) {
        if (!strstr(text, what))
                fail_msg("%s, %s: no \"%s\" in: %s", t->name, status_phase_name(phase), what, text);
}

static void check(const struct status *s, const struct trouble *t) {
        _cleanup_buf_ struct buf first = BUF(65536), sample = BUF(256), member = BUF(256);
        _cleanup_free_ char *json = NULL, *metrics = NULL;
        static const struct metrics none;
        bool in_phase_words = s->phase == PHASE_HELD && s->held;
        char line[STATUS_LINE_SIZE];

        status_line(s, line);
        if (!in_phase_words || strcmp(t->name, "hold") != 0)
                has(line, t->cause, t, s->phase);
        view(s, &first);
        has(buf_text(&first), t->cause, t, s->phase);
        has(buf_text(&first), t->remedy, t, s->phase);
        assert_int_equal(status_format(s, &json), 0);
        buf_printf(&member, "\"condition\":\"%s\",\"severity\":\"problem\"", t->name);
        has(json, buf_text(&member), t, s->phase);
        assert_int_equal(metrics_format(s, &none, &metrics), 0);
        buf_printf(&sample, "ecs_pubip_condition{condition=\"%s\"} 1\n", t->name);
        has(metrics, buf_text(&sample), t, s->phase);
}

static struct status base(enum phase phase) {
        struct status s = {.phase = phase, .kind = KIND_STATIC, .network = NETWORK_VPC};

        ipv4_parse("203.0.113.10", &s.public_ip);
        TEXT_SET(s.instance_id, "i-bp1abc");
        for (enum plane p = 0; p < PLANE_OUTSIDE; p++)
                s.planes[p].verdict = PLANE_AGREES;
        s.held = phase == PHASE_HELD;
        return s;
}

static void each_trouble_in_each_phase(void **state) {
        (void)state;
        for (size_t i = 0; i < N_TROUBLES; i++)
                for (size_t k = 0; k < sizeof(phases) / sizeof(phases[0]); k++) {
                        struct status s = base(phases[k]);

                        troubles[i].make(&s);
                        check(&s, &troubles[i]);
                }
}

/* A kind is told once, and there is one fault and one note at most. */
static bool are_two(const struct trouble *a, const struct trouble *b) {
        struct status s = base(PHASE_CONFIRMED), t = s;

        a->make(&s);
        b->make(&t);
        return strcmp(a->name, b->name) != 0 &&
               (s.fault.class == FAULT_NONE || t.fault.class == FAULT_NONE) &&
               (s.note_kind == NOTE_OTHER || t.note_kind == NOTE_OTHER);
}

/* Two at once: the more urgent one is first, and both are told. */
static void two_troubles(void **state) {
        (void)state;
        for (size_t i = 0; i < N_TROUBLES; i++)
                for (size_t k = i + 1; k < N_TROUBLES; k++) {
                        struct status s = base(PHASE_CONFIRMED);
                        struct conditions c;
                        char line[STATUS_LINE_SIZE];

                        if (!are_two(&troubles[i], &troubles[k]))
                                continue;
                        troubles[i].make(&s);
                        troubles[k].make(&s);
                        conditions_take(&s, &c);
                        assert_int_equal(c.n, 2);
                        for (unsigned n = 1; n < c.n; n++)
                                assert_true(c.list[n - 1].kind < c.list[n].kind);
                        status_line(&s, line);
                        has(line, troubles[k].cause, &troubles[k], s.phase);
                }
}

static void nothing_wrong_is_no_condition(void **state) {
        struct status s = base(PHASE_CONFIRMED);
        struct conditions c;

        (void)state;
        conditions_take(&s, &c);
        assert_int_equal(c.n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_trouble_in_each_phase),
                cmocka_unit_test(two_troubles),
                cmocka_unit_test(nothing_wrong_is_no_condition),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

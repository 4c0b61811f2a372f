/* SPDX-License-Identifier: Apache-2.0 */
/* A status to the list of what is wrong or odd, and one list to the next. */
#include <ecs-pubip/condition.h>

#include <string.h>

#include <ecs-pubip/fault_text.h>
#include <ecs-pubip/usec.h>

#include "core/format/status_names.h"
#include "util/ipv4.h"
#include "util/text.h"

#define DOCTOR "sudo ecs-pubip doctor"

const char *const condition_names[_CONDITION_MAX] = {
        [CONDITION_PERMISSION] = "permission",
        [CONDITION_IDENTITY] = "identity",
        [CONDITION_ADDRESS] = "address",
        [CONDITION_BUDGET] = "budget",
        [CONDITION_LEDGER] = "ledger",
        [CONDITION_CONFIG] = "config",
        [CONDITION_KERNEL] = "kernel",
        [CONDITION_METADATA] = "metadata",
        [CONDITION_CONTROL] = "control",
        [CONDITION_OUTSIDE] = "outside",
        [CONDITION_HOLD] = "hold",
        [CONDITION_REBOOT] = "reboot",
        [CONDITION_USER_DATA] = "user-data",
        [CONDITION_CLOCK] = "clock",
};
const char *const severity_names[_CONDITION_SEVERITY_MAX] = {
        [CONDITION_NOTE] = "note",
        [CONDITION_PROBLEM] = "problem",
};

const char *condition_name(enum condition_kind kind) {
        return condition_names[kind];
}

const char *condition_severity_name(enum condition_severity severity) {
        return severity_names[severity];
}

bool condition_is_problem(const struct condition *c) {
        return c->severity == CONDITION_PROBLEM && !c->over;
}

/* Each '@' of the text is the next word. */
static void fill(char *ret, const char *text, const char *first, const char *second) {
        char *end = ret + CONDITION_TEXT_SIZE - 1;

        for (; *text; text++) {
                if (*text == '@') {
                        text_copy(ret, (size_t)(end - ret) + 1, first);
                        ret += strlen(ret);
                        first = second;
                } else if (ret < end)
                        *ret++ = *text;
        }
        *ret = '\0';
}

void condition_text(const struct condition *c, char ret[static CONDITION_TEXT_SIZE]) {
        bool has_code = !*c->code || strstr(c->sentence, c->code);

        fill(ret, has_code ? "@" : "@ (@)", c->sentence, c->code);
}

const struct condition *condition_find(const struct conditions *c, enum condition_kind kind) {
        for (unsigned i = 0; i < c->n; i++)
                if (c->list[i].kind == kind)
                        return &c->list[i];
        return NULL;
}

bool condition_says(const struct conditions *c, const char *text) {
        for (unsigned i = 0; i < c->n; i++)
                if (strcmp(c->list[i].sentence, text) == 0)
                        return true;
        return false;
}

static struct condition *add(struct conditions *c, enum condition_kind kind,
                             enum condition_severity severity, const char *sentence,
                             const char *remedy) {
        struct condition *n = &c->list[c->n++];

        n->kind = kind;
        n->severity = severity;
        TEXT_SET(n->sentence, sentence);
        TEXT_SET(n->remedy, remedy);
        return n;
}

static enum condition_kind kind_of(const struct fault_row *row) {
        static const enum condition_kind kinds[] = {
                [ABOUT_IDENTITY] = CONDITION_IDENTITY,
                [ABOUT_BUDGET] = CONDITION_BUDGET,
                [ABOUT_LEDGER] = CONDITION_LEDGER,
        };

        if (row->about != ABOUT_ADDRESS)
                return kinds[row->about];
        if (row->awaits == AWAITS_USER_DATA)
                return CONDITION_USER_DATA;
        if (row->class == FAULT_CLOCK)
                return CONDITION_CLOCK;
        if (row->class == FAULT_AUTH &&
            (row->origin == ORIGIN_API || row->origin == ORIGIN_CREDENTIALS))
                return CONDITION_PERMISSION;
        return CONDITION_ADDRESS;
}

/* What the phase waits for, or has failed of. */
static void add_fault(struct conditions *c, const struct status *s) {
        enum condition_kind kind = kind_of(fault_explain(&s->fault, 0));
        const char *sentence = *s->sentence ? s->sentence : s->fault.message;
        struct condition *n;

        if (s->fault.class == FAULT_NONE)
                return;
        n = add(c, kind, kind == CONDITION_USER_DATA ? CONDITION_NOTE : CONDITION_PROBLEM,
                *sentence ? sentence : "unknown fault", s->remedy);
        n->since = s->fault_since;
        TEXT_SET(n->code, s->fault.code);
}

static void add_ledger(struct conditions *c, const struct status *s) {
        if ((s->note_kind == NOTE_LEDGER_UNREADABLE || s->note_kind == NOTE_LEDGER_UNWRITABLE) &&
            !condition_find(c, CONDITION_LEDGER))
                add(c, CONDITION_LEDGER, CONDITION_PROBLEM, s->note,
                    "df -h /var/lib/ecs-pubip; findmnt -T /var/lib/ecs-pubip; then sudo ecs-pubip "
                    "resume");
}

static void add_config(struct conditions *c, const struct status *s) {
        bool is_unread = s->note_kind == NOTE_CONFIG_UNREAD;
        struct condition *n;

        if (!*s->config_problem && !is_unread)
                return;
        n = add(c, CONDITION_CONFIG, CONDITION_PROBLEM, s->note,
                is_unread ? "ls -l /etc/ecs-pubip; it is read again by itself"
                          : "sudo ecs-pubip config --check; then sudo systemctl reload ecs-pubip");
        if (*s->config_problem)
                fill(n->sentence, "the configuration is not in force: @", s->config_problem, "");
}

static const char *plane_fault(const struct status *s, enum plane p) {
        return p == PLANE_METADATA ? s->metadata_fault : p == PLANE_CONTROL ? s->control_fault : "";
}

/* Nobody there; else what was said instead of an answer. */
static const char *unheard(enum plane p, const struct fault_row *row) {
        if (p == PLANE_METADATA && row->nobody)
                return "metadata is unreachable";
        if (p == PLANE_CONTROL && row->origin == ORIGIN_TRANSPORT)
                return "the ECS API gives no answer";
        return fault_sentence(row);
}

static struct fault fault_of_code(const char *code) {
        struct fault f = {};

        TEXT_SET(f.code, code);
        return f;
}

void condition_plane_why(const struct status *s, enum plane p,
                         char ret[static CONDITION_TEXT_SIZE]) {
        static const struct {
                const char *unknown, *disagrees;
        } texts[_PLANE_MAX] = {
                [PLANE_KERNEL] = {"this machine's links are not known yet",
                                  "no link has the address"},
                [PLANE_METADATA] = {"metadata is not asked yet", "metadata does not show it"},
                [PLANE_CONTROL] = {"the ECS API is not asked yet", "the ECS API does not show it"},
                [PLANE_OUTSIDE] = {"it is not seen from outside yet",
                                   "another address is seen from outside"},
        };
        bool disagrees = s->planes[p].verdict == PLANE_DISAGREES;
        struct fault f = fault_of_code(plane_fault(s, p));

        if (*f.code && !disagrees)
                fill(ret, "@ (@)", unheard(p, fault_explain(&f, 0)), f.code);
        else if (*s->planes[p].reason)
                text_copy(ret, CONDITION_TEXT_SIZE, s->planes[p].reason);
        else
                text_copy(ret, CONDITION_TEXT_SIZE,
                          disagrees ? texts[p].disagrees : texts[p].unknown);
}

/* In a remedy for the kernel the link stands, or the address. */
enum word { WORD_LINK, WORD_LINK_OF_REASON, WORD_ADDRESS };

static void add_kernel_remedy(const struct status *s, struct condition *n) {
        static const struct {
                enum word word;
                const char *text;
        } remedies[_KERNEL_GAP_MAX] = {
                [KERNEL_GAP_NONE] = {WORD_LINK, "ip address; ip rule; ip route"},
                [KERNEL_GAP_DOWN] = {WORD_LINK_OF_REASON, "sudo ip link set @ up"},
                [KERNEL_GAP_CARRIER] = {WORD_LINK_OF_REASON,
                                        "ip -s link show @; if it stays so, restart the instance "
                                        "from the ECS console"},
                [KERNEL_GAP_ROUTE] = {WORD_ADDRESS,
                                      "ip rule; ip route get 203.0.113.1 from @; give the default "
                                      "route back, or remove the rule"},
                [KERNEL_GAP_REPLIES] = {WORD_ADDRESS,
                                        "give a table TABLE the default route of "
                                        "its link, then sudo ip rule add from @ lookup TABLE"},
                [KERNEL_GAP_FILTER] = {WORD_LINK, "sudo sysctl -w net.ipv4.conf.@.rp_filter=2"},
        };
        const struct status_plane *k = &s->planes[PLANE_KERNEL];
        enum word which = remedies[s->kernel_gap].word;
        char word[INTERFACE_SIZE];

        _Static_assert(IPV4_SIZE <= INTERFACE_SIZE, "either fits");
        if (which == WORD_ADDRESS)
                ipv4_format(k->address, word);
        else
                TEXT_SET(word, which == WORD_LINK ? k->interface : k->reason);
        word[strcspn(word, ":")] = '\0'; /* "eth0: no carrier", of a link below the address's */
        fill(n->remedy, remedies[s->kernel_gap].text, word, "");
}

static void add_plane_remedy(const struct status *s, enum plane p, struct condition *n) {
        static const char *const remedies[_PLANE_MAX] = {
                [PLANE_METADATA] = DOCTOR,
                [PLANE_CONTROL] = DOCTOR,
                [PLANE_OUTSIDE] = "look for a NAT gateway or a proxy on the way out",
        };
        const struct fault_names names = {.instance = s->instance_id, .region = s->region_id};
        struct fault f = fault_of_code(n->code);

        if (*n->code)
                fault_remedy_here(&f, 0, &names, n->remedy);
        else if (p == PLANE_KERNEL)
                add_kernel_remedy(s, n);
        else
                TEXT_SET(n->remedy, remedies[p]);
}

/* On the way to an address a plane is late as a rule; that it has lost one is not usual. */
static bool is_usual(const struct status *s, enum plane p) {
        const struct phase_row *row = phase_row(s->phase);

        if (s->planes[p].verdict == PLANE_DISAGREES && s->planes_aside & (1u << p))
                return true;
        return row->end == END_OPEN && row->detail != DETAIL_FAULT && !s->was_confirmed;
}

static void add_plane(struct conditions *c, const struct status *s, enum plane p) {
        const struct status_plane *plane = &s->planes[p];
        bool disagrees = plane->verdict == PLANE_DISAGREES;
        /* A full tunnel may be meant so: whether the address works is not known. */
        bool elsewhere = p == PLANE_KERNEL && plane->verdict == PLANE_UNKNOWN &&
                         s->kernel_gap == KERNEL_GAP_REPLIES;
        const char *code = disagrees ? "" : plane_fault(s, p);
        struct condition *n;

        if (!disagrees && !elsewhere && (!*code || strcmp(code, s->fault.code) == 0))
                return;
        n = add(c, (enum condition_kind)(CONDITION_KERNEL + p),
                elsewhere || is_usual(s, p) ? CONDITION_NOTE : CONDITION_PROBLEM, "", "");
        n->since = plane->since;
        TEXT_SET(n->code, code);
        condition_plane_why(s, p, n->sentence);
        add_plane_remedy(s, p, n);
}

/* Whoever holds wants it so; a brake that nobody may have wanted is another thing. */
static void add_hold(struct conditions *c, const struct status *s) {
        if (!s->held)
                return;
        if (*s->hold_problem)
                add(c, CONDITION_HOLD, CONDITION_PROBLEM, s->hold_problem, "sudo ecs-pubip resume");
        else
                add(c, CONDITION_HOLD, CONDITION_NOTE,
                    "no changing call is made until sudo ecs-pubip resume", "");
}

static void add_reboot(struct conditions *c, const struct status *s) {
        struct condition *n;

        if (!*s->waits_for)
                return;
        n = add(c, CONDITION_REBOOT, CONDITION_NOTE, "", "");
        fill(n->sentence, "a reboot is due; it waits for @", s->waits_for, "");
}

void condition_list(const struct status *s, struct conditions *ret) {
        *ret = (struct conditions){};
        add_fault(ret, s);
        add_ledger(ret, s);
        add_config(ret, s);
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                add_plane(ret, s, p);
        add_hold(ret, s);
        add_reboot(ret, s);
        if (s->clock_offset && !condition_find(ret, CONDITION_CLOCK))
                add(ret, CONDITION_CLOCK, CONDITION_NOTE,
                    "this machine's clock differs from the cloud's", "timedatectl");
}

static bool is_same(const struct condition *a, const struct condition *b) {
        return a->severity == b->severity && strcmp(a->code, b->code) == 0;
}

bool condition_follow(struct condition_past *past, struct conditions *c, int64_t now,
                      uint64_t boot_usec) {
        struct conditions *last = &past->last;
        bool some = false;

        for (unsigned i = 0; i < c->n; i++) {
                struct condition *n = &c->list[i];
                const struct condition *before = condition_find(last, n->kind);

                if (before && is_same(before, n))
                        n->since = before->since;
                else if (n->since == 0)
                        n->since = now;
                past->seen[n->kind] = boot_usec;
        }
        for (unsigned i = 0; i < last->n; i++) {
                struct condition *before = &last->list[i];

                if (before->severity != CONDITION_PROBLEM || condition_find(c, before->kind) ||
                    boot_usec - past->seen[before->kind] >= CONDITION_GAP_SEC * USEC_PER_SEC)
                        continue;
                before->over = some = true;
                c->list[c->n++] = *before;
        }
        *last = *c;
        return some;
}

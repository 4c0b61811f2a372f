/* SPDX-License-Identifier: Apache-2.0 */
/* A status to the list of what is wrong or odd, in order of urgency. */
#include <ecs-pubip/condition.h>

#include <string.h>

#include <ecs-pubip/fault.h>

#include "util/text.h"

/* Rows in order of urgency. A row without a sentence takes it from the status. */
static const struct row {
        const char *name, *sentence, *remedy;
} rows[_CONDITION_MAX] = {
        [CONDITION_PERMISSION] = {"permission", NULL, NULL},
        [CONDITION_ADDRESS] = {"address", NULL, NULL},
        [CONDITION_LEDGER] = {"ledger", NULL,
                              "df -h /var/lib/ecs-pubip; findmnt -T /var/lib/ecs-pubip; once it "
                              "can be written: sudo systemctl restart ecs-pubip"},
        [CONDITION_CONFIG] = {"config", NULL,
                              "sudo ecs-pubip config --check shows it; then sudo systemctl reload "
                              "ecs-pubip"},
        [CONDITION_KERNEL] = {"kernel", NULL, "ip address; ip route; sudo ecs-pubip doctor"},
        [CONDITION_METADATA] = {"metadata", NULL, "sudo ecs-pubip doctor"},
        [CONDITION_CONTROL] = {"control", NULL, "sudo ecs-pubip doctor"},
        [CONDITION_OUTSIDE] = {"outside", NULL, "sudo ecs-pubip doctor"},
        [CONDITION_HOLD] = {"hold", "no changing call is made until sudo ecs-pubip resume",
                            "sudo ecs-pubip resume"},
        [CONDITION_REBOOT] = {"reboot", NULL, NULL},
        [CONDITION_USER_DATA] = {"user-data", NULL, NULL},
        [CONDITION_CLOCK] = {"clock", "this machine's clock differs from the cloud's", NULL},
};

const char *condition_name(enum condition_kind kind) {
        return (unsigned)kind < _CONDITION_MAX ? rows[kind].name : "unknown";
}

const char *condition_severity_name(enum condition_severity severity) {
        return severity == CONDITION_PROBLEM ? "problem" : "note";
}

static bool is_unheard(const struct status *s, enum plane p) {
        return (p == PLANE_CONTROL && *s->control_fault) ||
               (p == PLANE_METADATA && *s->metadata_fault);
}

const char *condition_plane_why(const struct status *s, enum plane p) {
        static const struct {
                const char *unknown, *disagrees;
        } texts[_PLANE_MAX] = {
                [PLANE_KERNEL] = {"this machine's links are not known yet",
                                  "no link of this machine has the address"},
                [PLANE_METADATA] = {"metadata is not asked yet", "metadata does not show it"},
                [PLANE_CONTROL] = {"the ECS API is not asked yet", "the ECS API does not show it"},
                [PLANE_OUTSIDE] = {"it is not seen from outside yet",
                                   "another address is seen from outside"},
        };

        if (s->planes[p].verdict == PLANE_DISAGREES)
                return *s->planes[p].reason ? s->planes[p].reason : texts[p].disagrees;
        if (p == PLANE_METADATA && is_unheard(s, p))
                return "metadata is unreachable";
        if (p == PLANE_CONTROL && is_unheard(s, p))
                return "the ECS API gives no answer";
        return texts[p].unknown;
}

/* The row's words, or those of the status. */
static struct condition *add(struct conditions *c, enum condition_kind kind,
                             enum condition_severity severity, const char *sentence) {
        struct condition *n = &c->list[c->n++];

        n->kind = kind;
        n->severity = severity;
        TEXT_SET(n->sentence, sentence ? sentence : rows[kind].sentence);
        if (rows[kind].remedy)
                TEXT_SET(n->remedy, rows[kind].remedy);
        return n;
}

static bool is_user_data(const struct status *s) {
        return fault_explain(&s->fault, 0)->awaits == AWAITS_USER_DATA;
}

static void add_fault(struct conditions *c, const struct status *s, enum condition_kind kind) {
        enum condition_kind is = is_user_data(s)                ? CONDITION_USER_DATA
                                 : s->fault.class == FAULT_AUTH ? CONDITION_PERMISSION
                                                                : CONDITION_ADDRESS;
        struct condition *n;

        if (s->fault.class == FAULT_NONE || is != kind)
                return;
        n = add(c, kind,
                s->phase == PHASE_WAITING && kind == CONDITION_USER_DATA ? CONDITION_NOTE
                                                                         : CONDITION_PROBLEM,
                *s->sentence        ? s->sentence
                : *s->fault.message ? s->fault.message
                                    : "unknown fault");
        n->in_phase = phase_row(s->phase)->detail == DETAIL_FAULT;
        n->since = s->fault_since;
        TEXT_SET(n->code, s->fault.code);
        TEXT_SET(n->remedy, s->remedy);
}

static void add_ledger(struct conditions *c, const struct status *s) {
        if (s->note_kind == NOTE_LEDGER_UNREADABLE || s->note_kind == NOTE_LEDGER_UNWRITABLE)
                add(c, CONDITION_LEDGER, CONDITION_PROBLEM, s->note);
}

static void add_config(struct conditions *c, const struct status *s) {
        if (*s->config_problem) {
                struct condition *n = add(c, CONDITION_CONFIG, CONDITION_PROBLEM,
                                          "the configuration is not in force: ");
                size_t at = strlen(n->sentence);

                text_copy(n->sentence + at, sizeof(n->sentence) - at, s->config_problem);
        } else if (s->note_kind == NOTE_CONFIG_UNREAD)
                add(c, CONDITION_CONFIG, CONDITION_PROBLEM, s->note);
}

/* A note while the phase waits for this plane, or cures it. */
static void add_plane(struct conditions *c, const struct status *s, enum plane p,
                      enum condition_kind kind) {
        const struct status_plane *plane = &s->planes[p];
        const char *code = p == PLANE_METADATA  ? s->metadata_fault
                           : p == PLANE_CONTROL ? s->control_fault
                                                : "";
        enum phase_detail detail = phase_row(s->phase)->detail;
        bool is_awaited, is_told = *code && strcmp(code, s->fault.code) == 0;
        struct condition *n;

        if (plane->verdict != PLANE_DISAGREES && (!*code || is_told))
                return;
        is_awaited = detail == DETAIL_PLANES || detail == DETAIL_REBOOT;
        n = add(c, kind, is_awaited ? CONDITION_NOTE : CONDITION_PROBLEM,
                condition_plane_why(s, p));
        n->in_phase = detail == DETAIL_PLANES;
        n->since = plane->since;
        TEXT_SET(n->code, code);
}

static void add_hold(struct conditions *c, const struct status *s) {
        if (s->held)
                add(c, CONDITION_HOLD, CONDITION_PROBLEM, NULL)->in_phase = s->phase == PHASE_HELD;
}

static void add_reboot(struct conditions *c, const struct status *s) {
        struct condition *n;

        if (!*s->waits_for)
                return;
        n = add(c, CONDITION_REBOOT, CONDITION_NOTE, "a reboot is due; it waits for ");
        text_copy(n->sentence + strlen(n->sentence), STATUS_WHY_SIZE, s->waits_for);
        n->in_phase = phase_row(s->phase)->detail == DETAIL_REBOOT;
}

void conditions_take(const struct status *s, struct conditions *ret) {
        *ret = (struct conditions){};
        add_fault(ret, s, CONDITION_PERMISSION);
        add_fault(ret, s, CONDITION_ADDRESS);
        add_ledger(ret, s);
        add_config(ret, s);
        add_plane(ret, s, PLANE_KERNEL, CONDITION_KERNEL);
        add_plane(ret, s, PLANE_METADATA, CONDITION_METADATA);
        add_plane(ret, s, PLANE_CONTROL, CONDITION_CONTROL);
        add_plane(ret, s, PLANE_OUTSIDE, CONDITION_OUTSIDE);
        add_hold(ret, s);
        add_reboot(ret, s);
        add_fault(ret, s, CONDITION_USER_DATA);
        if (s->clock_offset)
                add(ret, CONDITION_CLOCK, CONDITION_NOTE, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What others see: struct <-> status.json, and one line of it for people. */
#include <ecs-pubip/condition.h>
#include <ecs-pubip/status.h>

#include <errno.h>
#include <string.h>

#include "core/api/names.h"
#include "core/format/members.h"
#include "core/format/status_names.h"
#include "util/buf.h"
#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

#define STATUS_VERSION 1
#define LINE_MAX_BYTES 8192 /* before it is cut to STATUS_LINE_SIZE */

static const char *const verdict_names[] = {
        [PLANE_NOT_REQUIRED] = "not-required",
        [PLANE_UNKNOWN] = "unknown",
        [PLANE_DISAGREES] = "disagrees",
        [PLANE_AGREES] = "agrees",
};
static const char *const kind_names[] = {
        [KIND_STATIC] = "static",
        [KIND_EIP] = "eip",
};
const char *const change_names[_CHANGE_MAX] = {
        [CHANGE_ASSIGNED] = "assigned",
        [CHANGE_ADOPTED] = "adopted",
        [CHANGE_REPLACED] = "replaced",
        [CHANGE_LOST] = "lost",
};
static const char *const next_names[] = {
        [NEXT_LOOK] = "look",
        [NEXT_RETRY] = "retry",
        [NEXT_REBOOT] = "reboot",
};

/* clang-format off */
#define P(member) MEMBER_AT(struct status_plane, member)
static const struct member kernel_members[] = {
        {"verdict", MEMBER_NAME, MEMBER_REQUIRED, P(verdict), MEMBER_NAMES(verdict_names)},
        {"address", MEMBER_IPV4, MEMBER_NULLABLE, P(address)},
        {"interface", MEMBER_TEXT, MEMBER_NULLABLE, P(interface)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, P(since)},
        {"reason", MEMBER_TEXT, 0, P(reason)},
        {},
};
static const struct member plane_members[] = {
        {"verdict", MEMBER_NAME, MEMBER_REQUIRED, P(verdict), MEMBER_NAMES(verdict_names)},
        {"address", MEMBER_IPV4, MEMBER_NULLABLE, P(address)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, P(since)},
        {},
};

/* Left out where nobody asked for it: "not-required" is no name here. */
static const char *const outside_verdict_names[] = {
        [PLANE_UNKNOWN] = "unknown",
        [PLANE_DISAGREES] = "disagrees",
        [PLANE_AGREES] = "agrees",
};
static const struct member outside_members[] = {
        {"verdict", MEMBER_NAME, MEMBER_REQUIRED, P(verdict), MEMBER_NAMES(outside_verdict_names)},
        {"address", MEMBER_IPV4, MEMBER_NULLABLE, P(address)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, P(since)},
        {},
};

#define PLANE(p) .offset = (p) * sizeof(struct status_plane), .size = sizeof(struct status_plane)
static const struct member planes_members[] = {
        {"kernel", MEMBER_OBJECT, MEMBER_REQUIRED, PLANE(PLANE_KERNEL), .members = kernel_members},
        {"metadata", MEMBER_OBJECT, MEMBER_REQUIRED, PLANE(PLANE_METADATA),
         .members = plane_members},
        {"control", MEMBER_OBJECT, MEMBER_REQUIRED, PLANE(PLANE_CONTROL), .members = plane_members},
        {"outside", MEMBER_OBJECT, 0, PLANE(PLANE_OUTSIDE), .members = outside_members},
        {},
};

#define S(member) MEMBER_AT(struct status, member)
static const struct member next_members[] = {
        {"what", MEMBER_NAME, MEMBER_REQUIRED, S(next), MEMBER_NAMES(next_names)},
        {"at", MEMBER_DATE, MEMBER_NULLABLE, S(next_at)},
        {"waits_for", MEMBER_TEXT, MEMBER_NULLABLE, S(waits_for)},
        {},
};
#define DAY(member) MEMBER_AT(struct status_day, member)
static const struct member day_members[] = {
        {"allocations_limit", MEMBER_UINT, MEMBER_REQUIRED, DAY(allocations_limit), .max = UINT32_MAX},
        {"allocations", MEMBER_UINT, MEMBER_REQUIRED, DAY(allocations), .max = UINT32_MAX},
        {"reboots_limit", MEMBER_UINT, MEMBER_REQUIRED, DAY(reboots_limit), .max = UINT32_MAX},
        {"reboots", MEMBER_UINT, MEMBER_REQUIRED, DAY(reboots), .max = UINT32_MAX},
        {},
};
static const struct member fault_members[] = {
        {"class", MEMBER_NAME, MEMBER_REQUIRED, S(fault.class), MEMBER_NAMES(fault_class_names)},
        {"code", MEMBER_TEXT, MEMBER_NULLABLE, S(fault.code)},
        {"http_status", MEMBER_UINT, MEMBER_REQUIRED, S(fault.http_status), .max = 999},
        {"message", MEMBER_TEXT, MEMBER_NULLABLE, S(fault.message)},
        {"request_id", MEMBER_TEXT, MEMBER_NULLABLE, S(fault.request_id)},
        {"sentence", MEMBER_TEXT, MEMBER_NULLABLE, S(sentence)},
        {"remedy", MEMBER_TEXT, MEMBER_NULLABLE, S(remedy)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, S(fault_since)},
        {},
};
static const struct member status_members[] = {
        {"phase", MEMBER_NAME, MEMBER_REQUIRED, S(phase), MEMBER_NAMES(phase_names)},
        {"public_ip", MEMBER_IPV4, MEMBER_NULLABLE, S(public_ip)},
        {"kind", MEMBER_NAME, MEMBER_NULLABLE, S(kind), MEMBER_NAMES(kind_names)},
        {"instance_id", MEMBER_WORD, MEMBER_NULLABLE, S(instance_id)},
        {"region_id", MEMBER_WORD, MEMBER_NULLABLE, S(region_id)},
        {"network_type", MEMBER_NAME, MEMBER_NULLABLE, S(network), MEMBER_NAMES(network_names)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, S(since)},
        {"boot_id", MEMBER_WORD, MEMBER_NULLABLE, S(boot_id)},
        {"planes", MEMBER_OBJECT, MEMBER_REQUIRED, S(planes), .members = planes_members},
        {"allocations", MEMBER_UINT, MEMBER_REQUIRED, S(allocations), .max = UINT32_MAX},
        {"reboots", MEMBER_UINT, MEMBER_REQUIRED, S(reboots), .max = UINT32_MAX},
        {"attempt", MEMBER_UINT, MEMBER_REQUIRED, S(attempt), .max = UINT32_MAX},
        {"next", MEMBER_OBJECT, MEMBER_NULLABLE, .members = next_members},
        {"fault", MEMBER_OBJECT, MEMBER_NULLABLE, .members = fault_members},
        {"held", MEMBER_BOOL, 0, S(held)},
        {"busy", MEMBER_BOOL, 0, S(busy)},
        {"clock_offset", MEMBER_INT, 0, S(clock_offset), .max = INT32_MAX},
        {"note", MEMBER_TEXT, MEMBER_NULLABLE, S(note)},
        {"control_fault", MEMBER_TEXT, MEMBER_NULLABLE, S(control_fault)},
        {"metadata_fault", MEMBER_TEXT, MEMBER_NULLABLE, S(metadata_fault)},
        {"last_day", MEMBER_OBJECT, 0, S(day), .members = day_members},
        {"previous_ip", MEMBER_IPV4, MEMBER_NULLABLE, S(previous_ip)},
        {"changed_at", MEMBER_DATE, MEMBER_NULLABLE, S(changed_at)},
        {"change", MEMBER_NAME, MEMBER_NULLABLE, S(change), MEMBER_NAMES(change_names)},
        {"config_problem", MEMBER_TEXT, MEMBER_NULLABLE, S(config_problem)},
        {},
};
#define C(member) MEMBER_AT(struct condition, member)
static const struct member condition_members[] = {
        {"condition", MEMBER_NAME, MEMBER_REQUIRED, C(kind), MEMBER_NAMES(condition_names)},
        {"severity", MEMBER_NAME, MEMBER_REQUIRED, C(severity), MEMBER_NAMES(severity_names)},
        {"code", MEMBER_TEXT, MEMBER_NULLABLE, C(code)},
        {"sentence", MEMBER_TEXT, MEMBER_REQUIRED, C(sentence)},
        {"remedy", MEMBER_TEXT, MEMBER_NULLABLE, C(remedy)},
        {"since", MEMBER_DATE, MEMBER_NULLABLE, C(since)},
        {"over", MEMBER_BOOL, 0, C(over)},
        {},
};
/* clang-format on */

const char *status_phase_name(enum phase p) {
        return (unsigned)p < _PHASE_MAX ? phase_names[p] : "unknown";
}

const char *status_change_name(enum address_change c) {
        return (unsigned)c < _CHANGE_MAX ? change_names[c] : NULL;
}

const char *status_network_name(enum network n) {
        return (unsigned)n <= NETWORK_CLASSIC ? network_names[n] : NULL;
}

static int add_conditions(cJSON *object, const struct conditions *c) {
        cJSON *array = cJSON_AddArrayToObject(object, "conditions");

        for (unsigned i = 0; array && i < c->n; i++) {
                cJSON *item = cJSON_CreateObject();

                if (!cJSON_AddItemToArray(array, item)) {
                        cJSON_Delete(item);
                        return -ENOMEM;
                }
                if (members_format(condition_members, &c->list[i], item) < 0)
                        return -ENOMEM;
        }
        return array ? 0 : -ENOMEM;
}

/* Of a newer agent there may be more of them, and of more kinds, than are known here. */
static void parse_conditions(const cJSON *array, struct conditions *ret) {
        const cJSON *item;

        *ret = (struct conditions){};
        cJSON_ArrayForEach(item, array) {
                struct condition n = {};

                if (ret->n < _CONDITION_MAX && members_parse(condition_members, item, &n) >= 0)
                        ret->list[ret->n++] = n;
        }
}

int status_format(const struct status *s, const struct conditions *c, char **ret) {
        _cleanup_cjson_ cJSON *object = cJSON_CreateObject();
        _cleanup_buf_ struct buf text = BUF(STATUS_TEXT_MAX);
        _cleanup_free_ char *json = NULL;

        if (!object || !cJSON_AddNumberToObject(object, "version", STATUS_VERSION) ||
            members_format(status_members, s, object) < 0 || add_conditions(object, c) < 0)
                return -ENOMEM;
        json = cJSON_PrintUnformatted(object);
        if (!json)
                return -ENOMEM;
        buf_puts(&text, json);
        buf_puts(&text, "\n");
        if (text.error)
                return -ENOMEM;
        *ret = TAKE_PTR(text.data);
        return 0;
}

int status_parse(const char *text, size_t len, struct status *ret, struct conditions *ret_c) {
        _cleanup_cjson_ cJSON *object = NULL;
        struct status s = {};
        const cJSON *version, *conditions;

        if (len > STATUS_TEXT_MAX)
                return -EBADMSG;
        object = members_parse_object(text, len);
        version = cJSON_GetObjectItemCaseSensitive(object, "version");
        if (!cJSON_IsNumber(version) || version->valuedouble != STATUS_VERSION)
                return -EBADMSG;
        if (members_parse(status_members, object, &s) < 0)
                return -EBADMSG;
        conditions = cJSON_GetObjectItemCaseSensitive(object, "conditions");
        if (ret_c && conditions)
                parse_conditions(conditions, ret_c);
        else if (ret_c)
                condition_list(&s, ret_c);
        *ret = s;
        return 0;
}

/* "203.0.113.10 (eip)", or what stands for it while there is none. */
static void add_address(struct buf *b, const struct status *s) {
        char text[IPV4_SIZE];

        if (!s->public_ip)
                buf_puts(b, "no public address");
        else if ((unsigned)s->kind <= KIND_EIP && kind_names[s->kind])
                buf_printf(b, "%s (%s)", ipv4_format(s->public_ip, text), kind_names[s->kind]);
        else
                buf_puts(b, ipv4_format(s->public_ip, text));
}

static void add_why(struct buf *b, const struct status *s) {
        const char *why = *s->sentence ? s->sentence : s->fault.message;

        if (s->fault.class == FAULT_NONE)
                return;
        buf_printf(b, ": %s", *why ? why : "unknown fault");
        if (*s->fault.code)
                buf_printf(b, " (%s)", s->fault.code);
}

static void add_next(struct buf *b, const struct status *s) {
        static const char *const what[] = {
                [NEXT_LOOK] = "next look", [NEXT_RETRY] = "next attempt", [NEXT_REBOOT] = "reboot"};
        char when[RFC3339_SIZE];

        if (s->next != NEXT_NONE && s->next_at)
                buf_printf(b, "; %s %s", what[s->next], time_format(s->next_at, when));
}

/* The planes that count and do not agree yet: "eth0 is down; metadata is unreachable". */
static void add_planes(struct buf *b, const struct status *s) {
        char why[CONDITION_TEXT_SIZE];

        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                enum plane_verdict v = s->planes[p].verdict;

                if (v != PLANE_UNKNOWN && v != PLANE_DISAGREES)
                        continue;
                condition_plane_why(s, p, why);
                buf_printf(b, "; %s", why);
        }
}

static void add_reboot(struct buf *b, const struct status *s) {
        buf_puts(b, *s->waits_for ? "Reboot due for " : "Rebooting for ");
        add_address(b, s);
        if (*s->waits_for)
                buf_printf(b, "; waits for %s", s->waits_for);
}

static bool waits_for_user_data(const struct status *s) {
        return fault_explain(&s->fault, 0)->awaits == AWAITS_USER_DATA;
}

/* "Waiting for user-data before the first change, until 2026-11-30T16:45:00Z" */
static void add_user_data(struct buf *b, const struct status *s) {
        char when[RFC3339_SIZE];

        buf_puts(b, s->sentence);
        if (s->next_at)
                buf_printf(b, ", until %s", time_format(s->next_at, when));
}

static void add_phase(struct buf *b, const struct status *s) {
        const struct phase_row *row = phase_row(s->phase);

        if (s->phase == PHASE_WAITING && waits_for_user_data(s) && *s->sentence) {
                add_user_data(b, s);
                return;
        }
        buf_puts(b, row->opening);
        switch (row->detail) {
        case DETAIL_NONE:
                break;
        case DETAIL_ADDRESS:
                add_address(b, s);
                break;
        case DETAIL_PLANES:
                add_address(b, s);
                add_planes(b, s);
                break;
        case DETAIL_REBOOT:
                add_reboot(b, s);
                break;
        case DETAIL_FAULT:
                add_why(b, s);
                add_next(b, s);
                break;
        }
}

static bool is_unheard(const struct status *s, enum plane p) {
        return (p == PLANE_CONTROL && *s->control_fault) ||
               (p == PLANE_METADATA && *s->metadata_fault);
}

bool status_is_confirmed(const struct status *s) {
        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                enum plane_verdict v = s->planes[p].verdict;

                if (v == PLANE_DISAGREES)
                        return false;
                if (v == PLANE_UNKNOWN && (p != PLANE_CONTROL || !is_unheard(s, p)))
                        return false;
        }
        return s->public_ip && s->planes[PLANE_KERNEL].verdict == PLANE_AGREES;
}

/* The words of the phase say it already; what it waits for is the first of the list. */
static bool is_in_phase(const struct status *s, const struct condition *n, bool first) {
        enum phase_detail detail = phase_row(s->phase)->detail;

        if (detail == DETAIL_FAULT)
                return first && s->fault.class != FAULT_NONE;
        if (n->kind == CONDITION_HOLD)
                return s->phase == PHASE_HELD && n->severity == CONDITION_NOTE;
        if (n->kind == CONDITION_REBOOT)
                return detail == DETAIL_REBOOT;
        return detail == DETAIL_PLANES && n->kind >= CONDITION_KERNEL &&
               n->kind <= CONDITION_OUTSIDE;
}

#define MORE_SIZE sizeof("; and 99 more")

/* Whole or not at all, and room stays for saying how many there are more. */
static bool add_whole(struct buf *line, const char *text) {
        if (line->len + strlen("; ") + strlen(text) + MORE_SIZE > STATUS_LINE_SIZE)
                return false;
        buf_printf(line, "; %s", text);
        return true;
}

void status_line(const struct status *s, struct conditions *c, char ret[static STATUS_LINE_SIZE]) {
        _cleanup_buf_ struct buf line = BUF(LINE_MAX_BYTES);
        char text[CONDITION_TEXT_SIZE];
        unsigned n_more = 0;
        bool whole;

        add_phase(&line, s);
        whole = line.len < STATUS_LINE_SIZE;
        for (unsigned i = 0; i < c->n; i++) {
                struct condition *n = &c->list[i];

                n->told = is_in_phase(s, n, i == 0) && whole;
                if (n->told || !condition_is_problem(n))
                        continue;
                condition_text(n, text);
                n->told = n_more == 0 && add_whole(&line, text);
                n_more += !n->told;
        }
        if (s->phase == PHASE_CONFIRMED && *s->note && !condition_says(c, s->note) && n_more == 0)
                (void)add_whole(&line, s->note);
        if (n_more > 0 && whole)
                buf_printf(&line, "; and %u more", n_more);
        text_copy_printable(ret, STATUS_LINE_SIZE, buf_text(&line));
}

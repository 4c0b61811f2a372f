/* SPDX-License-Identifier: Apache-2.0 */
/* Agent <-> cloud process: questions and answers as one JSON object per line. */
#include <ecs-pubip/wire.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/api/names.h"
#include "core/format/members.h"
#include "util/buf.h"
#include "util/text.h"

#define STATUS_MAX 999

static const char *const op_names[_WIRE_OP_MAX] = {
        [WIRE_IDENTIFY] = "identify",
        [WIRE_ADDRESSES] = "addresses",
        [WIRE_INSPECT] = "inspect",
        [WIRE_EIP_FIND] = "eip-find",
        [WIRE_PROBE] = "probe",
        [WIRE_ALLOCATE] = "allocate",
        [WIRE_BANDWIDTH] = "bandwidth",
        [WIRE_EIP_ALLOCATE] = "eip-allocate",
        [WIRE_EIP_ASSOCIATE] = "eip-associate",
        [WIRE_REBOOT] = "reboot",
};

static const char *const probe_names[] = {
        [PROBE_REACH] = "reach",
        [PROBE_OUTSIDE] = "outside",
        [PROBE_PERMISSION] = "permission",
};
static const char *const reach_names[] = {
        [REACH_UNKNOWN] = "unknown",
        [REACH_NO] = "no",
        [REACH_YES] = "yes",
};
const char *const network_names[] = {
        [NETWORK_VPC] = "vpc",
        [NETWORK_CLASSIC] = "classic",
};
const char *const product_names[] = {
        [PRODUCT_ECS] = "ecs",
        [PRODUCT_VPC] = "vpc",
};
static const char *const presence_names[] = {
        [PRESENCE_UNKNOWN] = "unknown",
        [PRESENCE_ABSENT] = "absent",
        [PRESENCE_PRESENT] = "present",
};
static const char *const charge_names[] = {
        [CHARGE_PREPAID] = "prepaid",
        [CHARGE_POSTPAID] = "postpaid",
};
static const char *const eip_status_names[] = {
        [EIP_AVAILABLE] = "available",
        [EIP_ASSOCIATING] = "associating",
        [EIP_IN_USE] = "in-use",
        [EIP_UNASSOCIATING] = "unassociating",
};
static const char *const eip_mode_names[] = {
        [EIP_NAT] = "nat",
        [EIP_CUT_THROUGH] = "cut-through",
};

/* clang-format off */
#define Q(member) MEMBER_AT(struct wire_question, member)
static const struct member question_members[] = {
        {"op", MEMBER_NAME, MEMBER_REQUIRED, Q(op), MEMBER_NAMES(op_names)},
        {"deadline_ms", MEMBER_UINT, MEMBER_REQUIRED, Q(deadline_ms), .max = CALL_MAX_MS},
        {"server_time", MEMBER_TIME, 0, Q(server_time)},
        {"instance_id", MEMBER_WORD, 0, Q(instance_id)},
        {"client_token", MEMBER_WORD, 0, Q(client_token)},
        {"allocation_id", MEMBER_WORD, 0, Q(allocation_id)},
        {"audit", MEMBER_BOOL, 0, Q(audit)},
        {"eip_product", MEMBER_NAME, 0, Q(order.product), MEMBER_NAMES(product_names)},
        {"eip_charge", MEMBER_NAME, 0, Q(order.charge), MEMBER_NAMES(eip_charge_names)},
        {"eip_bandwidth", MEMBER_UINT, 0, Q(order.bandwidth), .max = BANDWIDTH_MAX},
        {"eip_isp", MEMBER_WORD, 0, Q(order.isp)},
        {"bandwidth_out", MEMBER_UINT, 0, Q(bandwidth_out), .max = BANDWIDTH_MAX},
        {"allocate_public_ip", MEMBER_BOOL, 0, Q(allocate_public_ip)},
        {"probe", MEMBER_NAME, 0, Q(probe), MEMBER_NAMES(probe_names)},
        {"permission", MEMBER_NAME, 0, Q(permission), MEMBER_NAMES(op_names)},
        {},
};

#define A(member) MEMBER_AT(struct addresses, member)
static const struct member addresses_members[] = {
        {"instance_id", MEMBER_WORD, 0, A(instance_id)},
        {"presence", MEMBER_NAME, MEMBER_REQUIRED, A(presence), MEMBER_NAMES(presence_names)},
        {"address", MEMBER_IPV4, 0, A(address)},
        {},
};

#define D(member) MEMBER_AT(struct identity, member)
static const struct member identity_members[] = {
        {"instance_id", MEMBER_WORD, MEMBER_REQUIRED, D(instance_id)},
        {"region_id", MEMBER_WORD, MEMBER_REQUIRED, D(region_id)},
        {"account_id", MEMBER_WORD, 0, D(account_id)},
        {"mac", MEMBER_WORD, 0, D(mac)},
        {"private_ip", MEMBER_IPV4, 0, D(private_ip)},
        {"network", MEMBER_NAME, 0, D(network), MEMBER_NAMES(network_names)},
        {"tokenless", MEMBER_BOOL, 0, D(tokenless)},
        {"from_metadata", MEMBER_BOOL, MEMBER_REQUIRED, D(from_metadata)},
        {"public", MEMBER_OBJECT, MEMBER_REQUIRED, D(public), .members = addresses_members},
        {},
};

#define I(member) MEMBER_AT(struct instance, member)
static const struct member instance_members[] = {
        {"instance_id", MEMBER_WORD, MEMBER_REQUIRED, I(instance_id)},
        {"status", MEMBER_TEXT, MEMBER_REQUIRED, I(status)},
        {"network", MEMBER_NAME, 0, I(network), MEMBER_NAMES(network_names)},
        {"public_ip", MEMBER_IPV4, 0, I(public_ip)},
        {"eip", MEMBER_IPV4, 0, I(eip)},
        {"eip_id", MEMBER_WORD, 0, I(eip_id)},
        {"locks", MEMBER_TEXT, 0, I(locks)},
        {"bandwidth_out", MEMBER_INT, MEMBER_REQUIRED, I(bandwidth_out), .max = BANDWIDTH_MAX},
        {"charge", MEMBER_NAME, 0, I(charge), MEMBER_NAMES(charge_names)},
        {"expires", MEMBER_TIME, 0, I(expires)},
        {"private_ips", MEMBER_IPV4S, 0, I(private_ips),
         .width = sizeof(in_addr_t), .offset_count = offsetof(struct instance, n_private)},
        {"macs", MEMBER_WORDS, 0, I(macs),
         .width = MAC_SIZE, .offset_count = offsetof(struct instance, n_macs)},
        {},
};

#define E(member) MEMBER_AT(struct eip, member)
static const struct member eip_members[] = {
        {"allocation_id", MEMBER_WORD, 0, E(allocation_id)},
        {"address", MEMBER_IPV4, 0, E(address)},
        {"status", MEMBER_NAME, 0, E(status), MEMBER_NAMES(eip_status_names)},
        {"mode", MEMBER_NAME, 0, E(mode), MEMBER_NAMES(eip_mode_names)},
        {"bound_to", MEMBER_WORD, 0, E(bound_to)},
        {"bound_here", MEMBER_BOOL, 0, E(bound_here)},
        {"locked", MEMBER_BOOL, 0, E(locked)},
        {"allocated", MEMBER_TIME, 0, E(allocated)},
        {"named", MEMBER_BOOL, 0, E(named)},
        {"product", MEMBER_NAME, 0, E(product), MEMBER_NAMES(product_names)},
        {},
};

#define W(member) MEMBER_AT(struct wire_answer, member)
static const struct member allocate_members[] = {
        {"address", MEMBER_IPV4, MEMBER_REQUIRED, W(address)},
        {},
};
static const struct member probe_members[] = {
        {"address", MEMBER_IPV4, 0, W(address)},
        {"reachable", MEMBER_NAME, 0, W(reachable), MEMBER_NAMES(reach_names)},
        {},
};
static const struct member nothing_members[] = {{}};
static const struct member request_members[] = {
        {"request_id", MEMBER_TEXT, 0, W(request_id)},
        {},
};

/* What an answer carries beside its kind, and what of it stands under "ok", per question. */
static const struct member answer_members[] = {
        {"server_time", MEMBER_TIME, 0, W(server_time)},
        {"time_proven", MEMBER_BOOL, 0, W(time_proven)},
        {},
};
static const struct {
        const struct member *members;
        size_t offset; /* in struct wire_answer */
} ok_members[_WIRE_OP_MAX] = {
        [WIRE_NONE] = {nothing_members, 0},
        [WIRE_IDENTIFY] = {identity_members, offsetof(struct wire_answer, identity)},
        [WIRE_ADDRESSES] = {addresses_members, offsetof(struct wire_answer, addresses)},
        [WIRE_INSPECT] = {instance_members, offsetof(struct wire_answer, instance)},
        [WIRE_EIP_FIND] = {eip_members, offsetof(struct wire_answer, eip)},
        [WIRE_PROBE] = {probe_members, 0},
        [WIRE_ALLOCATE] = {allocate_members, 0},
        [WIRE_BANDWIDTH] = {nothing_members, 0},
        [WIRE_EIP_ALLOCATE] = {eip_members, offsetof(struct wire_answer, eip)},
        [WIRE_EIP_ASSOCIATE] = {nothing_members, 0},
        [WIRE_REBOOT] = {nothing_members, 0},
};

#define F(member) MEMBER_AT(struct fault, member)
static const struct member fault_members[] = {
        {"class", MEMBER_NAME, MEMBER_REQUIRED, F(class), MEMBER_NAMES(fault_class_names)},
        {"code", MEMBER_TEXT, MEMBER_REQUIRED, F(code)},
        {"http_status", MEMBER_UINT, MEMBER_REQUIRED, F(http_status), .max = STATUS_MAX},
        {"message", MEMBER_TEXT, 0, F(message)},
        {"request_id", MEMBER_TEXT, 0, F(request_id)},
        {"retry_after_ms", MEMBER_UINT, 0, F(retry_after_ms), .max = UINT32_MAX},
        {},
};
/* clang-format on */

const char *wire_op_name(enum wire_op op) {
        return op > WIRE_NONE && op < _WIRE_OP_MAX ? op_names[op] : "none";
}

/* The line and its newline, within the ceiling. */
static int line_of(const cJSON *object, char **ret) {
        _cleanup_buf_ struct buf line = BUF(WIRE_LINE_MAX);
        _cleanup_free_ char *text = cJSON_PrintUnformatted(object);

        if (!text)
                return -ENOMEM;
        buf_puts(&line, text);
        buf_puts(&line, "\n");
        if (line.error)
                return line.error;
        *ret = TAKE_PTR(line.data);
        return 0;
}

int wire_question_format(const struct wire_question *q, char **ret) {
        _cleanup_cjson_ cJSON *object = cJSON_CreateObject();

        if (!object || members_format(question_members, q, object) < 0)
                return -ENOMEM;
        return line_of(object, ret);
}

void wire_step_format(const struct wire_step *s, char ret[static WIRE_STEP_SIZE]) {
        _cleanup_buf_ struct buf line = BUF(WIRE_STEP_SIZE - 1);

        if (s->at_ms)
                buf_printf(&line, "{\"go\":%u,\"at_ms\":%" PRIu64 "}\n", s->number, s->at_ms);
        else
                buf_printf(&line, "{\"ready\":%u}\n", s->number);
        text_copy(ret, WIRE_STEP_SIZE, buf_text(&line));
}

bool wire_step_is(const struct wire_step *s, const char *line, size_t len) {
        char text[WIRE_STEP_SIZE];

        wire_step_format(s, text);
        return len + 1 == strlen(text) && memcmp(text, line, len) == 0;
}

int wire_go_parse(unsigned number, const char *line, size_t len, struct wire_step *ret) {
        struct wire_step s = {.number = number};
        const char *end = line + len, *colon = memrchr(line, ':', len);

        for (const char *p = colon ? colon + 1 : end; p < end && *p >= '0' && *p <= '9'; p++)
                s.at_ms = s.at_ms * 10 + (uint64_t)(*p - '0');
        if (s.at_ms == 0 || !wire_step_is(&s, line, len))
                return -EBADMSG;
        *ret = s;
        return 0;
}

static bool question_is_whole(const struct wire_question *q) {
        bool named = q->op != WIRE_IDENTIFY && q->op != WIRE_ADDRESSES;
        bool token = q->op == WIRE_BANDWIDTH || q->op == WIRE_EIP_ALLOCATE ||
                     q->op == WIRE_EIP_ASSOCIATE;

        if (q->deadline_ms == 0 || (named && !*q->instance_id) || (token && !*q->client_token))
                return false;
        if (q->op == WIRE_BANDWIDTH && q->bandwidth_out == 0)
                return false;
        if (q->op == WIRE_EIP_ASSOCIATE && !*q->allocation_id)
                return false;
        if (q->op != WIRE_PROBE)
                return true;
        if (q->probe == PROBE_PERMISSION)
                return q->permission != WIRE_NONE && q->permission != WIRE_PROBE;
        return q->probe != PROBE_NONE;
}

int wire_question_parse(const char *line, size_t len, struct wire_question *ret) {
        _cleanup_cjson_ cJSON *object = NULL;
        struct wire_question q = {};

        if (len >= WIRE_LINE_MAX)
                return -EBADMSG;
        object = members_parse_object(line, len);
        if (!object || members_parse(question_members, object, &q) < 0 || !question_is_whole(&q))
                return -EBADMSG;
        *ret = q;
        return 0;
}

static int format_fault(const struct fault *f, cJSON *answer) {
        cJSON *object = cJSON_AddObjectToObject(answer, "fault");

        return object ? members_format(fault_members, f, object) : -ENOMEM;
}

static int format_ok(enum wire_op op, const struct wire_answer *a, cJSON *answer) {
        cJSON *object = cJSON_AddObjectToObject(answer, "ok");
        int r;

        if (!object)
                return -ENOMEM;
        r = members_format(ok_members[op].members, (const char *)a + ok_members[op].offset, object);
        if (r < 0)
                return r;
        return members_format(request_members, a, object);
}

int wire_answer_format(enum wire_op op, const struct wire_answer *a, char **ret) {
        _cleanup_cjson_ cJSON *object = cJSON_CreateObject();
        int r;

        if (!object)
                return -ENOMEM;
        if (a->fault.class != FAULT_NONE)
                r = format_fault(&a->fault, object);
        else
                r = format_ok(op, a, object);
        if (r < 0 || members_format(answer_members, a, object) < 0)
                return -ENOMEM;
        return line_of(object, ret);
}

/* "present" and an address belong together; so do an EIP's id and its address. */
static bool answer_is_whole(enum wire_op op, const struct wire_answer *a) {
        const struct addresses *shown = NULL;

        if (op == WIRE_IDENTIFY)
                shown = &a->identity.public;
        else if (op == WIRE_ADDRESSES)
                shown = &a->addresses;
        else if (op == WIRE_EIP_FIND)
                return !*a->eip.allocation_id == !a->eip.address;
        else if (op == WIRE_EIP_ALLOCATE)
                return *a->eip.allocation_id; /* a purchase may have no address yet */
        return !shown || (shown->presence == PRESENCE_PRESENT) == (shown->address != 0);
}

static int parse_ok(enum wire_op op, const cJSON *object, struct wire_answer *ret) {
        int r = members_parse(ok_members[op].members, object, (char *)ret + ok_members[op].offset);

        if (r < 0)
                return r;
        r = members_parse(request_members, object, ret);
        if (r < 0)
                return r;
        return answer_is_whole(op, ret) ? 0 : -EBADMSG;
}

int wire_answer_parse(enum wire_op op, const char *line, size_t len, struct wire_answer *ret) {
        _cleanup_cjson_ cJSON *object = NULL;
        const cJSON *ok, *fault;
        struct wire_answer a = {};
        int r;

        if (len >= WIRE_LINE_MAX)
                return -EBADMSG;
        object = members_parse_object(line, len);
        if (!object || members_parse(answer_members, object, &a) < 0)
                return -EBADMSG;
        ok = cJSON_GetObjectItemCaseSensitive(object, "ok");
        fault = cJSON_GetObjectItemCaseSensitive(object, "fault");
        if (!ok == !fault)
                return -EBADMSG;
        r = ok ? parse_ok(op, ok, &a) : members_parse(fault_members, fault, &a.fault);
        if (r < 0)
                return r;
        *ret = a;
        return 0;
}

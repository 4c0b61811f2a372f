/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include <errno.h>
#include <string.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/reply.h>

#include "cloud/backstop.h"
#include "cloud/call.h"
#include "cloud/eip.h"
#include "cloud/probe.h"
#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define NUMBER_SIZE  16
#define ID_LIST_SIZE (INSTANCE_ID_SIZE + 8)

typedef bool (*operation_fn)(struct session *s, const struct wire_question *q,
                             struct wire_answer *ret);

/* Metadata */

static bool operation_identify(struct session *s, const struct wire_question *q,
                               struct wire_answer *ret) {
        (void)q;
        if (!session_identify(s, true, &ret->fault))
                return false;
        ret->identity = s->identity;
        return true;
}

static bool operation_addresses(struct session *s, const struct wire_question *q,
                                struct wire_answer *ret) {
        (void)q;
        return metadata_look(&s->metadata, &ret->addresses, &ret->fault);
}

/* Inspection */

/* `["i-…"]`, as DescribeInstances wants it. */
static void id_list(const char *instance_id, char ret[static ID_LIST_SIZE]) {
        _cleanup_buf_ struct buf list = BUF(ID_LIST_SIZE - 1);

        buf_printf(&list, "[\"%s\"]", instance_id);
        text_copy(ret, ID_LIST_SIZE, buf_text(&list));
}

static void describe(struct session *s, const char *ids, struct api_call *ret) {
        *ret = (struct api_call){.action = "DescribeInstances"};
        call_add(ret, "RegionId", s->identity.region_id);
        call_add(ret, "InstanceIds", ids);
}

/*
 * 200 and an empty list means wrong id, wrong region or no permission. A dry run tells the last:
 * without permission it is an error of its own, which is then the fault (ecs-api 4.2).
 */
static bool explain_empty_list(struct session *s, const char *ids, struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call;

        describe(s, ids, &call);
        call_add(&call, "DryRun", "true");
        if (call_run(s, &call, &reply, fault))
                return call_garbled(&reply, fault);
        if (strcmp(fault->code, DRY_RUN_OK) != 0)
                return false;
        if (s->metadata_region[0] && strcmp(s->metadata_region, s->identity.region_id) != 0)
                *fault = fault_own(FAULT_WRONG_REGION, s->metadata_region);
        else
                *fault = fault_own(FAULT_NOT_LISTED, s->identity.region_id);
        return false;
}

static bool operation_inspect(struct session *s, const struct wire_question *q,
                              struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        char ids[ID_LIST_SIZE];
        struct api_call call;
        int r;

        id_list(q->instance_id, ids);
        describe(s, ids, &call);
        if (!call_run(s, &call, &reply, &ret->fault))
                return false;
        r = reply_parse_instance(buf_text(&reply.body), reply.body.len, q->instance_id,
                                 &ret->instance, ret->request_id);
        if (r == -ENOENT)
                return explain_empty_list(s, ids, &ret->fault);
        return r == 0 || call_garbled(&reply, &ret->fault);
}

/* Changing calls */

static bool operation_allocate(struct session *s, const struct wire_question *q,
                               struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call = {.action = "AllocatePublicIpAddress", .changing = true};
        char address[IPV4_SIZE];

        call_add(&call, "InstanceId", q->instance_id);
        if (s->config.ip_address) {
                call_add(&call, "IpAddress", ipv4_format(s->config.ip_address, address));
                call.context |= FAULT_WITH_IP_ADDRESS;
        }
        if (s->config.vlan_id[0]) {
                call_add(&call, "VlanId", s->config.vlan_id);
                call.context |= FAULT_WITH_VLAN_ID;
        }
        if (!call_run(s, &call, &reply, &ret->fault))
                return false;
        if (reply_parse_allocate(buf_text(&reply.body), reply.body.len, &ret->address,
                                 ret->request_id) < 0)
                return call_garbled(&reply, &ret->fault);
        return true;
}

static bool operation_bandwidth(struct session *s, const struct wire_question *q,
                                struct wire_answer *ret) {
        struct api_call call = {.action = "ModifyInstanceNetworkSpec", .changing = true};
        _cleanup_buf_ struct buf number = BUF(NUMBER_SIZE);

        buf_printf(&number, "%u", q->bandwidth_out);
        call_add(&call, "InstanceId", q->instance_id);
        call_add(&call, "InternetMaxBandwidthOut", buf_text(&number));
        if (q->allocate_public_ip)
                call_add(&call, "AllocatePublicIp", "true");
        call_add(&call, "ClientToken", q->client_token);
        return call_run_done(s, &call, ret);
}

static bool operation_reboot(struct session *s, const struct wire_question *q,
                             struct wire_answer *ret) {
        struct api_call call = {.action = "RebootInstance", .changing = true};

        call_add(&call, "InstanceId", q->instance_id);
        return call_run_done(s, &call, ret);
}

/* Which instance a question may name: none is named, or only our own (law L4). */
static const struct {
        operation_fn run;
        bool names_instance;
} operations[_WIRE_OP_MAX] = {
        [WIRE_IDENTIFY] = {operation_identify, false},
        [WIRE_ADDRESSES] = {operation_addresses, false},
        [WIRE_INSPECT] = {operation_inspect, true},
        [WIRE_EIP_FIND] = {eip_find, true},
        [WIRE_PROBE] = {probe_run, true},
        [WIRE_ALLOCATE] = {operation_allocate, true},
        [WIRE_BANDWIDTH] = {operation_bandwidth, true},
        [WIRE_EIP_ALLOCATE] = {eip_buy, true},
        [WIRE_EIP_ASSOCIATE] = {eip_associate, true},
        [WIRE_REBOOT] = {operation_reboot, true},
};

/* What is answered should this process hang: ready before, since a signal handler writes it. */
static void set_backstop(struct session *s, enum wire_op op) {
        _cleanup_free_ char *line = NULL;
        struct wire_answer hung = {.fault = fault_own(FAULT_DEADLINE, "the resolver hangs")};

        if (wire_answer_format(op, &hung, &line) == 0)
                backstop_set(s->http.deadline + BACKSTOP_GRACE, wire_op_changes(op), line);
}

void operation_run(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        uint64_t now = clock_boottime_usec();

        *ret = (struct wire_answer){};
        s->http.deadline = now + q->deadline_ms * USEC_PER_MSEC;
        s->http.call_ends = now + CALL_MAX_MS * USEC_PER_MSEC;
        s->http.gate.number = 0;
        set_backstop(s, q->op);
        clock_hint(&s->clock, q->server_time);
        if (!operations[q->op].run)
                ret->fault = fault_own(FAULT_CLOUD_GARBLED, "a question of no operation");
        else if ((!operations[q->op].names_instance ||
                  session_check_instance(s, q->instance_id, wire_op_changes(q->op), &ret->fault)) &&
                 operations[q->op].run(s, q, ret))
                ret->fault = (struct fault){}; /* of a way that was tried before the good one */
        backstop_clear();
        ret->server_time = clock_server_time(&s->clock);
        ret->time_proven = s->clock.trust == CLOCK_PROVEN;
}

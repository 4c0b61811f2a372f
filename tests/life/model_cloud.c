/* SPDX-License-Identifier: Apache-2.0 */
/* The model's cloud: what calls do, and what it answers. */
#include "model.h"

#include <string.h>

#include "model_secret.h"
#include "util/text.h"

#define HINT_MS      120000u
#define EIP_ID       "eip-1"
#define LISTED_AFTER (5 * USEC_PER_MIN) /* the list of EIPs may lag so long, at most */

in_addr_t world_address(unsigned n) {
        return htonl(0xc6336400u + n % 200 + 1);
}

static void tell_identity(const struct world *w, struct identity *i) {
        TEXT_SET(i->instance_id, OUR_ID);
        TEXT_SET(i->region_id, "cn-hangzhou");
        i->from_metadata = !w->scene->no_metadata;
        if (!i->from_metadata)
                return;
        TEXT_SET(i->mac, "00:16:3e:00:00:01");
        i->private_ip = PRIVATE_IP;
        i->network = w->scene->network;
        i->public = (struct addresses){
                .presence = w->metadata ? PRESENCE_PRESENT : PRESENCE_ABSENT,
                .address = w->metadata,
        };
        TEXT_SET(i->public.instance_id, OUR_ID);
}

static void tell_instance(const struct world *w, struct instance *i) {
        TEXT_SET(i->instance_id, OUR_ID);
        TEXT_SET(i->status, w->transit ? "Starting" : "Running");
        i->network = w->scene->network;
        if (w->by_eip) {
                i->eip = w->shown;
                TEXT_SET(i->eip_id, w->shown ? EIP_ID : "");
        } else {
                i->public_ip = w->shown;
        }
        if (w->locked)
                TEXT_SET(i->locks, "security");
        i->bandwidth_out = w->bandwidth_shown;
        i->charge = CHARGE_POSTPAID;
        i->n_private = 1;
        i->private_ips[0] = PRIVATE_IP;
}

static void tell_eip(const struct world *w, struct eip *e) {
        if (w->eip == EIP_UNKNOWN)
                return; /* there is none */
        TEXT_SET(e->allocation_id, EIP_ID);
        e->address = world_address(0);
        e->status = w->eip;
        if (w->eip == EIP_IN_USE || w->eip == EIP_ASSOCIATING) {
                TEXT_SET(e->bound_to, w->eip_elsewhere ? "i-other" : OUR_ID);
                e->bound_here = !w->eip_elsewhere;
        }
}

static struct fault refusal(const char *code, unsigned status, const char *message) {
        struct fault f = {.http_status = status};

        TEXT_SET(f.code, code);
        TEXT_SET(f.message, message);
        TEXT_SET(f.request_id, "R-1");
        fault_classify(&f, 0);
        return f;
}

void cloud_effect(struct world *w) {
        if (w->scene->effect == EFFECT_NEVER)
                return;
        w->effective = w->address;
        w->nic = w->scene->network == NETWORK_CLASSIC ? w->address : 0;
}

static void bring(struct world *w, in_addr_t address, bool by_eip) {
        w->address = address;
        w->by_eip = by_eip;
        if (w->scene->effect == EFFECT_AT_ONCE)
                cloud_effect(w);
        w->kernel_news = true;
}

static void allocate(struct world *w, struct wire_answer *ret) {
        if (w->locked)
                ret->fault = refusal("InstanceLockedForSecurity", 403, "");
        else if (w->transit)
                ret->fault = refusal("IncorrectInstanceStatus", 403, "");
        else if (w->bandwidth == 0)
                ret->fault = refusal("AllocateIpInvalidInstanceBandwidth", 403, "");
        else if (w->address)
                ret->fault = refusal("AllocatedAlready", 403, "");
        else
                bring(w, world_address(++w->given), false);
        if (ret->fault.class == FAULT_NONE)
                ret->address = w->address;
}

static void raise_bandwidth(struct world *w, const struct wire_question *q,
                            struct wire_answer *ret) {
        if (w->transit) {
                ret->fault = refusal("IncorrectInstanceStatus", 403, "");
                return;
        }
        w->bandwidth = (int)q->bandwidth_out;
        if (q->allocate_public_ip && !w->address)
                bring(w, world_address(++w->given), false);
}

/* A token buys once. */
static void buy_eip(struct world *w, const struct wire_question *q, struct wire_answer *ret) {
        if (strcmp(q->client_token, w->bought_token) != 0) {
                w->bought++;
                TEXT_SET(w->bought_token, q->client_token);
                w->bought_order = q->order;
                w->eip = EIP_AVAILABLE;
                w->eip_listed = w->flight.at + LISTED_AFTER;
        }
        if (memcmp(&w->bought_order, &q->order, sizeof(q->order)) != 0)
                laws_break(w, "L11: one token for two orders");
        tell_eip(w, &ret->eip);
}

static void associate(struct world *w, struct wire_answer *ret) {
        if (w->address && w->by_eip)
                ret->fault = refusal("InvalidAssociation.Duplicated", 400, "");
        else if (w->address)
                ret->fault = refusal("InvalidInstance.PublicIpAddress", 400, "");
        else if (w->eip != EIP_AVAILABLE)
                ret->fault = refusal("IncorrectEipStatus", 400, "");
        else
                w->eip = EIP_ASSOCIATING;
}

static void reboot(struct world *w, struct wire_answer *ret) {
        if (w->locked)
                ret->fault = refusal("InstanceLockedForSecurity", 403, "");
        else if (w->transit)
                ret->fault = refusal("IncorrectInstanceStatus", 403, "");
        else
                w->reboot_accepted = true;
        w->reboot_until = 0;
}

/* The cloud process counts on from what the agent knows, and only else takes metadata's Date. */
static int64_t metadata_time(const struct world *w, const struct wire_question *q) {
        if (q->server_time)
                return q->server_time + (int64_t)((w->now - w->flight.at) / USEC_PER_SEC);
        return w->scene->no_metadata ? 0 : world_cloud_sec(w) + w->scene->metadata_off;
}

void cloud_execute(struct world *w, const struct flight *f, struct wire_answer *ret) {
        const struct wire_question *q = &f->question;

        *ret = (struct wire_answer){0};
        if (wire_op_changes(q->op))
                secret_used(w);
        ret->server_time = world_date(w);
        ret->time_proven = true; /* the signature was accepted */
        switch (q->op) {
        case WIRE_IDENTIFY:
                ret->server_time = metadata_time(w, q);
                ret->time_proven = false;
                tell_identity(w, &ret->identity);
                return;
        case WIRE_ADDRESSES: {
                struct identity i = {0};

                ret->server_time = metadata_time(w, q);
                ret->time_proven = false;
                tell_identity(w, &i);
                ret->addresses = i.public;
                return;
        }
        case WIRE_INSPECT:
                tell_instance(w, &ret->instance);
                return;
        case WIRE_EIP_FIND:
                if (w->eip_listed <= w->now)
                        tell_eip(w, &ret->eip);
                return;
        case WIRE_PROBE:
                ret->time_proven = false;
                ret->reachable = w->effective != 0 && !w->link_down ? REACH_YES : REACH_NO;
                return;
        case WIRE_ALLOCATE:
                allocate(w, ret);
                break;
        case WIRE_BANDWIDTH:
                raise_bandwidth(w, q, ret);
                break;
        case WIRE_EIP_ALLOCATE:
                buy_eip(w, q, ret);
                break;
        case WIRE_EIP_ASSOCIATE:
                associate(w, ret);
                break;
        case WIRE_REBOOT:
                reboot(w, ret);
                break;
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                return;
        }
        if (ret->fault.class != FAULT_NONE)
                return;
        TEXT_SET(ret->request_id, "R-1");
        laws_executed(w, f);
}

static const struct {
        const char *code, *message;
        unsigned status;
        uint32_t hint;
} faults[_MOVE_MAX] = {
        [MOVE_LOST_DONE] = {FAULT_TIMEOUT},
        [MOVE_LOST_UNDONE] = {FAULT_TIMEOUT},
        [MOVE_GONE] = {FAULT_CLOUD_GONE},
        [MOVE_SERVER_DONE] = {"InternalError", "", 500},
        [MOVE_REFUSED_DONE] = {"Forbidden.RAM", "", 403},
        [MOVE_REFUSED_LATE] = {"Forbidden.RAM", "", 403},
        [MOVE_STATE_DONE] = {"IncorrectInstanceStatus", "", 403},
        [MOVE_NONCE_DONE] = {"SignatureNonceUsed", "", 400},
        [MOVE_UNKNOWN_DONE] = {"UnknownError", "", 400},
        [MOVE_FAULT_UNSENT] = {FAULT_CONNECT},
        [MOVE_FAULT_SERVER] = {"ServiceUnavailable", "", 503},
        [MOVE_FAULT_THROTTLED] = {"Throttling.User", "", 400},
        [MOVE_FAULT_HINT] = {"Throttling.User", "", 400, HINT_MS},
        [MOVE_FAULT_AUTH] = {"Forbidden.RAM", "", 403},
        [MOVE_FAULT_OPERATOR] = {"InstanceExpiredOrInArrears", "", 400},
        [MOVE_FAULT_SETTLING] = {"TaskConflict", "", 409},
        [MOVE_FAULT_CLOCK] = {"InvalidTimeStamp.Expired", "", 400},
        [MOVE_FAULT_ALREADY] = {"AllocatedAlready", "", 403},
        [MOVE_LINE_GARBLED] = {FAULT_CLOUD_GARBLED},
        [MOVE_LINE_CUT] = {FAULT_CLOUD_GARBLED},
        [MOVE_LINE_LONG] = {FAULT_CLOUD_GARBLED},
        [MOVE_LINE_DEEP] = {FAULT_CLOUD_GARBLED},
        [MOVE_LINE_WIDE] = {FAULT_CLOUD_GARBLED},
        [MOVE_BODY_GARBLED] = {FAULT_NOT_API, "", 200},
        [MOVE_BODY_CUT] = {FAULT_NOT_API, "", 200},
        [MOVE_BODY_LONG] = {FAULT_NOT_API, "", 200},
        [MOVE_BODY_DEEP] = {FAULT_NOT_API, "", 200},
        [MOVE_NO_CREDENTIALS] = {FAULT_MD_CREDENTIALS},
        [MOVE_METADATA_SILENT] = {FAULT_MD_UNREACHABLE},
        [MOVE_METADATA_404] = {FAULT_MD_NOT_FOUND},
        [MOVE_METADATA_5XX] = {FAULT_MD_SERVER},
};

struct fault cloud_fault(enum move m, enum wire_op op) {
        struct fault f = {.http_status = faults[m].status, .retry_after_ms = faults[m].hint};

        TEXT_SET(f.code, faults[m].code);
        if (strcmp(f.code, FAULT_NOT_API) == 0 && (op == WIRE_IDENTIFY || op == WIRE_ADDRESSES))
                TEXT_SET(f.code, FAULT_MD_GARBLED);
        else if (f.http_status >= 400 && strncmp(f.code, "Metadata.", 9) != 0)
                TEXT_SET(f.request_id, "R-2");
        fault_classify(&f, 0);
        return f;
}

/* The address is taken away, or another comes in its place, without us. */
void cloud_drift(struct world *w, bool another, bool by_eip) {
        if (w->by_eip)
                w->eip = EIP_AVAILABLE;
        w->address = another ? world_address(by_eip ? 0 : ++w->given) : 0;
        w->by_eip = by_eip;
        if (by_eip)
                w->eip = EIP_IN_USE;
        cloud_effect(w);
        w->effective = w->address;
        w->shown = w->address;
        w->kernel_news = true;
}

void cloud_assign(struct world *w, bool eip) {
        if (eip)
                w->eip = EIP_ASSOCIATING;
        else
                bring(w, world_address(++w->given), false);
}

void cloud_settle_eip(struct world *w) {
        w->eip = EIP_IN_USE;
        w->address = world_address(0);
        w->by_eip = true;
        if (w->scene->effect == EFFECT_AT_ONCE)
                cloud_effect(w);
        w->kernel_news = true;
}

void cloud_take_eip(struct world *w, bool taken) {
        w->eip_elsewhere = taken;
        w->eip_listed = 0;
        w->eip = taken ? EIP_IN_USE : EIP_AVAILABLE;
        if (taken && w->by_eip)
                cloud_drift(w, false, false);
        w->eip = taken ? EIP_IN_USE : EIP_AVAILABLE;
}

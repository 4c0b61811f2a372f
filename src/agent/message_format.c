/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of text. {name} is replaced; a part in [brackets] is left out when something in it is
 * empty.
 */
#include "message_format.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <ecs-pubip/fault_text.h>

#include "message_ids.h"
#include "util/buf.h"
#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

#define FAULT_TEXT "{sentence}[: {detail}] ({code})[, request {request}]. {remedy}"

static const struct row {
        const char *id;
        int priority;
        const char *text;
} rows[_NOTICE_MAX] = {
        [NOTICE_IDENTIFIED] = {MESSAGE_IDENTIFIED, LOG_INFO,
                               "This is {instance} in {region}[, on a {network} network]"},
        [NOTICE_ASKING] = {MESSAGE_ASKING, LOG_NOTICE,
                           "About to ask the cloud for a change: {action} of {instance}"},
        [NOTICE_CHANGED] = {MESSAGE_CHANGED, LOG_NOTICE,
                            "{action} was accepted[, the address is {address}][, request "
                            "{request}]"},
        [NOTICE_ADOPTED] = {MESSAGE_ADOPTED, LOG_NOTICE,
                            "The control plane shows {address}, which this agent did not ask "
                            "for; it is adopted"},
        [NOTICE_REPLACED] = {MESSAGE_REPLACED, LOG_WARNING,
                             "The public address changed from {old} to {address}; whatever "
                             "names {old} must be told"},
        [NOTICE_RECLAIMED] = {MESSAGE_RECLAIMED, LOG_WARNING,
                              "The public address[ {old}] is gone: the control plane shows none"},
        [NOTICE_DISAGREES] = {MESSAGE_DISAGREES, LOG_WARNING,
                              "The {plane} plane no longer shows the address[ {address}] that "
                              "was confirmed; looking again[: {text}]"},
        [NOTICE_CONFIRMED] = {MESSAGE_CONFIRMED, LOG_NOTICE,
                              "The public address {address} is confirmed[: {text}]"},
        [NOTICE_REBOOT_WAITS] = {MESSAGE_REBOOT_WAITS, LOG_NOTICE,
                                 "This machine must restart for its address to take effect; the "
                                 "restart waits for {text}"},
        [NOTICE_REBOOTING] = {MESSAGE_REBOOTING, LOG_WARNING,
                              "The cloud will restart this machine now, so that its address "
                              "takes effect[, request {request}]"},
        [NOTICE_USER_DATA] = {MESSAGE_USER_DATA, LOG_NOTICE,
                              "Before the first change the agent waits, at most 5 min, until "
                              "cloud-init has written the files of user-data: they may hold its "
                              "configuration"},
        [NOTICE_USER_DATA_LATE] = {MESSAGE_USER_DATA, LOG_WARNING,
                                   "cloud-init has not written its files for 5 min: the agent goes "
                                   "on with the configuration as it is"},
        [NOTICE_WAITING] = {MESSAGE_WAITING, LOG_WARNING, FAULT_TEXT},
        [NOTICE_FAILED] = {MESSAGE_FAILED, LOG_ERR, "A person must act: " FAULT_TEXT},
        [NOTICE_HELD] = {MESSAGE_HELD, LOG_NOTICE,
                         "Held: the agent goes on watching and changes nothing until `ecs-pubip "
                         "resume`"},
        [NOTICE_RESUMED] = {MESSAGE_RESUMED, LOG_NOTICE,
                            "No longer held: the agent may change things again"},
        [NOTICE_HOLD_FOREIGN] = {MESSAGE_HOLD_FOREIGN, LOG_WARNING,
                                 "/etc/ecs-pubip/hold holds another instance[ ({text})] and is "
                                 "ignored; `ecs-pubip hold` holds this one"},
        [NOTICE_LEDGER_FOREIGN] = {MESSAGE_LEDGER_FOREIGN, LOG_WARNING,
                                   "The ledger is of another instance[ ({text})]: this machine "
                                   "was made from its image. It is set aside and not used"},
        [NOTICE_LEDGER_DAMAGED] = {MESSAGE_LEDGER_DAMAGED, LOG_WARNING,
                                   "The ledger cannot be trusted[ ({text})] and is set aside: "
                                   "for 24 hours no reboot and at most one allocation"},
        [NOTICE_LEDGER_NEWER] = {MESSAGE_LEDGER_NEWER, LOG_WARNING,
                                 "The ledger was written by a newer version of ecs-pubip, which "
                                 "this one cannot read; it is set aside[ ({text})]: for 24 hours "
                                 "no reboot and at most one allocation. Install that version "
                                 "again and move the file back while the agent is stopped"},
        [NOTICE_CLOCK] = {MESSAGE_CLOCK, LOG_WARNING,
                          "This machine's clock is {offset} the cloud's; requests carry the "
                          "cloud's time. Check time synchronisation"},
        [NOTICE_NOT_ECS] = {MESSAGE_NOT_ECS, LOG_NOTICE,
                            "This is not an Alibaba Cloud ECS instance: no metadata service "
                            "answers, and the firmware names another product. The agent ends; "
                            "set Instance.Id if it is one"},
        [NOTICE_PLANE_UNKNOWN] = {MESSAGE_PLANE_UNKNOWN, LOG_WARNING,
                                  "Still confirmed, but the {plane} plane cannot be "
                                  "asked: " FAULT_TEXT},
};

static const char *const actions[_WIRE_OP_MAX] = {
        [WIRE_INSPECT] = "DescribeInstances",
        [WIRE_EIP_FIND] = "DescribeEipAddresses",
        [WIRE_ALLOCATE] = "AllocatePublicIpAddress",
        [WIRE_BANDWIDTH] = "ModifyInstanceNetworkSpec",
        [WIRE_EIP_ALLOCATE] = "AllocateEipAddress",
        [WIRE_EIP_ASSOCIATE] = "AssociateEipAddress",
        [WIRE_REBOOT] = "RebootInstance",
};

struct message {
        const struct notice *notice;
        const struct status *status;
        const char *sentence;
        char remedy[FAULT_REMEDY_SIZE];
};

static void offset_text(int64_t seconds, char *ret, size_t size) {
        uint64_t n = seconds < 0 ? (uint64_t)0 - (uint64_t)seconds : (uint64_t)seconds;
        char span[SPAN_SIZE];

        snprintf(ret, size, "%s %s", time_format_span(n, span),
                 seconds < 0 ? "behind" : "ahead of");
}

static in_addr_t address_of(const struct message *s) {
        return s->notice->address ? s->notice->address : s->status->public_ip;
}

/* The value of {name}: NULL or "" is empty. `scratch` lends space. */
static const char *value_of(const struct message *s, const char *name, size_t len, char *scratch,
                            size_t size) {
        const struct notice *n = s->notice;
        const char *network = status_network_name(s->status->network);
        const struct {
                const char *name, *value;
        } texts[] = {
                {"instance", s->status->instance_id[0] ? s->status->instance_id : "this instance"},
                {"region", s->status->region_id},
                {"network", network},
                {"action", actions[n->op]},
                {"plane", n->plane < _PLANE_MAX ? verdict_plane_name(n->plane) : NULL},
                {"text", n->text},
                {"request", n->request_id[0] ? n->request_id : n->fault.request_id},
                {"code", n->fault.code},
                {"sentence", s->sentence},
                {"remedy", s->remedy},
                {"detail", n->fault.message},
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (strlen(texts[i].name) == len && strncmp(texts[i].name, name, len) == 0)
                        return texts[i].value;
        scratch[0] = '\0';
        if (strncmp(name, "offset", len) == 0)
                offset_text(n->seconds, scratch, size);
        else if (strncmp(name, "address", len) == 0 && address_of(s))
                ipv4_format(address_of(s), scratch);
        else if (strncmp(name, "old", len) == 0 && n->old_address)
                ipv4_format(n->old_address, scratch);
        return scratch;
}

/* Appends text up to `end` with its values; false if one of them was empty. */
static bool expand(const struct message *s, const char *text, const char *end, struct buf *out) {
        bool whole = true;

        while (text < end) {
                const char *brace = memchr(text, '{', (size_t)(end - text));
                char scratch[64];

                buf_add(out, text, (size_t)((brace ? brace : end) - text));
                if (!brace)
                        break;
                text = strchr(brace, '}') + 1;
                const char *value = value_of(s, brace + 1, (size_t)(text - brace - 2), scratch,
                                             sizeof(scratch));
                buf_puts(out, value ? value : "");
                whole = whole && value && value[0];
        }
        return whole;
}

static void compose(const struct message *s, const char *text, struct buf *out) {
        while (*text) {
                const char *open = strchrnul(text, '[');
                const char *close = strchr(open, ']');
                _cleanup_buf_ struct buf part = BUF(JOURNAL_TEXT_SIZE - 1);

                (void)expand(s, text, open, out);
                if (!close)
                        return;
                if (expand(s, open + 1, close, &part))
                        buf_puts(out, buf_text(&part));
                text = close + 1;
        }
}

void message_format(const struct notice *n, const struct status *s, unsigned context,
                    struct journal_entry *ret) {
        const struct row *row = &rows[n->kind];
        struct message message = {n, s, fault_sentence(fault_explain(&n->fault, context)), ""};
        const struct fault_names names = {.instance = s->instance_id, .region = s->region_id};
        _cleanup_buf_ struct buf text = BUF(JOURNAL_TEXT_SIZE * 2);

        fault_remedy_here(&n->fault, context, &names, message.remedy);
        compose(&message, row->text, &text);
        memset(ret, 0, sizeof(*ret));
        ret->id = row->id;
        ret->priority = row->priority;
        text_copy_printable(ret->message, sizeof(ret->message), buf_text(&text));
        ret->of_change = n->kind == NOTICE_ASKING || n->kind == NOTICE_CHANGED ||
                         n->kind == NOTICE_REBOOTING;
        ret->phase = status_phase_name(s->phase);
        if (address_of(&message))
                ipv4_format(address_of(&message), ret->address);
        ret->instance_id = s->instance_id;
        ret->region_id = s->region_id;
        ret->action = actions[n->op];
        ret->request_id = n->request_id[0] ? n->request_id : n->fault.request_id;
        ret->error_code = n->fault.code;
}

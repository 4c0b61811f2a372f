/* SPDX-License-Identifier: Apache-2.0 */
/* Looks that change nothing: is the way out open, from where are we seen, may we call? */
#include <ecs-pubip/identity.h>
#include <string.h>

#include "cloud/operations.h"
#include "util/cleanup.h"
#include "util/text.h"

#define OUTSIDE_MAX 1024u

/* The reachability witness: a TCP connection to the region's public ECS endpoint. */
static bool probe_reach(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        _cleanup_buf_ struct buf url = BUF(CONFIG_URL_SIZE);
        struct http_request request = {.zone = HTTP_TOUCH, .method = "GET"};
        char host[CONFIG_HOST_SIZE];
        const char *code;

        (void)q;
        endpoint_public(&s->config, s->identity.region_id, host);
        buf_printf(&url, "http://%s%s/", host, strchr(host, ':') ? "" : ":443");
        request.url = buf_text(&url);
        code = http_perform(&s->http, &request, &reply);
        if (code && (strcmp(code, FAULT_DEADLINE) == 0 || strcmp(code, FAULT_CLOUD_GONE) == 0)) {
                ret->fault = fault_own(code, reply.detail);
                return false;
        }
        ret->reachable = code ? REACH_NO : REACH_YES;
        return true;
}

/* Confirm.Outside: a page that answers with the caller's IPv4 address and nothing else. */
static bool probe_outside(struct session *s, const struct wire_question *q,
                          struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct http_request request = {.zone = HTTP_OUTSIDE,
                                       .method = "GET",
                                       .url = s->config.confirm_outside,
                                       .body_max = OUTSIDE_MAX};
        struct addresses seen = {};
        const char *code;
        bool again;

        (void)q;
        if (!s->config.confirm_outside[0]) {
                ret->fault = fault_own(FAULT_CLOUD_CONFIG, "[Confirm] Outside= is not set");
                return false;
        }
        do {
                request.verify_time = openapi_verify_time(&s->openapi);
                code = http_perform(&s->http, &request, &reply);
                if (code)
                        ret->fault = fault_own(code, reply.detail);
                again = code && strcmp(code, FAULT_TLS) == 0 &&
                        openapi_recover_tls(&s->openapi, &reply, &ret->fault);
        } while (again);
        if (code)
                return false;
        if (reply.status != 200 ||
            identity_parse_address(buf_text(&reply.body), reply.body.len, &seen) < 0 ||
            seen.presence != PRESENCE_PRESENT) {
                ret->fault = fault_own(FAULT_NOT_API, "Confirm.Outside answers no IPv4 address");
                ret->fault.http_status = reply.status;
                return false;
        }
        ret->address = seen.address;
        return true;
}

/*
 * Permitted: reachable. Not to be told without doing it: neither reachable nor a fault. Of the
 * changing calls only a reboot can be tried dry (ecs-api 4).
 */
static bool probe_permission(struct session *s, const struct wire_question *q,
                             struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call = {.action = "RebootInstance"};

        if (q->permission != WIRE_REBOOT)
                return true;
        call_add(&call, "InstanceId", s->identity.instance_id);
        call_add(&call, "DryRun", "true");
        if (call_run(s, &call, &reply, &ret->fault))
                return call_garbled(&reply, &ret->fault);
        if (strcmp(ret->fault.code, DRY_RUN_OK) != 0)
                return false;
        TEXT_SET(ret->request_id, ret->fault.request_id);
        ret->reachable = REACH_YES;
        return true;
}

bool operation_probe(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        switch (q->probe) {
        case PROBE_REACH:
                return probe_reach(s, q, ret);
        case PROBE_OUTSIDE:
                return probe_outside(s, q, ret);
        case PROBE_PERMISSION:
                return probe_permission(s, q, ret);
        case PROBE_NONE:
                break;
        }
        ret->fault = fault_own(FAULT_CLOUD_GARBLED, "a probe of nothing");
        return false;
}

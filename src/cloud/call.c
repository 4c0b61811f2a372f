/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <ecs-pubip/reply.h>

#include "util/cleanup.h"

void call_add(struct api_call *call, const char *name, const char *value) {
        call->params[call->n_params++] = (struct sign_pair){name, value};
}

bool call_run(struct session *s, const struct api_call *call, struct http_reply *reply,
              struct fault *fault) {
        return openapi_call(&s->openapi, call, s->identity.region_id, reply, fault);
}

bool call_garbled(const struct http_reply *reply, struct fault *fault) {
        *fault = fault_own(FAULT_NOT_API, "the answer is not one to this call");
        fault->http_status = reply->status;
        return false;
}

bool call_run_done(struct session *s, const struct api_call *call, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;

        if (!call_run(s, call, &reply, &ret->fault))
                return false;
        if (reply_parse_done(buf_text(&reply.body), reply.body.len, ret->request_id) < 0)
                return call_garbled(&reply, &ret->fault);
        return true;
}

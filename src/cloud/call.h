/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the API as the operations make it: in this instance's region. */
#pragma once

#include <ecs-pubip/wire.h>

#include "cloud/session.h"

/* A parameter more. */
void call_add(struct api_call *call, const char *name, const char *value);
/* True, with the answer of a success; or false with *fault. */
bool call_run(struct session *s, const struct api_call *call, struct http_reply *reply,
              struct fault *fault);
/* A success body that is none of that action. */
bool call_garbled(const struct http_reply *reply, struct fault *fault);
/* The calls that answer with a RequestId and little else. */
bool call_run_done(struct session *s, const struct api_call *call, struct wire_answer *ret);

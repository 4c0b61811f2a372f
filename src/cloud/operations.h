/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent may ask: one function per operation of the wire, in a table. */
#pragma once

#include <ecs-pubip/wire.h>

#include "cloud/session.h"

/* Fills *ret whatever happens; the question's deadline runs from now. */
void operation_run(struct session *s, const struct wire_question *q, struct wire_answer *ret);

/* Called from the table; true, or false with ret->fault. */
bool operation_eip_find(struct session *s, const struct wire_question *q, struct wire_answer *ret);
bool operation_eip_allocate(struct session *s, const struct wire_question *q,
                            struct wire_answer *ret);
bool operation_eip_associate(struct session *s, const struct wire_question *q,
                             struct wire_answer *ret);
bool operation_probe(struct session *s, const struct wire_question *q, struct wire_answer *ret);

/* For them: a parameter more, and a call in this instance's region. */
void call_add(struct api_call *call, const char *name, const char *value);
bool call_run(struct session *s, const struct api_call *call, struct http_reply *reply,
              struct fault *fault);
/* A success body that is none of that action. */
bool call_garbled(const struct http_reply *reply, struct fault *fault);
/* The calls that answer with a RequestId and little else. */
bool call_run_done(struct session *s, const struct api_call *call, struct wire_answer *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L9: what comes from outside passes through the real parsers. Answers go through the wire as the
 * cloud process formats and the agent parses them, bodies through the parsers of metadata and API
 * replies; some are spoiled on the way. A spoiled one must be refused in the class `protocol`, or
 * be whole in every member: terminated strings, numbers and lists within their places.
 */
#pragma once

#include "model.h"

/* Formats, parses, and must bring the same answer; now and then, since it costs. */
void wire_pass(struct world *w, enum wire_op op, struct wire_answer *a);
void wire_pass_question(struct world *w, const struct wire_question *q);

/* The answer's line, or the body that it was made of, spoiled as the move says; *ret: the fault. */
void wire_spoil(struct world *w, enum move m, enum wire_op op, const struct wire_answer *a,
                struct wire_answer *ret);

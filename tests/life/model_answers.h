/* SPDX-License-Identifier: Apache-2.0 */
/* How the question in flight is answered, or what becomes of it else: one function per manner. */
#pragma once

#include "model.h"

/* Now and then over the real wire. */
/* What stands ready leaves, if the agent says so. */
void answer_ready(struct world *w, struct actions *a);
void answer_truly(struct world *w, struct actions *a);
void answer_fault(struct world *w, enum move m, struct actions *a);
/* Executed, but the agent hears a fault; or it hears what cannot be read; or nothing at all. */
void answer_lost(struct world *w, enum move m, struct actions *a);
void answer_spoiled(struct world *w, enum move m, struct actions *a);
void answer_never(struct world *w);
/* Executed twice; the answer of the second time is heard. */
void answer_twice(struct world *w, struct actions *a);
/* It may still be executed for so long after it was asked, whatever is heard of it. */
void answer_abandon(struct world *w, uint64_t usec);
/* A look at another instance. */
void answer_strange(struct world *w, struct actions *a);
/* The cloud process dies; the call may still arrive, later. */
void answer_gone(struct world *w, struct actions *a);
void answer_late(struct world *w);
/* An answer to a question that nobody asked. */
void answer_stray(struct world *w, struct actions *a);

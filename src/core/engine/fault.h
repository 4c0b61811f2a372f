/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault leads to: by its class, a wait or `failed` (design 4.5). */
#pragma once

#include "turn.h"

/* Waits or fails. One of class ALREADY is looked at, once. */
struct move fault_meet(struct turn *t, const struct fault *f);

/* The same for a fault of our own; the message may be "". */
struct move fault_raise(struct turn *t, const char *code, const char *message);

/* Fails, whatever the class of the fault. */
struct move fault_fail(struct turn *t, const char *code, const char *message);

/* Nobody says who we are; after 10 min this may be no ECS instance at all. */
struct move fault_of_identify(struct turn *t, const struct fault *f);

/* The row that explains it under the present configuration. */
const struct fault_row *fault_row_of(const struct engine *e, const struct fault *f);

/* SPDX-License-Identifier: Apache-2.0 */
/* A step of the state machine, and what it wants done. */
#pragma once

#include "runtime_parts.h"

/* runtime_step.c. An event from outside a step: at once, or after the step that is under way. */
void runtime_feed(struct runtime *r, const struct event *event);
void runtime_drain(struct runtime *r);

/* Tells the engine of the brake as it stands now. */
void runtime_judge_hold(struct runtime *r);

/* Ends, with `error` as the result of the loop. */
void runtime_leave(struct runtime *r, int error);

/* runtime_act.c: what a step wants is told and done. */
void runtime_act(struct runtime *r, struct actions *a);

/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of the agent. */
#pragma once

#include "runtime_parts.h"

void runtime_publish(struct runtime *r);
/* The same, and what was published. */
void runtime_publish_status(struct runtime *r, struct status *ret);
void runtime_publish_counters(struct runtime *r);
void runtime_beat(struct runtime *r); /* the heartbeat of the metrics, where it is old */

void runtime_show_alive(struct runtime *r);
void runtime_forget_shown(struct runtime *r); /* all of it is news then */

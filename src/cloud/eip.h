/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on elastic addresses: true, or false with ret->fault. */
#pragma once

#include <ecs-pubip/wire.h>

#include "cloud/session.h"

bool eip_find(struct session *s, const struct wire_question *q, struct wire_answer *ret);
bool eip_buy(struct session *s, const struct wire_question *q, struct wire_answer *ret);
bool eip_associate(struct session *s, const struct wire_question *q, struct wire_answer *ret);

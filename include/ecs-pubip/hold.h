/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the brake, /etc/ecs-pubip/hold: an instance id and a time, blank-separated. */
#pragma once

#include <ecs-pubip/identity.h>

/* The instance that it names; "": none, and then it brakes every one. */
void hold_parse(const char *text, char ret_id[static INSTANCE_ID_SIZE]);

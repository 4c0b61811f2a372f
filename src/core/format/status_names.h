/* SPDX-License-Identifier: Apache-2.0 */
/* Names of enums as status.json and the history write them; status.c has them. */
#pragma once

#include <ecs-pubip/status.h>

extern const char *const phase_names[_PHASE_MAX];
extern const char *const change_names[_CHANGE_MAX];

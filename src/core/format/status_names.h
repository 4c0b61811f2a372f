/* SPDX-License-Identifier: Apache-2.0 */
/* Names of enums as status.json and the history write them; status.c, phase.c and condition.c have
 * them. */
#pragma once

#include <ecs-pubip/condition.h>

extern const char *const phase_names[_PHASE_MAX];
extern const char *const change_names[_CHANGE_MAX];
extern const char *const condition_names[_CONDITION_MAX];
extern const char *const severity_names[_CONDITION_SEVERITY_MAX];

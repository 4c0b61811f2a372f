/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the fault table, apart from the code that searches them. */
#pragma once

#include <ecs-pubip/fault.h>

/* Stands in a remedy for the RAM action that a denial names; reads well where it names none. */
#define FAULT_MISSING_ACTION "the missing action"

/* At the end of a remedy: how to tell the agent. A mark, since sixty rows end so. */
#define FAULT_THEN_RESUME "\n"

extern const struct fault_row fault_rows[];
extern const size_t n_fault_rows;

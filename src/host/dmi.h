/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware says that this machine is. */
#pragma once

#include <stdbool.h>

/* Vendor or product names the maker of ECS. False where DMI cannot tell: then nothing is said. */
bool dmi_read(bool *ret_is_ecs);

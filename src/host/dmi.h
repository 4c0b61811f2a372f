/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware says that this machine is. */
#pragma once

#include <stdbool.h>

/* False without DMI; then nothing is said about the product. */
bool dmi_read(bool *ret_is_ecs);

/* SPDX-License-Identifier: Apache-2.0 */
/* Which boot of this machine it is. */
#pragma once

#include <ecs-pubip/ledger.h>

/*
 * `option` (as systemd's %b writes it, or a UUID) or, where NULL, what the kernel says; in the
 * kernel's form. -EINVAL: neither is a boot id; ret is then "".
 */
int boot_id_read(const char *option, char ret[static BOOT_ID_SIZE]);

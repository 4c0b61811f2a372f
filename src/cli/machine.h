/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of this machine without the agent: links, boot id, firmware, brake, ledger. */
#pragma once

#include <ecs-pubip/engine.h>

/* The kernel plane, by the agent's own questions, asked once. */
void machine_kernel(const struct watch *watch, struct kernel_facts *ret);

/* 0, or -ENOENT when it cannot be read. */
int machine_boot_id(char ret[static BOOT_ID_SIZE]);

/* False where there is no DMI to read. */
bool machine_dmi(bool *ret_is_ecs);

/* The brake, for that instance; without an id every brake counts. */
enum hold machine_hold(const char *instance_id);

/* The ledger as it is on disk; *ret only where it was READ. */
enum ledger_state machine_ledger(struct ledger *ret);

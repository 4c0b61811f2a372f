/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of this machine without the agent: links, ledger. */
#pragma once

#include <ecs-pubip/engine.h>

/* The kernel plane, by the agent's own questions, asked once. */
void machine_kernel(const struct watch *watch, struct kernel_facts *ret);

/* The ledger as it is on disk; *ret only where it was READ. */
enum ledger_state machine_ledger(struct ledger *ret);

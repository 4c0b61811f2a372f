/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state machine meets the world: adapters make events, its actions are done by them. */
#pragma once

#include <ecs-pubip/config.h>

/*
 * Runs until it is told to stop. SIGTERM, SIGINT and SIGHUP must be blocked. 0, or -EBUSY: another
 * agent has the state folder, or another negative errno: the agent cannot run here. What went
 * wrong is in the journal by then.
 */
int runtime_run(const struct config *config, const char *boot_id);

/* For config_load(): a journal entry per problem. */
void runtime_report_problem(const struct config_problem *problem, void *userdata);

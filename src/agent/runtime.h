/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state machine meets the world: adapters make events, its actions are done by them. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/status.h>

/* What was found while the files were read. */
struct config_report {
        bool quiet; /* it was logged before */
        unsigned n_errors, n_transient;
        char first[STATUS_WHY_SIZE]; /* where the first error is; "": there is none */
};

/*
 * Reads the files, with a journal entry for each problem. -EBADMSG: they have an error. -EAGAIN:
 * they cannot be read at this moment; *ret is what could be.
 */
int runtime_load_config(struct config *ret, struct config_report *report);

/*
 * Runs until it is told to stop. SIGTERM, SIGINT and SIGHUP must be blocked. 0, or -EBUSY: another
 * agent has the state folder, or another negative errno: the agent cannot run here. What went
 * wrong is in the journal by then.
 */
int runtime_run(const struct config *config, const struct config_report *report,
                const char *boot_id);

/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime opens at its start and watches from then on: files and folders. */
#pragma once

#include "runtime_parts.h"

/* runtime_open.c: folders, ledger, state machine. -EBUSY: another agent has the state folder. */
int runtime_open_state(struct runtime *r);
void runtime_open_engine(struct runtime *r, const struct config *config, const char *boot_id);

/* Ends, to be started again, where the ledger could not be read at the start and now can be. */
bool runtime_leave_for_ledger(struct runtime *r);

/*
 * runtime_config.c: reads the files again, and tells the engine; `always` also where nothing has
 * changed. -EBADMSG: they cannot be used, and -EAGAIN: not be read now. Why is in the journal, the
 * old configuration stays, and nothing is changed.
 */
int runtime_open_config(struct runtime *r);
int runtime_read_config(struct runtime *r, bool always);

/* Tells the engine whether they can be read, where that is new to it. */
void runtime_judge_config(struct runtime *r);

/* runtime_user_data.c: where cloud-init may still write our configuration, it is read then, and the
 * engine told. */
int runtime_open_user_data(struct runtime *r);

/* runtime_hold_watch.c: watches the brake and the resume file anew. */
void runtime_watch_hold(struct runtime *r);

/* runtime_folders.c: ends the agent where a folder was made anew out of its reach. */
void runtime_open_folders(struct runtime *r);
void runtime_check_folders(struct runtime *r);

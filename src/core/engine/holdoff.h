/* SPDX-License-Identifier: Apache-2.0 */
/* The fault that is waited for, how often it was met, and the wait that outlives a restart. */
#pragma once

#include "turn.h"

/* A fault was met: counts how often its class was in a row, and tells of it once. */
void holdoff_count(struct turn *t, const struct fault *f);

/* Nothing is waited for any more. */
void holdoff_clear(struct turn *t);

/* Attempts, looks and patience begin anew. */
void holdoff_renew(struct turn *t);

/* How much is left of the wait that the ledger keeps, µs. */
uint64_t holdoff_left(const struct turn *t);

/* The same, of one that a server asked for and that nobody has gone on with; else 0. */
uint64_t holdoff_server_left(const struct turn *t);

/* The wait that the ledger keeps becomes this process's own. */
void holdoff_resume(struct turn *t);

/* A wait of that length begins, and is kept if it is long or the server's. */
void holdoff_keep(struct turn *t, uint64_t length);

/* Control is throttled, but nothing waits for it: whoever asks it next goes on with this wait. */
void holdoff_leave(struct turn *t, const struct fault *f);

/* The kept wait is over, unless the server still wants it. */
void holdoff_forget(struct turn *t);

/* How long to wait after a first refusal for want of quota. */
uint64_t holdoff_throttled(const struct turn *t, const struct fault *f);

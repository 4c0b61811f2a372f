/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, kept: the phases of this boot, and the last change of the address over boots. */
#pragma once

#include <ecs-pubip/history.h>

struct record {
        int state_fd; /* the state folder's, not ours; negative: nothing is kept over boots */
        struct history history;
        struct history_change change;
};

/* Reads what an earlier agent kept. `known` is the ledger's address: it is no change to find it. */
void record_open(struct record *r, int state_fd, const char *instance_id, in_addr_t known);

/* True if the phase, the address or the fault is another one than before. */
bool record_phase(struct record *r, const struct status *s, int64_t now, uint64_t boot_usec);

/* Keeps it durably; true if it is a change. What cannot be written is kept in memory only. */
bool record_change(struct record *r, const char *instance_id, in_addr_t address,
                   enum address_change how, int64_t now);

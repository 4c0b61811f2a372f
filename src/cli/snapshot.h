/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says of itself at one moment: is it alive, and what is in its status file. */
#pragma once

#include <ecs-pubip/condition.h>

#include "command.h"

enum status_file {
        STATUS_FILE_READ,
        STATUS_FILE_ABSENT,     /* no agent has written one since boot */
        STATUS_FILE_GARBLED,    /* there, but not a status of version 1 */
        STATUS_FILE_UNREADABLE, /* errno in `error` */
};

struct snapshot {
        bool alive;
        enum status_file file;
        int error;            /* negative errno, where UNREADABLE */
        struct status status; /* zero unless READ; of a dead agent: its last words */
        struct conditions conditions;
};

/*
 * Asks whether the agent holds its lock; never takes one. 1 if it does, 0 if not, or a negative
 * errno: it cannot be told, and a guess would be a promise of `hold`.
 */
int snapshot_alive(void);

/* 0, or as snapshot_alive(). */
int snapshot_take(struct snapshot *ret);

/* The text of the status file as it is, malloc'ed; negative errno. */
int snapshot_text(char **ret, size_t *ret_len);

/* Now, by the clock that the snapshot's times are from: the cloud's. */
int64_t snapshot_now(const struct snapshot *s);

/*
 * Pure: what `wait` ends with. A dead agent is EXIT_NO_AGENT whatever its last words were; the
 * brake changes nothing of what works.
 */
enum exit_status snapshot_outcome(const struct snapshot *s);

/* Pure: the agent has ended by itself, since there is nothing for it to do on this machine. */
bool snapshot_ended(const struct snapshot *s);

/* Pure: the first change waits for what cloud-init writes. */
bool snapshot_awaits_user_data(const struct snapshot *s);

/* Pure: a reboot is due and waits for something that may be our caller. */
bool snapshot_reboot_waits(const struct snapshot *s);

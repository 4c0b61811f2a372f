/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger on disk, and the two locks: one agent at a time, and "the agent lives". */
#pragma once

#include <ecs-pubip/ledger.h>

#define STORE_NAME_SIZE 64

struct store {
        const char *directory;
        int fd;     /* of the folder, holding the exclusive lock; -1: it cannot be had */
        int unread; /* why the ledger was not read, negative errno: it is not written over */
};

/*
 * Opens the state folder, made if missing, and locks it. -EBUSY: another agent has it. After any
 * other negative errno the store loads nothing and saves nothing.
 */
int store_open(struct store *s, const char *directory);
void store_done(struct store *s);

/*
 * 0, -ENOENT: there is none, -EBADMSG or -EPROTONOSUPPORT: as ledger_parse(), a file too large or
 * none at all included. Any other negative errno: it cannot be told, and no save will succeed.
 */
int store_load(struct store *s, struct ledger *ret);

/* Whether store_load() would come to know what is there; it changes nothing. */
bool store_is_readable(const struct store *s);

/* Durable when this returns 0 (law L2): written, synced, renamed, folder synced, read back. */
int store_save(struct store *s, const struct ledger *l);

/*
 * Gives the ledger the name ledger.WHY-TIME too, keeping the newest few of those; `wall_sec` names
 * it. The next save takes its own name from it.
 * -ENOENT if there is none. `ret_name` tells what it is called now.
 */
int store_set_aside(struct store *s, const char *why, int64_t wall_sec,
                    char ret_name[static STORE_NAME_SIZE]);

/*
 * The lock on `path` by which others see that the agent lives; the descriptor holds it. It is a
 * write lock, which needs a file opened for writing, and the file is a new one each time, locked
 * under the name `temp` before anybody else can open it: so nobody can pretend to be the agent, or
 * keep it from starting, by a lock of his own.
 */
int store_lock_alive(const char *path, const char *temp);

/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for changes in the agent's run folder, which may not exist yet or go and come back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/cleanup.h"

struct folder {
        int inotify_fd, timer_fd;
        int folder_wd, parent_wd; /* -1: not watched */
        bool look_again;
};

#define FOLDER_NONE ((struct folder){-1, -1, -1, -1, false})

/* Watch first, look afterwards: whatever changes in between is then an event. */
int folder_open(struct folder *ret);
void folder_done(struct folder *f);

/*
 * Waits until something of the agent changed (1), until `deadline` (CLOCK_BOOTTIME, or
 * CLOCK_NEVER) is reached (0), or until the reader of `reader_fd` (-1: none) has gone (-EPIPE).
 */
int folder_wait(struct folder *f, uint64_t deadline, int reader_fd);

#define _cleanup_folder_ _cleanup_(folder_done)

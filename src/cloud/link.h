/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end of this process: questions on fd 0, answers on fd 1, a line each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct link {
        struct buf in; /* what was read; the lines before `taken` are done with */
        size_t taken;
};

void link_init(struct link *l);
void link_done(struct link *l);

/*
 * Waits for the next line. 1 and the line without its newline, valid until the next call; 0 when
 * the agent has closed; -EMSGSIZE for a line without end; other negative errno from read().
 */
int link_read(struct link *l, const char **ret_line, size_t *ret_len);
/* The same until a moment of CLOCK_BOOTTIME; then -ETIMEDOUT. */
int link_read_until(struct link *l, uint64_t until, const char **ret_line, size_t *ret_len);
/* True if the agent has said more than what was handed out. */
bool link_has_more(const struct link *l);
/* Writes all of it; negative errno, -EPIPE when nobody reads any more. */
int link_write(const char *line);

/* True once the agent has closed its end, whatever is still to be read (law: no call for it). */
bool link_hung_up(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An end for what curl does not end: a resolver that hangs, where curl waits for its thread (all
 * versions before 7.87), or any loop in which nobody asks for the time. A timer and its signal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BACKSTOP_GRACE UINT64_C(1000000) /* usec after a limit: whoever keeps it is first */

int backstop_init(void);

/*
 * At `when` of CLOCK_BOOTTIME, unless set anew or cleared before: `line` is written as the answer
 * and the process ends, which says that nothing of the question has left. Where a changing call
 * has a socket, nobody but curl knows what has left: then the sockets are shut down instead, and
 * 2 s later the process ends without a word.
 */
void backstop_set(uint64_t when, bool changing, const char *line);
/* Another time for the same question: a changing call has left, and may take its time. */
void backstop_move(uint64_t when);
void backstop_clear(void);

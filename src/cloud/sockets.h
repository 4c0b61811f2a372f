/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that curl has open in this process: looked at before they are used again, and ended
 * by a signal handler where curl itself hangs. */
#pragma once

#include <stdbool.h>

void sockets_add(int fd);
void sockets_remove(int fd);
bool sockets_any(void);

/*
 * A kept connection on which something has arrived since its last answer, or which was closed, is
 * not used again: what stands there is nobody's answer. Curl then finds it dead.
 */
void sockets_end_readable(void);

/* Async-signal-safe: whoever waits on one of them wakes with an error. */
void sockets_shutdown(void);

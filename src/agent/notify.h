/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's socket (sd_notify(3) has the words). What it should know is a state, not a
 * queue: what it has not taken is offered again, what it has taken only when it changes.
 */
#pragma once

#include <systemd/sd-event.h>

struct notify;

/* Without NOTIFY_SOCKET there is nobody to tell, and everything below does nothing. */
int notify_new(sd_event *event, struct notify **ret);

/* Tries once more, without waiting. */
struct notify *notify_free(struct notify *n);

void notify_status(struct notify *n, const char *line);
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n); /* until notify_ready() */
void notify_stopping(struct notify *n);
void notify_alive(struct notify *n); /* for the watchdog */

/* Half of what the watchdog allows, in µs; 0: there is none. */
uint64_t notify_interval(const struct notify *n);

/* SPDX-License-Identifier: Apache-2.0 */
/* Calls when somebody sets the wall clock, and after waking from suspend. */
#pragma once

#include <systemd/sd-event.h>

struct clock_watch;
typedef void (*clock_watch_fn)(void *userdata);

int clock_watch_new(sd_event *event, clock_watch_fn on_set, void *userdata,
                    struct clock_watch **ret);
struct clock_watch *clock_watch_free(struct clock_watch *c);

/* SPDX-License-Identifier: Apache-2.0 */
/* Waits until cloud-init has written the files of user-data. */
#pragma once

#include <systemd/sd-event.h>

struct cloud_init_watch;
typedef void (*cloud_init_fn)(void *userdata);

/* Calls once, when cloud_init_writes() has become false. */
int cloud_init_watch_new(sd_event *event, cloud_init_fn on_written, void *userdata,
                         struct cloud_init_watch **ret);
struct cloud_init_watch *cloud_init_watch_free(struct cloud_init_watch *w);

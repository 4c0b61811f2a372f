/* SPDX-License-Identifier: Apache-2.0 */
/* How far cloud-init is in this boot, by the files that it leaves in /run/cloud-init. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#define CLOUD_INIT_DIR "/run/cloud-init"

/* It is enabled and its last stage has not ended. */
bool cloud_init_unfinished(void);

/*
 * It is enabled and its network stage, in which user-data's write_files are written, has not
 * ended: files under /etc may still come.
 */
bool cloud_init_writes(void);

struct cloud_init_watch;
typedef void (*cloud_init_fn)(void *userdata);

/* Calls once, when cloud_init_writes() has become false. */
int cloud_init_watch_new(sd_event *event, cloud_init_fn on_written, void *userdata,
                         struct cloud_init_watch **ret);
struct cloud_init_watch *cloud_init_watch_free(struct cloud_init_watch *w);

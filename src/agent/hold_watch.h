/* SPDX-License-Identifier: Apache-2.0 */
/* Watches the brake, and the file by which `ecs-pubip resume` asks for a fresh look. */
#pragma once

#include <systemd/sd-event.h>

struct hold_watch;
typedef void (*hold_fn)(void *userdata);

/*
 * Calls on_hold when the hold file may have changed, on_resume when the resume file has come by
 * rename(2), which is removed afterwards. Their folders may come later, too. A negative errno if
 * one of the two cannot be watched; but for -ENOMEM, *ret is set even then and watches the other.
 */
int hold_watch_new(sd_event *event, const char *hold, const char *resume, hold_fn on_hold,
                   hold_fn on_resume, void *userdata, struct hold_watch **ret);
struct hold_watch *hold_watch_free(struct hold_watch *w);

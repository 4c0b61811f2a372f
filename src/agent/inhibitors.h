/* SPDX-License-Identifier: Apache-2.0 */
/* What a reboot should wait for: cloud-init that has not finished, and shutdown inhibitors. */
#pragma once

#include <systemd/sd-event.h>

#define BLOCKERS_SIZE 256

struct inhibitors;

/* The first answer, and each other one; "" : nothing is in the way. */
typedef void (*inhibitors_fn)(const char *blockers, void *userdata);

int inhibitors_new(sd_event *event, inhibitors_fn on_blockers, void *userdata,
                   struct inhibitors **ret);
struct inhibitors *inhibitors_free(struct inhibitors *i);

/* Looks, and keeps looking until told to stop. Looking again starts with a first answer. */
void inhibitors_look(struct inhibitors *i);
void inhibitors_stop(struct inhibitors *i);

/* SPDX-License-Identifier: Apache-2.0 */
/* What a reboot should wait for: cloud-init that has not finished, and shutdown inhibitors. */
#pragma once

#include <systemd/sd-event.h>

#define BLOCKERS_SIZE 256

struct etiquette;

/* The first answer, and each other one; "" : nothing is in the way. */
typedef void (*etiquette_fn)(const char *blockers, void *userdata);

int etiquette_new(sd_event *event, etiquette_fn on_blockers, void *userdata,
                  struct etiquette **ret);
struct etiquette *etiquette_free(struct etiquette *e);

/* Looks, and keeps looking until told to stop. Looking again starts with a first answer. */
void etiquette_look(struct etiquette *e);
void etiquette_stop(struct etiquette *e);

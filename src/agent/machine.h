/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine says of itself: boot id, firmware, clocks, chance. */
#pragma once

#include <systemd/sd-event.h>

#include <ecs-pubip/ledger.h>

/*
 * `option` (as systemd's %b writes it, or a UUID) or, where NULL, what the kernel says; in the
 * kernel's form. -EINVAL: neither is a boot id; ret is then "".
 */
int machine_boot_id(const char *option, char ret[static BOOT_ID_SIZE]);

/* False without DMI; then nothing is said about the product. */
bool machine_dmi(bool *ret_is_ecs);

uint64_t machine_seed(void);
uint64_t machine_boot_usec(void); /* CLOCK_BOOTTIME */
int64_t machine_wall_sec(void);   /* CLOCK_REALTIME */

/* Calls when somebody sets the wall clock, and after waking from suspend. */
struct machine_clock;
typedef void (*machine_clock_fn)(void *userdata);
int machine_clock_new(sd_event *event, machine_clock_fn on_set, void *userdata,
                      struct machine_clock **ret);
struct machine_clock *machine_clock_free(struct machine_clock *c);

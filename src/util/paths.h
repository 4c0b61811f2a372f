/* SPDX-License-Identifier: Apache-2.0 */
/* Where the programs meet. The names are a contract: design 6, ecs-pubip(1), the units. */
#pragma once

#define RUN_DIR      "/run/ecs-pubip"
#define STATUS_NAME  "status.json"
#define LOCK_NAME    "agent.lock"
#define STATUS_PATH  RUN_DIR "/" STATUS_NAME
#define LOCK_PATH    RUN_DIR "/" LOCK_NAME /* the agent holds an OFD write lock while it lives */
#define LOCK_TEMP    RUN_DIR "/." LOCK_NAME ".new"
#define CLOUD_SOCKET RUN_DIR "/cloud.sock"
#define RESUME_NAME  "resume"
#define RESUME_PATH                                                                                \
        RUN_DIR "/" RESUME_NAME /* put there by `ecs-pubip resume`; the agent unlinks it */

#define HISTORY_PATH RUN_DIR "/history" /* the phases of this boot, a line each */
#define METRICS_NAME "metrics.prom"
#define METRICS_PATH RUN_DIR "/" METRICS_NAME

/* A word to a path unit: whoever hears it removes it. */
#define MARKS_NAME   "marks"
#define MARKS_DIR    RUN_DIR "/" MARKS_NAME
#define CHANGED_NAME "changed"

/* flock()ed exclusively by whoever may write there: no lock file, so a full disk is no excuse. */
#define STATE_DIR   "/var/lib/ecs-pubip"
#define LEDGER_PATH STATE_DIR "/ledger"

/* One line: the instance id ("-" where it is not known yet), a blank, the time (RFC 3339). */
#define CONFIG_DIR "/etc/ecs-pubip"
#define HOLD_NAME  "hold"
#define HOLD_PATH  CONFIG_DIR "/" HOLD_NAME

#define BOOT_ID_PATH     "/proc/sys/kernel/random/boot_id"
#define DMI_VENDOR_PATH  "/sys/class/dmi/id/sys_vendor"
#define DMI_PRODUCT_PATH "/sys/class/dmi/id/product_name"

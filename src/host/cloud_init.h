/* SPDX-License-Identifier: Apache-2.0 */
/* How far cloud-init is in this boot, by the files that it leaves in /run/cloud-init. */
#pragma once

#include <stdbool.h>

#define CLOUD_INIT_DIR    "/run/cloud-init"
#define CLOUD_INIT_STATUS CLOUD_INIT_DIR "/status.json" /* a link */

/* It is enabled and its last stage has not ended. */
bool cloud_init_unfinished(void);

/* This process was started by one of its early stages, which waits for it. */
bool cloud_init_runs_this(void);

/*
 * It is enabled and its network stage, in which user-data's write_files are written, has not
 * ended: files under /etc may still come.
 */
bool cloud_init_writes(void);

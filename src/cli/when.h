/* SPDX-License-Identifier: Apache-2.0 */
/* Times as a person says them. */
#pragma once

#include <stdint.h>

#define WHEN_SIZE 40

/*
 * "3 min ago"; "-" for 0, which is no time. A time in the future comes from another clock and is
 * printed as it is: "since 2026-11-23T02:00:00Z" is true, "3 h ago" would not be.
 */
const char *when_ago(int64_t then, int64_t now, char ret[static WHEN_SIZE]);

/* "in 12 s"; "now" when it is due or past. */
const char *when_in(int64_t then, int64_t now, char ret[static WHEN_SIZE]);

/* SPDX-License-Identifier: Apache-2.0 */
/* Times as texts: seconds since 1970, UTC, as RFC 3339; and spans for a person. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RFC3339_SIZE sizeof("2026-11-23T02:00:00Z")
#define SPAN_SIZE    32
#define TIME_SEC_MAX INT64_C(253402300799) /* the last second of the year 9999 */

/*
 * Accepts yyyy-MM-ddTHH:mmZ too, which ECS prints (ecs-api 4.2). What is later than TIME_SEC_MAX,
 * as a leap second can be, is that.
 */
bool time_parse(const char *s, int64_t *ret);
/* Beside these: a fraction of a second, an offset instead of Z, or seconds since 1970. */
bool time_parse_any(const char *s, int64_t *ret);
const char *time_format(int64_t seconds, char ret[static RFC3339_SIZE]);

/* "12 s", "3 min", "2 h 5 min", "4 days". */
const char *time_format_span(uint64_t seconds, char ret[static SPAN_SIZE]);

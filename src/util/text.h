/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts in fixed arrays: copying, numbers, IPv4 addresses, RFC 3339 times and spans. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_SIZE    INET_ADDRSTRLEN
#define SPAN_SIZE    32
#define RFC3339_SIZE sizeof("2026-11-23T02:00:00Z")
#define TIME_SEC_MAX INT64_C(253402300799) /* the last second of the year 9999 */

/* Copies `src` (NULL counts as "") into dst[size], always terminated; false if it was cut. */
bool text_copy(char *dst, size_t size, const char *src);
#define TEXT_SET(array, src) text_copy((array), sizeof(array), (src))

/* Copies what a person may read: control bytes and bytes above 0x7e become '?'; cut if too long. */
void text_copy_printable(char *dst, size_t size, const char *src);

/* True if 1 to max bytes of A-Z a-z 0-9 and `also`: ids, regions, tokens. */
bool text_is_word(const char *s, size_t max, const char *also);

bool text_starts(const char *text, const char *start);

/* Decimal without sign or blanks, the whole text; false and *ret untouched otherwise. */
bool text_to_u64(const char *s, uint64_t max, uint64_t *ret);

/* Dotted quad to network byte order and back; 0.0.0.0 is refused: 0 means "no address" here. */
bool ipv4_parse(const char *s, in_addr_t *ret);
/*
 * False for what is nobody's address on the internet: 0/8, loopback, 100.64/10 (shared; Alibaba
 * Cloud's own services), link-local, multicast and above. True for the documentation ranges, which
 * every test uses, and for private ones: an EIP of a private cloud is of such a range.
 */
bool ipv4_may_be_public(in_addr_t address);
const char *ipv4_format(in_addr_t address, char ret[static IPV4_SIZE]);

/* Seconds since 1970, UTC. Accepts yyyy-MM-ddTHH:mmZ too, which ECS prints (ecs-api 4.2). */
/* What is later than TIME_SEC_MAX, as a leap second can be, is that. */
bool rfc3339_parse(const char *s, int64_t *ret);
/* Beside these: a fraction of a second, an offset instead of Z, or seconds since 1970. */
bool time_parse_any(const char *s, int64_t *ret);
const char *rfc3339_format(int64_t seconds, char ret[static RFC3339_SIZE]);

/* "12 s", "3 min", "2 h 5 min", "4 days". */
const char *span_format(uint64_t seconds, char ret[static SPAN_SIZE]);

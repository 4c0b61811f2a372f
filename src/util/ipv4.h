/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses in network byte order and as dotted quads. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#define IPV4_SIZE INET_ADDRSTRLEN

/* 0.0.0.0 is refused: 0 means "no address" here. */
bool ipv4_parse(const char *s, in_addr_t *ret);
const char *ipv4_format(in_addr_t address, char ret[static IPV4_SIZE]);

/*
 * False for what is nobody's address on the internet: 0/8, loopback, 100.64/10 (shared; Alibaba
 * Cloud's own services), link-local, multicast and above. True for the documentation ranges, which
 * every test uses, and for private ones: an EIP of a private cloud is of such a range.
 */
bool ipv4_may_be_public(in_addr_t address);

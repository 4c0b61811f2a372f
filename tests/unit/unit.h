/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test needs: cmocka with the headers that it wants first. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/ipv4.h"
#include "util/text.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* An address as the kernel has it, in the initializer of a table too, where htonl() is no constant.
 */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define IP(a, b, c, d) ((in_addr_t)((unsigned)(a) << 24 | (b) << 16 | (c) << 8 | (d)))
#else
#define IP(a, b, c, d) ((in_addr_t)((a) | (b) << 8 | (c) << 16 | (unsigned)(d) << 24))
#endif

/* An address of a test; a typing mistake in one fails the test. */
static inline in_addr_t ip4(const char *text) {
        in_addr_t address = 0;

        if (!ipv4_parse(text, &address))
                fail_msg("%s is no address", text);
        return address;
}

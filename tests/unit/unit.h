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

#include "util/text.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* An address of a test; a typing mistake in one fails the test. */
static inline in_addr_t ip4(const char *text) {
        in_addr_t address = 0;

        if (!ipv4_parse(text, &address))
                fail_msg("%s is no address", text);
        return address;
}

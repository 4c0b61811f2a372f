/* SPDX-License-Identifier: Apache-2.0 */
/* What others say is shown only up to where it repeats a secret (law L5). */
#pragma once

#include <stddef.h>

/*
 * Cuts `message` where one of the secrets begins in it: as it is, percent-encoded, or in Base64;
 * the first 8 characters tell. Shorter ones count from 4 on. NULL and "" are none.
 */
void withhold(char *message, size_t size, const char *const *secrets, size_t n);

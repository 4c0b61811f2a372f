/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts in fixed arrays: copying, words and numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets leave no copy behind: wiped by the destructor of whoever holds them. */
#pragma once

#include <stdlib.h>
#include <string.h>

/* A malloc'ed text that held a secret; NULL is fine. */
static inline void erase_and_free(char *text) {
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

static inline void erase_and_free_p(char **text) {
        erase_and_free(*text);
}

#define _cleanup_erase_ __attribute__((cleanup(erase_and_free_p)))

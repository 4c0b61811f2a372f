/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps secrets inside this process (law L5). */
#pragma once

#include <stddef.h>

/* No core dump, no debugger, no /proc/PID/mem of another process of the same user; cJSON wipes. */
void secret_harden(void);

/* malloc's family for libraries that see secrets: memory is wiped when it is given back. */
void *secret_malloc(size_t size);
void *secret_calloc(size_t n, size_t size);
void *secret_realloc(void *p, size_t size);
char *secret_strdup(const char *text);
void secret_free(void *p);

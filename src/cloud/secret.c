/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void secret_harden(void) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        /* A credentials document that is cut short is freed inside of cJSON. */
        cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = secret_malloc, .free_fn = secret_free});
}

void *secret_malloc(size_t size) {
        return malloc(size);
}

void *secret_calloc(size_t n, size_t size) {
        return calloc(n, size);
}

char *secret_strdup(const char *text) {
        return strdup(text);
}

void secret_free(void *p) {
        if (p)
                explicit_bzero(p, malloc_usable_size(p));
        free(p);
}

/* realloc() itself would leave the old copy behind when it moves. */
void *secret_realloc(void *p, size_t size) {
        size_t old = p ? malloc_usable_size(p) : 0;
        void *moved;

        if (p && size > 0 && size <= old && size > old / 2)
                return p;
        moved = malloc(size);
        if (!moved)
                return NULL;
        if (p)
                memcpy(moved, p, old < size ? old : size);
        secret_free(p);
        return moved;
}

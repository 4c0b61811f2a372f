/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small damage to a good text, the same in every run: cut at each place, each byte replaced, runs
 * doubled and left out. A fuzzer finds more; this finds it in every build.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*mutate_fn)(const char *text, size_t len);

/* MUTATE_EVERY=50: every fiftieth only. For valgrind, which would need minutes for all. */
static inline int mutate_is_left_out(void) {
        static unsigned n;
        const char *every = getenv("MUTATE_EVERY");

        return every && n++ % (unsigned)strtoul(every, NULL, 10) != 0;
}

/* In a block of exactly that size, so that a sanitizer sees each byte read past the end. */
static inline void mutate_try(const char *text, size_t len, mutate_fn try) {
        char *block;

        if (mutate_is_left_out())
                return;
        block = malloc(len ? len : 1);
        memcpy(block, text, len);
        try(block, len);
        free(block);
}

static inline void mutate_bytes(const char *text, size_t len, mutate_fn try) {
        static const char interesting[] = {'\0', '"', '{', ']', '<', '&', '\\', '9', '\xff'};
        char *copy = malloc(len + 1);

        for (size_t i = 0; i < len; i++) {
                for (size_t k = 0; k < sizeof(interesting); k++) {
                        memcpy(copy, text, len);
                        copy[i] = interesting[k];
                        mutate_try(copy, len, try);
                }
        }
        free(copy);
}

/* A run of bytes copied to or removed from anywhere; xorshift, so every run is the same. */
static inline void mutate_runs(const char *text, size_t len, unsigned rounds, mutate_fn try) {
        uint32_t x = 2463534242u;
        char *copy = malloc(2 * len + 1);

        for (unsigned round = 0; round < rounds; round++) {
                size_t from, n, to;

                x ^= x << 13, x ^= x >> 17, x ^= x << 5;
                from = x % len;
                n = (x >> 8) % (len - from) + 1;
                to = (x >> 16) % len;
                memcpy(copy, text, to);
                memcpy(copy + to, text + from, n);
                memcpy(copy + to + n, text + to, len - to);
                mutate_try(copy, len + n, try);
                memmove(copy, text, from);
                memcpy(copy + from, text + from + n, len - from - n);
                mutate_try(copy, len - n, try);
        }
        free(copy);
}

static inline void mutate(const char *text, mutate_fn try) {
        size_t len = strlen(text);

        for (size_t n = 0; n <= len; n++)
                mutate_try(text, n, try);
        mutate_bytes(text, len, try);
        mutate_runs(text, len, 3000, try);
}

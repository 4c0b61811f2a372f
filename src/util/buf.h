/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte string with a ceiling: whatever the outside sends, it never grows past `max`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf {
        char *data;  /* NUL-terminated once anything was added; NULL before */
        size_t len;  /* bytes, without the NUL */
        size_t size; /* bytes allocated */
        size_t max;  /* ceiling for len */
        int error;   /* 0, -ENOMEM or -E2BIG; sticky: later additions are ignored */
        bool secret; /* wiped wherever it was: when it moves, when it is cleared or done with */
};

#define BUF(ceiling)        ((struct buf){.max = (ceiling)})
#define BUF_SECRET(ceiling) ((struct buf){.max = (ceiling), .secret = true})

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, forgets content and error */
void buf_add(struct buf *b, const void *data, size_t len);
/* Room for that many more bytes, so that adding them moves nothing; false after an error. */
bool buf_reserve(struct buf *b, size_t more);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text so far, never NULL. */
const char *buf_text(const struct buf *b);

#define _cleanup_buf_ __attribute__((cleanup(buf_done)))

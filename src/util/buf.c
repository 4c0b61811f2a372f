/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256

static void buf_release(struct buf *b) {
        if (b->secret && b->data)
                explicit_bzero(b->data, b->size);
        free(b->data);
}

void buf_done(struct buf *b) {
        buf_release(b);
        *b = (struct buf){.max = b->max, .secret = b->secret};
}

void buf_clear(struct buf *b) {
        if (b->secret && b->data)
                explicit_bzero(b->data, b->len);
        b->len = 0;
        b->error = 0;
        if (b->data)
                b->data[0] = '\0';
}

/* Like realloc(), which would leave a secret behind in memory that it gave back. */
static char *buf_move(struct buf *b, size_t size) {
        char *data;

        if (!b->secret)
                return realloc(b->data, size);
        data = malloc(size);
        if (!data)
                return NULL;
        if (b->data)
                memcpy(data, b->data, b->len + 1);
        buf_release(b);
        return data;
}

bool buf_reserve(struct buf *b, size_t more) {
        size_t want, size;
        char *data;

        if (b->error)
                return false;
        if (more > b->max || b->len > b->max - more) {
                b->error = -E2BIG;
                return false;
        }
        want = b->len + more + 1;
        if (want <= b->size)
                return true;
        size = b->size ? b->size : BUF_FIRST;
        while (size < want)
                size *= 2;
        data = buf_move(b, size);
        if (!data) {
                b->error = -ENOMEM;
                return false;
        }
        b->data = data;
        b->size = size;
        b->data[b->len] = '\0';
        return true;
}

void buf_add(struct buf *b, const void *data, size_t len) {
        if (!buf_reserve(b, len))
                return;
        if (len > 0)
                memcpy(b->data + b->len, data, len);
        b->len += len;
        b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text) {
        buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...) {
        va_list ap, again;
        int n;

        va_start(ap, format);
        va_copy(again, ap);
        n = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        if (n >= 0 && buf_reserve(b, (size_t)n)) {
                vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
                b->len += (size_t)n;
        }
        va_end(again);
}

const char *buf_text(const struct buf *b) {
        return b->data ? b->data : "";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <string.h>

bool text_copy(char *dst, size_t size, const char *src) {
        size_t n = src ? strlen(src) : 0;
        bool whole = n < size;

        if (!whole)
                n = size - 1;
        if (n > 0)
                memcpy(dst, src, n);
        /* All of it, so that structures of texts can be compared and hashed as bytes. */
        memset(dst + n, 0, size - n);
        return whole;
}

void text_copy_printable(char *dst, size_t size, const char *src) {
        text_copy(dst, size, src);
        for (char *p = dst; *p; p++)
                if (*p < 0x20 || *p > 0x7e)
                        *p = '?';
}

bool text_is_word(const char *s, size_t max, const char *also) {
        size_t n = 0;

        for (; s[n]; n++) {
                char c = s[n];
                bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || strchr(also, c);

                if (n >= max || !plain)
                        return false;
        }
        return n > 0;
}

bool text_starts(const char *text, const char *start) {
        return strncmp(text, start, strlen(start)) == 0;
}

bool text_to_u64(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (!*s)
                return false;
        for (; *s; s++) {
                unsigned digit = (unsigned)(*s - '0');

                if (digit > 9 || value > (max - digit) / 10 || digit > max)
                        return false;
                value = value * 10 + digit;
        }
        *ret = value;
        return true;
}

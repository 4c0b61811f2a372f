/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

bool ipv4_parse(const char *s, in_addr_t *ret) {
        struct in_addr a;

        if (inet_pton(AF_INET, s, &a) != 1 || a.s_addr == 0)
                return false;
        *ret = a.s_addr;
        return true;
}

bool ipv4_may_be_public(in_addr_t address) {
        static const struct {
                uint32_t net, mask;
        } others[] = {
                {0x00000000, 0xff000000}, /* 0/8 */
                {0x7f000000, 0xff000000}, /* 127/8 */
                {0x64400000, 0xffc00000}, /* 100.64/10 */
                {0xa9fe0000, 0xffff0000}, /* 169.254/16 */
                {0xe0000000, 0xe0000000}, /* 224/4, 240/4 and broadcast */
        };

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                if ((ntohl(address) & others[i].mask) == others[i].net)
                        return false;
        }
        return true;
}

const char *ipv4_format(in_addr_t address, char ret[static IPV4_SIZE]) {
        struct in_addr a = {.s_addr = address};

        return inet_ntop(AF_INET, &a, ret, IPV4_SIZE);
}

bool rfc3339_parse(const char *s, int64_t *ret) {
        static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"};

        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct tm tm = {};
                const char *end = strptime(s, forms[i], &tm);

                if (end && !*end) {
                        *ret = timegm(&tm);
                        if (*ret > TIME_SEC_MAX)
                                *ret = TIME_SEC_MAX;
                        return true;
                }
        }
        return false;
}

bool time_parse_any(const char *s, int64_t *ret) {
        struct tm tm = {};
        const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
        uint64_t seconds;
        long offset;

        if (text_to_u64(s, TIME_SEC_MAX, &seconds)) {
                *ret = (int64_t)seconds;
                return true;
        }
        if (!rest)
                return rfc3339_parse(s, ret);
        if (*rest == '.')
                rest += 1 + strspn(rest + 1, "0123456789");
        if (strcmp(rest, "Z") != 0) {
                rest = strptime(rest, "%z", &tm);
                if (!rest || *rest)
                        return false;
        }
        offset = tm.tm_gmtoff; /* timegm() forgets it */
        *ret = timegm(&tm) - offset;
        return true;
}

const char *rfc3339_format(int64_t seconds, char ret[static RFC3339_SIZE]) {
        time_t t = seconds < 0 ? 0 : seconds > TIME_SEC_MAX ? TIME_SEC_MAX : seconds;
        struct tm tm;

        gmtime_r(&t, &tm);
        strftime(ret, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return ret;
}

#define MINUTE 60u
#define HOUR   (60u * MINUTE)
#define DAY    (24u * HOUR)

const char *span_format(uint64_t seconds, char ret[static SPAN_SIZE]) {
        uint64_t minutes = seconds % HOUR / MINUTE;

        if (seconds < MINUTE)
                snprintf(ret, SPAN_SIZE, "%" PRIu64 " s", seconds);
        else if (seconds < HOUR)
                snprintf(ret, SPAN_SIZE, "%" PRIu64 " min", minutes);
        else if (seconds < 2 * DAY && minutes > 0)
                snprintf(ret, SPAN_SIZE, "%" PRIu64 " h %" PRIu64 " min", seconds / HOUR, minutes);
        else if (seconds < 2 * DAY)
                snprintf(ret, SPAN_SIZE, "%" PRIu64 " h", seconds / HOUR);
        else
                snprintf(ret, SPAN_SIZE, "%" PRIu64 " days", seconds / DAY);
        return ret;
}

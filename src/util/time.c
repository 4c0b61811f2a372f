/* SPDX-License-Identifier: Apache-2.0 */
#include "util/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/text.h"

bool time_parse(const char *s, int64_t *ret) {
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
                return time_parse(s, ret);
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

const char *time_format(int64_t seconds, char ret[static RFC3339_SIZE]) {
        time_t t = seconds < 0 ? 0 : seconds > TIME_SEC_MAX ? TIME_SEC_MAX : seconds;
        struct tm tm;

        gmtime_r(&t, &tm);
        strftime(ret, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return ret;
}

#define MINUTE 60u
#define HOUR   (60u * MINUTE)
#define DAY    (24u * HOUR)

const char *time_format_span(uint64_t seconds, char ret[static SPAN_SIZE]) {
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

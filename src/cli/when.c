/* SPDX-License-Identifier: Apache-2.0 */
/* Times as a person says them. */
#include "when.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE 60u
#define HOUR   (60u * MINUTE)
#define DAY    (24u * HOUR)

const char *when_span(uint64_t seconds, char ret[static WHEN_SIZE]) {
        uint64_t minutes = seconds % HOUR / MINUTE;

        if (seconds < MINUTE)
                snprintf(ret, WHEN_SIZE, "%" PRIu64 " s", seconds);
        else if (seconds < HOUR)
                snprintf(ret, WHEN_SIZE, "%" PRIu64 " min", minutes);
        else if (seconds < 2 * DAY && minutes > 0)
                snprintf(ret, WHEN_SIZE, "%" PRIu64 " h %" PRIu64 " min", seconds / HOUR, minutes);
        else if (seconds < 2 * DAY)
                snprintf(ret, WHEN_SIZE, "%" PRIu64 " h", seconds / HOUR);
        else
                snprintf(ret, WHEN_SIZE, "%" PRIu64 " days", seconds / DAY);
        return ret;
}

const char *when_ago(int64_t then, int64_t now, char ret[static WHEN_SIZE]) {
        char span[WHEN_SIZE];

        if (then == 0)
                snprintf(ret, WHEN_SIZE, "-");
        else if (then > now)
                rfc3339_format(then, ret);
        else
                snprintf(ret, WHEN_SIZE, "%.30s ago",
                         when_span((uint64_t)now - (uint64_t)then, span));
        return ret;
}

const char *when_in(int64_t then, int64_t now, char ret[static WHEN_SIZE]) {
        char span[WHEN_SIZE];

        if (then <= now)
                snprintf(ret, WHEN_SIZE, "now");
        else
                snprintf(ret, WHEN_SIZE, "in %.30s",
                         when_span((uint64_t)then - (uint64_t)now, span));
        return ret;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Times as a person says them. */
#include "when.h"

#include <stdio.h>

#include "util/time.h"

const char *when_ago(int64_t then, int64_t now, char ret[static WHEN_SIZE]) {
        char span[SPAN_SIZE];

        if (then == 0)
                snprintf(ret, WHEN_SIZE, "-");
        else if (then > now)
                time_format(then, ret);
        else
                snprintf(ret, WHEN_SIZE, "%.30s ago",
                         time_format_span((uint64_t)now - (uint64_t)then, span));
        return ret;
}

const char *when_in(int64_t then, int64_t now, char ret[static WHEN_SIZE]) {
        char span[SPAN_SIZE];

        if (then <= now)
                snprintf(ret, WHEN_SIZE, "now");
        else
                snprintf(ret, WHEN_SIZE, "in %.30s",
                         time_format_span((uint64_t)then - (uint64_t)now, span));
        return ret;
}

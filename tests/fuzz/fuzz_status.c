/* SPDX-License-Identifier: Apache-2.0 */
/* status.json, which the CLI reads: what was read is written and read the same. */
#include "fuzz.h"

#include <ecs-pubip/status.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct status status, again;
        char *first = NULL, *second = NULL, line[STATUS_LINE_SIZE];

        if (status_parse((const char *)data, size, &status) < 0)
                return 0;
        status_line(&status, line);
        MUST(status_format(&status, &first) == 0);
        MUST(status_parse(first, strlen(first), &again) == 0);
        MUST(status_format(&again, &second) == 0);
        MUST(!strcmp(first, second));
        free(first);
        free(second);
        return 0;
}

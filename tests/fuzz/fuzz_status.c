/* SPDX-License-Identifier: Apache-2.0 */
/* status.json, which the CLI reads: what was read is written and read the same. */
#include "fuzz.h"

#include <ecs-pubip/condition.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct conditions list, list_again;
        struct status status, again;
        char *first = NULL, *second = NULL, line[STATUS_LINE_SIZE];

        if (status_parse((const char *)data, size, &status, &list) < 0)
                return 0;
        status_line(&status, &list, line);
        MUST(status_format(&status, &list, &first) == 0);
        MUST(status_parse(first, strlen(first), &again, &list_again) == 0);
        MUST(status_format(&again, &list_again, &second) == 0);
        MUST(!strcmp(first, second));
        free(first);
        free(second);
        return 0;
}

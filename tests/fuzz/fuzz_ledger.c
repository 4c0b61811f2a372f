/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger file: what was read is written and read the same. */
#include "fuzz.h"

#include <ecs-pubip/ledger.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct ledger ledger, again;
        char *first = NULL, *second = NULL;

        if (ledger_parse((const char *)data, size, &ledger) < 0)
                return 0;
        MUST(ledger.n_entries <= LEDGER_ENTRIES);
        MUST(ledger_format(&ledger, &first) == 0);
        MUST(ledger_parse(first, strlen(first), &again) == 0);
        MUST(ledger_format(&again, &second) == 0);
        MUST(!strcmp(first, second));
        free(first);
        free(second);
        return 0;
}

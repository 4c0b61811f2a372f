/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/hold.h>

#include <string.h>

#include "util/text.h"

#define BLANKS " \t\r\n"

void hold_parse(const char *text, char ret_id[static INSTANCE_ID_SIZE]) {
        const char *word = text + strspn(text, BLANKS);
        size_t n = strcspn(word, BLANKS);

        ret_id[0] = '\0';
        if (n >= INSTANCE_ID_SIZE || strncmp(word, "i-", 2) != 0)
                return;
        memcpy(ret_id, word, n);
        ret_id[n] = '\0';
        if (!text_is_word(ret_id, INSTANCE_ID_SIZE - 1, "-"))
                ret_id[0] = '\0';
}

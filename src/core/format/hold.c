/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/hold.h>

#include <string.h>

#include "util/text.h"
#include "util/time.h"

#define BLANKS "\t "
#define ENDS   BLANKS "\r\n"
#define ID_MIN 8 /* after "i-"; today's have 20 letters and digits there */

/* The next word of the line, or of the whole text when it ends in blanks and newlines only. */
static bool take_word(const char **text, size_t size, char *ret) {
        size_t n;

        *text += strspn(*text, BLANKS);
        n = strcspn(*text, ENDS);
        if (n == 0 || n >= size)
                return false;
        memcpy(ret, *text, n);
        ret[n] = '\0';
        *text += n;
        return true;
}

static bool is_instance_id(const char *id) {
        static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
        size_t n = strlen(id);

        return n >= 2 + ID_MIN && strncmp(id, "i-", 2) == 0 && strspn(id + 2, letters) == n - 2;
}

bool hold_parse(const char *text, size_t len, char ret_id[static INSTANCE_ID_SIZE]) {
        char id[INSTANCE_ID_SIZE], time[RFC3339_SIZE];
        int64_t ignored;

        ret_id[0] = '\0';
        if (strlen(text) != len || !take_word(&text, sizeof(id), id) ||
            !take_word(&text, sizeof(time), time))
                return false;
        if (text[strspn(text, ENDS)] || !time_parse(time, &ignored))
                return false;
        if (strcmp(id, "-") == 0)
                return true;
        if (!is_instance_id(id))
                return false;
        text_copy(ret_id, INSTANCE_ID_SIZE, id);
        return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The boot id in the kernel's form, whoever gave it. */
#include "host/boot_id.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

#include "host/file.h"
#include "util/paths.h"
#include "util/text.h"

#define HEX_DIGITS 32
#define LINE_SIZE  128

/* Hex digits with or without dashes to the kernel's form: 8-4-4-4-12, lower case. */
static bool normalise(const char *text, char ret[static BOOT_ID_SIZE]) {
        char id[BOOT_ID_SIZE] = "";
        size_t n = 0, digits = 0;

        for (; *text; text++) {
                if (*text == '-')
                        continue;
                if (!isxdigit((unsigned char)*text) || digits == HEX_DIGITS)
                        return false;
                if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
                        id[n++] = '-';
                id[n++] = (char)tolower((unsigned char)*text);
                digits++;
        }
        if (digits != HEX_DIGITS)
                return false;
        text_copy(ret, BOOT_ID_SIZE, id);
        return true;
}

int boot_id_read(const char *option, char ret[static BOOT_ID_SIZE]) {
        char line[LINE_SIZE] = "";

        text_copy(ret, BOOT_ID_SIZE, "");
        if (!option && file_first_line(BOOT_ID_PATH, line, sizeof(line)) >= 0)
                option = line;
        return option && normalise(option, ret) ? 0 : -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that goes to a person's screen as well as to programs. */
#include "json.h"

#include <errno.h>
#include <string.h>

#define INDENT "  "

/* cJSON lays out by tabs, also behind a colon; inside strings it escapes them. */
static void add_laid_out(struct buf *out, const char *text) {
        for (const char *p = text; *p; p++) {
                if (*p != '\t')
                        buf_add(out, p, 1);
                else
                        buf_puts(out, p > text && p[-1] == ':' ? " " : INDENT);
        }
}

int json_add(struct buf *out, const cJSON *json, bool one_line) {
        _cleanup_free_ char *text = one_line ? cJSON_PrintUnformatted(json) : cJSON_Print(json);

        if (!text)
                return -ENOMEM;
        add_laid_out(out, text);
        buf_puts(out, "\n");
        return out->error;
}

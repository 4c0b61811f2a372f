/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads of a fault: the texts of the table, apart from its rows. */
#include <ecs-pubip/fault.h>

#include <string.h>

#include "core/api/fault_table.h"
#include "util/buf.h"
#include "util/text.h"

#define THEN_RESUME   ", then run `ecs-pubip resume`"
#define ACTION_MARK   "(action: " /* reply_parse_error() appends it to a denial's message */
#define ACTION_LENGTH 64
#define ACTION_ALSO   ":-_*"

/* clang-format off */
#define FAULT_ROW(code_, sentence_, remedy_, ...) {sentence_, remedy_}

static const struct {
        const char *sentence, *remedy;
} texts[] = {
#include "core/api/fault_table.inc"
};
/* clang-format on */

const char *fault_sentence(const struct fault_row *row) {
        return texts[row - fault_rows].sentence;
}

/* The RAM action at the end of a denial's message; "" where there is none. */
static void denied_action(const char *message, char ret[static ACTION_LENGTH]) {
        const char *mark = strstr(message, ACTION_MARK);
        char action[ACTION_LENGTH];
        size_t n;

        ret[0] = '\0';
        if (!mark)
                return;
        mark += strlen(ACTION_MARK);
        n = strcspn(mark, ")");
        if (mark[n] != ')' || n >= sizeof(action))
                return;
        memcpy(action, mark, n);
        action[n] = '\0';
        if (text_is_word(action, ACTION_LENGTH - 1, ACTION_ALSO))
                text_copy(ret, ACTION_LENGTH, action);
}

static void compose(const struct fault_row *row, const char *action,
                    char ret[static FAULT_REMEDY_SIZE]) {
        const char *rest = texts[row - fault_rows].remedy;
        const char *gap = strstr(rest, FAULT_MISSING_ACTION);
        _cleanup_buf_ struct buf b = BUF(FAULT_REMEDY_SIZE - 1);
        size_t n;

        if (gap && *action) {
                buf_add(&b, rest, (size_t)(gap - rest));
                buf_puts(&b, action);
                rest = gap + strlen(FAULT_MISSING_ACTION);
        }
        n = strcspn(rest, FAULT_THEN_RESUME);
        buf_add(&b, rest, n);
        if (rest[n])
                buf_puts(&b, THEN_RESUME);
        text_copy(ret, FAULT_REMEDY_SIZE, buf_text(&b));
}

void fault_row_remedy(const struct fault_row *row, char ret[static FAULT_REMEDY_SIZE]) {
        compose(row, "", ret);
}

void fault_remedy(const struct fault *f, unsigned context, char ret[static FAULT_REMEDY_SIZE]) {
        char action[ACTION_LENGTH];

        denied_action(f->message, action);
        compose(fault_explain(f, context), action, ret);
}

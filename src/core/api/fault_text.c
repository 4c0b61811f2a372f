/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads of a fault: the texts of the table, apart from its rows. */
#include <ecs-pubip/fault_text.h>

#include <string.h>

#include "core/api/fault_table.h"
#include "util/buf.h"
#include "util/text.h"

#define THEN_RESUME     ", then run `ecs-pubip resume`"
#define ACTION_MARK     "(action: " /* reply_parse_error() appends it to a denial's message */
#define ACTION_LENGTH   64
#define REMEDY_WORD_MAX 64 /* an id of an instance, region or role */
#define ACTION_ALSO     ":-_*"

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

/* What stands in a remedy for something else, and what that is here. */
struct gap {
        const char *mark, *value;
};

static const struct gap *gap_at(const struct gap *gaps, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++) {
                if (text_starts(text, gaps[i].mark))
                        return &gaps[i];
        }
        return NULL;
}

/* Commands are pasted into a shell: what is no plain word is not put into one. */
static const char *word_or(const char *word, const char *fallback) {
        return word && text_is_word(word, REMEDY_WORD_MAX, "-_.") ? word : fallback;
}

static void compose(const struct fault_row *row, const char *action,
                    const struct fault_names *names, char ret[static FAULT_REMEDY_SIZE]) {
        static const struct fault_names none = {};
        const struct fault_names *n = names ? names : &none;
        const struct gap gaps[] = {
                {FAULT_MISSING_ACTION, *action ? action : FAULT_MISSING_ACTION},
                {"{instance}", word_or(n->instance, "INSTANCE")},
                {"{region}", word_or(n->region, "REGION")},
                {"{role}", word_or(n->role, "ROLE")},
                {FAULT_THEN_RESUME, THEN_RESUME},
        };
        _cleanup_buf_ struct buf b = BUF(FAULT_REMEDY_SIZE - 1);

        for (const char *p = texts[row - fault_rows].remedy; *p;) {
                const struct gap *gap = gap_at(gaps, sizeof(gaps) / sizeof(gaps[0]), p);

                if (gap)
                        buf_puts(&b, gap->value);
                else
                        buf_add(&b, p, 1);
                p += gap ? strlen(gap->mark) : 1;
        }
        text_copy(ret, FAULT_REMEDY_SIZE, buf_text(&b));
}

void fault_row_remedy(const struct fault_row *row, char ret[static FAULT_REMEDY_SIZE]) {
        compose(row, "", NULL, ret);
}

void fault_remedy_here(const struct fault *f, unsigned context, const struct fault_names *names,
                       char ret[static FAULT_REMEDY_SIZE]) {
        char action[ACTION_LENGTH];

        denied_action(f->message, action);
        compose(fault_explain(f, context), action, names, ret);
}

void fault_remedy(const struct fault *f, unsigned context, char ret[static FAULT_REMEDY_SIZE]) {
        fault_remedy_here(f, context, NULL, ret);
}

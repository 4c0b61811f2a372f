/* SPDX-License-Identifier: Apache-2.0 */
/* Lines between agent and cloud process: what was read is written and read the same. */
#include "fuzz.h"

#include <ecs-pubip/wire.h>

static char *write_question(const char *text, size_t size) {
        struct wire_question q;
        char *line = NULL;

        if (wire_question_parse(text, size, &q) < 0)
                return NULL;
        MUST(q.deadline_ms <= CALL_MAX_MS);
        MUST(!wire_op_changes(q.op) || q.instance_id[0]);
        MUST(wire_question_format(&q, &line) == 0);
        return line;
}

static char *write_answer(enum wire_op op, const char *text, size_t size) {
        struct wire_answer a;
        char *line = NULL;

        if (wire_answer_parse(op, text, size, &a) < 0)
                return NULL;
        MUST(wire_answer_format(op, &a, &line) == 0);
        return line;
}

static char *write_go(const char *text, size_t size) {
        char line[WIRE_STEP_SIZE];
        struct wire_step s;

        if (wire_go_parse(1, text, size, &s) < 0)
                return NULL;
        wire_step_format(&s, line);
        return strdup(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char *(*const writers[])(const char *, size_t) = {write_question, write_go};
        const char *text = (const char *)data;
        char *first, *second;

        for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
                first = writers[i](text, size);
                if (!first)
                        continue;
                second = writers[i](first, strlen(first) - 1);
                MUST(second && !strcmp(first, second));
                free(second);
                free(first);
        }
        for (enum wire_op op = WIRE_IDENTIFY; op < _WIRE_OP_MAX; op++) {
                first = write_answer(op, text, size);
                if (!first)
                        continue;
                second = write_answer(op, first, strlen(first) - 1);
                MUST(second && !strcmp(first, second));
                free(second);
                free(first);
        }
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip explain CODE`: a row of the fault table for a person. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ecs-pubip/fault_text.h>

#include "command.h"
#include "json.h"
#include "near.h"
#include "out.h"
#include "show.h"
#include "util/text.h"

#define MANUAL "man 7 ecs-pubip-faults"

static const char *waits[_FAULT_CLASS_MAX] = {
        [FAULT_RETRY] = "retry: tried again after 1 s, doubling up to 5 min",
        [FAULT_PROTOCOL] = "protocol: tried again after 1 s, doubling up to 5 min",
        [FAULT_SETTLING] = "settling: tried again after 2 s, doubling up to 30 s; failed after 10 "
                           "min",
        [FAULT_AUTH] = "auth: tried again after 3 s, doubling up to 1 min; failed after 10 min in "
                       "the first boot, else 2 min",
        [FAULT_CLOCK] = "clock: tried again at once, then every 30 s up to 5 min",
        [FAULT_THROTTLED] = "throttled: tried again when the server says, else in the next minute",
        [FAULT_ALREADY] = "already: the agent looks, and takes what is there",
        [FAULT_OPERATOR] =
                "operator: a person must act; looked at after 5, 15, 60 min, then hourly",
};

/* The nearest code of those that a row stands for, a|b|c, where it is nearer than BEST. */
static void near_in_row(const char *typed, const char *codes, unsigned *best, char *ret) {
        char code[FAULT_CODE_SIZE];

        while (*codes) {
                size_t n = strcspn(codes, "|");
                bool named = n < sizeof(code) && !memchr(codes, '*', n);

                memcpy(code, codes, named ? n : 0);
                code[named ? n : 0] = '\0';
                if (named && near_distance(typed, code) < *best) {
                        *best = near_distance(typed, code);
                        snprintf(ret, FAULT_CODE_SIZE, "%s", code);
                }
                codes += n + (codes[n] == '|');
        }
}

static int unknown(const char *code) {
        size_t n;
        unsigned best = NEAR_MAX + 1;
        const struct fault_row *rows = fault_table(&n);
        char near[FAULT_CODE_SIZE] = "";

        for (size_t i = 0; i < n; i++)
                if (rows[i].code)
                        near_in_row(code, rows[i].code, &best, near);
        if (near[0])
                out_complain("explain: there is no code '%s'; did you mean '%s'?", code, near);
        else
                out_complain("explain: there is no code '%s'", code);
        out_hint(MANUAL);
        return EXIT_USAGE;
}

/* A row that stands for any code at all explains none. */
static const struct fault_row *find(const struct fault *f) {
        const struct fault_row *row = fault_explain(f, 0);

        return row && row->code ? row : NULL;
}

static int explain_json(const struct fault *f, const struct fault_row *row, const char *remedy) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *object = cJSON_CreateObject();

        if (!cJSON_AddNumberToObject(object, "version", 1) ||
            !cJSON_AddStringToObject(object, "code", f->code) ||
            !cJSON_AddStringToObject(object, "class", fault_class_name(row->class)) ||
            !cJSON_AddStringToObject(object, "sentence", fault_sentence(row)) ||
            !cJSON_AddStringToObject(object, "remedy", remedy) ||
            !cJSON_AddStringToObject(object, "manual", MANUAL) ||
            json_add(&text, object, false) < 0)
                return -ENOMEM;
        return out_text(&text, EXIT_DONE);
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct fault f = {.class = FAULT_RETRY};
        const struct fault_row *row;
        char remedy[FAULT_REMEDY_SIZE];

        if (!text_copy(f.code, sizeof(f.code), o->operand))
                return unknown(f.code);
        row = find(&f);
        if (!row)
                return unknown(f.code);
        fault_remedy(&f, 0, remedy);
        if (o->json)
                return explain_json(&f, row, remedy);
        show_field(&text, "Code", f.code);
        show_field(&text, "Meaning", fault_sentence(row));
        show_field(&text, "Remedy", remedy);
        show_field(&text, "Class", waits[row->class]);
        show_field(&text, "Manual", MANUAL);
        return out_text(&text, EXIT_DONE);
}

const struct command command_explain = {
        .name = "explain",
        .options = OPTION_JSON,
        .operand = "CODE",
        .operand_needed = true,
        .help = "Say what the code of a fault means, and what to do",
        .more = "The manual page ecs-pubip-faults(7) has them all.",
        .run = run,
};

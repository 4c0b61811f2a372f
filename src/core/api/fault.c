/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong: the row of the table that explains it. */
#include <ecs-pubip/fault.h>
#include <ecs-pubip/fault_text.h>

#include <string.h>
#include <strings.h>

#include "core/api/fault_table.h"
#include "core/api/names.h"
#include "util/text.h"

#define HTTP_ERROR  400 /* the first status that is an error */
#define HTTP_SERVER 500 /* the first one after which the call may have been executed */

const char *const fault_class_names[_FAULT_CLASS_MAX] = {
        [FAULT_RETRY] = "retry",     [FAULT_PROTOCOL] = "protocol", [FAULT_SETTLING] = "settling",
        [FAULT_AUTH] = "auth",       [FAULT_CLOCK] = "clock",       [FAULT_THROTTLED] = "throttled",
        [FAULT_ALREADY] = "already", [FAULT_OPERATOR] = "operator",
};

const char *fault_class_name(enum fault_class c) {
        return c > FAULT_NONE && c < _FAULT_CLASS_MAX ? fault_class_names[c] : "";
}

enum fault_class fault_class_from_name(const char *name) {
        for (enum fault_class c = FAULT_NONE + 1; c < _FAULT_CLASS_MAX; c++)
                if (strcmp(fault_class_names[c], name) == 0)
                        return c;
        return FAULT_NONE;
}

const char *fault_executed_name(enum fault_executed e) {
        static const char *const names[_FAULT_EXECUTED_MAX] = {
                [EXECUTED_MAYBE] = "maybe",
                [EXECUTED_NO] = "no",
        };

        return names[e];
}

const char *fault_origin_name(enum fault_origin o) {
        static const char *const names[_FAULT_ORIGIN_MAX] = {
                [ORIGIN_AGENT] = "agent",
                [ORIGIN_METADATA] = "metadata",
                [ORIGIN_CREDENTIALS] = "credentials",
                [ORIGIN_TRANSPORT] = "transport",
                [ORIGIN_API] = "api",
        };

        return names[o];
}

const struct fault_row *fault_table(size_t *ret_n) {
        *ret_n = n_fault_rows;
        return fault_rows;
}

/* One of the patterns; codes are written in either case (Throttling.User, Throttling.user). */
static bool code_fits(const char *patterns, const char *code) {
        for (const char *p = patterns; p;) {
                size_t n = strcspn(p, "|");
                bool whole = p[n - 1] != '*';

                if (strncasecmp(code, p, whole ? n : n - 1) == 0 && (!whole || !code[n]))
                        return true;
                p = p[n] ? p + n + 1 : NULL;
        }
        return !patterns;
}

static bool status_fits(const struct fault_row *row, unsigned status) {
        if (row->status == 0)
                return true;
        return row->status < 10 ? row->status == status / 100 : row->status == status;
}

static bool row_fits(const struct fault_row *row, const struct fault *f, unsigned context) {
        const char *message = fault_row_message(row);

        return code_fits(row->code, f->code) && status_fits(row, f->http_status) &&
               (!message || strcasestr(f->message, message)) &&
               ((context | f->context) & row->context) == row->context;
}

const struct fault_row *fault_explain(const struct fault *f, unsigned context) {
        const struct fault_row *row = fault_rows, *last = fault_rows + n_fault_rows - 1;

        while (row < last && !row_fits(row, f, context))
                row++;
        return row;
}

void fault_classify(struct fault *f, unsigned context) {
        if (f->retry_after_ms > 0 && f->http_status >= HTTP_ERROR)
                f->class = FAULT_THROTTLED;
        else
                f->class = fault_explain(f, context)->class;
}

enum fault_executed fault_executed(const struct fault *f, unsigned context) {
        const struct fault_row *row = fault_explain(f, context);
        bool refused = *f->code && f->http_status >= HTTP_ERROR && f->http_status < HTTP_SERVER;

        return row->own || refused ? row->executed : EXECUTED_MAYBE;
}

enum fault_origin fault_origin(const struct fault *f) {
        return fault_explain(f, 0)->origin;
}

bool fault_is_refusal(const struct fault *f) {
        return fault_executed(f, 0) == EXECUTED_NO;
}

bool fault_is_at_gate(const struct fault *f) {
        return fault_is_refusal(f) && fault_explain(f, 0)->at_gate;
}

struct fault fault_own(const char *code, const char *message) {
        struct fault f = {};

        TEXT_SET(f.code, code);
        text_copy_printable(f.message, sizeof(f.message), message);
        f.class = fault_explain(&f, 0)->class;
        return f;
}

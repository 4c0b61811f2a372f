/* SPDX-License-Identifier: Apache-2.0 */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>

#include <ecs-pubip/fault_text.h>

#include "util/text.h"

void finding_set(struct finding *f, enum level level, const char *format, ...) {
        va_list ap;

        f->level = level;
        va_start(ap, format);
        vsnprintf(f->text, sizeof(f->text), format, ap);
        va_end(ap);
}

void finding_say(struct finding *f, enum level level, const char *text, const char *remedy) {
        f->level = level;
        TEXT_SET(f->text, text);
        TEXT_SET(f->remedy, remedy);
}

void finding_remedy(struct finding *f, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(f->remedy, sizeof(f->remedy), format, ap);
        va_end(ap);
}

enum level finding_level(enum fault_class class) {
        switch (class) {
        case FAULT_AUTH:
        case FAULT_OPERATOR:
                return LEVEL_FAIL;
        case FAULT_NONE:
        case FAULT_RETRY:
        case FAULT_PROTOCOL:
        case FAULT_SETTLING:
        case FAULT_CLOCK:
        case FAULT_THROTTLED:
        case FAULT_ALREADY:
        case _FAULT_CLASS_MAX:
                break;
        }
        return LEVEL_WARN;
}

void finding_fault(struct finding *f, const struct fault *fault) {
        char remedy[FAULT_REMEDY_SIZE];

        finding_set(f, finding_level(fault->class), fault->message[0] ? "%s (%s)" : "%s",
                    fault_sentence(fault_explain(fault, 0)), fault->message);
        fault_remedy(fault, 0, remedy);
        finding_remedy(f, "%s", remedy);
        TEXT_SET(f->code, fault->code);
        TEXT_SET(f->request_id, fault->request_id);
}

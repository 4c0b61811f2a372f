/* SPDX-License-Identifier: Apache-2.0 */
/* What a check of `doctor` found. */
#pragma once

#include <ecs-pubip/fault.h>

#define FINDING_TEXT_SIZE 768

enum level {
        LEVEL_OK,
        LEVEL_NOTE,    /* worth knowing, nothing to do; or: cannot be told */
        LEVEL_SKIPPED, /* a check before it would have to pass first */
        LEVEL_WARN,    /* heals by waiting */
        LEVEL_FAIL,    /* needs a person */
};

struct finding {
        enum level level;
        char text[FINDING_TEXT_SIZE];
        char remedy[FINDING_TEXT_SIZE];
        char code[FAULT_CODE_SIZE];
        char request_id[REQUEST_ID_SIZE];
};

void finding_set(struct finding *f, enum level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Both, as they are. */
void finding_say(struct finding *f, enum level level, const char *text, const char *remedy);
void finding_remedy(struct finding *f, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* What needs a person fails, what heals by waiting warns. */
enum level finding_level(enum fault_class class);
/* Sentence, code, message and remedy of a fault; the level follows from its class. */
void finding_fault(struct finding *f, const struct fault *fault);

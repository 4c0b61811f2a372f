/* SPDX-License-Identifier: Apache-2.0 */
/* What `doctor` finds, check by check. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/status.h>
#include <ecs-pubip/wire.h>

#include "asker.h"
#include "snapshot.h"

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

/* What the checks know and learn; each check may rest on what those before it learnt. */
struct doctor {
        struct config config;
        int config_errors;
        struct finding config_finding; /* the first thing that is wrong in the files */
        struct snapshot snapshot;
        struct asker asker;
        bool identified;
        struct identity identity;
        bool inspect_asked;
        bool inspected;
        struct wire_answer inspection;
};

struct check {
        const char *name;
        void (*run)(struct doctor *d, struct finding *f);
};

const struct check *check_local_table(size_t *ret_n); /* needs nobody else */
const struct check *check_cloud_table(size_t *ret_n); /* asks through the socket */

void finding_set(struct finding *f, enum level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void finding_remedy(struct finding *f, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Sentence, code, message and remedy of a fault; the level follows from its class. */
void finding_fault(struct finding *f, const struct fault *fault);

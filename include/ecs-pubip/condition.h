/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong or odd at one moment: one list, in order of urgency, behind the headline, STATUS=,
 * the page, the JSON and the metrics. Pure: made of a status, by the agent and by its readers.
 */
#pragma once

#include <ecs-pubip/status.h>

enum condition_kind {
        CONDITION_PERMISSION,
        CONDITION_ADDRESS,
        CONDITION_LEDGER,
        CONDITION_CONFIG,
        CONDITION_KERNEL,
        CONDITION_METADATA,
        CONDITION_CONTROL,
        CONDITION_OUTSIDE,
        CONDITION_HOLD,
        CONDITION_REBOOT,
        CONDITION_USER_DATA,
        CONDITION_CLOCK,
        _CONDITION_MAX,
};

enum condition_severity { CONDITION_NOTE, CONDITION_PROBLEM };

#define CONDITION_TEXT_SIZE (STATUS_WHY_SIZE * 2)

struct condition {
        enum condition_kind kind;
        enum condition_severity severity;
        bool in_phase; /* the words of the phase in the headline say it already */
        int64_t since; /* 0: not known */
        char code[FAULT_CODE_SIZE];
        char sentence[CONDITION_TEXT_SIZE];
        char remedy[CONDITION_TEXT_SIZE]; /* "" : nothing for a person to do */
};

/* Each kind at most once. */
struct conditions {
        unsigned n;
        struct condition list[_CONDITION_MAX];
};

void conditions_take(const struct status *s, struct conditions *ret);

const char *condition_name(enum condition_kind kind);
const char *condition_severity_name(enum condition_severity severity);

/* Why a plane that counts does not agree: "metadata is unreachable". */
const char *condition_plane_why(const struct status *s, enum plane p);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong or odd at one moment: one list, the most urgent first, behind headline, STATUS=,
 * page, JSON, metrics, `plan`, `doctor` and `wait`. The agent makes it of its status; it travels in
 * status.json, and whoever reads that shows this list and makes none of his own.
 */
#pragma once

#include <ecs-pubip/status.h>

enum condition_kind {
        CONDITION_PERMISSION, /* what the role, the keys or RAM forbid */
        CONDITION_IDENTITY,   /* which instance this machine is */
        CONDITION_ADDRESS,    /* why there is none, of what has no kind of its own */
        CONDITION_BUDGET,     /* a limit is reached */
        CONDITION_LEDGER,
        CONDITION_CONFIG,
        CONDITION_KERNEL, /* the planes, in their order */
        CONDITION_METADATA,
        CONDITION_CONTROL,
        CONDITION_OUTSIDE,
        CONDITION_HOLD,
        CONDITION_REBOOT,
        CONDITION_USER_DATA,
        CONDITION_CLOCK,
        _CONDITION_MAX,
};

enum condition_severity {
        CONDITION_NOTE,    /* normal in this phase, or wanted */
        CONDITION_PROBLEM, /* a person should know */
        _CONDITION_SEVERITY_MAX,
};

#define CONDITION_TEXT_SIZE (STATUS_WHY_SIZE * 2)
#define CONDITION_GAP_SEC   10 /* a problem is over when it has been away for that long */

struct condition {
        enum condition_kind kind;
        enum condition_severity severity;
        bool told;     /* by the headline, which sets it */
        bool over;     /* it is not so any more, for less than the gap */
        int64_t since; /* when it was first seen, by the cloud's clock; 0: not known */
        char code[FAULT_CODE_SIZE];
        char sentence[CONDITION_TEXT_SIZE];
        char remedy[CONDITION_TEXT_SIZE]; /* "" : nothing for a person to do */
};

/* Each kind at most once. */
struct conditions {
        unsigned n;
        struct condition list[_CONDITION_MAX];
};

/* What is so by this status, at this moment. */
void condition_list(const struct status *s, struct conditions *ret);

/* What the agent keeps between two lists. */
struct condition_past {
        struct conditions last;
        uint64_t seen[_CONDITION_MAX]; /* CLOCK_BOOTTIME, by kind */
};

/* `since` goes on over gaps, and a problem stays until its gap is over. True: some are `over`. */
bool condition_follow(struct condition_past *past, struct conditions *c, int64_t now,
                      uint64_t boot_usec);

/* A problem that is so now; not one that is over or a note. */
bool condition_is_problem(const struct condition *c);

/* The sentence with its code: "The role is not allowed to do this (Forbidden.RAM)". */
void condition_text(const struct condition *c, char ret[static CONDITION_TEXT_SIZE]);

/* Why a plane does not agree: "metadata is unreachable (Metadata.Unreachable)". */
void condition_plane_why(const struct status *s, enum plane p,
                         char ret[static CONDITION_TEXT_SIZE]);

/* NULL: there is none. */
const struct condition *condition_find(const struct conditions *c, enum condition_kind kind);
/* True if a text is the sentence of one. */
bool condition_says(const struct conditions *c, const char *text);

const char *condition_name(enum condition_kind kind);
const char *condition_severity_name(enum condition_severity severity);

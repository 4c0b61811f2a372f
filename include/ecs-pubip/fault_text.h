/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads of a fault: sentence, remedy, and the names of its columns. */
#pragma once

#include <ecs-pubip/fault.h>

/* What happened, and what to do about it, for a person; without a final full stop. */
const char *fault_sentence(const struct fault_row *row);
void fault_row_remedy(const struct fault_row *row, char ret[static FAULT_REMEDY_SIZE]);

/* What a remedy's commands name; "" where it is not known. */
struct fault_names {
        const char *instance, *region, *role;
};

/*
 * The remedy of the row that explains it, in which a RAM denial's "the missing action" is the one
 * the message names, and commands are of this instance, region and role. Without them (names NULL,
 * or one of them "") a word in capitals stands where a person has to put them.
 */
void fault_remedy_here(const struct fault *f, unsigned context, const struct fault_names *names,
                       char ret[static FAULT_REMEDY_SIZE]);
void fault_remedy(const struct fault *f, unsigned context, char ret[static FAULT_REMEDY_SIZE]);

const char *fault_class_name(enum fault_class c); /* "retry", "operator", … ; "" for NONE */
enum fault_class fault_class_from_name(const char *name);
const char *fault_executed_name(enum fault_executed e); /* "no" or "maybe" */
const char *fault_origin_name(enum fault_origin o);     /* "agent", "metadata", … */

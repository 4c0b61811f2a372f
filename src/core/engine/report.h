/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is told, once, and what a person's word was for (law L7, design 4.4). */
#pragma once

#include "turn.h"

/* A notice of that kind, to be filled; `address` is the one that counts. Valid in this turn. */
struct notice *report_notice(struct turn *t, enum notice_kind kind);

/* A plane is unreachable, while confirmed. */
void report_unknown(struct turn *t, enum plane plane, const struct fault *f);

/* True if a fault of that code was not told yet; from now on it counts as told. */
bool report_once(struct turn *t, enum report_list list, const char *code);

/* That has ended, and would be news again; NULL: all of the list have. */
void report_clear(struct turn *t, enum report_list list, const char *code);

/* Success: nothing is waited for, nothing has failed. */
void report_clear_faults(struct turn *t);

/* A person's `resume` is the answer to the failure that stands, or else to the last one told. */
void report_accept(struct turn *t);
bool report_is_accepted(const struct engine *e, const char *code);

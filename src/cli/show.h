/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot as text for a person. Pure: the time and the colours are arguments. */
#pragma once

#include "snapshot.h"
#include "util/buf.h"

struct show_style {
        int64_t now; /* s since 1970, by the clock that the snapshot's times are from */
        bool colours;
};

/* The verdict first, then plane by plane, then what happens next and what is wrong. */
void show_snapshot(struct buf *out, const struct snapshot *s, const struct show_style *style);

/* What somebody who was woken up needs: each problem that the headline leaves out, and remedies. */
void show_conditions(struct buf *out, const struct conditions *c);

/* "Label    text", wrapped, later lines under the text. Nothing at all for an empty text. */
void show_field(struct buf *out, const char *label, const char *text);

/* Text beside a label of its own width, wrapped at 80 columns, later lines under the text. */
void show_beside(struct buf *out, const char *label, int width, const char *text);

/* What to do about a dead agent. */
#define SHOW_START_REMEDY                                                                          \
        "systemctl status ecs-pubip says why; sudo systemctl start ecs-pubip starts it"

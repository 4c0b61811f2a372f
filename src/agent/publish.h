/* SPDX-License-Identifier: Apache-2.0 */
/* What others see in the run folder: status.json, metrics.prom and marks. */
#pragma once

#include <stdbool.h>

struct publish {
        const char *directory;
        char *status, *metrics, *history; /* what was published last */
};

/* Makes the folder where the service manager has not. */
void publish_init(struct publish *p, const char *directory);
void publish_done(struct publish *p); /* may be used again: everything is news then */

/* Each replaces its file atomically, readable by all, unless nothing has changed. */
int publish_status(struct publish *p, const char *json);
int publish_metrics(struct publish *p, const char *text);
int publish_history(struct publish *p, const char *text);

/*
 * An empty file in marks/ that says something by being there; it may be there, or not, already. A
 * link beside status.json is its name of before.
 */
int publish_mark(struct publish *p, const char *name, bool there);

/* The mark that the address has changed, for a path unit; it may be there already. */
int publish_changed(struct publish *p);

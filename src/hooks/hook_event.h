/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hook is told, from the status file. Pure. The file is written by the agent, which is no
 * root's: each value here is one of a list, an address printed anew, or an id of a few letters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ecs-pubip/status.h>

#include "util/ipv4.h"

#define EVENT_ID_SIZE  65
#define EVENT_ENV_MAX  8 /* PATH, six of ours, and the end */
#define EVENT_ENV_SIZE 96

struct hook_event {
        char address[IPV4_SIZE]; /* "": it was lost */
        char previous[IPV4_SIZE];
        char kind[8];    /* static, eip; "": not known */
        char reason[16]; /* assigned, adopted, replaced, lost; "": not known */
        char instance_id[EVENT_ID_SIZE], region_id[EVENT_ID_SIZE];
};

/* What the hooks were last run for: root's own file. All "": never. */
struct hook_stamp {
        char instance_id[EVENT_ID_SIZE];
        char address[IPV4_SIZE];
        char last[IPV4_SIZE]; /* the last address that was one */
        char kind[8];
};

/* 0; -EAGAIN: between two addresses, the agent tells of it again; -EBADMSG: no status to act on. */
int hook_event_read(const char *text, size_t len, const struct hook_stamp *done,
                    struct hook_event *ret);

/* True if the hooks were run for just that. */
bool hook_event_is_done(const struct hook_event *e, const struct hook_stamp *done);

/* After the hooks have run. */
void hook_event_stamp(const struct hook_event *e, struct hook_stamp *stamp);

/* "NAME=value" each, NULL at the end; nothing of our own environment is in it. */
void hook_event_environment(const struct hook_event *e,
                            char space[static EVENT_ENV_MAX][EVENT_ENV_SIZE],
                            char *ret[static EVENT_ENV_MAX]);

/* One line of four words; an empty one is "-". */
void hook_stamp_format(const struct hook_stamp *s, char *ret, size_t size);
void hook_stamp_parse(const char *text, struct hook_stamp *ret); /* malformed: as never */

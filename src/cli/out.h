/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the person: standard output as a whole text, complaints to standard error. */
#pragma once

#include <stdbool.h>

#include <ecs-pubip/config.h>

#include "util/buf.h"

#define OUT_MAX (256u * 1024) /* no output of ours is nearly that long */

/*
 * Writes the text; its command would end with `status`, which is returned. A reader who went away
 * is no error; any other failure is complained about and becomes EXIT_FAILED.
 */
int out_text(const struct buf *text, int status);
int out_line(const char *line, int status);

/* A command that has one line to say: the line, or {"version", "exit_status", "text"}. */
int out_result(bool json, const char *line, int status);

/* The same without the complaint: 0, -EPIPE when the reader has gone, another negative errno. */
int out_write(const struct buf *text);

/* "ecs-pubip: …" and "Try '…'." on standard error. */
void out_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what is wrong in the configuration files; for config_load(). */
void out_problem(const struct config_problem *problem, void *unused);

/* True on a terminal that understands escape sequences. */
bool out_terminal(int fd);
/* The same, unless NO_COLOR is set (no-color.org). */
bool out_colours(int fd);

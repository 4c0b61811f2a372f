/* SPDX-License-Identifier: Apache-2.0 */
/* Texts made of the tables of commands and options. */
#pragma once

#include "command.h"
#include "util/buf.h"

void help_overview(struct buf *out);
void help_command(const struct command *c, struct buf *out);

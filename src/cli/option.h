/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all commands, in one table. */
#pragma once

#include "command.h"

struct option_row {
        enum option_bit bit;
        const char *name;     /* without the dashes */
        char letter;          /* short form, or 0 */
        const char *argument; /* what the help calls it; NULL: takes none */
        const char *help;
};

const struct option_row *option_table(size_t *ret_n);

/*
 * Reads the arguments of a command; argv[0] is its name. 0, or -EINVAL after saying on standard
 * error what is wrong.
 */
int option_parse(const struct command *c, int argc, char *argv[], struct options *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: what each says of itself, and what their functions get and give. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A contract with scripts: ecs-pubip(1), EXIT STATUS. */
enum exit_status {
        EXIT_DONE = 0,         /* done, or confirmed */
        EXIT_NOT_YET = 1,      /* may still come by waiting */
        EXIT_USAGE = 2,        /* not understood, or not root where root is needed */
        EXIT_FAILED = 3,       /* needs a person */
        EXIT_NO_AGENT = 4,     /* the agent does not run */
        EXIT_REBOOT_WAITS = 5, /* a reboot is due and waits; the output says for what */
};

/* Which options a command takes; the rows are in option.c. */
enum option_bit {
        OPTION_JSON = 1 << 0,
        OPTION_WATCH = 1 << 1,
        OPTION_TIMEOUT = 1 << 2,
        OPTION_CHECK = 1 << 3,
        OPTION_HELP = 1 << 4,
        OPTION_VALUE = 1 << 5,
        OPTION_FLEET = 1 << 6,
        OPTION_ENABLE = 1 << 7,
        OPTION_DISABLE = 1 << 8,
};

struct options {
        bool json, watch, check, help, fleet, enable, disable;
        uint64_t timeout_usec;
        const char *value;   /* --value=NAME; NULL: not given */
        const char *operand; /* the word that is no option; NULL: none */
};

struct command {
        const char *name;
        unsigned options; /* bits of enum option_bit; --help goes without saying */
        bool needs_root;
        const char *operand; /* what the help calls it; NULL: takes none */
        bool operand_needed;
        const char *help; /* one line of the overview */
        const char *more; /* what `COMMAND --help` adds */
        /* An exit status, or a negative errno that nobody has reported yet. */
        int (*run)(const struct options *o);
};

const struct command *const *command_table(size_t *ret_n);
const struct command *command_find(const char *name);
/* The command that a mistyped name may have meant, or NULL. */
const struct command *command_near(const char *name);

/* One a file: its row, and what it does. */
extern const struct command command_status, command_wait, command_doctor, command_plan,
        command_audit, command_history, command_explain, command_policy, command_config,
        command_metrics, command_bugreport, command_hold, command_resume, command_seal;

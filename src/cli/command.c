/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and finding one in it. */
#include "command.h"

#include <string.h>

#include "near.h"

static const struct command *const commands[] = {
        &command_status,    &command_wait,    &command_doctor, &command_plan,   &command_audit,
        &command_history,   &command_explain, &command_policy, &command_config, &command_metrics,
        &command_bugreport, &command_hold,    &command_resume, &command_seal,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *const *command_table(size_t *ret_n) {
        *ret_n = N_COMMANDS;
        return commands;
}

const struct command *command_find(const char *name) {
        for (size_t i = 0; i < N_COMMANDS; i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

static const char *name_of(size_t i, void *unused) {
        (void)unused;
        return i < N_COMMANDS ? commands[i]->name : NULL;
}

const struct command *command_near(const char *name) {
        const char *near = near_name(name, name_of, NULL);

        return near ? command_find(near) : NULL;
}

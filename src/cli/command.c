/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and finding one in it. */
#include "command.h"

#include <string.h>

#include "near.h"

static const struct command commands[] = {
        {
                .name = "status",
                .options = OPTION_JSON | OPTION_WATCH,
                .help = "Say whether the public address works",
                .more = "Reads only what the agent has written down: no question leaves the "
                        "machine.",
                .run = command_status,
        },
        {
                .name = "wait",
                .options = OPTION_TIMEOUT,
                .help = "Wait until the public address is confirmed",
                .more = "Returns at once when it is confirmed, has failed, or when a due reboot "
                        "waits for\nsomething else (5): then the caller may be what it waits for.",
                .run = command_wait,
        },
        {
                .name = "doctor",
                .options = OPTION_JSON,
                .needs_root = true,
                .help = "Check all that the job needs, with remedies",
                .more = "Asks metadata and the API the way the agent does. Changes nothing.",
                .run = command_doctor,
        },
        {
                .name = "plan",
                .needs_root = true,
                .help = "Say what the agent would do now, and why",
                .more = "Looks at metadata and the API, and decides with the agent's own "
                        "code.\nChanges nothing.",
                .run = command_plan,
        },
        {
                .name = "policy",
                .options = OPTION_JSON,
                .help = "Print the smallest RAM policy for this instance",
                .more = "As root it asks for the account id; otherwise a '*' stands in its place.",
                .run = command_policy,
        },
        {
                .name = "config",
                .options = OPTION_CHECK,
                .help = "Print the effective configuration and its origins",
                .more = "What is wrong in the files goes to standard error.",
                .run = command_config,
        },
        {
                .name = "hold",
                .needs_root = true,
                .help = "Pause: watch on, but make no changing call",
                .more = "Returns when no changing call is in flight any more.\n"
                        "Survives restart and reboot.",
                .run = command_hold,
        },
        {
                .name = "resume",
                .needs_root = true,
                .help = "End the hold, and look again at once",
                .more = "Ends every wait that the server did not ask for: the thing to do after "
                        "a repair.",
                .run = command_resume,
        },
        {
                .name = "seal",
                .needs_root = true,
                .help = "Forget this instance, before making an image",
                .more = "Removes the agent's state and the hold. Refuses while the agent runs.",
                .run = command_seal,
        },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_table(size_t *ret_n) {
        *ret_n = N_COMMANDS;
        return commands;
}

const struct command *command_find(const char *name) {
        for (size_t i = 0; i < N_COMMANDS; i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

const struct command *command_near(const char *name) {
        const struct command *best = NULL;
        unsigned best_distance = NEAR_MAX + 1;

        for (size_t i = 0; i < N_COMMANDS; i++) {
                unsigned distance = near_distance(name, commands[i].name);

                if (distance < best_distance) {
                        best = &commands[i];
                        best_distance = distance;
                }
        }
        return best;
}

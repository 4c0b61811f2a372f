/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and finding one in it. */
#include "command.h"

#include <string.h>

#include "near.h"

static const struct command commands[] = {
        {
                .name = "status",
                .options = OPTION_JSON | OPTION_WATCH | OPTION_VALUE,
                .help = "Say whether the public address works",
                .more = "Reads only what the agent has written down: no question leaves the "
                        "machine.",
                .run = command_status,
        },
        {
                .name = "wait",
                .options = OPTION_TIMEOUT | OPTION_JSON,
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
                .options = OPTION_JSON,
                .needs_root = true,
                .help = "Say what the agent would do now, and why",
                .more = "Looks at metadata and the API, and decides with the agent's own "
                        "code.\nChanges nothing.",
                .run = command_plan,
        },
        {
                .name = "history",
                .options = OPTION_JSON,
                .help = "Show the phases of this boot and how long each took",
                .more = "Of boots before this one: journalctl -u ecs-pubip.",
                .run = command_history,
        },
        {
                .name = "explain",
                .options = OPTION_JSON,
                .operand = "CODE",
                .operand_needed = true,
                .help = "Say what the code of a fault means, and what to do",
                .more = "The manual page ecs-pubip-faults(7) has them all.",
                .run = command_explain,
        },
        {
                .name = "policy",
                .options = OPTION_JSON | OPTION_FLEET,
                .help = "Print the smallest RAM policy for this instance",
                .more = "As root it asks for the account id; otherwise a '*' stands in its place.",
                .run = command_policy,
        },
        {
                .name = "config",
                .options = OPTION_CHECK | OPTION_JSON,
                .help = "Print the effective configuration and its origins",
                .more = "What is wrong in the files goes to standard error.",
                .run = command_config,
        },
        {
                .name = "metrics",
                .options = OPTION_ENABLE | OPTION_DISABLE,
                .help = "Print the metrics, or link them for node_exporter",
                .more = "The link is made in the folder of the textfile collector.\nTo enable or "
                        "disable it needs root.",
                .run = command_metrics,
        },
        {
                .name = "bugreport",
                .operand = "FILE",
                .needs_root = true,
                .help = "Write one file that shows how it is here, without secrets",
                .more = "FILE must not exist; without one its name is made from the time.\nRead it "
                        "before you send it.",
                .run = command_bugreport,
        },
        {
                .name = "hold",
                .options = OPTION_JSON,
                .needs_root = true,
                .help = "Pause: watch on, but make no changing call",
                .more = "Returns when no changing call is in flight any more.\n"
                        "Survives restart and reboot.",
                .run = command_hold,
        },
        {
                .name = "resume",
                .options = OPTION_JSON,
                .needs_root = true,
                .help = "End the hold, and look again at once",
                .more = "Ends every wait that the server did not ask for: the thing to do after "
                        "a repair.",
                .run = command_resume,
        },
        {
                .name = "seal",
                .options = OPTION_JSON,
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

static const char *name_of(size_t i, void *unused) {
        (void)unused;
        return i < N_COMMANDS ? commands[i].name : NULL;
}

const struct command *command_near(const char *name) {
        const char *near = near_name(name, name_of, NULL);

        return near ? command_find(near) : NULL;
}

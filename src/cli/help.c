/* SPDX-License-Identifier: Apache-2.0 */
/* Texts made of the tables of commands and options. */
#include "help.h"

#include <string.h>

#include "option.h"

#define LEFT_WIDTH 20 /* room for the left column */

/* "  status [--json] [--watch]      Say whether …" */
static void add_row(struct buf *out, const char *left, const char *right) {
        int gap = (int)strlen(left) < LEFT_WIDTH ? LEFT_WIDTH - (int)strlen(left) : 1;

        buf_printf(out, "  %s%*s%s\n", left, gap, "", right);
}

static void add_words(struct buf *out, const struct command *c) {
        buf_puts(out, c->name);
        if (c->operand)
                buf_printf(out, c->operand_needed ? " %s" : " [%s]", c->operand);
}

static void add_synopsis(struct buf *out, const struct command *c) {
        size_t n;
        const struct option_row *rows = option_table(&n);

        add_words(out, c);
        for (size_t i = 0; i < n; i++)
                if (c->options & rows[i].bit)
                        buf_printf(out, rows[i].argument ? " [--%s=%s]" : " [--%s]", rows[i].name,
                                   rows[i].argument);
}

void help_overview(struct buf *out) {
        size_t n;
        const struct command *const *commands = command_table(&n);

        buf_puts(out, "Usage: ecs-pubip COMMAND [OPTION]...\n\n"
                      "The public IPv4 address of this Alibaba Cloud ECS instance.\n\n"
                      "Commands, each with options of its own (COMMAND --help):\n");
        for (size_t i = 0; i < n; i++) {
                _cleanup_buf_ struct buf left = BUF(256);

                add_words(&left, commands[i]);
                add_row(out, buf_text(&left), commands[i]->help);
        }
        add_row(out, "help [COMMAND]", "Show this help, or that of a command");
        buf_puts(out, "\nOptions:\n");
        add_row(out, "-h, --help", "Show this help");
        add_row(out, "    --version", "Show the version");
        buf_puts(out, "\nExit status: 0 done or confirmed, 1 not yet, 2 not understood or not root,"
                      "\n3 needs a person, 4 the agent does not run, 5 a reboot is due and waits."
                      "\nThe manual: ecs-pubip(1), ecs-pubip.conf(5).\n");
}

void help_command(const struct command *c, struct buf *out) {
        size_t n;
        const struct option_row *rows = option_table(&n);

        buf_puts(out, "Usage: ecs-pubip ");
        add_synopsis(out, c);
        buf_printf(out, "\n\n%s.%s\n%s\n\nOptions:\n", c->help, c->needs_root ? " Needs root." : "",
                   c->more);
        for (size_t i = 0; i < n; i++) {
                _cleanup_buf_ struct buf left = BUF(256);

                if (!((c->options | OPTION_HELP) & rows[i].bit))
                        continue;
                if (rows[i].letter)
                        buf_printf(&left, "-%c, ", rows[i].letter);
                else
                        buf_puts(&left, "    ");
                buf_printf(&left, rows[i].argument ? "--%s=%s" : "--%s", rows[i].name,
                           rows[i].argument);
                add_row(out, buf_text(&left), rows[i].help);
        }
}

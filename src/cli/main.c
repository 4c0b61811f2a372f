/* SPDX-License-Identifier: Apache-2.0 */
/* The command line tool: finds the command, checks that it may run, runs it. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "option.h"
#include "out.h"
#include "util/descriptors.h"

static int overview(void) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);

        help_overview(&text);
        return out_text(&text, EXIT_DONE);
}

static int help_of(const struct command *c) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);

        help_command(c, &text);
        return out_text(&text, EXIT_DONE);
}

static int version(void) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);

        buf_puts(&text, "ecs-pubip " ECS_PUBIP_VERSION "\n");
        return out_text(&text, EXIT_DONE);
}

static int unknown(const char *name) {
        const struct command *near = command_near(name);

        if (name[0] == '-')
                out_complain("'%s' is no command; options come after one", name);
        else if (near)
                out_complain("there is no command '%s'; did you mean '%s'?", name, near->name);
        else
                out_complain("there is no command '%s'", name);
        out_hint("ecs-pubip --help");
        return EXIT_USAGE;
}

static int help(int argc, char *argv[]) {
        const struct command *c;

        if (argc < 2)
                return overview();
        c = command_find(argv[1]);
        return c ? help_of(c) : unknown(argv[1]);
}

static int run_command(const struct command *c, int argc, char *argv[]) {
        struct options o;
        int r;

        if (option_parse(c, argc, argv, &o) < 0)
                return EXIT_USAGE;
        if (o.help)
                return help_of(c);
        if (c->needs_root && geteuid() != 0) {
                out_complain("%s needs root; try: sudo ecs-pubip %s", c->name, c->name);
                return EXIT_USAGE;
        }
        r = c->run(&o);
        if (r < 0) {
                out_complain("%s: %s", c->name, strerror(-r));
                return EXIT_FAILED;
        }
        return r;
}

int main(int argc, char *argv[]) {
        const struct command *c;

        descriptors_fill(EXIT_FAILED);
        signal(SIGPIPE, SIG_IGN); /* a reader who leaves early must not change the exit status */
        if (argc < 2) {
                out_complain("a command is missing");
                out_hint("ecs-pubip --help");
                return EXIT_USAGE;
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
                return overview();
        if (strcmp(argv[1], "--version") == 0)
                return version();
        if (strcmp(argv[1], "help") == 0)
                return help(argc - 1, argv + 1);
        c = command_find(argv[1]);
        if (!c)
                return unknown(argv[1]);
        return run_command(c, argc - 1, argv + 1);
}

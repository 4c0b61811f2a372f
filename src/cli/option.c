/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all commands, in one table, and their parser. */
#include "option.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/config.h>

#include "out.h"

#define WAIT_DEFAULT_USEC (5 * USEC_PER_MIN)

static const struct option_row rows[] = {
        {OPTION_JSON, "json", 0, NULL, "As JSON, for programs"},
        {OPTION_WATCH, "watch", 0, NULL, "Go on, and show each change"},
        {OPTION_TIMEOUT, "timeout", 0, "DURATION", "Give up after that long; 5min if not given"},
        {OPTION_CHECK, "check", 0, NULL, "Only say what is wrong; 3 if anything is"},
        {OPTION_HELP, "help", 'h', NULL, "Show this help"},
};

#define N_ROWS     (sizeof(rows) / sizeof(rows[0]))
#define ROW_OFFSET 1000 /* getopt's values for rows: away from any letter */

const struct option_row *option_table(size_t *ret_n) {
        *ret_n = N_ROWS;
        return rows;
}

/* What getopt_long wants, from the rows that this command takes. */
static void build(const struct command *c, struct option longs[static N_ROWS + 1]) {
        size_t n = 0;

        for (size_t i = 0; i < N_ROWS; i++)
                if ((c->options | OPTION_HELP) & rows[i].bit)
                        longs[n++] = (struct option){
                                .name = rows[i].name,
                                .has_arg = rows[i].argument ? required_argument : no_argument,
                                .val = ROW_OFFSET + (int)i,
                        };
        longs[n] = (struct option){};
}

static int parse_timeout(const char *text, uint64_t *ret) {
        if (config_parse_duration(text, ret) >= 0)
                return 0;
        out_complain("wait: --timeout=%s is no duration; such as 30s, 5min or 1h 30min", text);
        out_hint("ecs-pubip wait --help");
        return -EINVAL;
}

static int apply(const struct option_row *row, struct options *o) {
        switch (row->bit) {
        case OPTION_JSON:
                o->json = true;
                return 0;
        case OPTION_WATCH:
                o->watch = true;
                return 0;
        case OPTION_TIMEOUT:
                return parse_timeout(optarg, &o->timeout_usec);
        case OPTION_CHECK:
                o->check = true;
                return 0;
        case OPTION_HELP:
                o->help = true;
                return 0;
        }
        return -EINVAL;
}

/* A letter may stand in the middle of a word that getopt has not left yet. */
static int refuse(const struct command *c, int how, const char *word) {
        const char letter[] = {'-', (char)optopt, '\0'};

        if (optopt > 0 && optopt < ROW_OFFSET)
                word = letter;
        out_complain(how == ':' ? "%s: %s needs an argument"
                                : "%s: %s is no option of this command",
                     c->name, word);
        out_hint("ecs-pubip %s --help", c->name);
        return -EINVAL;
}

int option_parse(const struct command *c, int argc, char *argv[], struct options *ret) {
        struct options o = {.timeout_usec = WAIT_DEFAULT_USEC};
        struct option longs[N_ROWS + 1];
        int value, r;

        build(c, longs);
        opterr = 0;
        optind = 0;
        while ((value = getopt_long(argc, argv, ":h", longs, NULL)) >= 0) {
                if (value == '?' || value == ':')
                        return refuse(c, value, argv[optind - 1]);
                r = value == 'h' ? apply(&rows[N_ROWS - 1], &o)
                                 : apply(&rows[value - ROW_OFFSET], &o);
                if (r < 0)
                        return r;
        }
        if (optind < argc && !o.help) {
                out_complain("%s: '%s' is one argument too many", c->name, argv[optind]);
                out_hint("ecs-pubip %s --help", c->name);
                return -EINVAL;
        }
        *ret = o;
        return 0;
}

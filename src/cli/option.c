/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all commands, in one table, and their parser. */
#include "option.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/config.h>

#include "near.h"
#include "out.h"
#include "util/text.h"

#define WAIT_DEFAULT_USEC (5 * USEC_PER_MIN)

static const struct option_row rows[] = {
        {OPTION_JSON, "json", 0, NULL, "As JSON, for programs"},
        {OPTION_WATCH, "watch", 0, NULL, "Go on, and show each change"},
        {OPTION_TIMEOUT, "timeout", 0, "DURATION", "Give up after that long; 5min if not given"},
        {OPTION_CHECK, "check", 0, NULL, "Only say what is wrong; 3 if anything is"},
        {OPTION_VALUE, "value", 0, "NAME", "Only that member of the status, such as public_ip"},
        {OPTION_FLEET, "fleet", 0, NULL, "For each instance with the tag ecs-pubip=yes"},
        {OPTION_ENABLE, "enable", 0, NULL, "Make the link for the textfile collector"},
        {OPTION_DISABLE, "disable", 0, NULL, "Remove that link"},
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
        case OPTION_VALUE:
                o->value = optarg;
                return 0;
        case OPTION_FLEET:
                o->fleet = true;
                return 0;
        case OPTION_ENABLE:
                o->enable = true;
                return 0;
        case OPTION_DISABLE:
                o->disable = true;
                return 0;
        }
        return -EINVAL;
}

static const char *name_of(size_t i, void *longs) {
        return ((const struct option *)longs)[i].name;
}

/* A letter may stand in the middle of a word that getopt has not left yet. */
static int refuse(const struct command *c, int how, const char *word, struct option *longs) {
        const char letter[] = {'-', (char)optopt, '\0'}, *near = NULL;
        char typed[64];

        if (optopt > 0 && optopt < ROW_OFFSET)
                word = letter;
        else if (how == '?' && text_starts(word, "--")) {
                TEXT_SET(typed, word + 2);
                typed[strcspn(typed, "=")] = '\0';
                near = near_name(typed, name_of, longs);
        }
        if (near)
                out_complain("%s: %s is no option of this command; did you mean --%s?", c->name,
                             word, near);
        else
                out_complain(how == ':' ? "%s: %s needs an argument"
                                        : "%s: %s is no option of this command",
                             c->name, word);
        out_hint("ecs-pubip %s --help", c->name);
        return -EINVAL;
}

static int miss(const struct command *c) {
        out_complain("%s: %s is missing", c->name, c->operand);
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
                        return refuse(c, value, argv[optind - 1], longs);
                r = value == 'h' ? apply(&rows[N_ROWS - 1], &o)
                                 : apply(&rows[value - ROW_OFFSET], &o);
                if (r < 0)
                        return r;
        }
        if (optind < argc && c->operand)
                o.operand = argv[optind++];
        else if (c->operand_needed && !o.help)
                return miss(c);
        if (optind < argc && !o.help) {
                out_complain("%s: '%s' is one argument too many", c->name, argv[optind]);
                out_hint("ecs-pubip %s --help", c->name);
                return -EINVAL;
        }
        *ret = o;
        return 0;
}

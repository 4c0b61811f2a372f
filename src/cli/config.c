/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip config`: what the files come to, and what is wrong in them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "host/config_files.h"
#include "json.h"
#include "out.h"

#define VALUE_WIDTH 44 /* the origins stand in one column beside it */

static void add_problem(const struct config_problem *p, void *userdata) {
        buf_printf(userdata, "%s: %s\n", p->is_error ? "error" : "warning", p->text);
}

/* A value may be as long as it likes: then its origin moves to the right. */
static void add_value(struct buf *out, const struct config *c, size_t i,
                      const struct config_key_view *key, const char *origin) {
        char value[CONFIG_VALUE_SIZE], line[CONFIG_VALUE_SIZE + 64];
        _cleanup_buf_ struct buf left = BUF(sizeof(line));

        config_value(c, i, value);
        buf_printf(&left, "%s=%s", key->key, value);
        buf_printf(out, "%-*s ; %s\n", VALUE_WIDTH, buf_text(&left), origin);
}

/* In the form of a configuration file, so that it can be used as one. */
static void add_config(struct buf *out, const struct config *c, const struct config_origins *o) {
        struct config_key_view key;
        const char *section = "";

        for (size_t i = 0; config_key(i, &key); i++) {
                if (strcmp(key.section, section) != 0)
                        buf_printf(out, "%s[%s]\n", *section ? "\n" : "", key.section);
                section = key.section;
                add_value(out, c, i, &key, o->origin[i]);
        }
}

static int config_json(const struct config *c, const struct config_origins *o, const char *problems,
                       int status) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *json = cJSON_CreateObject();
        cJSON *settings, *list;
        struct config_key_view key;

        if (!cJSON_AddNumberToObject(json, "version", 1) ||
            !cJSON_AddNumberToObject(json, "exit_status", status))
                return -ENOMEM;
        settings = cJSON_AddArrayToObject(json, "settings");
        list = cJSON_AddArrayToObject(json, "problems");
        for (size_t i = 0; config_key(i, &key); i++) {
                cJSON *row = cJSON_CreateObject();
                char value[CONFIG_VALUE_SIZE];

                config_value(c, i, value);
                if (!cJSON_AddItemToArray(settings, row) ||
                    !cJSON_AddStringToObject(row, "section", key.section) ||
                    !cJSON_AddStringToObject(row, "key", key.key) ||
                    !cJSON_AddStringToObject(row, "value", value) ||
                    !cJSON_AddStringToObject(row, "origin", o->origin[i]))
                        return -ENOMEM;
        }
        for (const char *p = problems; *p; p += strcspn(p, "\n") + 1) {
                char line[CONFIG_PROBLEM_SIZE + sizeof("warning: ")];

                snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
                if (!cJSON_AddItemToArray(list, cJSON_CreateString(line)))
                        return -ENOMEM;
        }
        return json_add(&text, json, false) < 0 ? -ENOMEM : out_text(&text, status);
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX), problems = BUF(OUT_MAX);
        struct config_origins origins;
        struct config config;
        int n_errors;

        n_errors = config_load(&config, &origins, add_problem, &problems);
        if (n_errors < 0)
                return n_errors;
        if (o->json)
                return config_json(&config, &origins, buf_text(&problems),
                                   n_errors > 0 ? EXIT_FAILED : EXIT_DONE);
        if (o->check)
                return out_text(&problems, n_errors > 0 ? EXIT_FAILED : EXIT_DONE);
        if (write(STDERR_FILENO, buf_text(&problems), problems.len) < 0)
                return EXIT_FAILED; /* nobody hears us: at least do not say that all is well */
        add_config(&text, &config, &origins);
        return out_text(&text, n_errors > 0 ? EXIT_FAILED : EXIT_DONE);
}

const struct command command_config = {
        .name = "config",
        .options = OPTION_CHECK | OPTION_JSON,
        .help = "Print the effective configuration and its origins",
        .more = "What is wrong in the files goes to standard error.",
        .run = run,
};

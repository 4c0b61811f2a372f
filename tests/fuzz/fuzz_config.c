/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file: every value that was taken can be written and is taken again. */
#include "fuzz.h"

#include <ecs-pubip/config.h>

static void on_problem(const struct config_problem *p, void *userdata) {
        unsigned *errors = userdata;

        MUST(p->text[0]);
        *errors += p->is_error;
}

static void check_values(const struct config *c) {
        char value[CONFIG_VALUE_SIZE];
        struct config_key_view key;

        for (size_t i = 0; config_key(i, &key); i++) {
                config_value(c, i, value);
                for (const char *p = value; *p; p++)
                        MUST((unsigned char)*p >= 0x20);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct config_origins origins;
        unsigned errors = 0;
        struct config c;
        const char *text = (const char *)data;

        config_defaults(&c);
        MUST(config_parse(&c, "f", text, size, &origins, on_problem, &errors) == (int)errors);
        config_check(&c, on_problem, &errors);
        check_values(&c);
        return 0;
}

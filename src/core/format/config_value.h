/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the configuration by kind: text <-> a member of struct config. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ecs-pubip/config.h>

enum value_kind {
        VALUE_CHOICE,   /* an enum by names[] */
        VALUE_BOOL,     /* as systemd writes them */
        VALUE_UINT,     /* unsigned, min … max */
        VALUE_DURATION, /* uint64_t in microseconds, min … max */
        VALUE_IPV4,     /* in_addr_t; empty is 0 */
        VALUE_WORD,     /* an id: letters, digits and "-_." */
        VALUE_HOST,     /* host[:port] */
        VALUE_URL,      /* http[s]://host[:port][/path] */
        VALUE_BASE,     /* http://host[:port], no path */
        VALUE_TAG,      /* key=value */
        VALUE_PLANES,   /* "auto" or a list: bits of enum plane */
};

struct key {
        const char *section, *name;
        const char *fallback; /* the default as one would write it */
        const char *choices;  /* what would be right; read after "must be" */
#ifdef CONFIG_WITH_HELP
        const char *help; /* a sentence; for the manual only */
#endif
        union {
                const char *const *names; /* VALUE_CHOICE */
                struct {
                        uint32_t min, max; /* VALUE_UINT; VALUE_DURATION: in seconds */
                };
        };
        enum value_kind kind : 8;
        uint8_t n_names;
        uint16_t offset, size; /* in struct config; bytes */
};

extern const struct key config_keys[]; /* config_keys.c; in the order of struct config */
extern const size_t n_config_keys;

/* False and nothing changed when the text is not what key->choices says. "" is the default. */
bool config_value_parse(const struct key *key, const char *text, struct config *c);
void config_value_format(const struct key *key, const struct config *c,
                         char ret[static CONFIG_VALUE_SIZE]);

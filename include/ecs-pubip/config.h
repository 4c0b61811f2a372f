/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: a table of keys to a struct. Files are read by the callers; the core gets
 * their texts. Keys, defaults and meanings: ecs-pubip.conf(5).
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecs-pubip/identity.h>
#include <ecs-pubip/reply.h>

#define CONFIG_URL_SIZE     256
#define CONFIG_HOST_SIZE    128
#define CONFIG_VALUE_SIZE   256
#define CONFIG_TAG_SIZE     160
#define CONFIG_PROBLEM_SIZE 512
#define CONFIG_FILE_MAX     (64u * 1024) /* larger files are an error */
#define CONFIG_ORIGIN_SIZE  160
#define CONFIG_PLACE_SIZE   256

enum strategy { STRATEGY_STATIC, STRATEGY_EIP, STRATEGY_STATIC_EIP };
enum reboot_policy { REBOOT_AUTO, REBOOT_ALWAYS, REBOOT_NEVER };
enum heal_policy { HEAL_REALLOCATE, HEAL_ADOPT, HEAL_ALERT };
enum signature { SIGNATURE_V3, SIGNATURE_V1 };
enum credentials_source { CREDENTIALS_ROLE, CREDENTIALS_STATIC };

struct config {
        /* [Address] */
        enum strategy strategy;
        in_addr_t ip_address; /* 0: not given */
        char vlan_id[64];
        unsigned bandwidth_out; /* Mbit/s; 0: never raise */
        char eip_allocation_id[EIP_ID_SIZE];
        char eip_tag[CONFIG_TAG_SIZE]; /* key=value */
        bool eip_allocate;
        enum eip_charge eip_charge; /* of one that is bought */
        unsigned eip_bandwidth;     /* Mbit/s */
        char eip_isp[EIP_ISP_SIZE]; /* "" : BGP */
        /* [Reboot] */
        enum reboot_policy reboot_policy;
        uint64_t reboot_grace_usec;
        unsigned reboot_limit;
        uint64_t reboot_patience_usec;
        /* [Confirm] */
        unsigned confirm_planes; /* bits of enum plane; 0: auto */
        char confirm_outside[CONFIG_URL_SIZE];
        uint64_t confirm_timeout_usec;
        /* [Heal] */
        enum heal_policy heal_policy;
        uint64_t heal_check_interval_usec;
        unsigned heal_limit;
        /* [Cloud] */
        char endpoint[CONFIG_HOST_SIZE];     /* host[:port] */
        char vpc_endpoint[CONFIG_HOST_SIZE]; /* host[:port] */
        char region[REGION_ID_SIZE];
        char role[ROLE_NAME_SIZE];
        char metadata[CONFIG_URL_SIZE];
        bool token_required;
        enum signature signature;
        enum credentials_source credentials;
        /* [Instance] */
        char instance_id[INSTANCE_ID_SIZE];
};

/* A thing found while reading; file and line are those of the person's text. */
struct config_problem {
        bool is_error;                  /* false: a warning (unknown section or key) */
        bool is_transient;              /* of reading, not of what was read: it may pass */
        char place[CONFIG_PLACE_SIZE];  /* "FILE", "FILE:LINE" or "FILE:LINE Section.Key": no value
                                         */
        char text[CONFIG_PROBLEM_SIZE]; /* "FILE:LINE: what is wrong, and what would be right" */
};

/* Where each key's value came from: "default" or "FILE:LINE"; indexed as config_key(). */
#define CONFIG_KEYS_MAX 40
struct config_origins {
        char origin[CONFIG_KEYS_MAX][CONFIG_ORIGIN_SIZE];
};

typedef void (*config_problem_fn)(const struct config_problem *problem, void *userdata);

void config_defaults(struct config *ret);

/*
 * Reads one file's text over what is in *c; `o` may be NULL. Problems are reported as they are met;
 * a bad value leaves the key as it was. Returns the number of errors (warnings do not count), or
 * -ENOMEM.
 */
int config_parse(struct config *c, const char *file, const char *text, size_t len,
                 struct config_origins *o, config_problem_fn report, void *userdata);

/* What no single line shows: combinations. Same reporting, same result. */
int config_check(const struct config *c, config_problem_fn report, void *userdata);

/* The i-th key, for `config` and the generated documentation; false past the last one. */
struct config_key_view {
        const char *section, *key, *fallback; /* fallback: the default as one would write it */
        const char *choices;                  /* "static | eip | static eip", "duration", … */
        const char *help;                     /* one sentence; NULL but for who makes the manual */
};
bool config_key(size_t i, struct config_key_view *ret);
/* The value of that key as one would write it. */
void config_value(const struct config *c, size_t i, char ret[static CONFIG_VALUE_SIZE]);

/* "5min", "1h 30s", "infinity" is refused: as systemd.time(7) writes them, to microseconds. */
int config_parse_duration(const char *text, uint64_t *ret);
void config_format_duration(uint64_t usec, char ret[static CONFIG_VALUE_SIZE]);

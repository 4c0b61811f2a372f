/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this instance is and which public address metadata shows: texts of the metadata service to
 * structs. Source: "View instance metadata" of the ECS user guide.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTANCE_ID_SIZE   64 /* i-bp1… ; letters, digits, '-' */
#define REGION_ID_SIZE     48
#define ACCOUNT_ID_SIZE    32
#define MAC_SIZE           18 /* 00:16:3e:0a:0b:0c */
#define ROLE_NAME_SIZE     65
#define ACCESS_KEY_ID_SIZE 129
#define ACCESS_SECRET_SIZE 129
#define STS_TOKEN_SIZE     4097
#define ROLE_WHY_SIZE      240

enum network { NETWORK_UNKNOWN, NETWORK_VPC, NETWORK_CLASSIC };

/* What one look at an address item says. An error is UNKNOWN, never ABSENT (law L6). */
enum presence { PRESENCE_UNKNOWN, PRESENCE_ABSENT, PRESENCE_PRESENT };

/* One metadata look: eipv4, else public-ipv4, with the instance id read in the same look. */
struct addresses {
        char instance_id[INSTANCE_ID_SIZE];
        enum presence presence;
        in_addr_t address; /* network order; 0 unless PRESENT */
};

struct identity {
        char instance_id[INSTANCE_ID_SIZE];
        char region_id[REGION_ID_SIZE];
        char account_id[ACCOUNT_ID_SIZE];
        char mac[MAC_SIZE];      /* of the primary NIC, lower case */
        in_addr_t private_ip;    /* primary private address; 0: not known */
        enum network network;    /* what metadata says; UNKNOWN where it does not */
        bool tokenless;          /* metadata gave no token and was read without (for doctor) */
        bool from_metadata;      /* false: Instance.Id of the configuration (law L4) */
        struct addresses public; /* what the same look showed */
};

struct credentials {
        char access_key_id[ACCESS_KEY_ID_SIZE];
        char access_key_secret[ACCESS_SECRET_SIZE];
        char security_token[STS_TOKEN_SIZE]; /* "" with static keys that have none */
        int64_t expiration;                  /* seconds since 1970; 0: never, or not known */
};

/* Wipes (law L5). NULL is fine. */
void identity_erase_credentials(struct credentials *c);

/* Each parser: 0, or -EBADMSG when the text is not what the page promises (ret untouched). */

/* `meta-data/all`: the whole tree as one JSON object. */
int identity_parse_all(const char *text, size_t len, struct identity *ret);
/* `dynamic/instance-identity/document`; leaves network and public unknown. */
int identity_parse_document(const char *text, size_t len, struct identity *ret);
/* One leaf, such as eipv4: the bare text, with or without a final newline; empty is ABSENT. */
int identity_parse_address(const char *text, size_t len, struct addresses *ret);
/*
 * `ram/security-credentials/<role>`; Code must be Success. An Expiration that is not understood
 * does not spoil the keys: the API says when they have expired. why: what the document says instead
 * or lacks, printable; "" where it is no document.
 */
int identity_parse_credentials(const char *text, size_t len, struct credentials *ret,
                               char why[static ROLE_WHY_SIZE]);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a JSON object <-> members of a struct, by a table. What leaves is printable ASCII and
 * within the array it came from; what arrives must be, or the whole object is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "util/cleanup.h"

enum member_type {
        MEMBER_TEXT,   /* char[size], printable ASCII; "" is empty */
        MEMBER_WORD,   /* char[size], an id: letters, digits, "-_.:" */
        MEMBER_IPV4,   /* in_addr_t as a dotted quad; 0 is empty */
        MEMBER_BOOL,   /* bool; never empty */
        MEMBER_UINT,   /* unsigned or uint32_t, 0 … max; 0 is empty */
        MEMBER_INT,    /* int, -max … max; 0 is empty */
        MEMBER_TIME,   /* int64_t, seconds since 1970 as a number; 0 is empty */
        MEMBER_DATE,   /* int64_t, as RFC 3339; 0 is empty */
        MEMBER_NAME,   /* an enum by names[]; a member without a name is empty */
        MEMBER_IPV4S,  /* in_addr_t[size] and its count */
        MEMBER_WORDS,  /* char[size / width][width] and its count */
        MEMBER_OBJECT, /* a struct inside, by its own table */
} __attribute__((packed));

enum member_flag {
        MEMBER_REQUIRED = 1 << 0, /* must be there; without it, empty ones are left out */
        MEMBER_NULLABLE = 1 << 1, /* empty ones are written as null, and null is read as empty */
};

/* Small: the tables are in each of the three programs. */
struct member {
        const char *name; /* NULL ends a table */
        enum member_type type;
        uint8_t flags;
        uint16_t n_names;
        uint32_t max;
        uint16_t offset, size;        /* of the struct's member; size in bytes */
        uint16_t width, offset_count; /* lists: of one element; where the count (unsigned) is */
        union {
                const char *const *names;     /* MEMBER_NAME */
                const struct member *members; /* MEMBER_OBJECT */
        };
};

#define MEMBER_AT(type_, member_)                                                                  \
        .offset = offsetof(type_, member_), .size = sizeof(((type_ *)NULL)->member_)
#define MEMBER_NAMES(array) .names = (array), .n_names = sizeof(array) / sizeof((array)[0])

/* Adds each member of the struct at `from` to the object; -ENOMEM. */
int members_format(const struct member *members, const void *from, cJSON *object);

/* Fills the (zeroed) struct at `to`; -EBADMSG, and *to is then half filled. */
int members_parse(const struct member *members, const cJSON *object, void *to);

/* One JSON object that is the whole text, or NULL: -EBADMSG and -ENOMEM are not told apart. */
cJSON *members_parse_object(const char *text, size_t len);

DEFINE_CLEANUP(cJSON *, cJSON_Delete)
#define _cleanup_cjson_ _cleanup_(cJSON_Delete_p)

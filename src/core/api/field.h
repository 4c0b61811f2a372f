/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that say where in a struct the text at a path of a reply goes, and in which form. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts `value` into `field`, which has `size` bytes; false when the value is malformed. */
typedef bool (*field_put_fn)(void *field, size_t size, const char *value);

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

struct field {
        const char *path; /* below the struct's own element; letter case is ignored */
        field_put_fn put;
        uint16_t offset, size;
};

#define FIELD(path_, put_, type, member)                                                           \
        {                                                                                          \
                .path = (path_), .put = (put_), .offset = offsetof(type, member),                  \
                .size = sizeof(((type *)NULL)->member)                                             \
        }

/* The row of that path goes to work on `base`; true where there is none. */
bool field_put(const struct field *rows, size_t n, void *base, const char *path, const char *value);

bool field_text(void *field, size_t size, const char *value); /* cut when too long */
bool field_word(void *field, size_t size, const char *value); /* ids: letters, digits, - . _ */
/* A public address; "" and a second one: ignored; blanks around it are layout. */
bool field_public_ipv4(void *field, size_t size, const char *value);
bool field_mac(void *field, size_t size, const char *value);  /* made lower case */
bool field_time(void *field, size_t size, const char *value); /* malformed: left alone */
bool field_network(void *field, size_t size, const char *value);

/* "00:16:3e:0a:0b:0c" in either case. */
bool field_is_mac(const char *value);

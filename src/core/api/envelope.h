/* SPDX-License-Identifier: Apache-2.0 */
/* What all replies of the API share: an envelope, and at most one list whose elements matter. */
#pragma once

#include <ecs-pubip/fault.h>

#include "core/api/field.h"

/* The members that every reply and every error envelope has at its top. */
struct envelope {
        char code[FAULT_CODE_SIZE];
        char message[FAULT_MESSAGE_SIZE];
        char request_id[REQUEST_ID_SIZE];
        char action[FAULT_CODE_SIZE]; /* AccessDeniedDetail: which permission is missing */
        bool failed;                  /* Success: false */
};

/*
 * A member that must have been there, if only empty, and in a shape in which an empty one means
 * "none": what is not shown, or shown as something else, is not none (law L6).
 */
struct mark {
        const char *path; /* below the element */
        unsigned bit;
        unsigned shapes; /* tree_shape: in these it has been seen */
        unsigned within; /* these say nothing; any other takes back what was seen */
};

/* One reading: rows for the top, and for the elements of one list. */
struct reply_rows {
        struct envelope envelope;
        unsigned listed, not_listed;  /* marks of the list itself */
        const struct field *top_rows; /* beside those of the envelope; may be NULL */
        size_t n_top_rows;
        void *top;
        const char *list, *element; /* "Instances", "Instances/Instance"; NULL: no list */
        const struct field *rows;
        size_t n_rows;
        void *item;
        const struct mark *marks;
        size_t n_marks;
        unsigned seen, malformed_marks; /* bits of marks in the element at hand */
        bool has_members;               /* of the element at hand: it has any */
        bool malformed;                 /* of the element at hand: a member's value is none */
        bool (*on_begin)(struct reply_rows *r);
        bool (*on_end)(struct reply_rows *r);
        const char *part; /* below the element: something of which it has several; may be NULL */
        void (*on_part)(struct reply_rows *r); /* before each of them */
        void *userdata;
        char wrapper[64]; /* some samples wrap the whole reply once more */
};

/* The marks that were seen and not taken back. */
unsigned envelope_seen(const struct reply_rows *r);
/* The list was there, with or without elements. */
bool envelope_has_list(const struct reply_rows *r);

/* Walks the text, whatever it says. 0 or as tree_walk(). */
int envelope_walk(struct reply_rows *r, const char *text, size_t len);

/*
 * The same for a success: an envelope with a Code is an error, so -EBADMSG, whatever its HTTP
 * status was. request_id[REQUEST_ID_SIZE] is set when the reply has one.
 */
int envelope_read(struct reply_rows *r, const char *text, size_t len, char *request_id);

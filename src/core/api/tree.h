/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON or XML, whichever came, as one walk over paths and values: "Instances/Instance/Status".
 * Arrays have no name of their own: their elements come one by one under the array's path, as
 * XML repeats elements. The root has the path "", whatever its name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TREE_PATH_SIZE 512  /* a longer path is no reply of this API */
#define TREE_DEPTH_MAX 24   /* real replies reach 8 */
#define TREE_VALUE_MAX 8191 /* longer values are cut */

/*
 * What stands at a path, whatever its text: "" reads the same for an empty string, null, and an
 * object or a list without members. XML knows elements with others inside and without.
 */
enum tree_shape {
        TREE_TEXT = 1 << 0,
        TREE_NUMBER = 1 << 1,
        TREE_BOOL = 1 << 2,
        TREE_NULL = 1 << 3,
        TREE_OBJECT = 1 << 4,
        TREE_EMPTY = 1 << 5, /* an object without members */
        TREE_LIST = 1 << 6,
        TREE_LEAF = 1 << 7,   /* XML */
        TREE_BRANCH = 1 << 8, /* XML */
        TREE_LISTED_TEXT = 1 << 9,
        TREE_LISTED_OBJECT = 1 << 10, /* with members or without */
        TREE_LISTED_OTHER = 1 << 11,
};

typedef bool (*tree_shape_fn)(void *userdata, const char *path, enum tree_shape shape);

struct tree_visitor {
        /* Of everything at a path, lists included; before enter in JSON, before leave in XML. */
        tree_shape_fn shape;
        /* Before and after each element, leaves included; false stops the walk. */
        bool (*enter)(void *userdata, const char *path);
        bool (*leave)(void *userdata, const char *path);
        /*
         * A leaf's text, between the two; "" for null and for an empty object or element. In XML
         * without the blanks around it.
         */
        bool (*value)(void *userdata, const char *path, const char *value);
        void *userdata;
};

/*
 * 0; -EBADMSG when the text is neither JSON nor XML, is cut off, too deep, declares a document
 * type, has text between elements, or a visitor stopped the walk; -ENOMEM. Any callback may be
 * NULL.
 */
int tree_walk(const char *text, size_t len, const struct tree_visitor *v);

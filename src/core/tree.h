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

struct tree_visitor {
        /* Before and after each element, leaves included; false stops the walk. */
        bool (*enter)(void *userdata, const char *path);
        bool (*leave)(void *userdata, const char *path);
        /* A leaf's text, between the two; "" for null and for an empty object or element. */
        bool (*value)(void *userdata, const char *path, const char *value);
        void *userdata;
};

/*
 * 0; -EBADMSG when the text is neither JSON nor XML, is cut off, too deep, declares a document
 * type, or a visitor stopped the walk; -ENOMEM. Any callback may be NULL.
 */
int tree_walk(const char *text, size_t len, const struct tree_visitor *v);

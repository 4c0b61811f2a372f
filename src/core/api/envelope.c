/* SPDX-License-Identifier: Apache-2.0 */
#include "core/api/envelope.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/api/tree.h"
#include "util/text.h"

/* Some gateways say by a Code that all is well. */
static bool put_code(void *field, size_t size, const char *value) {
        static const char *const good[] = {"200", "0", "OK", "Success"};

        for (size_t i = 0; i < N_ROWS(good); i++) {
                if (strcasecmp(good[i], value) == 0)
                        return true;
        }
        return field_text(field, size, value);
}

static bool put_success(void *field, size_t size, const char *value) {
        bool *failed = field;

        (void)size;
        *failed |= strcasecmp(value, "false") == 0;
        return true;
}

static const struct field envelope_rows[] = {
        FIELD("Code", put_code, struct envelope, code),
        FIELD("ErrorCode", put_code, struct envelope, code),
        FIELD("Message", field_text, struct envelope, message),
        FIELD("ErrorMessage", field_text, struct envelope, message),
        FIELD("Success", put_success, struct envelope, failed),
        FIELD("RequestId", field_text, struct envelope, request_id),
        FIELD("AccessDeniedDetail/AuthAction", field_text, struct envelope, action),
};

/* The part of `path` below `prefix`, "" for the prefix itself, NULL when it is elsewhere. */
static const char *below(const char *path, const char *prefix) {
        size_t n = strlen(prefix);

        if (strncasecmp(path, prefix, n) != 0)
                return NULL;
        if (n == 0 || path[n] == '\0')
                return path + n;
        return path[n] == '/' ? path + n + 1 : NULL;
}

/* Without the wrapper: "AllocateEipAddressResponse/EipAddress" -> "EipAddress". */
static const char *unwrap(struct reply_rows *r, const char *path) {
        const char *rest = r->wrapper[0] ? below(path, r->wrapper) : NULL;

        return rest ? rest : path;
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcasecmp(text + n - m, end) == 0;
}

static bool on_enter(void *userdata, const char *whole_path) {
        struct reply_rows *r = userdata;
        const char *path, *inner;

        if (!strchr(whole_path, '/') &&
            (ends_with(whole_path, "Response") || strcasecmp(whole_path, "Error") == 0))
                TEXT_SET(r->wrapper, whole_path);
        path = unwrap(r, whole_path);
        inner = r->list ? below(path, r->element) : NULL;
        if (inner && r->part && strcasecmp(inner, r->part) == 0)
                r->on_part(r);
        if (!inner || *inner)
                return true;
        r->seen = r->malformed_marks = 0;
        r->has_members = r->malformed = false;
        return r->on_begin(r);
}

static void mark_shape(const struct mark *marks, size_t n, const char *path, enum tree_shape shape,
                       unsigned *seen, unsigned *malformed_marks) {
        for (size_t i = 0; i < n; i++) {
                if (strcasecmp(marks[i].path, path) != 0)
                        continue;
                if (shape & marks[i].shapes)
                        *seen |= marks[i].bit;
                else if (!(shape & marks[i].within))
                        *malformed_marks |= marks[i].bit;
        }
}

/* Samples in documents print one object where a list is real. */
static bool on_shape(void *userdata, const char *whole_path, enum tree_shape shape) {
        struct reply_rows *r = userdata;
        const char *path = unwrap(r, whole_path), *inner;
        const struct mark list_marks[] = {
                {r->list, 1, TREE_EMPTY | TREE_LEAF, TREE_OBJECT | TREE_BRANCH},
                {r->element, 1, TREE_LIST | TREE_OBJECT | TREE_EMPTY | TREE_LEAF | TREE_BRANCH,
                 TREE_LISTED_OBJECT},
        };

        if (!r->list)
                return true;
        mark_shape(list_marks, N_ROWS(list_marks), path, shape, &r->listed, &r->not_listed);
        inner = below(path, r->element);
        if (!inner || !*inner)
                return true;
        r->has_members = true;
        mark_shape(r->marks, r->n_marks, inner, shape, &r->seen, &r->malformed_marks);
        return true;
}

static bool on_leave(void *userdata, const char *whole_path) {
        struct reply_rows *r = userdata;
        const char *path = unwrap(r, whole_path);

        return !r->list || strcasecmp(path, r->element) != 0 || r->on_end(r);
}

static bool on_value(void *userdata, const char *whole_path, const char *value) {
        struct reply_rows *r = userdata;
        const char *path = unwrap(r, whole_path);
        const char *inner = r->list ? below(path, r->element) : NULL;

        if (inner && *inner) {
                r->malformed |= !field_put(r->rows, r->n_rows, r->item, inner, value);
                return true; /* the element's own matter: the others may be well */
        }
        if (r->list && *value && (inner || strcasecmp(path, r->list) == 0)) {
                r->not_listed = true; /* a text in the place of the list or of an element */
                return true;
        }
        if (!field_put(envelope_rows, N_ROWS(envelope_rows), &r->envelope, path, value))
                return false;
        return !r->top_rows || field_put(r->top_rows, r->n_top_rows, r->top, path, value);
}

unsigned envelope_seen(const struct reply_rows *r) {
        return r->seen & ~r->malformed_marks;
}

bool envelope_has_list(const struct reply_rows *r) {
        return r->listed && !r->not_listed;
}

int envelope_walk(struct reply_rows *r, const char *text, size_t len) {
        const struct tree_visitor visitor = {.shape = on_shape,
                                             .enter = on_enter,
                                             .leave = on_leave,
                                             .value = on_value,
                                             .userdata = r};

        return tree_walk(text, len, &visitor);
}

int envelope_read(struct reply_rows *r, const char *text, size_t len, char *request_id) {
        int k = envelope_walk(r, text, len);

        if (k < 0)
                return k;
        if (r->envelope.code[0] || r->envelope.failed)
                return -EBADMSG;
        if (request_id && r->envelope.request_id[0])
                text_copy(request_id, REQUEST_ID_SIZE, r->envelope.request_id);
        return 0;
}

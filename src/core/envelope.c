/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/tree.h"
#include "util/text.h"

static const struct field envelope_rows[] = {
        FIELD("Code", field_text, struct envelope, code),
        FIELD("Message", field_text, struct envelope, message),
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
        if (!r->list)
                return true;
        if (strcasecmp(path, r->list) == 0)
                r->has_list = true;
        inner = below(path, r->element);
        if (inner && !*inner) {
                r->seen = 0;
                return r->on_begin(r);
        }
        for (size_t i = 0; inner && i < r->n_marks; i++) {
                if (strcasecmp(r->marks[i].path, inner) == 0)
                        r->seen |= r->marks[i].bit;
        }
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

        if (inner && *inner)
                return field_put(r->rows, r->n_rows, r->item, inner, value);
        if (!field_put(envelope_rows, N_ROWS(envelope_rows), &r->envelope, path, value))
                return false;
        return !r->top_rows || field_put(r->top_rows, r->n_top_rows, r->top, path, value);
}

int envelope_walk(struct reply_rows *r, const char *text, size_t len) {
        const struct tree_visitor visitor = {
                .enter = on_enter, .leave = on_leave, .value = on_value, .userdata = r};

        return tree_walk(text, len, &visitor);
}

int envelope_read(struct reply_rows *r, const char *text, size_t len, char *request_id) {
        int k = envelope_walk(r, text, len);

        if (k < 0)
                return k;
        if (r->envelope.code[0])
                return -EBADMSG;
        if (request_id && r->envelope.request_id[0])
                text_copy(request_id, REQUEST_ID_SIZE, r->envelope.request_id);
        return 0;
}

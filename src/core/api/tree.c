/* SPDX-License-Identifier: Apache-2.0 */
#include "core/api/tree.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <expat.h>
#include <stdint.h>
#include <string.h>

#include "util/buf.h"
#include "util/cleanup.h"

struct walk {
        const struct tree_visitor *v;
        unsigned depth;
        size_t path_len;
        char path[TREE_PATH_SIZE];
        /* XML only */
        XML_Parser parser;
        struct buf text; /* character data of the element that is open */
        bool has_children;
        bool stopped;
};

static bool call_shape(struct walk *w, enum tree_shape shape) {
        return !w->v->shape || w->v->shape(w->v->userdata, w->path, shape);
}

static bool call_enter(struct walk *w) {
        return !w->v->enter || w->v->enter(w->v->userdata, w->path);
}

static bool call_leave(struct walk *w) {
        return !w->v->leave || w->v->leave(w->v->userdata, w->path);
}

static bool call_value(struct walk *w, const char *value) {
        return !w->v->value || w->v->value(w->v->userdata, w->path, value);
}

/* Goes down into `name`; *ret_mark takes back to where we were. */
static bool path_push(struct walk *w, const char *name, size_t *ret_mark) {
        size_t n = strlen(name), slash = w->path_len > 0;

        if (w->path_len + slash + n >= sizeof(w->path))
                return false;
        *ret_mark = w->path_len;
        if (slash)
                w->path[w->path_len] = '/';
        memcpy(w->path + w->path_len + slash, name, n + 1);
        w->path_len += slash + n;
        return true;
}

static void path_pop(struct walk *w, size_t mark) {
        w->path_len = mark;
        w->path[mark] = '\0';
}

static bool walk_json(struct walk *w, const cJSON *item, bool listed);

/* A number, boolean or null as the text that XML would show. */
static bool json_scalar(struct walk *w, const cJSON *item) {
        _cleanup_buf_ struct buf number = BUF(64);

        if (cJSON_IsString(item))
                return call_value(w, item->valuestring);
        if (cJSON_IsBool(item))
                return call_value(w, cJSON_IsTrue(item) ? "true" : "false");
        if (!cJSON_IsNumber(item))
                return call_value(w, "");
        if (item->valuedouble > -1e15 && item->valuedouble < 1e15 &&
            item->valuedouble == (double)(int64_t)item->valuedouble)
                buf_printf(&number, "%lld", (long long)item->valuedouble);
        else
                buf_printf(&number, "%g", item->valuedouble);
        return call_value(w, buf_text(&number));
}

static bool json_object(struct walk *w, const cJSON *object) {
        const cJSON *child;
        size_t mark;

        cJSON_ArrayForEach(child, object) {
                if (!path_push(w, child->string, &mark) || !walk_json(w, child, false))
                        return false;
                path_pop(w, mark);
        }
        return true;
}

static bool json_elements(struct walk *w, const cJSON *array) {
        const cJSON *element;

        if (++w->depth > TREE_DEPTH_MAX)
                return false;
        cJSON_ArrayForEach(element, array) {
                if (!walk_json(w, element, true))
                        return false;
        }
        w->depth--;
        return true;
}

static enum tree_shape json_shape(const cJSON *item, bool listed) {
        if (listed)
                return cJSON_IsString(item)   ? TREE_LISTED_TEXT
                       : cJSON_IsObject(item) ? TREE_LISTED_OBJECT
                                              : TREE_LISTED_OTHER;
        if (cJSON_IsString(item))
                return TREE_TEXT;
        if (cJSON_IsObject(item))
                return item->child ? TREE_OBJECT : TREE_EMPTY;
        if (cJSON_IsArray(item))
                return TREE_LIST;
        if (cJSON_IsNumber(item))
                return TREE_NUMBER;
        return cJSON_IsBool(item) ? TREE_BOOL : TREE_NULL;
}

static bool walk_json(struct walk *w, const cJSON *item, bool listed) {
        bool r;

        if (!call_shape(w, json_shape(item, listed)))
                return false;
        if (cJSON_IsArray(item))
                return json_elements(w, item);
        if (++w->depth > TREE_DEPTH_MAX || !call_enter(w))
                return false;
        r = cJSON_IsObject(item) && item->child ? json_object(w, item) : json_scalar(w, item);
        w->depth--;
        return r && call_leave(w);
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Overwrites every text before it is freed: replies of the metadata service hold credentials. */
static void json_erase(cJSON *item) {
        cJSON *next;

        for (; item; item = next) {
                next = item->next;
                if (item->valuestring)
                        explicit_bzero(item->valuestring, strlen(item->valuestring));
                if (item->child)
                        json_erase(item->child);
        }
}

static void json_free(cJSON *item) {
        json_erase(item);
        cJSON_Delete(item);
}

DEFINE_CLEANUP(cJSON *, json_free)

static int tree_walk_json(struct walk *w, const char *text, size_t len) {
        _cleanup_(json_free_p) cJSON *root = NULL;
        const char *end = NULL;

        root = cJSON_ParseWithLengthOpts(text, len, &end, false);
        if (!root || !cJSON_IsObject(root))
                return -EBADMSG;
        while (end < text + len && (is_blank(*end) || *end == '\0'))
                end++;
        if (end != text + len)
                return -EBADMSG;
        return walk_json(w, root, false) ? 0 : -EBADMSG;
}

static void xml_stop(struct walk *w) {
        w->stopped = true;
        XML_StopParser(w->parser, XML_FALSE);
}

/* The text so far without the blanks that end it. */
static const char *xml_text(struct walk *w) {
        while (w->text.len > 0 && is_blank(w->text.data[w->text.len - 1]))
                w->text.data[--w->text.len] = '\0';
        return buf_text(&w->text);
}

static void XMLCALL on_start(void *userdata, const XML_Char *name, const XML_Char **attributes) {
        struct walk *w = userdata;
        size_t mark;

        (void)attributes;
        if (w->stopped)
                return;
        if (*xml_text(w) || ++w->depth > TREE_DEPTH_MAX ||
            (w->depth > 1 && !path_push(w, name, &mark)) || !call_enter(w)) {
                xml_stop(w);
                return;
        }
        buf_clear(&w->text);
        w->has_children = false;
}

/* Text beside elements would be lost: no reply of this API has both. */
static bool xml_close(struct walk *w) {
        const char *text = xml_text(w);

        if (w->has_children)
                return !*text && call_shape(w, TREE_BRANCH);
        return call_shape(w, TREE_LEAF) && call_value(w, text);
}

static void XMLCALL on_end(void *userdata, const XML_Char *name) {
        struct walk *w = userdata;
        size_t n = strlen(name);

        if (w->stopped)
                return;
        if (!xml_close(w) || !call_leave(w)) {
                xml_stop(w);
                return;
        }
        if (--w->depth > 0)
                path_pop(w, w->path_len > n ? w->path_len - n - 1 : 0);
        buf_clear(&w->text);
        w->has_children = true;
}

/* Blanks before it are layout, and would fill the room of what follows. */
static void XMLCALL on_text(void *userdata, const XML_Char *text, int len) {
        struct walk *w = userdata;
        size_t room = TREE_VALUE_MAX - w->text.len;

        for (; w->text.len == 0 && len > 0 && is_blank(*text); text++)
                len--;
        buf_add(&w->text, text, (size_t)len < room ? (size_t)len : room);
}

/* No reply of this API has one, and without it there are no entities to expand. */
static void XMLCALL on_doctype(void *userdata, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_internal_subset) {
        (void)name, (void)system, (void)public, (void)has_internal_subset;
        xml_stop(userdata);
}

static int tree_walk_xml(struct walk *w, const char *text, size_t len) {
        enum XML_Status status;
        int r;

        w->parser = XML_ParserCreate(NULL);
        if (!w->parser)
                return -ENOMEM;
        w->text = BUF_SECRET(TREE_VALUE_MAX);
        XML_SetUserData(w->parser, w);
        XML_SetElementHandler(w->parser, on_start, on_end);
        XML_SetCharacterDataHandler(w->parser, on_text);
        XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
        status = XML_Parse(w->parser, text, (int)len, XML_TRUE);
        r = status == XML_STATUS_OK && !w->stopped ? 0 : -EBADMSG;
        if (w->text.error == -ENOMEM || XML_GetErrorCode(w->parser) == XML_ERROR_NO_MEMORY)
                r = -ENOMEM;
        buf_done(&w->text);
        XML_ParserFree(w->parser);
        return r;
}

int tree_walk(const char *text, size_t len, const struct tree_visitor *v) {
        struct walk w = {.v = v};
        size_t i = 0;

        if (len > INT32_MAX)
                return -EBADMSG;
        if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                i = 3;
        while (i < len && is_blank(text[i]))
                i++;
        if (i < len && text[i] == '{')
                return tree_walk_json(&w, text + i, len - i);
        if (i < len && text[i] == '<')
                return tree_walk_xml(&w, text + i, len - i);
        return -EBADMSG;
}

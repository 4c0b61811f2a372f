/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a JSON object <-> members of a struct, by a table. */
#include "core/format/members.h"

#include <errno.h>
#include <string.h>

#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

#define WORD_ALSO "-_.:"
#define TEXT_MAX  1024 /* the longest text that any table has */

static const void *at(const struct member *m, const void *base) {
        return (const char *)base + m->offset;
}

static unsigned count_of(const struct member *m, const void *base) {
        unsigned n, most = (unsigned)(m->size / m->width);

        memcpy(&n, (const char *)base + m->offset_count, sizeof(n));
        return n < most ? n : most;
}

/* What a reader of the same table takes: one half never writes what the other refuses. */
static int64_t within(int64_t value, int64_t min, int64_t max) {
        return value < min ? min : value > max ? max : value;
}

static int64_t integer_of(const struct member *m, const void *base) {
        int64_t wide;
        unsigned u;
        int i;

        if (m->type == MEMBER_TIME || m->type == MEMBER_DATE) {
                memcpy(&wide, at(m, base), sizeof(wide));
                return within(wide, 0, TIME_SEC_MAX);
        }
        if (m->type == MEMBER_INT) {
                memcpy(&i, at(m, base), sizeof(i));
                return within(i, -(int64_t)m->max, m->max);
        }
        memcpy(&u, at(m, base), sizeof(u));
        return m->type == MEMBER_UINT ? within(u, 0, m->max) : u;
}

static cJSON *text_item(const char *from) {
        char text[TEXT_MAX];

        if (!*from)
                return NULL;
        text_copy_printable(text, sizeof(text), from);
        return cJSON_CreateString(text);
}

static cJSON *ipv4_item(const void *from) {
        char text[IPV4_SIZE];
        in_addr_t address;

        memcpy(&address, from, sizeof(address));
        return address ? cJSON_CreateString(ipv4_format(address, text)) : NULL;
}

static cJSON *date_item(int64_t seconds) {
        char text[RFC3339_SIZE];

        return seconds ? cJSON_CreateString(time_format(seconds, text)) : NULL;
}

static cJSON *name_item(const struct member *m, const void *base) {
        uint64_t value = (uint64_t)integer_of(m, base);

        return value < m->n_names && m->names[value] ? cJSON_CreateString(m->names[value]) : NULL;
}

static cJSON *list_item(const struct member *m, const void *base) {
        _cleanup_cjson_ cJSON *list = cJSON_CreateArray();
        unsigned n = count_of(m, base);

        for (unsigned i = 0; list && i < n; i++) {
                const char *from = (const char *)at(m, base) + i * m->width;
                cJSON *item = m->type == MEMBER_IPV4S ? ipv4_item(from) : text_item(from);

                /* An empty element would shift the others' places: nobody may put one there. */
                if (!item || !cJSON_AddItemToArray(list, item))
                        return NULL;
        }
        return TAKE_PTR(list);
}

static cJSON *object_item(const struct member *m, const void *base) {
        _cleanup_cjson_ cJSON *object = cJSON_CreateObject();

        if (!object || members_format(m->members, at(m, base), object) < 0)
                return NULL;
        return TAKE_PTR(object);
}

/* An object is empty when its first member is. */
static bool is_empty(const struct member *m, const void *base) {
        switch (m->type) {
        case MEMBER_TEXT:
        case MEMBER_WORD:
                return *(const char *)at(m, base) == '\0';
        case MEMBER_IPV4:
        case MEMBER_UINT:
        case MEMBER_INT:
        case MEMBER_TIME:
        case MEMBER_DATE:
                return integer_of(m, base) == 0;
        case MEMBER_NAME: {
                uint64_t value = (uint64_t)integer_of(m, base);

                return value >= m->n_names || !m->names[value];
        }
        case MEMBER_IPV4S:
        case MEMBER_WORDS:
                return count_of(m, base) == 0;
        case MEMBER_OBJECT:
                return !(m->flags & MEMBER_REQUIRED) && is_empty(m->members, at(m, base));
        case MEMBER_BOOL:
                break;
        }
        return false;
}

static cJSON *item_of(const struct member *m, const void *base) {
        switch (m->type) {
        case MEMBER_TEXT:
        case MEMBER_WORD:
                return text_item(at(m, base));
        case MEMBER_IPV4:
                return ipv4_item(at(m, base));
        case MEMBER_BOOL:
                return cJSON_CreateBool(*(const bool *)at(m, base));
        case MEMBER_UINT:
        case MEMBER_INT:
        case MEMBER_TIME:
                return cJSON_CreateNumber((double)integer_of(m, base));
        case MEMBER_DATE:
                return date_item(integer_of(m, base));
        case MEMBER_NAME:
                return name_item(m, base);
        case MEMBER_IPV4S:
        case MEMBER_WORDS:
                return list_item(m, base);
        case MEMBER_OBJECT:
                return object_item(m, base);
        }
        return NULL;
}

static bool is_number(const struct member *m) {
        return m->type == MEMBER_UINT || m->type == MEMBER_INT || m->type == MEMBER_TIME;
}

int members_format(const struct member *members, const void *from, cJSON *object) {
        for (const struct member *m = members; m->name; m++) {
                bool zero_counts = is_number(m) && (m->flags & MEMBER_REQUIRED);
                cJSON *item;

                if (!is_empty(m, from) || (zero_counts && !(m->flags & MEMBER_NULLABLE)))
                        item = item_of(m, from);
                else if (m->flags & MEMBER_NULLABLE)
                        item = cJSON_CreateNull();
                else
                        continue;
                if (!item)
                        return -ENOMEM;
                if (!cJSON_AddItemToObjectCS(object, m->name, item)) {
                        cJSON_Delete(item);
                        return -ENOMEM;
                }
        }
        return 0;
}

static bool parse_text(const char *text, bool word, char *to, size_t size) {
        if (word && *text && !text_is_word(text, size - 1, WORD_ALSO))
                return false;
        for (const char *p = text; *p; p++)
                if (*p < 0x20 || *p > 0x7e)
                        return false;
        return text_copy(to, size, text);
}

/* A whole number within its type's range; a double holds all of them exactly. */
static bool parse_integer(const cJSON *item, int64_t min, int64_t max, int64_t *ret) {
        double value = item->valuedouble;

        if (!cJSON_IsNumber(item) || !(value >= (double)min && value <= (double)max))
                return false;
        if ((double)(int64_t)value != value)
                return false;
        *ret = (int64_t)value;
        return true;
}

static bool parse_number(const struct member *m, const cJSON *item, void *to) {
        int64_t value, max = m->type == MEMBER_TIME ? TIME_SEC_MAX : m->max;
        unsigned u;
        int i;

        if (!parse_integer(item, m->type == MEMBER_INT ? -max : 0, max, &value))
                return false;
        u = (unsigned)value;
        i = (int)value;
        if (m->type == MEMBER_TIME)
                memcpy(to, &value, sizeof(value));
        else if (m->type == MEMBER_INT)
                memcpy(to, &i, sizeof(i));
        else
                memcpy(to, &u, sizeof(u));
        return true;
}

static bool parse_string(const struct member *m, const char *text, void *to) {
        in_addr_t address;
        int64_t seconds;

        if (m->type == MEMBER_IPV4) {
                if (!ipv4_parse(text, &address))
                        return false;
                memcpy(to, &address, sizeof(address));
                return true;
        }
        if (m->type == MEMBER_DATE) {
                if (!time_parse(text, &seconds) || seconds < 0 || seconds > TIME_SEC_MAX)
                        return false;
                memcpy(to, &seconds, sizeof(seconds));
                return true;
        }
        if (m->type != MEMBER_NAME)
                return parse_text(text, m->type == MEMBER_WORD, to, m->size);
        for (unsigned i = 0; i < m->n_names; i++)
                if (m->names[i] && strcmp(m->names[i], text) == 0) {
                        memcpy(to, &i, sizeof(i));
                        return true;
                }
        return false;
}

static bool parse_list(const struct member *m, const cJSON *list, void *base, char *to) {
        unsigned n = 0, most = (unsigned)(m->size / m->width);
        const cJSON *item;

        if (!cJSON_IsArray(list))
                return false;
        cJSON_ArrayForEach(item, list) {
                struct member one = {.type = m->type == MEMBER_IPV4S ? MEMBER_IPV4 : MEMBER_WORD,
                                     .size = m->width};

                if (n == most || !cJSON_IsString(item) || !*item->valuestring)
                        return false;
                if (!parse_string(&one, item->valuestring, to + n * m->width))
                        return false;
                n++;
        }
        memcpy((char *)base + m->offset_count, &n, sizeof(n));
        return true;
}

static bool parse_member(const struct member *m, const cJSON *item, void *base) {
        void *to = (char *)base + m->offset;
        bool yes;

        switch (m->type) {
        case MEMBER_TEXT:
        case MEMBER_WORD:
        case MEMBER_IPV4:
        case MEMBER_DATE:
        case MEMBER_NAME:
                return cJSON_IsString(item) && parse_string(m, item->valuestring, to);
        case MEMBER_UINT:
        case MEMBER_INT:
        case MEMBER_TIME:
                return parse_number(m, item, to);
        case MEMBER_BOOL:
                if (!cJSON_IsBool(item))
                        return false;
                yes = cJSON_IsTrue(item);
                memcpy(to, &yes, sizeof(yes));
                return true;
        case MEMBER_IPV4S:
        case MEMBER_WORDS:
                return parse_list(m, item, base, to);
        case MEMBER_OBJECT:
                return members_parse(m->members, item, to) == 0;
        }
        return false;
}

/* A text that must be there must also say something: "" is how a missing one is written. */
static bool is_hollow(const struct member *m, const void *base) {
        bool is_text = m->type == MEMBER_TEXT || m->type == MEMBER_WORD;

        return is_text && (m->flags & MEMBER_REQUIRED) && is_empty(m, base);
}

int members_parse(const struct member *members, const cJSON *object, void *to) {
        if (!cJSON_IsObject(object))
                return -EBADMSG;
        for (const struct member *m = members; m->name; m++) {
                const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, m->name);

                if (!item && !(m->flags & MEMBER_REQUIRED))
                        continue;
                if (item && cJSON_IsNull(item) && (m->flags & MEMBER_NULLABLE))
                        continue;
                if (!item || !parse_member(m, item, to) || is_hollow(m, to))
                        return -EBADMSG;
        }
        return 0;
}

/* cJSON would turn \u0000 into the end of the string and hand over a text that looks whole. */
static bool has_nul(const char *text, size_t len) {
        static const char escaped[] = {'u', '0', '0', '0', '0'};

        if (memchr(text, '\0', len))
                return true;
        for (size_t i = 0; i + sizeof(escaped) < len; i++) {
                if (text[i] != '\\')
                        continue;
                i++;
                if (memcmp(text + i, escaped, sizeof(escaped)) == 0)
                        return true;
        }
        return false;
}

cJSON *members_parse_object(const char *text, size_t len) {
        _cleanup_cjson_ cJSON *object = NULL;
        const char *end = NULL;

        if (len == 0 || has_nul(text, len))
                return NULL;
        object = cJSON_ParseWithLengthOpts(text, len, &end, false);
        if (!object || !cJSON_IsObject(object))
                return NULL;
        for (; end < text + len; end++)
                if (!strchr(" \t\r\n", *end))
                        return NULL;
        return TAKE_PTR(object);
}

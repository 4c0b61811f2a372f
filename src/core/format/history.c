/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of this boot and the last change of the address: struct <-> text. */
#include <ecs-pubip/history.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/format/members.h"
#include "core/format/status_names.h"
#include "util/buf.h"

/* clang-format off */
#define E(member) MEMBER_AT(struct history_entry, member)
static const struct member entry_members[] = {
        {"at", MEMBER_DATE, MEMBER_REQUIRED, E(at)},
        {"uptime", MEMBER_UINT, MEMBER_REQUIRED, E(uptime), .max = UINT32_MAX},
        {"phase", MEMBER_NAME, MEMBER_REQUIRED, E(phase), MEMBER_NAMES(phase_names)},
        {"public_ip", MEMBER_IPV4, MEMBER_NULLABLE, E(public_ip)},
        {"code", MEMBER_TEXT, MEMBER_NULLABLE, E(code)},
        {},
};

#define C(member) MEMBER_AT(struct history_change, member)
static const struct member change_members[] = {
        {"instance_id", MEMBER_WORD, MEMBER_REQUIRED, C(instance_id)},
        {"public_ip", MEMBER_IPV4, MEMBER_NULLABLE, C(address)},
        {"previous_ip", MEMBER_IPV4, MEMBER_NULLABLE, C(previous)},
        {"changed_at", MEMBER_DATE, MEMBER_NULLABLE, C(at)},
        {"change", MEMBER_NAME, MEMBER_NULLABLE, C(how), MEMBER_NAMES(change_names)},
        {},
};
/* clang-format on */

void history_add(struct history *h, const struct history_entry *e) {
        if (h->n == HISTORY_ENTRIES) {
                h->n--;
                memmove(h->entries, h->entries + 1, h->n * sizeof(h->entries[0]));
        }
        h->entries[h->n++] = *e;
}

static int line_format(const struct member *members, const void *from, struct buf *out) {
        _cleanup_cjson_ cJSON *object = cJSON_CreateObject();
        _cleanup_free_ char *json = NULL;

        if (!object || members_format(members, from, object) < 0)
                return -ENOMEM;
        json = cJSON_PrintUnformatted(object);
        if (!json)
                return -ENOMEM;
        buf_printf(out, "%s\n", json);
        return out->error;
}

static int line_parse(const struct member *members, const char *text, size_t len, void *ret) {
        _cleanup_cjson_ cJSON *object = members_parse_object(text, len);

        return object ? members_parse(members, object, ret) : -EBADMSG;
}

int history_format(const struct history *h, char **ret) {
        _cleanup_buf_ struct buf text = BUF(HISTORY_TEXT_MAX);

        buf_puts(&text, "");
        for (unsigned i = 0; i < h->n; i++)
                if (line_format(entry_members, &h->entries[i], &text) < 0)
                        return -ENOMEM;
        if (text.error < 0 || !text.data)
                return -ENOMEM;
        *ret = TAKE_PTR(text.data);
        return 0;
}

int history_parse(const char *text, size_t len, struct history *ret) {
        _cleanup_free_ struct history *h = calloc(1, sizeof(*h));
        const char *end = text + len;

        if (!h)
                return -ENOMEM;
        while (text < end) {
                const char *newline = memchr(text, '\n', (size_t)(end - text));
                struct history_entry e = {};

                if (!newline || h->n == HISTORY_ENTRIES ||
                    line_parse(entry_members, text, (size_t)(newline - text), &e) < 0)
                        return -EBADMSG;
                history_add(h, &e);
                text = newline + 1;
        }
        *ret = *h;
        return 0;
}

int history_change_format(const struct history_change *c, char **ret) {
        _cleanup_buf_ struct buf text = BUF(CHANGE_TEXT_MAX);

        if (line_format(change_members, c, &text) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text.data);
        return 0;
}

int history_change_parse(const char *text, size_t len, struct history_change *ret) {
        struct history_change c = {};
        int r;

        if (len > CHANGE_TEXT_MAX)
                return -EBADMSG;
        r = line_parse(change_members, text, len, &c);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

bool history_change_note(struct history_change *c, in_addr_t address, enum address_change how,
                         int64_t now) {
        if (c->address == address)
                return false;
        if (c->address != 0)
                c->previous = c->address;
        else if (c->previous == address)
                c->previous = 0; /* it came back */
        c->address = address;
        c->how = how;
        c->at = now;
        return true;
}

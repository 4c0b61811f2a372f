/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/reply.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <ecs-pubip/config.h>

#include "core/api/envelope.h"
#include "core/api/tree.h"
#include "util/text.h"

/* AllocatePublicIpAddress and calls that answer with a RequestId and little else */

int reply_parse_allocate(const char *text, size_t len, in_addr_t *ret,
                         char request_id[static REQUEST_ID_SIZE]) {
        static const struct field row = {
                .path = "IpAddress", .put = field_public_ipv4, .size = sizeof(in_addr_t)};
        in_addr_t address = 0;
        struct reply_rows r = {.top_rows = &row, .n_top_rows = 1, .top = &address};
        int k = envelope_read(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (address == 0)
                return -EBADMSG;
        *ret = address;
        return 0;
}

int reply_parse_done(const char *text, size_t len, char request_id[static REQUEST_ID_SIZE]) {
        struct reply_rows r = {};
        int k = envelope_read(&r, text, len, request_id);

        if (k < 0)
                return k;
        return r.envelope.request_id[0] ? 0 : -EBADMSG;
}

/* AllocateEipAddress, DescribeEipAddresses */

static bool put_eip_status(void *field, size_t size, const char *value) {
        static const struct {
                const char *name;
                enum eip_status status;
        } names[] = {
                {"Available", EIP_AVAILABLE},
                {"Associating", EIP_ASSOCIATING},
                {"InUse", EIP_IN_USE},
                {"Unassociating", EIP_UNASSOCIATING},
        };
        enum eip_status *status = field;

        (void)size;
        if (!*value)
                return false; /* of an address without a status nobody knows whether it is free */
        for (size_t i = 0; i < N_ROWS(names); i++) {
                if (strcasecmp(names[i].name, value) == 0)
                        *status = names[i].status;
        }
        return true;
}

/* MULTI_BINDED shows the address on the NIC as BINDED does; NAT keeps it at the gateway. */
static bool put_eip_mode(void *field, size_t size, const char *value) {
        enum eip_mode *mode = field;

        (void)size;
        if (*value)
                *mode = strcasecmp(value, "BINDED") == 0 || strcasecmp(value, "MULTI_BINDED") == 0
                                ? EIP_CUT_THROUGH
                                : EIP_NAT;
        return true;
}

static bool put_eip_locked(void *field, size_t size, const char *value) {
        bool *locked = field;

        (void)size;
        if (*value)
                *locked = true;
        return true;
}

static bool put_eip_business(void *field, size_t size, const char *value) {
        return strcasecmp(value, "Normal") == 0 || put_eip_locked(field, size, value);
}

/* One element of the list, and the tag of it at hand. */
struct eip_item {
        struct eip eip;
        char key[CONFIG_TAG_SIZE], value[CONFIG_TAG_SIZE];
        char name[EIP_NAME_SIZE];
};

/* Source: reply of DescribeEipAddresses (ecs-api 4.5). */
static const struct field eip_rows[] = {
        FIELD("AllocationId", field_word, struct eip, allocation_id),
        FIELD("IpAddress", field_public_ipv4, struct eip, address),
        FIELD("Status", put_eip_status, struct eip, status),
        FIELD("Mode", put_eip_mode, struct eip, mode),
        FIELD("InstanceId", field_word, struct eip, bound_to),
        FIELD("BusinessStatus", put_eip_business, struct eip, locked),
        FIELD("OperationLocks/LockReason/LockReason", put_eip_locked, struct eip, locked),
        FIELD("AllocationTime", field_time, struct eip, allocated),
        FIELD("Name", field_text, struct eip_item, name),
        FIELD("Tags/Tag/Key", field_text, struct eip_item, key),
        FIELD("Tags/Tag/Value", field_text, struct eip_item, value),
};

#define SEEN_STATUS 1u
static const struct mark eip_marks[] = {{"Status", SEEN_STATUS, TREE_TEXT | TREE_LEAF, 0}};

struct eip_list {
        struct eip_item item;
        const struct eip_filter *filter;
        struct eip *list;
        size_t n, max;
        bool odd; /* an element is not understood */
};

/* A key without a value is a tag, too; one that was cut is longer than any of the configuration. */
static bool is_tag(const struct eip_item *i, const char *tag) {
        size_t n = strcspn(tag, "=");

        return i->key[0] && strlen(i->key) == n && memcmp(i->key, tag, n) == 0 && tag[n] == '=' &&
               strcmp(tag + n + 1, i->value) == 0;
}

/* Before each tag and after the last one: the pair that was read is whole. */
static void on_eip_tag(struct reply_rows *r) {
        struct eip_list *l = r->userdata;

        l->item.eip.tagged |= is_tag(&l->item, l->filter->tag);
        l->item.key[0] = l->item.value[0] = '\0';
}

static bool on_eip_begin(struct reply_rows *r) {
        struct eip_list *l = r->userdata;

        l->item = (struct eip_item){};
        return true;
}

static bool on_eip_end(struct reply_rows *r) {
        struct eip_list *l = r->userdata;

        /* An empty object where the sample shows a list without members. */
        if (!r->has_members)
                return true;
        if (!l->item.eip.allocation_id[0] || r->malformed || !envelope_seen(r)) {
                l->odd = true;
                return true;
        }
        on_eip_tag(r);
        l->item.eip.named = l->item.name[0] && strcmp(l->item.name, l->filter->name) == 0;
        if (l->n < l->max)
                l->list[l->n++] = l->item.eip;
        return true;
}

int reply_parse_eips(const char *text, size_t len, const struct eip_filter *filter, struct eip *ret,
                     size_t max, size_t *ret_n, bool *ret_odd,
                     char request_id[static REQUEST_ID_SIZE]) {
        struct eip_list list = {.filter = filter, .list = ret, .max = max};
        struct reply_rows r = {
                .list = "EipAddresses",
                .element = "EipAddresses/EipAddress",
                .rows = eip_rows,
                .n_rows = N_ROWS(eip_rows),
                .item = &list.item,
                .marks = eip_marks,
                .n_marks = N_ROWS(eip_marks),
                .on_begin = on_eip_begin,
                .on_end = on_eip_end,
                .part = "Tags/Tag",
                .on_part = on_eip_tag,
                .userdata = &list,
        };
        int k = envelope_read(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (!envelope_has_list(&r) && list.n == 0)
                return -EBADMSG;
        *ret_n = list.n;
        *ret_odd = list.odd || !envelope_has_list(&r);
        return 0;
}

int reply_parse_eip_allocate(const char *text, size_t len, struct eip *ret,
                             char request_id[static REQUEST_ID_SIZE]) {
        static const struct field rows[] = {
                FIELD("AllocationId", field_word, struct eip, allocation_id),
                FIELD("EipAddress", field_public_ipv4, struct eip, address),
        };
        struct eip eip = {.status = EIP_AVAILABLE};
        struct reply_rows r = {.top_rows = rows, .n_top_rows = N_ROWS(rows), .top = &eip};
        int k = envelope_read(&r, text, len, request_id);

        if (k < 0)
                return k;
        /* The id is the purchase: its address can be looked up. */
        if (!eip.allocation_id[0])
                return -EBADMSG;
        *ret = eip;
        return 0;
}

/* Error envelopes */

int reply_parse_error(const char *text, size_t len, struct fault *ret) {
        struct reply_rows r = {};
        int k = envelope_walk(&r, text, len);
        size_t n;

        if (k < 0)
                return k;
        if (!r.envelope.code[0])
                return -EBADMSG;
        TEXT_SET(ret->code, r.envelope.code);
        TEXT_SET(ret->message, r.envelope.message);
        TEXT_SET(ret->request_id, r.envelope.request_id);
        n = strlen(ret->message);
        if (r.envelope.action[0] && strlen(r.envelope.action) + 12 < sizeof(ret->message) - n) {
                text_copy(ret->message + n, sizeof(ret->message) - n, " (action: ");
                n += strlen(" (action: ");
                text_copy(ret->message + n, sizeof(ret->message) - n, r.envelope.action);
                n += strlen(r.envelope.action);
                text_copy(ret->message + n, sizeof(ret->message) - n, ")");
        }
        return 0;
}

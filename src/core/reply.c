/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/reply.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/field.h"
#include "core/tree.h"
#include "util/text.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The members that every reply and every error envelope has at its top. */
struct envelope {
        char code[FAULT_CODE_SIZE];
        char message[FAULT_MESSAGE_SIZE];
        char request_id[REQUEST_ID_SIZE];
        char action[FAULT_CODE_SIZE]; /* AccessDeniedDetail: which permission is missing */
};

static const struct field envelope_rows[] = {
        FIELD("Code", field_text, struct envelope, code),
        FIELD("Message", field_text, struct envelope, message),
        FIELD("RequestId", field_text, struct envelope, request_id),
        FIELD("AccessDeniedDetail/AuthAction", field_text, struct envelope, action),
};

/* A member that must have been there, if only empty: what is not shown is not "none". */
struct mark {
        const char *path; /* below the element */
        unsigned bit;
};

/* One reading: rows for the top, and for the elements of one list. */
struct reading {
        struct envelope envelope;
        bool has_list;
        const struct field *top_rows; /* beside those of the envelope; may be NULL */
        size_t n_top_rows;
        void *top;
        const char *list, *element; /* "Instances", "Instances/Instance"; NULL: no list */
        const struct field *rows;
        size_t n_rows;
        void *item;
        const struct mark *marks;
        size_t n_marks;
        unsigned seen; /* bits of marks in the element at hand */
        bool (*on_begin)(struct reading *r);
        bool (*on_end)(struct reading *r);
        void *userdata;
        char wrapper[64]; /* some samples wrap the whole reply once more */
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
static const char *unwrap(struct reading *r, const char *path) {
        const char *rest = r->wrapper[0] ? below(path, r->wrapper) : NULL;

        return rest ? rest : path;
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcasecmp(text + n - m, end) == 0;
}

static bool on_enter(void *userdata, const char *whole_path) {
        struct reading *r = userdata;
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
        struct reading *r = userdata;
        const char *path = unwrap(r, whole_path);

        return !r->list || strcasecmp(path, r->element) != 0 || r->on_end(r);
}

static bool on_value(void *userdata, const char *whole_path, const char *value) {
        struct reading *r = userdata;
        const char *path = unwrap(r, whole_path);
        const char *inner = r->list ? below(path, r->element) : NULL;

        if (inner && *inner)
                return field_put(r->rows, r->n_rows, r->item, inner, value);
        if (!field_put(envelope_rows, N_ROWS(envelope_rows), &r->envelope, path, value))
                return false;
        return !r->top_rows || field_put(r->top_rows, r->n_top_rows, r->top, path, value);
}

static int walk(struct reading *r, const char *text, size_t len) {
        const struct tree_visitor visitor = {
                .enter = on_enter, .leave = on_leave, .value = on_value, .userdata = r};

        return tree_walk(text, len, &visitor);
}

/* An envelope with a Code is an error, whatever its HTTP status was. */
static int read_reply(struct reading *r, const char *text, size_t len, char *request_id) {
        int k = walk(r, text, len);

        if (k < 0)
                return k;
        if (r->envelope.code[0])
                return -EBADMSG;
        if (request_id && r->envelope.request_id[0])
                text_copy(request_id, REQUEST_ID_SIZE, r->envelope.request_id);
        return 0;
}

/* DescribeInstances */

/* Private addresses and MACs only bear witness: a malformed one is left out, not the reply. */
static bool put_private_ip(void *field, size_t size, const char *value) {
        struct instance *i = field;
        in_addr_t address;

        (void)size;
        if (i->n_private == INSTANCE_ADDRS || !ipv4_parse(value, &address))
                return true;
        for (unsigned k = 0; k < i->n_private; k++) {
                if (i->private_ips[k] == address)
                        return true;
        }
        i->private_ips[i->n_private++] = address;
        return true;
}

static bool put_mac(void *field, size_t size, const char *value) {
        struct instance *i = field;

        (void)size;
        if (i->n_macs < INSTANCE_ADDRS && field_is_mac(value)) {
                field_mac(i->macs[i->n_macs], MAC_SIZE, value);
                i->n_macs++;
        }
        return true;
}

/* Lock reasons come in either case; all of them count, so a cut list would still be one. */
static bool put_lock(void *field, size_t size, const char *value) {
        char *locks = field;
        size_t n = strlen(locks);

        if (!*value)
                return true;
        if (n > 0 && n + 2 < size) {
                text_copy(locks + n, size - n, ", ");
                n += 2;
        }
        text_copy_printable(locks + n, size - n, value);
        for (char *p = locks + n; *p; p++) {
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        }
        return true;
}

static bool put_charge(void *field, size_t size, const char *value) {
        enum charge *charge = field;

        (void)size;
        if (strcasecmp(value, "PrePaid") == 0)
                *charge = CHARGE_PREPAID;
        else if (strcasecmp(value, "PostPaid") == 0)
                *charge = CHARGE_POSTPAID;
        return true;
}

#define NIC "NetworkInterfaces/NetworkInterface/"
#define WHOLE(path_, put_)                                                                         \
        { .path = (path_), .put = (put_), .offset = 0, .size = sizeof(struct instance) }

/* Source: reply of DescribeInstances (ecs-api 4.2). */
static const struct field instance_rows[] = {
        FIELD("InstanceId", field_text, struct instance, instance_id),
        FIELD("Status", field_text, struct instance, status),
        FIELD("InstanceNetworkType", field_network, struct instance, network),
        FIELD("PublicIpAddress/IpAddress", field_ipv4, struct instance, public_ip),
        FIELD("EipAddress/IpAddress", field_ipv4, struct instance, eip),
        FIELD("EipAddress/AllocationId", field_word, struct instance, eip_id),
        FIELD("OperationLocks/LockReason/LockReason", put_lock, struct instance, locks),
        FIELD("InternetMaxBandwidthOut", field_int, struct instance, bandwidth_out),
        FIELD("InstanceChargeType", put_charge, struct instance, charge),
        FIELD("ExpiredTime", field_time, struct instance, expires),
        WHOLE("InnerIpAddress/IpAddress", put_private_ip),
        WHOLE("VpcAttributes/PrivateIpAddress/IpAddress", put_private_ip),
        WHOLE(NIC "PrimaryIpAddress", put_private_ip),
        WHOLE(NIC "PrivateIpSets/PrivateIpSet/PrivateIpAddress", put_private_ip),
        WHOLE(NIC "MacAddress", put_mac),
};

enum { SEEN_PUBLIC_IP = 1 << 0, SEEN_EIP = 1 << 1, SEEN_BANDWIDTH = 1 << 2 };

static const struct mark instance_marks[] = {
        {"PublicIpAddress", SEEN_PUBLIC_IP},
        {"EipAddress", SEEN_EIP},
        {"InternetMaxBandwidthOut", SEEN_BANDWIDTH},
};

struct instance_search {
        const char *instance_id;
        struct instance item, ours;
        bool found;
        unsigned seen; /* marks of ours */
};

static bool on_instance_begin(struct reading *r) {
        struct instance_search *s = r->userdata;

        s->item = (struct instance){};
        return true;
}

static bool on_instance_end(struct reading *r) {
        struct instance_search *s = r->userdata;

        if (strcmp(s->item.instance_id, s->instance_id) == 0) {
                s->ours = s->item;
                s->found = true;
                s->seen = r->seen;
        }
        return true;
}

/* Laws L6 and L10: no address only from fields that are there and empty, no bandwidth from a 0. */
static bool instance_is_whole(const struct instance *i, unsigned seen) {
        bool shows_one = i->public_ip != 0 || i->eip != 0;
        unsigned both = SEEN_PUBLIC_IP | SEEN_EIP;

        return i->status[0] && (seen & SEEN_BANDWIDTH) && (shows_one || (seen & both) == both);
}

int reply_parse_instance(const char *text, size_t len, const char *instance_id,
                         struct instance *ret, char request_id[static REQUEST_ID_SIZE]) {
        struct instance_search search = {.instance_id = instance_id};
        struct reading r = {
                .list = "Instances",
                .element = "Instances/Instance",
                .rows = instance_rows,
                .n_rows = N_ROWS(instance_rows),
                .item = &search.item,
                .marks = instance_marks,
                .n_marks = N_ROWS(instance_marks),
                .on_begin = on_instance_begin,
                .on_end = on_instance_end,
                .userdata = &search,
        };
        int k = read_reply(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (!r.has_list)
                return -EBADMSG;
        if (!search.found)
                return -ENOENT;
        if (!instance_is_whole(&search.ours, search.seen))
                return -EBADMSG;
        *ret = search.ours;
        return 0;
}

/* AllocatePublicIpAddress and calls that answer with a RequestId and little else */

int reply_parse_allocate(const char *text, size_t len, in_addr_t *ret,
                         char request_id[static REQUEST_ID_SIZE]) {
        static const struct field row = {
                .path = "IpAddress", .put = field_ipv4, .size = sizeof(in_addr_t)};
        in_addr_t address = 0;
        struct reading r = {.top_rows = &row, .n_top_rows = 1, .top = &address};
        int k = read_reply(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (address == 0)
                return -EBADMSG;
        *ret = address;
        return 0;
}

int reply_parse_done(const char *text, size_t len, char request_id[static REQUEST_ID_SIZE]) {
        struct reading r = {};
        int k = read_reply(&r, text, len, request_id);

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
        for (size_t i = 0; i < N_ROWS(names); i++) {
                if (strcasecmp(names[i].name, value) == 0)
                        *status = names[i].status;
        }
        return true;
}

/* MULTI_BINDED shows the address on the NIC as BINDED does; NAT and "" keep it at the gateway. */
static bool put_eip_mode(void *field, size_t size, const char *value) {
        enum eip_mode *mode = field;

        (void)size;
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

/* Source: reply of DescribeEipAddresses (ecs-api 4.5). */
static const struct field eip_rows[] = {
        FIELD("AllocationId", field_word, struct eip, allocation_id),
        FIELD("IpAddress", field_ipv4, struct eip, address),
        FIELD("Status", put_eip_status, struct eip, status),
        FIELD("Mode", put_eip_mode, struct eip, mode),
        FIELD("InstanceId", field_word, struct eip, bound_to),
        FIELD("BusinessStatus", put_eip_business, struct eip, locked),
        FIELD("OperationLocks/LockReason/LockReason", put_eip_locked, struct eip, locked),
};

struct eip_list {
        struct eip item;
        struct eip *list;
        size_t n, max;
};

static bool on_eip_begin(struct reading *r) {
        struct eip_list *l = r->userdata;

        l->item = (struct eip){};
        return true;
}

static bool on_eip_end(struct reading *r) {
        struct eip_list *l = r->userdata;

        /* An empty object where the sample shows a list without members. */
        if (!l->item.allocation_id[0] && l->item.address == 0)
                return true;
        if (!l->item.allocation_id[0] || l->item.address == 0)
                return false;
        if (l->n < l->max)
                l->list[l->n++] = l->item;
        return true;
}

int reply_parse_eips(const char *text, size_t len, struct eip *ret, size_t max, size_t *ret_n,
                     char request_id[static REQUEST_ID_SIZE]) {
        struct eip_list list = {.list = ret, .max = max};
        struct reading r = {
                .list = "EipAddresses",
                .element = "EipAddresses/EipAddress",
                .rows = eip_rows,
                .n_rows = N_ROWS(eip_rows),
                .item = &list.item,
                .on_begin = on_eip_begin,
                .on_end = on_eip_end,
                .userdata = &list,
        };
        int k = read_reply(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (!r.has_list)
                return -EBADMSG;
        *ret_n = list.n;
        return 0;
}

int reply_parse_eip_allocate(const char *text, size_t len, struct eip *ret,
                             char request_id[static REQUEST_ID_SIZE]) {
        static const struct field rows[] = {
                FIELD("AllocationId", field_word, struct eip, allocation_id),
                FIELD("EipAddress", field_ipv4, struct eip, address),
        };
        struct eip eip = {.status = EIP_AVAILABLE};
        struct reading r = {.top_rows = rows, .n_top_rows = N_ROWS(rows), .top = &eip};
        int k = read_reply(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (!eip.allocation_id[0] || eip.address == 0)
                return -EBADMSG;
        *ret = eip;
        return 0;
}

/* Error envelopes */

int reply_parse_error(const char *text, size_t len, struct fault *ret) {
        struct reading r = {};
        int k = walk(&r, text, len);
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

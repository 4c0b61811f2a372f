/* SPDX-License-Identifier: Apache-2.0 */
/* The reply of DescribeInstances (ecs-api 4.2). */
#include <ecs-pubip/reply.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/api/envelope.h"
#include "core/api/tree.h"
#include "util/ipv4.h"
#include "util/text.h"

/* One element of the list. */
struct item {
        struct instance instance;
        bool odd; /* a public address that is none is shown, or a bandwidth that is none */
};

static bool put_public_ip(void *field, size_t size, const char *value) {
        struct item *i = field;

        i->odd |= !field_public_ipv4(&i->instance.public_ip, size, value);
        return true;
}

static bool put_eip(void *field, size_t size, const char *value) {
        struct item *i = field;

        i->odd |= !field_public_ipv4(&i->instance.eip, size, value);
        return true;
}

/* -1 is how the API says that it does not know. */
static bool put_bandwidth(void *field, size_t size, const char *value) {
        struct item *i = field;
        uint64_t number;

        (void)size;
        if (text_to_u64(value, BANDWIDTH_MAX, &number))
                i->instance.bandwidth_out = (int)number;
        else
                i->odd |= strcmp(value, "-1") != 0;
        return true;
}

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

/* The first one is the primary one: of other network interfaces a container may have one. */
static bool put_primary_ip(void *field, size_t size, const char *value) {
        struct instance *i = field;
        in_addr_t address;

        if (!ipv4_parse(value, &address))
                return true;
        put_private_ip(field, size, value);
        for (unsigned k = 1; k < i->n_private; k++) {
                if (i->private_ips[k] == address) {
                        i->private_ips[k] = i->private_ips[0];
                        i->private_ips[0] = address;
                }
        }
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

/* An object stands there; a text in its place is no address and no absence of one (law L6). */
static bool put_nothing(void *field, size_t size, const char *value) {
        (void)field, (void)size;
        return !*value;
}

#define NIC "NetworkInterfaces/NetworkInterface/"
#define WHOLE(path_, put_)                                                                         \
        { .path = (path_), .put = (put_), .offset = 0, .size = sizeof(struct instance) }

static const struct field instance_rows[] = {
        FIELD("InstanceId", field_text, struct instance, instance_id),
        FIELD("Status", field_text, struct instance, status),
        FIELD("InstanceNetworkType", field_network, struct instance, network),
        WHOLE("PublicIpAddress", put_nothing),
        WHOLE("EipAddress", put_nothing),
        WHOLE("PublicIpAddress/IpAddress", put_public_ip),
        WHOLE("EipAddress/IpAddress", put_eip),
        FIELD("EipAddress/AllocationId", field_word, struct instance, eip_id),
        FIELD("OperationLocks/LockReason/LockReason", put_lock, struct instance, locks),
        WHOLE("InternetMaxBandwidthOut", put_bandwidth),
        FIELD("InstanceChargeType", put_charge, struct instance, charge),
        FIELD("ExpiredTime", field_time, struct instance, expires),
        WHOLE("InnerIpAddress/IpAddress", put_private_ip),
        WHOLE("VpcAttributes/PrivateIpAddress/IpAddress", put_primary_ip),
        WHOLE(NIC "PrimaryIpAddress", put_private_ip),
        WHOLE(NIC "PrivateIpSets/PrivateIpSet/PrivateIpAddress", put_private_ip),
        WHOLE(NIC "MacAddress", put_mac),
};

enum { SEEN_PUBLIC_IP = 1 << 0, SEEN_EIP = 1 << 1, SEEN_BANDWIDTH = 1 << 2 };

/* Without an address: no member at all, or the one for the address, and that empty. */
static const struct mark instance_marks[] = {
        {"PublicIpAddress", SEEN_PUBLIC_IP, TREE_EMPTY | TREE_LEAF, TREE_OBJECT | TREE_BRANCH},
        {"PublicIpAddress/IpAddress", SEEN_PUBLIC_IP, TREE_LIST | TREE_LEAF, TREE_LISTED_TEXT},
        {"EipAddress", SEEN_EIP, TREE_EMPTY | TREE_LEAF, TREE_OBJECT | TREE_BRANCH},
        {"EipAddress/IpAddress", SEEN_EIP, TREE_TEXT | TREE_LEAF, 0},
        {"InternetMaxBandwidthOut", SEEN_BANDWIDTH, TREE_NUMBER | TREE_TEXT | TREE_LEAF, 0},
};

struct instance_search {
        const char *instance_id;
        struct item item, ours;
        unsigned n_ours;
        unsigned seen; /* marks of ours */
        bool malformed;
};

static bool on_instance_begin(struct reply_rows *r) {
        struct instance_search *s = r->userdata;

        s->item = (struct item){.instance = {.bandwidth_out = -1}};
        return true;
}

static bool on_instance_end(struct reply_rows *r) {
        struct instance_search *s = r->userdata;

        if (strcmp(s->item.instance.instance_id, s->instance_id) == 0) {
                s->ours = s->item;
                s->n_ours++;
                s->seen = envelope_seen(r);
                s->malformed = r->malformed;
        }
        return true;
}

/* Laws L6 and L10: no address only from fields that are there and empty, no bandwidth from a 0.
 * Listed twice, it is not known which of the two is now. */
static bool instance_is_whole(const struct instance_search *s) {
        const struct instance *i = &s->ours.instance;
        bool shows_one = i->public_ip != 0 || i->eip != 0;
        unsigned all = SEEN_PUBLIC_IP | SEEN_EIP | SEEN_BANDWIDTH;

        if (s->n_ours != 1 || s->malformed || !i->status[0])
                return false;
        return shows_one || (!s->ours.odd && (s->seen & all) == all);
}

int reply_parse_instance(const char *text, size_t len, const char *instance_id,
                         struct instance *ret, char request_id[static REQUEST_ID_SIZE]) {
        struct instance_search search = {.instance_id = instance_id};
        struct reply_rows r = {
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
        int k = envelope_read(&r, text, len, request_id);

        if (k < 0)
                return k;
        if (search.n_ours == 0)
                return envelope_has_list(&r) ? -ENOENT : -EBADMSG;
        if (!instance_is_whole(&search))
                return -EBADMSG;
        *ret = search.ours.instance;
        return 0;
}

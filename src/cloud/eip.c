/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on elastic addresses (ecs-api 4.5). */
#include "eip.h"

#include <openssl/rand.h>
#include <string.h>

#include <ecs-pubip/reply.h>

#include "cloud/call.h"
#include "core/api/names.h"
#include "util/cleanup.h"
#include "util/text.h"

#define PAGE_SIZE      100 /* the most that the API gives */
#define PAGE_SIZE_TEXT "100"
#define PAGES_MAX      50
#define NUMBER_SIZE    16
#define NICS_MAX       16
#define NIC_PATH       "meta-data/network/interfaces/macs/"
#define NIC_PATH_SIZE  128
#define LISTING_MAX    4096u

/* One page of DescribeEipAddresses. */
struct page {
        size_t n;
        bool odd; /* not all of it is understood */
        struct eip eips[PAGE_SIZE];
};

static void describe(struct session *s, enum product product, struct api_call *ret) {
        *ret = (struct api_call){.action = "DescribeEipAddresses", .eip = true, .product = product};
        call_add(ret, "RegionId", s->identity.region_id);
        call_add(ret, "PageSize", PAGE_SIZE_TEXT);
}

/* What a purchase of ours is called, so that a lost one is found again (ecs-api 4.5). */
static void own_name(const struct session *s, char ret[static EIP_NAME_SIZE]) {
        _cleanup_buf_ struct buf name = BUF(EIP_NAME_SIZE - 1);

        buf_printf(&name, EIP_NAME_PREFIX "%s", s->identity.instance_id);
        text_copy(ret, EIP_NAME_SIZE, buf_text(&name));
}

static bool read_page(struct session *s, const struct api_call *call, struct page *page,
                      struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        char name[EIP_NAME_SIZE];
        struct eip_filter filter = {.tag = s->config.eip_tag, .name = name};

        own_name(s, name);
        page->n = 0;
        if (!call_run(s, call, &reply, &ret->fault))
                return false;
        if (reply_parse_eips(buf_text(&reply.body), reply.body.len, &filter, page->eips, PAGE_SIZE,
                             &page->n, &page->odd, ret->request_id) < 0)
                return call_garbled(&reply, &ret->fault);
        return true;
}

/* The interface id that metadata shows for one MAC; "" when it shows none. */
static bool shows_nic(struct session *s, const char *mac, const char *interface_id) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        _cleanup_buf_ struct buf path = BUF(NIC_PATH_SIZE);
        struct fault ignored;
        size_t n = strlen(interface_id);

        buf_printf(&path, "%s%s/network-interface-id", NIC_PATH, mac);
        if (path.error || !metadata_get(&s->metadata, path.data, LISTING_MAX, &r, &ignored))
                return false;
        return strncmp(buf_text(&r.body), interface_id, n) == 0 &&
               strspn(buf_text(&r.body) + n, " \r\n") == strlen(buf_text(&r.body) + n);
}

/* An EIP in cut-through mode is bound to an interface: is that one of this machine? */
static bool find_our_nic(struct session *s, const char *interface_id) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        struct fault ignored;
        char *rest, *line;

        if (!metadata_get(&s->metadata, NIC_PATH, LISTING_MAX, &r, &ignored) || !r.body.data)
                return false;
        rest = r.body.data;
        for (unsigned i = 0; i < NICS_MAX && (line = strsep(&rest, "\r\n/")); i++) {
                if (text_is_word(line, MAC_SIZE - 1, ":") && shows_nic(s, line, interface_id))
                        return true;
        }
        return false;
}

/*
 * The ECS product does not tell the mode of an EIP. On a NIC of ours one in NAT mode could be
 * confirmed by no plane; as cut-through the kernel plane says whether it is there.
 */
static void place(struct session *s, struct eip *e) {
        e->bound_here = strcmp(e->bound_to, s->identity.instance_id) == 0;
        if (e->bound_here || strncmp(e->bound_to, "eni-", 4) != 0 || !find_our_nic(s, e->bound_to))
                return;
        e->bound_here = true;
        if (e->mode == EIP_MODE_UNKNOWN)
                e->mode = EIP_CUT_THROUGH;
}

/* What is looked for in a list: how well one fits; 0: not at all. */
typedef unsigned (*rank_fn)(const struct session *s, const struct eip *e, const char *key);

static unsigned rank_id(const struct session *s, const struct eip *e, const char *id) {
        (void)s;
        return strcmp(e->allocation_id, id) == 0;
}

static unsigned rank_bound(const struct session *s, const struct eip *e, const char *key) {
        (void)key;
        return strcmp(e->bound_to, s->identity.instance_id) == 0;
}

/* Of those with our name a free one, else one that is on its way here, else any: to be told of. */
enum { NAMED_ELSEWHERE = 1, NAMED_LOCKED, NAMED_HERE, NAMED_FREE };

static unsigned rank_named(const struct session *s, const struct eip *e, const char *key) {
        (void)key;
        if (!e->named)
                return 0;
        if (strcmp(e->bound_to, s->identity.instance_id) == 0)
                return NAMED_HERE;
        if (e->status != EIP_AVAILABLE)
                return NAMED_ELSEWHERE;
        return e->locked ? NAMED_LOCKED : NAMED_FREE;
}

/* For an audit: all that have our name, one after the other. */
static unsigned rank_next(const struct session *s, const struct eip *e, const char *after) {
        (void)s;
        return e->named && e->address && strcmp(e->allocation_id, after) > 0;
}

/* What does not show the tag is nobody's to take. */
static unsigned rank_free(const struct session *s, const struct eip *e, const char *key) {
        (void)s;
        (void)key;
        return e->tagged && e->status == EIP_AVAILABLE && !e->locked && e->address;
}

struct search {
        rank_fn rank;
        const char *key;
        bool draws; /* of those that fit alike: each with the same chance; else the lowest id */
        unsigned best, n_alike;
        bool untagged; /* the list has one without the tag */
};

static bool wins(struct search *search, const struct eip *e, const struct eip *best) {
        uint32_t dice = 0;

        search->n_alike++;
        if (!search->draws)
                return strcmp(e->allocation_id, best->allocation_id) < 0;
        return RAND_bytes((unsigned char *)&dice, sizeof(dice)) == 1 && dice % search->n_alike == 0;
}

static void consider(struct session *s, struct search *search, const struct eip *e,
                     struct eip *best) {
        unsigned rank = search->rank(s, e, search->key);

        search->untagged |= !e->tagged;
        if (rank < search->best || rank == 0 || (rank == search->best && !wins(search, e, best)))
                return;
        if (rank > search->best)
                search->n_alike = 1;
        search->best = rank;
        *best = *e;
}

/*
 * Over all pages; ret->eip.allocation_id stays "" where none fits. An element that is not
 * understood makes the list unknown: what is not among the others is not known to be absent (L6).
 */
static bool look_through(struct session *s, const struct api_call *call, struct search *search,
                         struct wire_answer *ret) {
        for (unsigned number = 1; number <= PAGES_MAX; number++) {
                _cleanup_buf_ struct buf text = BUF(NUMBER_SIZE);
                struct api_call one = *call;
                struct page page;

                buf_printf(&text, "%u", number);
                call_add(&one, "PageNumber", buf_text(&text));
                if (!read_page(s, &one, &page, ret))
                        return false;
                for (size_t i = 0; i < page.n; i++)
                        consider(s, search, &page.eips[i], &ret->eip);
                if (!search->best && (page.odd || number == PAGES_MAX)) {
                        ret->fault = fault_own(FAULT_NOT_API, "the list of EIPs is not understood");
                        return false;
                }
                if (page.n < PAGE_SIZE)
                        break;
        }
        if (search->best && !ret->eip.address) {
                ret->fault = fault_own(FAULT_EIP_SETTLING, ret->eip.allocation_id);
                return false;
        }
        place(s, &ret->eip);
        ret->eip.product = s->openapi.answered;
        return true;
}

/*
 * An empty list is what a policy may leave of one, and after it the EIP might be bought again: only
 * who may list knows that it is gone. The call of the ECS product has no dry run.
 */
static bool prove_listing(struct session *s, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call;

        if (s->openapi.answered != PRODUCT_VPC)
                return true;
        describe(s, PRODUCT_VPC, &call);
        call_add(&call, "DryRun", "true");
        if (call_run(s, &call, &reply, &ret->fault))
                return call_garbled(&reply, &ret->fault);
        return strcmp(ret->fault.code, DRY_RUN_OK) == 0;
}

/* By its id: there it is, or allocation_id stays "". */
static bool find_by_id(struct session *s, const char *allocation_id, struct wire_answer *ret) {
        struct search search = {.rank = rank_id, .key = allocation_id};
        struct api_call call;

        describe(s, PRODUCT_ANY, &call);
        call_add(&call, "AllocationId", allocation_id);
        return look_through(s, &call, &search, ret) && (search.best || prove_listing(s, ret));
}

static bool find_bound(struct session *s, struct wire_answer *ret) {
        struct search search = {.rank = rank_bound};
        struct api_call call;

        describe(s, PRODUCT_ANY, &call);
        call_add(&call, "AssociatedInstanceType", "EcsInstance");
        call_add(&call, "AssociatedInstanceId", s->identity.instance_id);
        return look_through(s, &call, &search, ret);
}

static bool find_named(struct session *s, struct search *search, struct wire_answer *ret) {
        char name[EIP_NAME_SIZE];
        struct api_call call;

        own_name(s, name);
        describe(s, PRODUCT_VPC, &call);
        call_add(&call, "EipName", name);
        return look_through(s, &call, search, ret);
}

/*
 * A fleet that reads the same list should not all take the same one, nor one that lost a race the
 * next that all others take. A list of what does not show the tag does not say that none is free,
 * which may be answered by buying one.
 */
static bool find_free(struct session *s, struct wire_answer *ret) {
        struct search search = {.rank = rank_free, .draws = true};
        char key[CONFIG_TAG_SIZE], *value;
        struct api_call call;

        TEXT_SET(key, s->config.eip_tag); /* "key=value" */
        value = strchr(key, '=');
        if (!value)
                return true;
        *value++ = '\0';
        describe(s, PRODUCT_VPC, &call); /* the ECS product has no Tag: it would list all */
        call_add(&call, "Status", "Available");
        call_add(&call, "Tag.1.Key", key);
        call_add(&call, "Tag.1.Value", value);
        if (!look_through(s, &call, &search, ret))
                return false;
        if (!search.best && search.untagged)
                ret->fault = fault_own(FAULT_NOT_API, "EIPs without the tag that was asked for");
        return search.best || !search.untagged;
}

/* Before one is bought: bound here, ours by its name and free, free with the tag; then ours, but
 * elsewhere, of which a person has to be told. */
static bool find_any(struct session *s, struct wire_answer *ret) {
        struct search search = {.rank = rank_named};
        struct eip named = {};

        if (!find_bound(s, ret))
                return false;
        if (ret->eip.allocation_id[0])
                return true;
        if (s->config.eip_allocate && ret->eip.product == PRODUCT_VPC) {
                if (!find_named(s, &search, ret))
                        return false;
                named = ret->eip;
        }
        if (search.best >= NAMED_HERE)
                return true;
        ret->eip = (struct eip){.product = ret->eip.product};
        if (!find_free(s, ret))
                return false;
        if (search.best && !ret->eip.allocation_id[0])
                ret->eip = named;
        return true;
}

bool eip_find(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        const char *id = q->allocation_id[0] ? q->allocation_id : s->config.eip_allocation_id;
        struct search next = {.rank = rank_next, .key = q->allocation_id};

        if (q->audit)
                return find_named(s, &next, ret);
        return id[0] ? find_by_id(s, id, ret) : find_any(s, ret);
}

bool eip_buy(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        _cleanup_buf_ struct buf bandwidth = BUF(NUMBER_SIZE);
        struct api_call call = {.action = "AllocateEipAddress",
                                .eip = true,
                                .product = q->order.product,
                                .changing = true};
        char name[EIP_NAME_SIZE];

        call_add(&call, "RegionId", s->identity.region_id);
        buf_printf(&bandwidth, "%u", q->order.bandwidth);
        if (q->order.bandwidth)
                call_add(&call, "Bandwidth", buf_text(&bandwidth));
        if (q->order.charge)
                call_add(&call, "InternetChargeType", eip_charge_names[q->order.charge]);
        if (q->order.isp[0])
                call_add(&call, "ISP", q->order.isp);
        own_name(s, name);
        if (q->order.product == PRODUCT_VPC)
                call_add(&call, "Name", name);
        call_add(&call, "ClientToken", q->client_token);
        if (!call_run(s, &call, &reply, &ret->fault))
                return false;
        if (reply_parse_eip_allocate(buf_text(&reply.body), reply.body.len, &ret->eip,
                                     ret->request_id) < 0)
                return call_garbled(&reply, &ret->fault);
        return true;
}

bool eip_associate(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        struct api_call call = {.action = "AssociateEipAddress", .eip = true, .changing = true};

        call_add(&call, "AllocationId", q->allocation_id);
        call_add(&call, "InstanceId", q->instance_id);
        call_add(&call, "InstanceType", "EcsInstance");
        call_add(&call, "RegionId", s->identity.region_id);
        call_add(&call, "ClientToken", q->client_token);
        return call_run_done(s, &call, ret);
}

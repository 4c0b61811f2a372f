/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on elastic addresses (ecs-api 4.5). */
#include "eip.h"

#include <string.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/reply.h>

#include "cloud/call.h"
#include "util/cleanup.h"
#include "util/text.h"

#define PAGE_SIZE      50
#define PAGE_SIZE_TEXT "50"
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

static void describe(struct session *s, struct api_call *ret) {
        *ret = (struct api_call){.action = "DescribeEipAddresses", .eip = true};
        call_add(ret, "RegionId", s->identity.region_id);
        call_add(ret, "PageSize", PAGE_SIZE_TEXT);
}

static bool read_page(struct session *s, const struct api_call *call, const char *tag,
                      struct page *page, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;

        page->n = 0;
        if (!call_run(s, call, &reply, &ret->fault))
                return false;
        if (reply_parse_eips(buf_text(&reply.body), reply.body.len, tag, page->eips, PAGE_SIZE,
                             &page->n, &page->odd, ret->request_id) < 0)
                return call_garbled(&reply, &ret->fault);
        return true;
}

/* The end of a page on which it was not found: absent only where all of it is understood (L6). */
static bool not_found(const struct page *page, struct wire_answer *ret) {
        if (page->odd)
                ret->fault = fault_own(FAULT_NOT_API, "an EIP of the list is not understood");
        return !page->odd;
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

/* By its id: there it is, or allocation_id stays "". */
static bool find_by_id(struct session *s, const char *allocation_id, struct wire_answer *ret) {
        struct api_call call;
        struct page page;

        describe(s, &call);
        call_add(&call, "AllocationId", allocation_id);
        if (!read_page(s, &call, "", &page, ret))
                return false;
        for (size_t i = 0; i < page.n; i++) {
                if (strcmp(page.eips[i].allocation_id, allocation_id) != 0)
                        continue;
                if (page.eips[i].address == 0) {
                        ret->fault = fault_own(FAULT_EIP_SETTLING, allocation_id);
                        return false;
                }
                ret->eip = page.eips[i];
                place(s, &ret->eip);
                return true;
        }
        return not_found(&page, ret);
}

/* "key=value"; false when the configuration names none. */
static bool split_tag(const struct session *s, char key[static CONFIG_TAG_SIZE],
                      char value[static CONFIG_TAG_SIZE]) {
        char *equals;

        text_copy(key, CONFIG_TAG_SIZE, s->config.eip_tag);
        equals = strchr(key, '=');
        if (!equals)
                return false;
        text_copy(value, CONFIG_TAG_SIZE, equals + 1);
        *equals = '\0';
        return true;
}

static bool find_bound(struct session *s, struct wire_answer *ret) {
        struct api_call call;
        struct page page;

        describe(s, &call);
        call_add(&call, "AssociatedInstanceType", "EcsInstance");
        call_add(&call, "AssociatedInstanceId", s->identity.instance_id);
        if (!read_page(s, &call, "", &page, ret))
                return false;
        for (size_t i = 0; i < page.n; i++) {
                if (page.eips[i].address == 0 ||
                    strcmp(page.eips[i].bound_to, s->identity.instance_id) != 0)
                        continue;
                ret->eip = page.eips[i];
                ret->eip.bound_here = true;
                return true;
        }
        return not_found(&page, ret);
}

/*
 * A fleet that reads the same list should not all take the first: each starts at its slot. What
 * does not show the tag is nobody's to take, and a list of such is not the one that was asked for:
 * it does not say that none is free, which may be answered by buying one.
 */
static bool find_free(struct session *s, struct wire_answer *ret) {
        char key[CONFIG_TAG_SIZE], value[CONFIG_TAG_SIZE];
        struct api_call call;
        struct page page;
        size_t slot, n_tagged = 0;

        if (!split_tag(s, key, value))
                return true;
        describe(s, &call);
        call.only_vpc = true; /* the ECS product has no Tag: it would list all */
        call_add(&call, "Status", "Available");
        call_add(&call, "Tag.1.Key", key);
        call_add(&call, "Tag.1.Value", value);
        if (!read_page(s, &call, s->config.eip_tag, &page, ret))
                return false;
        slot = (size_t)backoff_slot(s->identity.instance_id, page.n);
        for (size_t i = 0; i < page.n; i++) {
                const struct eip *e = &page.eips[(slot + i) % page.n];

                n_tagged += e->tagged;
                if (!e->tagged || e->status != EIP_AVAILABLE || e->locked || e->address == 0)
                        continue;
                ret->eip = *e;
                return true;
        }
        if (n_tagged == page.n)
                return not_found(&page, ret);
        ret->fault = fault_own(FAULT_NOT_API, "EIPs without the tag that was asked for");
        return false;
}

bool eip_find(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        const char *id = q->allocation_id[0] ? q->allocation_id : s->config.eip_allocation_id;

        if (id[0])
                return find_by_id(s, id, ret);
        if (!find_bound(s, ret))
                return false;
        return ret->eip.allocation_id[0] || find_free(s, ret);
}

bool eip_buy(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call = {.action = "AllocateEipAddress", .eip = true, .changing = true};

        call_add(&call, "RegionId", s->identity.region_id);
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

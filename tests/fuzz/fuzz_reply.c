/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the API, JSON and XML. */
#include "fuzz.h"

#include <ecs-pubip/reply.h>

#include "util/ipv4.h"

#define ID "i-bp1gtjxuuvwj17zr0001"

static void check_printable(const char *text) {
        for (; *text; text++)
                MUST(*text >= 0x20 && *text < 0x7f);
}

static void check_instance(const char *text, size_t size) {
        char request_id[REQUEST_ID_SIZE] = "";
        struct instance i;

        if (reply_parse_instance(text, size, ID, &i, request_id) < 0)
                return;
        MUST(!strcmp(i.instance_id, ID) && i.status[0]);
        MUST(i.n_private <= INSTANCE_ADDRS && i.n_macs <= INSTANCE_ADDRS);
        MUST(i.bandwidth_out >= -1 && i.bandwidth_out <= BANDWIDTH_MAX); /* -1: not known */
        MUST(i.expires >= 0);
        check_printable(i.locks);
        check_printable(request_id);
}

/* An EIP that is being made has no address yet. */
static bool is_public_or_none(in_addr_t address) {
        return address == 0 || ipv4_may_be_public(address);
}

static void check_eips(const char *text, size_t size) {
        char request_id[REQUEST_ID_SIZE] = "";
        struct eip e[3];
        size_t n;
        bool odd;

        if (reply_parse_eips(text, size, &(struct eip_filter){"a=b", "n"}, e, 3, &n, &odd,
                             request_id) < 0)
                return;
        MUST(n <= 3);
        for (size_t i = 0; i < n; i++)
                MUST(e[i].allocation_id[0] && is_public_or_none(e[i].address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *)data;
        char request_id[REQUEST_ID_SIZE] = "";
        struct fault fault = {};
        in_addr_t address = 0;
        struct eip eip;
        int done = reply_parse_done(text, size, request_id);
        int error = reply_parse_error(text, size, &fault);

        /* No text is both: a success body has no Code. */
        MUST(done < 0 || error < 0);
        if (error == 0) {
                MUST(fault.code[0]);
                check_printable(fault.code);
                check_printable(fault.message);
        }
        if (reply_parse_allocate(text, size, &address, request_id) == 0)
                MUST(address != 0 && error < 0);
        if (reply_parse_eip_allocate(text, size, &eip, request_id) == 0)
                MUST(eip.allocation_id[0] && is_public_or_none(eip.address));
        check_instance(text, size);
        check_eips(text, size);
        return 0;
}

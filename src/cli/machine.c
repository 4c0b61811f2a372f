/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of this machine without the agent: links, ledger. */
#include "machine.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "host/file.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define ROUTES_PATH "/proc/net/route"
#define ROUTES_MAX  (256u * 1024)
#define ANYWHERE    "00000000"
#define BLANKS      " \t"

DEFINE_CLEANUP(struct ifaddrs *, freeifaddrs)

/* The n-th field of a line, counted from 0; *ret_len is 0 where there are fewer. */
static const char *field(const char *line, unsigned n, size_t *ret_len) {
        for (;;) {
                line += strspn(line, BLANKS);
                *ret_len = strcspn(line, BLANKS "\n");
                if (n-- == 0 || *ret_len == 0)
                        return line;
                line += *ret_len;
        }
}

/* Interface, destination, gateway, flags, three numbers, mask: all but the first in hex. */
static bool is_default_route(const char *line) {
        size_t n, n_mask, n_flags;
        const char *destination = field(line, 1, &n), *mask = field(line, 7, &n_mask);
        const char *flags = field(line, 3, &n_flags);

        if (n != strlen(ANYWHERE) || memcmp(destination, ANYWHERE, n) != 0)
                return false;
        if (n_mask != n || memcmp(mask, ANYWHERE, n) != 0)
                return false;
        return n_flags > 0 && strchr("13579BDF", flags[n_flags - 1]); /* RTF_UP is bit 0 */
}

static bool has_default_route(void) {
        _cleanup_free_ char *text = NULL;
        size_t len;

        if (file_read(ROUTES_PATH, ROUTES_MAX, &text, &len) < 0)
                return false;
        for (char *line = strchr(text, '\n'); line; line = strchr(line, '\n'))
                if (is_default_route(++line))
                        return true;
        return false;
}

static void see_address(const struct watch *w, const struct ifaddrs *i, struct kernel_facts *k) {
        in_addr_t a = ((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr.s_addr;
        bool running = (i->ifa_flags & IFF_UP) && (i->ifa_flags & IFF_RUNNING);

        for (unsigned n = 0; n < w->n_witness_ips; n++)
                k->machine_matches = k->machine_matches || w->witness_ips[n] == a;
        if (w->address == 0 || a != w->address || (k->present && !running))
                return;
        k->present = true;
        k->running = running;
        TEXT_SET(k->interface, i->ifa_name);
}

static void see_link(const struct watch *w, const struct ifaddrs *i, struct kernel_facts *k) {
        const struct sockaddr_ll *ll = (const struct sockaddr_ll *)(const void *)i->ifa_addr;
        const unsigned char *m = ll->sll_addr;
        char mac[MAC_SIZE];

        if (ll->sll_halen != 6)
                return;
        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
                 m[5]);
        for (unsigned n = 0; n < w->n_witness_macs; n++)
                k->machine_matches = k->machine_matches || strcmp(w->witness_macs[n], mac) == 0;
}

void machine_kernel(const struct watch *watch, struct kernel_facts *ret) {
        _cleanup_(freeifaddrs_p) struct ifaddrs *all = NULL;

        *ret = (struct kernel_facts){.address = watch->address, .routed = has_default_route()};
        if (getifaddrs(&all) < 0)
                return;
        ret->known = true;
        for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
                if (!i->ifa_addr)
                        continue;
                if (i->ifa_addr->sa_family == AF_INET)
                        see_address(watch, i, ret);
                if (i->ifa_addr->sa_family == AF_PACKET)
                        see_link(watch, i, ret);
        }
}

enum ledger_state machine_ledger(struct ledger *ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = file_read(LEDGER_PATH, LEDGER_TEXT_MAX, &text, &len);
        if (r == -ENOENT)
                return LEDGER_NONE;
        if (r < 0 && r != -EBADMSG)
                return LEDGER_UNREADABLE;
        return r >= 0 && ledger_parse(text, len, ret) >= 0 ? LEDGER_READ : LEDGER_DAMAGED;
}

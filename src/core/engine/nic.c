/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the address that counts is on a NIC of this machine, and what the kernel is asked for. */
#include "nic.h"

#include <string.h>

/* Control's word, which the ledger keeps; metadata's until control was heard. */
enum network nic_network(const struct engine *e) {
        return e->ledger.network != NETWORK_UNKNOWN ? e->ledger.network : e->facts.identity.network;
}

bool nic_is_cut_through(const struct engine *e) {
        const struct eip *eip = &e->facts.eip;

        return eip->mode == EIP_CUT_THROUGH && eip->bound_here && eip->address == e->expected;
}

bool nic_has_address(const struct engine *e) {
        return nic_network(e) == NETWORK_CLASSIC || nic_is_cut_through(e);
}

/* By these the kernel tells whether this machine is the instance (L13). */
static void add_machine_ip(struct watch *w, in_addr_t address) {
        if (address != 0)
                w->machine_ips[w->n_machine_ips++] = address;
}

void nic_watch(struct turn *t) {
        struct engine *e = t->e;
        const struct instance *i = &e->facts.instance;
        struct watch w = {};

        if (nic_has_address(e))
                w.address = e->expected;
        else if (e->facts.identity.private_ip)
                w.address = e->facts.identity.private_ip;
        else if (i->n_private > 0)
                w.address = i->private_ips[0];
        add_machine_ip(&w, i->n_private > 0 ? i->private_ips[0] : e->facts.identity.private_ip);
        if (nic_network(e) == NETWORK_CLASSIC)
                add_machine_ip(&w, i->public_ip);
        if (memcmp(&w, &e->watch, sizeof(w)) == 0)
                return;
        e->watch = w;
        e->facts.kernel = (struct kernel_facts){};
        t->out->wants |= ACTION_WATCH;
}

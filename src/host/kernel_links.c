/* SPDX-License-Identifier: Apache-2.0 */
/* IFLA_MASTER leads up from a port, IFLA_LINK down from a VLAN. */
#include "kernel_links.h"

#include <stddef.h>

#define STEPS_MAX 8 /* links on links on links: as deep as the kernel lets them be */

const struct kernel_link *kernel_links_get(struct kernel_links *c, struct kernel_ask *k,
                                           int ifindex) {
        if (ifindex <= 0)
                return NULL;
        for (unsigned i = 0; i < c->n_links; i++)
                if (c->links[i].ifindex == ifindex)
                        return &c->links[i];
        if (c->n_links == KERNEL_LINKS_MAX ||
            kernel_ask_link(k, ifindex, &c->links[c->n_links]) != 0)
                return NULL;
        return &c->links[c->n_links++];
}

int kernel_links_vrf(struct kernel_links *c, struct kernel_ask *k, int ifindex) {
        const struct kernel_link *link = kernel_links_get(c, k, ifindex);
        const struct kernel_link *master = link ? kernel_links_get(c, k, link->master) : NULL;

        return master && master->vrf ? master->ifindex : 0;
}

static int master_of(struct kernel_links *c, struct kernel_ask *k, int ifindex) {
        const struct kernel_link *link = kernel_links_get(c, k, ifindex);
        const struct kernel_link *master = link ? kernel_links_get(c, k, link->master) : NULL;

        return master && !master->vrf ? master->ifindex : 0;
}

static int lower_of(struct kernel_links *c, struct kernel_ask *k, int ifindex) {
        const struct kernel_link *link = kernel_links_get(c, k, ifindex);

        return link ? link->lower : 0;
}

/* Down from `top` by the links below, and up from `bottom` by its masters, until they meet. */
static bool search_above(struct kernel_links *c, struct kernel_ask *k, int top, int bottom) {
        for (unsigned down = 0; top > 0 && down < STEPS_MAX; down++) {
                int up = bottom;

                for (unsigned i = 0; up > 0 && i < STEPS_MAX; i++) {
                        if (up == top)
                                return true;
                        up = master_of(c, k, up);
                }
                top = lower_of(c, k, top);
        }
        return false;
}

bool kernel_links_stacked(struct kernel_links *c, struct kernel_ask *k, int a, int b) {
        return search_above(c, k, a, b) || search_above(c, k, b, a);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What was heard of each plane, which of them count, and the verdict over them (design 4.1). */
#include "planes.h"

#include <string.h>

#include "clock.h"
#include "past.h"
#include "report.h"
#include "util/text.h"

/* Control's word, which the ledger keeps; metadata's until control was heard. */
static enum network network_of(const struct engine *e) {
        return e->ledger.network != NETWORK_UNKNOWN ? e->ledger.network : e->facts.identity.network;
}

bool planes_is_cut_through(const struct engine *e) {
        const struct eip *eip = &e->facts.eip;

        return eip->mode == EIP_CUT_THROUGH && eip->bound_here && eip->address == e->expected;
}

bool planes_is_on_nic(const struct engine *e) {
        return network_of(e) == NETWORK_CLASSIC || planes_is_cut_through(e);
}

static unsigned required(const struct engine *e, bool by_reachability) {
        unsigned planes = e->given.config.confirm_planes;

        if (planes)
                return planes;
        planes = verdict_planes_auto(network_of(e), planes_is_on_nic(e),
                                     *e->given.config.confirm_outside);
        if (!e->facts.identity.from_metadata && (planes & (1u << PLANE_METADATA)))
                planes ^= 1u << PLANE_METADATA | 1u << PLANE_CONTROL;
        if (by_reachability)
                planes &= ~(1u << PLANE_METADATA);
        return planes;
}

unsigned planes_required(const struct engine *e) {
        return required(e, e->ledger.confirmed_by_reachability);
}

static struct verdict judge(const struct engine *e, unsigned planes) {
        struct verdict_input input = {
                .network = network_of(e),
                .on_nic = planes_is_on_nic(e),
                .expected = e->expected,
                .required = planes,
                .kernel = e->facts.kernel,
                .metadata = e->facts.metadata,
                .control = e->facts.control,
                .outside = e->facts.outside,
        };

        return verdict_judge(&input);
}

struct verdict planes_verdict(const struct engine *e) {
        return judge(e, planes_required(e));
}

struct verdict planes_verdict_by_reachability(const struct engine *e) {
        return judge(e, required(e, true));
}

bool planes_need_control(const struct engine *e) {
        const struct ledger *l = &e->ledger;

        if (e->facts.metadata.presence != PRESENCE_PRESENT || planes_is_on_nic(e) ||
            network_of(e) == NETWORK_UNKNOWN)
                return true;
        if (l->address != 0 && l->address != e->facts.metadata.address)
                return true;
        if (past_is_unconfirmed(l) || e->phase == PHASE_FAILED)
                return true;
        return planes_required(e) & (1u << PLANE_CONTROL);
}

/* By these the kernel tells whether this machine is the instance (L13). */
static void add_machine_ip(struct watch *w, in_addr_t address) {
        if (address != 0)
                w->machine_ips[w->n_machine_ips++] = address;
}

void planes_watch(struct turn *t) {
        struct engine *e = t->e;
        const struct instance *i = &e->facts.instance;
        struct watch w = {};

        if (planes_is_on_nic(e))
                w.address = e->expected;
        else if (e->facts.identity.private_ip)
                w.address = e->facts.identity.private_ip;
        else if (i->n_private > 0)
                w.address = i->private_ips[0];
        add_machine_ip(&w, i->n_private > 0 ? i->private_ips[0] : e->facts.identity.private_ip);
        if (network_of(e) == NETWORK_CLASSIC)
                add_machine_ip(&w, i->public_ip);
        if (memcmp(&w, &e->watch, sizeof(w)) == 0)
                return;
        e->watch = w;
        e->facts.kernel = (struct kernel_facts){};
        t->out->wants |= ACTION_WATCH;
}

void planes_learn_metadata(struct turn *t, const struct addresses *a) {
        struct facts *f = &t->e->facts;

        f->metadata = (struct plane_facts){.presence = a->presence, .address = a->address};
        f->metadata_at = t->now.boot_usec;
        f->metadata_fault = (struct fault){};
        report_clear(t, REPORTED_METADATA, NULL);
        if (a->presence == PRESENCE_PRESENT)
                planes_end_reachability(t);
}

void planes_forget_metadata(struct turn *t) {
        t->e->facts.metadata = (struct plane_facts){};
        t->e->facts.metadata_at = 0;
}

void planes_learn_control(struct turn *t, in_addr_t address) {
        t->e->facts.control = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_ABSENT,
                .address = address,
        };
}

void planes_forget_control(struct turn *t) {
        t->e->facts.control = (struct plane_facts){};
}

void planes_end_reachability(struct turn *t) {
        struct ledger *l = &t->e->ledger;

        if (l->confirmed_by_reachability)
                turn_store(t);
        l->confirmed_by_reachability = false;
}

void planes_date(struct turn *t, const struct verdict *before) {
        struct verdict v = planes_verdict(t->e);

        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (v.planes[p] != before->planes[p] || t->e->plane_since[p] == 0)
                        t->e->plane_since[p] = clock_now(t);
}

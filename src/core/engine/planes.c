/* SPDX-License-Identifier: Apache-2.0 */
/* What was heard of each plane, which of them count, and the verdict over them (design 4.1). */
#include "planes.h"

#include <string.h>

#include "clock.h"
#include "nic.h"
#include "past.h"
#include "report.h"
#include "util/text.h"

static unsigned required(const struct engine *e, bool by_reachability) {
        unsigned planes = e->given.config.confirm_planes;

        if (planes)
                return planes;
        planes = verdict_planes_auto(nic_network(e), nic_has_address(e),
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
                .network = nic_network(e),
                .on_nic = nic_has_address(e),
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

        if (e->facts.metadata.presence != PRESENCE_PRESENT || nic_has_address(e) ||
            nic_network(e) == NETWORK_UNKNOWN)
                return true;
        if (l->address != 0 && l->address != e->facts.metadata.address)
                return true;
        if (past_is_unconfirmed(l) || e->phase == PHASE_FAILED)
                return true;
        return planes_required(e) & (1u << PLANE_CONTROL);
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

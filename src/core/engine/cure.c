/* SPDX-License-Identifier: Apache-2.0 */
/* What a reboot would cure, and whether one has (law L12). */
#include "cure.h"

#include "clock.h"
#include "nic.h"
#include "planes.h"

static enum plane nic_plane(const struct engine *e) {
        const struct kernel_facts *k = &e->facts.kernel;
        bool lacks = k->local == ANSWER_NO && k->address == e->expected;

        return lacks && planes_required(e) & (1u << PLANE_KERNEL) ? PLANE_KERNEL : _PLANE_MAX;
}

/* Metadata that was heard and does not show it, or a NIC. Nothing else is cured by a restart, nor
 * is what is not known. */
enum plane cure_plane(const struct engine *e) {
        const struct facts *f = &e->facts;

        if (e->expected == 0 || e->kind == KIND_EIP)
                return _PLANE_MAX;
        if (nic_has_address(e))
                return nic_plane(e);
        if (f->identity.from_metadata && planes_required(e) & (1u << PLANE_METADATA) &&
            f->metadata.presence != PRESENCE_UNKNOWN && f->metadata.address != e->expected)
                return PLANE_METADATA;
        return _PLANE_MAX;
}

static bool was_given_up(const struct ledger *l, enum plane plane) {
        if (plane == PLANE_METADATA)
                return l->metadata_no_cure;
        return plane == PLANE_KERNEL && l->nic_no_cure;
}

bool cure_is_possible(const struct engine *e) {
        enum plane plane = cure_plane(e);

        return plane != _PLANE_MAX && !was_given_up(&e->ledger, plane);
}

void cure_record(const struct engine *e, struct ledger_entry *reboot) {
        const struct plane_facts *m = &e->facts.metadata;
        const struct kernel_facts *k = &e->facts.kernel;

        if (m->presence != PRESENCE_UNKNOWN)
                reboot->metadata_before = m->address == e->expected ? SHOWED_THIS
                                          : m->address == 0         ? SHOWED_NOTHING
                                                                    : SHOWED_ANOTHER;
        if (nic_has_address(e) && k->local != ANSWER_UNKNOWN && k->address == e->expected)
                reboot->nic_before = k->local == ANSWER_YES ? SHOWED_THIS : SHOWED_NOTHING;
}

static bool is_unmoved(const struct turn *t, enum plane plane) {
        const struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, clock_now(t));
        const struct ledger_entry *reboot =
                change ? governor_reboot_for(&e->ledger, change, e->given.boot_id) : NULL;
        struct ledger_entry now = {};

        if (!reboot || plane == _PLANE_MAX)
                return false;
        cure_record(e, &now);
        if (plane == PLANE_METADATA)
                return reboot->metadata_before == now.metadata_before;
        return reboot->nic_before == now.nic_before;
}

bool cure_has_failed(const struct turn *t, enum plane plane) {
        return was_given_up(&t->e->ledger, plane) || is_unmoved(t, plane);
}

void cure_give_up(struct turn *t, enum plane plane) {
        struct ledger *l = &t->e->ledger;

        if (!was_given_up(l, plane))
                turn_store(t);
        l->metadata_no_cure |= plane == PLANE_METADATA;
        l->nic_no_cure |= plane == PLANE_KERNEL;
}

void cure_forget_failure(struct turn *t, bool metadata, bool nic) {
        struct ledger *l = &t->e->ledger;

        if ((metadata && l->metadata_no_cure) || (nic && l->nic_no_cure))
                turn_store(t);
        l->metadata_no_cure &= !metadata;
        l->nic_no_cure &= !nic;
}

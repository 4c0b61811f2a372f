/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static enum network network_of(const struct engine *e) {
        return e->ledger.network != NETWORK_UNKNOWN ? e->ledger.network : e->facts.identity.network;
}

bool planes_is_cut_through(const struct engine *e) {
        return e->facts.eip.mode == EIP_CUT_THROUGH && e->facts.eip.bound_here &&
               e->facts.eip.address == e->expected;
}

bool planes_changed_unconfirmed(const struct ledger *l) {
        for (unsigned i = l->n_entries; i-- > 0;)
                if (!ledger_entry_is_refused(&l->entries[i]))
                        return l->entries[i].time > l->confirmed;
        return false;
}

/* Confirmed without control the kind is not known: to learn it is no conversion. */
static bool is_converted(const struct engine *e) {
        return e->ledger.kind != KIND_NONE && e->ledger.kind != e->kind;
}

static bool is_on_nic(const struct engine *e) {
        return network_of(e) == NETWORK_CLASSIC || planes_is_cut_through(e);
}

void planes_end_reachability(struct turn *t) {
        struct engine *e = t->e;

        if (e->ledger.lagging)
                turn_store(t);
        e->lagging = e->ledger.lagging = false;
}

unsigned planes_required(const struct engine *e) {
        unsigned planes = e->given.config.confirm_planes;

        if (planes)
                return planes;
        planes = verdict_planes_auto(network_of(e), is_on_nic(e), *e->given.config.confirm_outside);
        if (!e->facts.identity.from_metadata && (planes & (1u << PLANE_METADATA)))
                planes ^= 1u << PLANE_METADATA | 1u << PLANE_CONTROL;
        if (e->lagging)
                planes &= ~(1u << PLANE_METADATA);
        return planes;
}

/* Tells netlink what to look for, if that has changed. */
static void watch(struct turn *t) {
        struct engine *e = t->e;
        struct watch w = {};

        if (is_on_nic(e))
                w.address = e->expected;
        else if (e->facts.identity.private_ip)
                w.address = e->facts.identity.private_ip;
        else if (e->facts.instance.n_private > 0)
                w.address = e->facts.instance.private_ips[0];
        if (!e->facts.identity.from_metadata && e->facts.instance.n_private > 0)
                w.machine_ips[w.n_machine_ips++] = e->facts.instance.private_ips[0];
        if (memcmp(&w, &e->watch, sizeof(w)) == 0)
                return;
        e->watch = w;
        e->facts.kernel = (struct kernel_facts){};
        t->out->wants |= ACTION_WATCH;
}

/* The public address itself, where that is what the kernel plane means. */
bool planes_address_is_on_nic(const struct engine *e) {
        return is_on_nic(e) && e->facts.kernel.local == ANSWER_YES;
}

/*
 * L12: what a restart can make show the address: metadata that was heard and does not show it, or a
 * NIC. Nothing else is cured by one, nor is what is not known. _PLANE_MAX: nothing.
 */
enum plane planes_curable(const struct engine *e) {
        const struct kernel_facts *k = &e->facts.kernel;
        unsigned required = planes_required(e);

        if (e->expected == 0 || e->kind == KIND_EIP)
                return _PLANE_MAX;
        if (is_on_nic(e))
                return required & (1u << PLANE_KERNEL) && k->known && k->address == e->expected &&
                                       k->local == ANSWER_NO
                               ? PLANE_KERNEL
                               : _PLANE_MAX;
        if (e->facts.identity.from_metadata && required & (1u << PLANE_METADATA) &&
            e->facts.metadata.presence != PRESENCE_UNKNOWN &&
            e->facts.metadata.address != e->expected)
                return PLANE_METADATA;
        return _PLANE_MAX;
}

/* What the planes show now goes into the intent of a reboot. */
void planes_record(const struct engine *e, struct ledger_entry *reboot) {
        const struct plane_facts *m = &e->facts.metadata;
        const struct kernel_facts *k = &e->facts.kernel;

        if (m->presence != PRESENCE_UNKNOWN)
                reboot->metadata_before = m->address == e->expected ? SHOWED_THIS
                                          : m->address == 0         ? SHOWED_NOTHING
                                                                    : SHOWED_ANOTHER;
        if (is_on_nic(e) && k->local != ANSWER_UNKNOWN && k->address == e->expected)
                reboot->nic_before = k->local == ANSWER_YES ? SHOWED_THIS : SHOWED_NOTHING;
}

/* A plane that shows an address may ask for reboots again. */
void planes_forget_no_cure(struct turn *t, bool metadata, bool nic) {
        struct ledger *l = &t->e->ledger;

        if ((metadata && l->metadata_no_cure) || (nic && l->nic_no_cure))
                turn_store(t);
        l->metadata_no_cure &= !metadata;
        l->nic_no_cure &= !nic;
}

void planes_learn_metadata(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;

        e->facts.metadata = (struct plane_facts){.presence = a->presence, .address = a->address};
        e->facts.metadata_at = t->now.boot_usec;
        e->facts.metadata_fault = (struct fault){};
        report_clear(t, REPORTED_METADATA, NULL);
        planes_forget_no_cure(t, a->presence == PRESENCE_PRESENT, false);
        if (a->presence == PRESENCE_PRESENT)
                planes_end_reachability(t);
}

void adopt_address(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        bool ours = governor_pending_change(l, e->expected, clock_now(t)) != NULL;

        if (l->address == e->expected && l->kind == e->kind)
                return;
        if (!ours && l->address != 0 && (l->address != e->expected || is_converted(e)))
                report_notice(t, NOTICE_REPLACED)->old_address = l->address;
        else if (!ours && l->address == 0)
                report_notice(t, NOTICE_ADOPTED);
        TEXT_SET(e->reported.accepted, ""); /* a word is for one address */
        report_clear(t, REPORTED_FAILED, FAULT_HEAL_REPLACED);
        l->address = e->expected;
        l->kind = e->kind;
        TEXT_SET(l->eip_id, e->kind != KIND_EIP     ? ""
                            : e->facts.instance.eip ? e->facts.instance.eip_id
                                                    : e->facts.eip.allocation_id);
        turn_store(t);
}

/* Heal.Policy=alert: another address than the known one is not taken without a person's word. */
bool adopt_needs_word(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;

        return e->given.config.heal_policy == HEAL_ALERT &&
               !(report_is_accepted(e, FAULT_HEAL_REPLACED) &&
                 e->reported.replaced == e->expected) &&
               l->address != 0 && (l->address != e->expected || is_converted(e)) &&
               !governor_pending_change(l, e->expected, clock_now(t));
}

void planes_judge(struct turn *t) {
        struct engine *e = t->e;
        struct verdict_input input = {
                .network = network_of(e),
                .on_nic = is_on_nic(e),
                .expected = e->expected,
                .required = planes_required(e),
                .kernel = e->facts.kernel,
                .metadata = e->facts.metadata,
                .control = e->facts.control,
                .outside = e->facts.outside,
        };
        struct verdict v = verdict_judge(&input);

        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (v.planes[p] != e->verdict.planes[p] || e->plane_since[p] == 0)
                        e->plane_since[p] = clock_now(t);
        e->verdict = v;
}

/* Metadata and kernel are enough where nothing was changed since they agreed last. */
bool planes_need_control(const struct engine *e) {
        const struct ledger *l = &e->ledger;

        if (e->facts.metadata.presence != PRESENCE_PRESENT || is_on_nic(e) ||
            network_of(e) == NETWORK_UNKNOWN)
                return true;
        if (l->address != 0 && l->address != e->facts.metadata.address)
                return true;
        if (planes_changed_unconfirmed(l) || e->phase == PHASE_FAILED)
                return true;
        return planes_required(e) & (1u << PLANE_CONTROL);
}

/*
 * The change of ours that was answered with its address, where metadata may confirm it before
 * control is heard. In a crowd that keeps the account's quota busy that can be an hour, and a
 * control look that fails changes nothing while the other planes agree (design 4.1).
 */
const struct ledger_entry *planes_change_for_metadata(const struct turn *t) {
        const struct engine *e = t->e;
        unsigned planes = planes_required(e);

        if (e->facts.control.presence != PRESENCE_UNKNOWN || !(planes & 1u << PLANE_METADATA) ||
            planes & 1u << PLANE_CONTROL || e->given.config.reboot_policy == REBOOT_ALWAYS)
                return NULL;
        for (unsigned i = e->ledger.n_entries; i-- > 0;) {
                const struct ledger_entry *change = &e->ledger.entries[i];

                if (!wire_op_brings_address(change->op) || ledger_entry_is_refused(change))
                        continue;
                if (change->outcome != OUTCOME_DONE || change->address == 0 ||
                    change->time <= e->ledger.confirmed)
                        return NULL;
                return change;
        }
        return NULL;
}

void planes_refresh(struct turn *t) {
        watch(t);
        planes_judge(t);
}

/* The look before does not count any more (L6), for nothing. */
void planes_forget_metadata(struct turn *t) {
        t->e->facts.metadata = (struct plane_facts){};
        t->e->facts.metadata_at = 0;
        planes_judge(t);
}

void adopt_answer(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        e->expected = change->address;
        e->kind = change->op == WIRE_EIP_ASSOCIATE ? KIND_EIP : KIND_STATIC;
        adopt_address(t);
        TEXT_SET(e->ledger.eip_id, change->allocation_id);
        planes_judge(t);
}

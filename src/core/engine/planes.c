/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

static enum network network_of(const struct engine *e) {
        return e->ledger.network != NETWORK_UNKNOWN ? e->ledger.network : e->identity.network;
}

bool is_cut_through(const struct engine *e) {
        return e->eip.mode == EIP_CUT_THROUGH && e->eip.bound_here && e->eip.address == e->expected;
}

bool was_changed_unconfirmed(const struct ledger *l) {
        for (unsigned i = l->n_entries; i-- > 0;)
                if (l->entries[i].outcome != OUTCOME_REFUSED)
                        return l->entries[i].time > l->confirmed;
        return false;
}

/* Confirmed without control the kind is not known: to learn it is no conversion. */
static bool is_converted(const struct engine *e) {
        return e->ledger.kind != KIND_NONE && e->ledger.kind != e->kind;
}

static bool is_on_nic(const struct engine *e) {
        return network_of(e) == NETWORK_CLASSIC || is_cut_through(e);
}

void end_lag(struct turn *t) {
        struct engine *e = t->e;

        if (e->ledger.lagging)
                store(t);
        e->lagging = e->ledger.lagging = false;
}

unsigned required_planes(const struct engine *e) {
        unsigned planes = e->config.confirm_planes;

        if (planes)
                return planes;
        planes = verdict_planes_auto(network_of(e), is_on_nic(e), *e->config.confirm_outside);
        if (!e->identity.from_metadata && (planes & (1u << PLANE_METADATA)))
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
        else if (e->identity.private_ip)
                w.address = e->identity.private_ip;
        else if (e->instance.n_private > 0)
                w.address = e->instance.private_ips[0];
        if (!e->identity.from_metadata && e->instance.n_private > 0)
                w.machine_ips[w.n_machine_ips++] = e->instance.private_ips[0];
        if (!e->identity.from_metadata && network_of(e) == NETWORK_CLASSIC && e->instance.public_ip)
                w.machine_ips[w.n_machine_ips++] = e->instance.public_ip;
        if (memcmp(&w, &e->watch, sizeof(w)) == 0)
                return;
        e->watch = w;
        e->kernel = (struct kernel_facts){};
        t->out->wants |= ACTION_WATCH;
}

void learn_metadata(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;

        e->metadata = (struct plane_facts){.presence = a->presence, .address = a->address};
        e->metadata_at = t->now.boot_usec;
        e->metadata_fault = (struct fault){};
        untell(t, TOLD_METADATA, NULL);
        if (a->presence == PRESENCE_PRESENT)
                end_lag(t);
}

void adopt(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        bool ours = governor_pending_change(l, e->expected, cloud_now(t)) != NULL;

        if (l->address == e->expected && l->kind == e->kind)
                return;
        if (!ours && l->address != 0 && (l->address != e->expected || is_converted(e)))
                say(t, NOTICE_REPLACED)->old_address = l->address;
        else if (!ours && l->address == 0)
                say(t, NOTICE_ADOPTED);
        TEXT_SET(e->accepted, ""); /* a word is for one address */
        untell(t, TOLD_FAILED, FAULT_HEAL_REPLACED);
        l->address = e->expected;
        l->kind = e->kind;
        TEXT_SET(l->eip_id, e->kind != KIND_EIP ? ""
                            : e->instance.eip   ? e->instance.eip_id
                                                : e->eip.allocation_id);
        store(t);
}

/* Heal.Policy=alert: another address than the known one is not taken without a person's word. */
bool must_alert(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger *l = &e->ledger;

        return e->config.heal_policy == HEAL_ALERT &&
               !(is_accepted(e, FAULT_HEAL_REPLACED) && e->told_replaced == e->expected) &&
               l->address != 0 && (l->address != e->expected || is_converted(e)) &&
               !governor_pending_change(l, e->expected, cloud_now(t));
}

void judge(struct turn *t) {
        struct engine *e = t->e;
        struct verdict_input input = {
                .network = network_of(e),
                .on_nic = is_on_nic(e),
                .expected = e->expected,
                .required = required_planes(e),
                .kernel = e->kernel,
                .metadata = e->metadata,
                .control = e->control,
                .outside = e->outside,
        };
        struct verdict v = verdict_judge(&input);

        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (v.planes[p] != e->verdict.planes[p] || e->plane_since[p] == 0)
                        e->plane_since[p] = cloud_now(t);
        e->verdict = v;
}

/* Metadata and kernel are enough where nothing was changed since they agreed last. */
bool control_is_needed(const struct engine *e) {
        const struct ledger *l = &e->ledger;

        if (e->metadata.presence != PRESENCE_PRESENT || is_on_nic(e) ||
            network_of(e) == NETWORK_UNKNOWN)
                return true;
        if (l->address != 0 && l->address != e->metadata.address)
                return true;
        if (was_changed_unconfirmed(l) || e->phase == PHASE_FAILED)
                return true;
        return required_planes(e) & (1u << PLANE_CONTROL);
}

/*
 * The change of ours that was answered with its address, where metadata may confirm it before
 * control is heard. In a crowd that keeps the account's quota busy that can be an hour, and a
 * control look that fails changes nothing while the other planes agree (design 4.1).
 */
const struct ledger_entry *shown_by_metadata(const struct turn *t) {
        const struct engine *e = t->e;
        unsigned planes = required_planes(e);

        if (e->control.presence != PRESENCE_UNKNOWN || !(planes & 1u << PLANE_METADATA) ||
            planes & 1u << PLANE_CONTROL || e->config.reboot_policy == REBOOT_ALWAYS)
                return NULL;
        for (unsigned i = e->ledger.n_entries; i-- > 0;) {
                const struct ledger_entry *change = &e->ledger.entries[i];

                if (!wire_op_brings_address(change->op) || change->outcome == OUTCOME_REFUSED)
                        continue;
                if (change->outcome != OUTCOME_DONE || change->address == 0 ||
                    change->time <= e->ledger.confirmed)
                        return NULL;
                return change;
        }
        return NULL;
}

void look_again(struct turn *t) {
        watch(t);
        judge(t);
}

/* The look before does not count any more (L6), for nothing. */
void forget_metadata(struct turn *t) {
        t->e->metadata = (struct plane_facts){};
        t->e->metadata_at = 0;
        judge(t);
}

void expect(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        e->expected = change->address;
        e->kind = change->op == WIRE_EIP_ASSOCIATE ? KIND_EIP : KIND_STATIC;
        adopt(t);
        TEXT_SET(e->ledger.eip_id, change->allocation_id);
        judge(t);
}

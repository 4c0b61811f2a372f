/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/text.h"

/* True if this instance may have had an address before: then one absence is not enough. */
static bool had_address(const struct engine *e) {
        const struct ledger *l = &e->ledger;

        for (unsigned i = 0; i < l->n_entries; i++) {
                const struct ledger_entry *entry = &l->entries[i];

                if (!wire_op_brings_address(entry->op) || entry->outcome == OUTCOME_REFUSED)
                        continue;
                /* After an error of the server's own the inspection is enough. */
                if (!ledger_entry_is_void(entry) || !*entry->request_id)
                        return true;
        }
        return l->address != 0 || l->suspect != 0 || l->suspect_pending;
}

/* A ledger belongs to an instance id: that of a cloned image is set aside, never used. */
static void own_ledger(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;

        if (strcmp(l->instance_id, e->identity.instance_id) == 0)
                return;
        if (*l->instance_id) {
                TEXT_SET(say(t, NOTICE_LEDGER_FOREIGN)->text, l->instance_id);
                t->out->wants |= ACTION_SET_ASIDE;
                *l = (struct ledger){};
                e->ledger_state = LEDGER_NONE;
                e->expected = 0;
                e->lagging = false;
                e->control = (struct plane_facts){};
                e->control_fault = (struct fault){};
                e->eip = (struct eip){};
                e->inspected = e->absent_first = e->next_control = 0;
                reboot_not_due(t);
        }
        TEXT_SET(l->instance_id, e->identity.instance_id);
        TEXT_SET(l->first_boot_id, e->boot_id);
        store(t);
}

/* A call of ours was answered with an address that control does not show yet. */
static bool is_late(const struct turn *t) {
        const struct ledger_entry *change = ledger_last(&t->e->ledger, WIRE_NONE);

        return change && change->outcome == OUTCOME_DONE && change->address != 0 &&
               change->time > t->e->ledger.confirmed && cloud_now(t) - change->time < VISIBLE_SEC;
}

/* An answer tells of no later moment than the one when it was asked for, in whole seconds. */
static int64_t asked_at(const struct turn *t) {
        uint64_t ago = t->now.boot_usec - t->e->asked;

        return cloud_now(t) - (int64_t)((ago + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

/* True if the ledger has learnt from it. */
static bool settle(struct turn *t, in_addr_t address, const char *eip_id) {
        struct engine *e = t->e;
        struct shown shown = {.address = address, .eip_id = eip_id, .asked = asked_at(t)};

        return governor_settle(&e->ledger, e->boot_id, &shown);
}

/* Another stranger than the one that was told of is news, and wants a word of its own. */
static void alert(struct turn *t) {
        struct engine *e = t->e;

        if (e->told_replaced != e->expected) {
                untell(t, TOLD_FAILED, FAULT_HEAL_REPLACED);
                TEXT_SET(e->accepted, "");
        }
        e->told_replaced = e->expected;
        meet_own(t, FAULT_HEAL_REPLACED, "");
}

/* Absence must be shown by metadata too, by a look of now (L6). True: it is. */
static bool metadata_confirms_absence(struct turn *t) {
        struct engine *e = t->e;

        if (!e->identity.from_metadata)
                return true;
        if (t->now.boot_usec - e->metadata_at > LOOK_FRESH ||
            e->metadata.presence == PRESENCE_UNKNOWN) {
                ask(t, WIRE_ADDRESSES);
                return false;
        }
        if (e->metadata.presence == PRESENCE_PRESENT) {
                meet_own(t, FAULT_METADATA_LEADS, "");
                return false;
        }
        return true;
}

/* An address that was known is gone. True: it may be replaced now. */
static bool absence_is_settled(struct turn *t) {
        struct engine *e = t->e;

        if (!had_address(e))
                return true;
        if (e->absent_first == 0) {
                e->absent_first = e->inspected;
                if (e->ledger.address != e->told_reclaimed)
                        say(t, NOTICE_RECLAIMED)->old_address = e->ledger.address;
                e->told_reclaimed = e->ledger.address;
        }
        if (e->ledger.address && e->config.heal_policy != HEAL_REALLOCATE) {
                meet_own(t, FAULT_HEAL_RECLAIMED, "");
                return false;
        }
        if (e->inspected - e->absent_first < ABSENT_APART) {
                enter(t, PHASE_INSPECTING);
                rest(t, e->absent_first + ABSENT_APART);
                return false;
        }
        return true;
}

static void decide_present(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change;
        bool known = e->ledger.address == e->expected;

        e->absent_first = 0;
        e->told_reclaimed = 0;
        if (!known)
                end_lag(t); /* the witness spoke for another address */
        look_again(t);
        if (must_alert(t)) {
                alert(t);
                return;
        }
        adopt(t);
        change = governor_pending_change(&e->ledger, e->expected, cloud_now(t));
        if (reboots_at_once(t))
                reboot_due(t);
        else if (e->verdict.confirmed ||
                 (e->phase == PHASE_CONFIRMED && known && !e->verdict.disagrees))
                confirm(t); /* also: metadata did not answer once, which is no disagreement */
        else if (change && e->reboot_due_since && e->verdict.disagrees)
                reboot_due(t);
        else
                confirming(t);
}

void got_identity(struct turn *t, const struct identity *identity) {
        struct engine *e = t->e;
        bool known = e->identified && strcmp(e->identity.instance_id, identity->instance_id) == 0;

        e->identity = *identity;
        e->identified = true;
        e->metadata_silent_since = 0;
        own_ledger(t);
        if (!known)
                say(t, NOTICE_IDENTIFIED);
        learn_metadata(t, &identity->public);
        if (!control_is_needed(e)) {
                e->expected = e->metadata.address;
                e->kind = e->ledger.address == e->expected ? e->ledger.kind : KIND_NONE;
                look_again(t);
                if (e->verdict.confirmed) {
                        confirm(t);
                        return;
                }
                if (!e->verdict.disagrees) {
                        confirming(t); /* netlink or the outside view has yet to speak */
                        return;
                }
        }
        look_again(t);
        inspect(t);
}

static void decide_absent(struct turn *t) {
        struct engine *e = t->e;

        e->expected = 0;
        e->kind = KIND_NONE;
        end_lag(t);
        reboot_not_due(t);
        look_again(t);
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_CONFIRMING ||
            e->phase == PHASE_REBOOTING)
                enter(t, PHASE_INSPECTING);
        if (is_late(t)) {
                meet_own(t, FAULT_NOT_SHOWN, "");
                return;
        }
        if (metadata_confirms_absence(t) && absence_is_settled(t))
                allocate(t);
}

void decide(struct turn *t) {
        struct engine *e = t->e;

        if (e->control.presence == PRESENCE_PRESENT) {
                e->expected = e->control.address;
                e->kind = e->instance.eip || is_cut_through(e) ? KIND_EIP : KIND_STATIC;
                decide_present(t);
        } else if (*e->config.eip_allocation_id && e->config.strategy != STRATEGY_STATIC &&
                   !e->eip_known) {
                ask(t, WIRE_EIP_FIND); /* a cut-through EIP is shown nowhere else */
        } else if (e->control.presence == PRESENCE_ABSENT) {
                decide_absent(t);
        } else {
                inspect(t); /* not to know is not absence (L6) */
        }
}

void got_instance(struct turn *t, const struct instance *i) {
        struct engine *e = t->e;
        in_addr_t address = i->eip ? i->eip : i->public_ip;

        if (strcmp(i->instance_id, e->identity.instance_id) != 0) {
                meet_own(t, FAULT_CLOUD_GARBLED, "the inspection is of another instance");
                return;
        }
        e->instance = *i;
        e->inspected = t->now.boot_usec;
        e->inspected_just_now = true;
        e->eip_known = false;
        e->eips_gone = 0;
        e->reach_before_known = false; /* the witness must be asked straight before a change */
        e->control_fault = (struct fault){};
        untell(t, TOLD_CONTROL, NULL);
        e->control = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_ABSENT,
                .address = address,
        };
        e->next_control = in(t, CONTROL_EVERY + rng_below(&e->rng, CONTROL_SPREAD));
        e->ledger.inspected = cloud_now(t);
        if (i->network != NETWORK_UNKNOWN)
                e->ledger.network = i->network;
        if (settle(t, address, i->eip ? i->eip_id : "") ||
            e->phase == PHASE_CONFIRMED) /* the 6 h look: its time outlives a restart */
                store(t);
        decide(t);
}

void got_eip(struct turn *t, const struct eip *eip) {
        struct engine *e = t->e;

        if (!*eip->allocation_id && looks_for_next_eip(t))
                return;
        e->eip = *eip;
        e->eip_known = true;
        if (eip->status == EIP_IN_USE && eip->bound_here && eip->mode == EIP_CUT_THROUGH) {
                e->control = (struct plane_facts){
                        .presence = PRESENCE_PRESENT,
                        .address = eip->address,
                };
                if (settle(t, eip->address, eip->allocation_id))
                        store(t); /* a call of ours without an answer brought it */
        }
        decide(t);
}

/* A look is complete. */
static void looked(struct turn *t) {
        struct engine *e = t->e;

        judge(t);
        switch (e->phase) {
        case PHASE_CONFIRMED:
                if (e->verdict.disagrees)
                        drift(t);
                else
                        schedule_looks(t);
                break;
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
                on_confirming(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_INSPECTING:
        case PHASE_ALLOCATING:
        case PHASE_FAILED:
        case PHASE_HELD:
                decide(t);
                break;
        case PHASE_WAITING:
                meanwhile(t);
                break;
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

static void got_outside(struct turn *t, in_addr_t address) {
        t->e->outside = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_UNKNOWN,
                .address = address,
        };
        looked(t);
}

void got_addresses(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;
        bool ours = strcmp(a->instance_id, e->identity.instance_id) == 0;

        if (!ours && *a->instance_id && e->phase == PHASE_CONFIRMED) {
                start_over(t);
                return;
        }
        if (a->presence == PRESENCE_UNKNOWN || !ours) {
                /* A look that does not return our own id says nothing (L6). */
                struct fault f = fault_own(FAULT_MD_GARBLED, "the look is not of this instance");

                got_addresses_fault(t, &f);
                return;
        }
        learn_metadata(t, a);
        judge(t);
        if (required_planes(e) & (1u << PLANE_OUTSIDE) && e->phase != PHASE_INSPECTING) {
                ask_probe(t, PROBE_OUTSIDE);
                return;
        }
        looked(t);
}

void got_probe(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;

        switch (e->probing) {
        case PROBE_OUTSIDE:
                got_outside(t, a ? a->address : 0);
                break;
        case PROBE_REACH:
                if (e->expected) { /* before a reboot; else before a change */
                        e->reach_at = t->now.boot_usec;
                        e->reachable = a && a->reachable == REACH_YES;
                        reboot_due(t);
                        break;
                }
                e->reach_before_known = true;
                e->unreachable_before = a && a->reachable == REACH_NO;
                decide(t);
                break;
        case PROBE_NONE:
        case PROBE_PERMISSION:
                break;
        }
}

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

                if (!wire_op_brings_address(entry->op) || ledger_entry_is_refused(entry))
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

        if (strcmp(l->instance_id, e->facts.identity.instance_id) == 0)
                return;
        if (*l->instance_id) {
                TEXT_SET(report_notice(t, NOTICE_LEDGER_FOREIGN)->text, l->instance_id);
                t->out->wants |= ACTION_SET_ASIDE;
                *l = (struct ledger){};
                e->given.ledger_state = LEDGER_NONE;
                e->expected = 0;
                e->lagging = false;
                e->facts.control = (struct plane_facts){};
                e->facts.control_fault = (struct fault){};
                e->facts.eip = (struct eip){};
                e->facts.inspected = e->before.absent_first = e->confirming.next_control = 0;
                due_clear(t);
        }
        TEXT_SET(l->instance_id, e->facts.identity.instance_id);
        TEXT_SET(l->first_boot_id, e->given.boot_id);
        turn_store(t);
}

/* A call of ours was answered with an address that control does not show yet. */
static bool is_late(const struct turn *t) {
        const struct ledger_entry *change = ledger_last(&t->e->ledger, WIRE_NONE);

        return change && change->outcome == OUTCOME_DONE && change->address != 0 &&
               change->time > t->e->ledger.confirmed && clock_now(t) - change->time < VISIBLE_SEC;
}

/* An answer tells of no later moment than the one when it was asked for, in whole seconds. */
static int64_t asked_at(const struct turn *t) {
        uint64_t ago = t->now.boot_usec - t->e->inflight.asked;

        return clock_now(t) - (int64_t)((ago + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

/* True if the ledger has learnt from it. */
static bool settle(struct turn *t, in_addr_t address, const char *eip_id) {
        struct engine *e = t->e;
        struct shown shown = {
                .address = address,
                .eip_id = eip_id,
                .asked = asked_at(t),
                .asked_boot_usec = e->inflight.asked,
        };

        return governor_settle(&e->ledger, e->given.boot_id, &shown);
}

/* Another stranger than the one that was told of is news, and wants a word of its own. */
static void alert(struct turn *t) {
        struct engine *e = t->e;

        if (e->reported.replaced != e->expected) {
                report_clear(t, REPORTED_FAILED, FAULT_HEAL_REPLACED);
                TEXT_SET(e->reported.accepted, "");
        }
        e->reported.replaced = e->expected;
        fault_raise(t, FAULT_HEAL_REPLACED, "");
}

/* Absence must be shown by metadata too, by a look of now (L6). True: it is. */
static bool check_metadata_absence(struct turn *t) {
        struct engine *e = t->e;

        if (!e->facts.identity.from_metadata)
                return true;
        if (t->now.boot_usec - e->facts.metadata_at > LOOK_FRESH ||
            e->facts.metadata.presence == PRESENCE_UNKNOWN) {
                ask_question(t, WIRE_ADDRESSES);
                return false;
        }
        if (e->facts.metadata.presence == PRESENCE_PRESENT) {
                fault_raise(t, FAULT_METADATA_LEADS, "");
                return false;
        }
        return true;
}

/* An address that was known is gone. True: it may be replaced now. */
static bool check_absence_settled(struct turn *t) {
        struct engine *e = t->e;

        if (!had_address(e))
                return true;
        if (e->before.absent_first == 0) {
                e->before.absent_first = e->facts.inspected;
                if (e->ledger.address != e->reported.reclaimed)
                        report_notice(t, NOTICE_RECLAIMED)->old_address = e->ledger.address;
                e->reported.reclaimed = e->ledger.address;
        }
        if (e->ledger.address && e->given.config.heal_policy != HEAL_REALLOCATE) {
                fault_raise(t, FAULT_HEAL_RECLAIMED, "");
                return false;
        }
        if (e->facts.inspected - e->before.absent_first < ABSENT_APART) {
                turn_enter(t, PHASE_INSPECTING);
                turn_rest(t, e->before.absent_first + ABSENT_APART);
                return false;
        }
        return true;
}

static void decide_present(struct turn *t) {
        struct engine *e = t->e;
        bool known = e->ledger.address == e->expected;

        e->before.absent_first = 0;
        e->reported.reclaimed = 0;
        if (!known)
                planes_end_reachability(t); /* the witness spoke for another address */
        planes_refresh(t);
        if (adopt_needs_word(t)) {
                alert(t);
                return;
        }
        adopt_address(t);
        if (due_at_once(t))
                reboot_due(t);
        else if (e->verdict.confirmed ||
                 (e->phase == PHASE_CONFIRMED && known && !e->verdict.disagrees))
                confirm_reached(
                        t); /* also: metadata did not answer once, which is no disagreement */
        else if (e->reboot.due_since && due_change(t) && reboot_cures(e))
                reboot_due(t);
        else
                reboot_or_confirm(t);
}

void decide_identity(struct turn *t, const struct identity *identity) {
        struct engine *e = t->e;
        bool known = e->facts.identified &&
                     strcmp(e->facts.identity.instance_id, identity->instance_id) == 0;

        e->facts.identity = *identity;
        e->facts.identified = true;
        e->facts.silent_since = 0;
        own_ledger(t);
        if (!known)
                report_notice(t, NOTICE_IDENTIFIED);
        planes_learn_metadata(t, &identity->public);
        if (!planes_need_control(e)) {
                e->expected = e->facts.metadata.address;
                e->kind = e->ledger.address == e->expected ? e->ledger.kind : KIND_NONE;
                planes_refresh(t);
                if (e->verdict.confirmed) {
                        confirm_reached(t);
                        return;
                }
                if (!e->verdict.disagrees) {
                        reboot_or_confirm(t); /* netlink or the outside view has yet to speak */
                        return;
                }
        }
        planes_refresh(t);
        wait_or_inspect(t);
}

static void decide_absent(struct turn *t) {
        struct engine *e = t->e;

        e->expected = 0;
        e->kind = KIND_NONE;
        planes_end_reachability(t);
        due_clear(t);
        planes_refresh(t);
        if (e->phase == PHASE_CONFIRMED || e->phase == PHASE_CONFIRMING ||
            e->phase == PHASE_REBOOTING)
                turn_enter(t, PHASE_INSPECTING);
        if (is_late(t)) {
                fault_raise(t, FAULT_NOT_SHOWN, "");
                return;
        }
        if (check_metadata_absence(t) && check_absence_settled(t))
                allocate(t);
}

void decide_next(struct turn *t) {
        struct engine *e = t->e;

        if (e->facts.control.presence == PRESENCE_PRESENT) {
                e->expected = e->facts.control.address;
                e->kind =
                        e->facts.instance.eip || planes_is_cut_through(e) ? KIND_EIP : KIND_STATIC;
                decide_present(t);
        } else if (*e->given.config.eip_allocation_id &&
                   e->given.config.strategy != STRATEGY_STATIC && !e->facts.eip_known) {
                ask_question(t, WIRE_EIP_FIND); /* a cut-through EIP is shown nowhere else */
        } else if (e->facts.control.presence == PRESENCE_ABSENT) {
                decide_absent(t);
        } else {
                wait_or_inspect(t); /* not to know is not absence (L6) */
        }
}

void decide_instance(struct turn *t, const struct instance *i) {
        struct engine *e = t->e;
        in_addr_t address = i->eip ? i->eip : i->public_ip;

        if (strcmp(i->instance_id, e->facts.identity.instance_id) != 0) {
                fault_raise(t, FAULT_CLOUD_GARBLED, "the inspection is of another instance");
                return;
        }
        e->facts.instance = *i;
        e->facts.inspected = t->now.boot_usec;
        e->facts.inspected_just_now = true;
        e->facts.eip_known = false;
        e->facts.eips_gone = 0;
        e->before.reach_known = false; /* the witness must be asked straight before a change */
        e->facts.control_fault = (struct fault){};
        report_clear(t, REPORTED_CONTROL, NULL);
        e->facts.control = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_ABSENT,
                .address = address,
        };
        e->confirming.next_control =
                clock_from_now(t, CONTROL_EVERY + rng_below(&e->given.rng, CONTROL_SPREAD));
        e->ledger.inspected = clock_now(t);
        if (i->network != NETWORK_UNKNOWN)
                e->ledger.network = i->network;
        if (settle(t, address, i->eip ? i->eip_id : "") ||
            e->phase == PHASE_CONFIRMED) /* the 6 h look: its time outlives a restart */
                turn_store(t);
        decide_next(t);
}

void decide_eip(struct turn *t, const struct eip *eip) {
        struct engine *e = t->e;

        if (!*eip->allocation_id && eip_ask_next(t))
                return;
        e->facts.eip = *eip;
        e->facts.eip_known = true;
        if (eip->status == EIP_IN_USE && eip->bound_here && eip->mode == EIP_CUT_THROUGH) {
                e->facts.control = (struct plane_facts){
                        .presence = PRESENCE_PRESENT,
                        .address = eip->address,
                };
                if (settle(t, eip->address, eip->allocation_id))
                        turn_store(t); /* a call of ours without an answer brought it */
        }
        decide_next(t);
}

/* A look is complete. */
static void looked(struct turn *t) {
        struct engine *e = t->e;

        planes_judge(t);
        switch (e->phase) {
        case PHASE_CONFIRMED:
                if (e->verdict.disagrees)
                        drift_begin(t);
                else
                        confirm_schedule(t);
                break;
        case PHASE_CONFIRMING:
        case PHASE_REBOOTING:
                reboot_tick(t);
                break;
        case PHASE_STARTING:
        case PHASE_IDENTIFYING:
        case PHASE_INSPECTING:
        case PHASE_ALLOCATING:
        case PHASE_FAILED:
        case PHASE_HELD:
                decide_next(t);
                break;
        case PHASE_WAITING:
                wait_meanwhile(t);
                break;
        case PHASE_STOPPED:
        case _PHASE_MAX:
                break;
        }
}

static void got_outside(struct turn *t, in_addr_t address) {
        t->e->facts.outside = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_UNKNOWN,
                .address = address,
        };
        looked(t);
}

void decide_addresses(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;
        bool ours = strcmp(a->instance_id, e->facts.identity.instance_id) == 0;

        if (!ours && *a->instance_id && e->phase == PHASE_CONFIRMED) {
                ask_identity(t);
                return;
        }
        if (a->presence == PRESENCE_UNKNOWN || !ours) {
                /* A look that does not return our own id says nothing (L6). */
                struct fault f = fault_own(FAULT_MD_GARBLED, "the look is not of this instance");

                drift_metadata_fault(t, &f);
                return;
        }
        planes_learn_metadata(t, a);
        planes_judge(t);
        if (planes_required(e) & (1u << PLANE_OUTSIDE) && e->phase != PHASE_INSPECTING) {
                ask_probe(t, PROBE_OUTSIDE);
                return;
        }
        looked(t);
}

void decide_probe(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;

        switch (e->inflight.probe) {
        case PROBE_OUTSIDE:
                got_outside(t, a ? a->address : 0);
                break;
        case PROBE_REACH:
                if (e->expected) { /* before a reboot; else before a change */
                        e->confirming.reach_at = t->now.boot_usec;
                        e->confirming.reachable = a && a->reachable;
                        reboot_due(t);
                        break;
                }
                e->before.reach_known = true;
                e->before.unreachable = a && !a->reachable;
                decide_next(t);
                break;
        case PROBE_NONE:
        case PROBE_PERMISSION:
                break;
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to the question in flight: what is known from now on, and what that leads to. */
#include "answer.h"

#include <string.h>

#include "change.h"
#include "clock.h"
#include "confirm.h"
#include "cure.h"
#include "decide.h"
#include "drift.h"
#include "due.h"
#include "eip.h"
#include "fault.h"
#include "nic.h"
#include "outcome.h"
#include "planes.h"
#include "react.h"
#include "reboot.h"
#include "report.h"
#include "util/text.h"
#include "wait.h"

/* Everything that was known is of another instance. */
static void forget_instance(struct turn *t) {
        struct engine *e = t->e;

        e->ledger = (struct ledger){};
        e->given.ledger_state = LEDGER_NONE;
        e->expected = 0;
        planes_forget_control(t);
        e->facts.control_fault = (struct fault){};
        e->facts.eip = (struct eip){};
        e->facts.inspected = e->before.absent_first = e->confirming.next_control = 0;
        due_clear(t);
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
                forget_instance(t);
        }
        TEXT_SET(l->instance_id, e->facts.identity.instance_id);
        TEXT_SET(l->first_boot_id, e->given.boot_id);
        turn_store(t);
}

/* A plane that shows an address may ask for reboots again (L12). */
static void learn_metadata(struct turn *t, const struct addresses *a) {
        cure_forget_failure(t, a->presence == PRESENCE_PRESENT, false);
        planes_learn_metadata(t, a);
}

static struct move heard_identity(struct turn *t, const struct identity *identity) {
        struct engine *e = t->e;
        struct facts *f = &e->facts;
        bool known = f->identified && strcmp(f->identity.instance_id, identity->instance_id) == 0;
        bool without_control;
        struct verdict v;

        f->identity = *identity;
        f->identified = true;
        f->silent_since = 0;
        own_ledger(t);
        if (!known)
                report_notice(t, NOTICE_IDENTIFIED);
        learn_metadata(t, &identity->public);
        without_control = !planes_need_control(e);
        if (without_control) {
                e->expected = f->metadata.address;
                e->kind = e->ledger.address == e->expected ? e->ledger.kind : KIND_NONE;
        }
        nic_watch(t);
        v = planes_verdict(e);
        if (without_control && v.confirmed)
                return confirm_reached(t);
        if (without_control && !v.disagrees)
                return reboot_or_confirm(t); /* netlink or the outside view has yet to speak */
        return wait_or_inspect(t);
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

static void learn_instance(struct turn *t, const struct instance *i) {
        struct engine *e = t->e;

        e->facts.instance = *i;
        e->facts.inspected = t->now.boot_usec;
        e->facts.inspected_just_now = true;
        e->facts.eip_known = false;
        e->facts.eips_gone = 0;
        e->before.reach = REACH_UNASKED; /* the witness must be asked straight before a change */
        e->facts.control_fault = (struct fault){};
        report_clear(t, REPORTED_CONTROL, NULL);
        planes_learn_control(t, i->eip ? i->eip : i->public_ip);
        confirm_plan_control(t);
        e->ledger.inspected = clock_now(t);
        if (i->network != NETWORK_UNKNOWN)
                e->ledger.network = i->network;
}

static struct move heard_instance(struct turn *t, const struct instance *i) {
        struct engine *e = t->e;
        bool news;

        if (strcmp(i->instance_id, e->facts.identity.instance_id) != 0)
                return fault_raise(t, FAULT_CLOUD_GARBLED, "the inspection is of another instance");
        learn_instance(t, i);
        news = settle(t, e->facts.control.address, i->eip ? i->eip_id : "");
        if (news || e->phase == PHASE_CONFIRMED) /* the 6 h look: its time outlives a restart */
                turn_store(t);
        return decide_next(t);
}

static struct move heard_eip(struct turn *t, const struct eip *eip) {
        struct engine *e = t->e;

        if (!*eip->allocation_id && eip_skip_gone(t))
                return move_ask(PHASE_SAME, WIRE_EIP_FIND);
        e->facts.eip = *eip;
        e->facts.eip_known = true;
        if (eip->status == EIP_IN_USE && eip->bound_here && eip->mode == EIP_CUT_THROUGH) {
                e->facts.control = (struct plane_facts){PRESENCE_PRESENT, eip->address};
                if (settle(t, eip->address, eip->allocation_id))
                        turn_store(t); /* a call of ours without an answer brought it */
        }
        return decide_next(t);
}

static struct move heard_addresses(struct turn *t, const struct addresses *a) {
        struct engine *e = t->e;
        bool ours = strcmp(a->instance_id, e->facts.identity.instance_id) == 0;

        if (!ours && *a->instance_id && e->phase == PHASE_CONFIRMED)
                return move_start_over();
        if (a->presence == PRESENCE_UNKNOWN || !ours) {
                /* A look that does not return our own id says nothing (L6). */
                struct fault f = fault_own(FAULT_MD_GARBLED, "the look is not of this instance");

                return drift_metadata_fault(t, &f);
        }
        learn_metadata(t, a);
        if (planes_required(e) & (1u << PLANE_OUTSIDE) && e->phase != PHASE_INSPECTING)
                return move_probe(PHASE_SAME, PROBE_OUTSIDE);
        return react_to(t, TRIGGER_LOOKED);
}

static struct move heard_outside(struct turn *t, in_addr_t address) {
        t->e->facts.outside = (struct plane_facts){
                .presence = address ? PRESENCE_PRESENT : PRESENCE_UNKNOWN,
                .address = address,
        };
        return react_to(t, TRIGGER_LOOKED);
}

/* Before a reboot an address is expected; before a change there is none. */
static struct move heard_witness(struct turn *t, const struct wire_answer *a) {
        struct engine *e = t->e;

        if (!e->expected) {
                e->before.reach =
                        a && a->reachable == REACH_NO ? REACH_UNREACHABLE : REACH_UNPROVEN;
                return decide_next(t);
        }
        e->confirming.reach_at = t->now.boot_usec;
        e->confirming.reachable = a && a->reachable == REACH_YES;
        return reboot_due(t);
}

static struct move heard_probe(struct turn *t, const struct wire_answer *a) {
        switch (t->e->inflight.probe) {
        case PROBE_OUTSIDE:
                return heard_outside(t, a ? a->address : 0);
        case PROBE_REACH:
                return heard_witness(t, a);
        case PROBE_NONE:
        case PROBE_PERMISSION: /* the engine does not ask it */
                break;
        }
        return move_start_over();
}

static struct move heard_result(struct turn *t, enum wire_op op, const struct wire_answer *a) {
        switch (op) {
        case WIRE_IDENTIFY:
                return heard_identity(t, &a->identity);
        case WIRE_ADDRESSES:
                return heard_addresses(t, &a->addresses);
        case WIRE_INSPECT:
                return heard_instance(t, &a->instance);
        case WIRE_EIP_FIND:
                return heard_eip(t, &a->eip);
        case WIRE_PROBE:
                return heard_probe(t, a);
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                return outcome_done(t, op, a);
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
        return move_start_over();
}

static struct move heard_fault(struct turn *t, enum wire_op op, const struct fault *f) {
        switch (op) {
        case WIRE_IDENTIFY:
                return fault_of_identify(t, f);
        case WIRE_INSPECT:
                return drift_control_fault(t, f);
        case WIRE_ADDRESSES:
                return drift_metadata_fault(t, f);
        case WIRE_EIP_FIND: /* part of an inspection, which unconfirms nothing by failing */
                return t->e->phase == PHASE_CONFIRMED ? drift_control_fault(t, f)
                                                      : fault_meet(t, f);
        case WIRE_PROBE:
                return heard_probe(t, NULL);
        case WIRE_ALLOCATE:
        case WIRE_BANDWIDTH:
        case WIRE_EIP_ALLOCATE:
        case WIRE_EIP_ASSOCIATE:
        case WIRE_REBOOT:
                return outcome_fault(t, op, f);
        case WIRE_NONE:
        case _WIRE_OP_MAX:
                break;
        }
        return move_start_over();
}

struct move answer_heard(struct turn *t, const struct wire_answer *a) {
        enum wire_op op = t->e->inflight.op;
        struct fault f = a->fault;

        clock_learn(t, a);
        if (f.class == FAULT_NONE)
                return heard_result(t, op, a);
        if (op == WIRE_EIP_FIND || op == WIRE_EIP_ALLOCATE || op == WIRE_EIP_ASSOCIATE)
                f.context = FAULT_OF_EIP;
        return heard_fault(t, op, &f);
}

struct move answer_missed(struct turn *t) {
        struct fault f = fault_own(FAULT_CLOUD_SILENT, "");

        t->out->wants |= ACTION_DROP;
        return heard_fault(t, t->e->inflight.op, &f);
}

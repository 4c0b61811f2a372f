/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspection shows, and what is done about it: the address that is there, or its absence
 * (design 4.3, 4.4). */
#include "decide.h"

#include "adopt.h"
#include "allocate.h"
#include "clock.h"
#include "confirm.h"
#include "cure.h"
#include "due.h"
#include "fault.h"
#include "nic.h"
#include "past.h"
#include "planes.h"
#include "reboot.h"
#include "report.h"
#include "situation.h"
#include "util/text.h"
#include "wait.h"

#define ABSENT_APART (60 * USEC_PER_SEC) /* two inspections before a known address is replaced */

/* Another stranger than the one that was told of is news, and wants a word of its own. */
static struct move alert(struct turn *t) {
        struct reported *r = &t->e->reported;

        if (r->replaced != t->e->expected) {
                report_clear(t, REPORTED_FAILED, FAULT_HEAL_REPLACED);
                TEXT_SET(r->accepted, "");
        }
        r->replaced = t->e->expected;
        return fault_raise(t, FAULT_HEAL_REPLACED, "");
}

static struct move decide_present(struct turn *t) {
        struct engine *e = t->e;
        bool known = e->ledger.address == e->expected;
        struct situation s;

        e->before.absent_first = 0;
        e->reported.reclaimed = 0;
        if (!known)
                planes_end_reachability(t); /* the witness spoke for another address */
        nic_watch(t);
        if (adopt_needs_word(t))
                return alert(t);
        adopt_address(t);
        s = situation_of(t);
        if (s.reboots_at_once)
                return reboot_due(t);
        /* Also: metadata did not answer once, which is no disagreement. */
        if (s.verdict.confirmed || (e->phase == PHASE_CONFIRMED && known && !s.verdict.disagrees))
                return confirm_reached(t);
        if (e->reboot.due_since && s.reboot_for && cure_is_possible(e))
                return reboot_due(t);
        return reboot_or_confirm(t);
}

/*
 * L14: an order of ours was accepted, and control does not show it yet: the address that was
 * answered, or the bandwidth.
 */
static bool is_late(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger_entry *change = ledger_last(&t->e->ledger, WIRE_NONE);

        if (!change || change->outcome != OUTCOME_DONE || change->seq <= e->ledger.confirmed_seq ||
            clock_now(t) - change->time >= VISIBLE_SEC)
                return false;
        return change->address != 0 ||
               (change->op == WIRE_BANDWIDTH && e->facts.instance.bandwidth_out == 0);
}

/* Absence must be shown by metadata too, by a look of now (L6). */
static struct move check_metadata(struct turn *t) {
        const struct facts *f = &t->e->facts;

        if (!f->identity.from_metadata)
                return move_pass();
        if (t->now.boot_usec - f->metadata_at > LOOK_FRESH ||
            f->metadata.presence == PRESENCE_UNKNOWN)
                return move_ask(PHASE_SAME, WIRE_ADDRESSES);
        if (f->metadata.presence == PRESENCE_PRESENT)
                return fault_raise(t, FAULT_METADATA_LEADS, "");
        return move_pass();
}

static void report_reclaimed(struct turn *t) {
        struct engine *e = t->e;

        if (e->ledger.address != e->reported.reclaimed)
                report_notice(t, NOTICE_RECLAIMED)->old_address = e->ledger.address;
        e->reported.reclaimed = e->ledger.address;
}

/* An address that was known is gone: may it be replaced now? */
static struct move check_absence(struct turn *t) {
        struct engine *e = t->e;
        uint64_t *first = &e->before.absent_first;

        if (!past_had_address(&e->ledger))
                return move_pass();
        if (*first == 0) {
                *first = e->facts.inspected;
                report_reclaimed(t);
        }
        if (e->ledger.address && e->given.config.heal_policy != HEAL_REALLOCATE)
                return fault_raise(t, FAULT_HEAL_RECLAIMED, "");
        if (e->facts.inspected - *first < ABSENT_APART)
                return move_rest(PHASE_INSPECTING, *first + ABSENT_APART);
        return move_pass();
}

/* Nothing is confirmed any more, whatever is done about it. */
static enum phase phase_without_address(enum phase phase) {
        bool had =
                phase == PHASE_CONFIRMED || phase == PHASE_CONFIRMING || phase == PHASE_REBOOTING;

        return had ? PHASE_INSPECTING : PHASE_SAME;
}

static struct move replace_address(struct turn *t) {
        struct move m;

        if (is_late(t))
                return fault_raise(t, FAULT_NOT_SHOWN, "");
        m = check_metadata(t);
        if (m.kind == MOVE_PASS)
                m = check_absence(t);
        return m.kind == MOVE_PASS ? allocate_address(t) : m;
}

static struct move decide_absent(struct turn *t) {
        struct engine *e = t->e;
        struct move m;

        e->expected = 0;
        e->kind = KIND_NONE;
        e->confirming.since = 0;
        planes_end_reachability(t);
        due_clear(t);
        nic_watch(t);
        m = replace_address(t);
        if (m.phase == PHASE_SAME)
                m.phase = phase_without_address(e->phase);
        return m;
}

struct move decide_next(struct turn *t) {
        struct engine *e = t->e;
        const struct config *c = &e->given.config;

        if (e->facts.control.presence == PRESENCE_PRESENT) {
                e->expected = e->facts.control.address;
                e->kind = e->facts.instance.eip || nic_is_cut_through(e) ? KIND_EIP : KIND_STATIC;
                return decide_present(t);
        }
        if (*c->eip_allocation_id && c->strategy != STRATEGY_STATIC && !e->facts.eip_known)
                return move_ask(PHASE_SAME,
                                WIRE_EIP_FIND); /* a cut-through EIP is shown there only */
        if (e->facts.control.presence == PRESENCE_ABSENT)
                return decide_absent(t);
        return wait_or_inspect(t); /* not to know is not absence (L6) */
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The way from an address that does not work yet to its reboot (design 4.2). */
#include "reboot.h"

#include <string.h>

#include "change.h"
#include "clock.h"
#include "confirm.h"
#include "cure.h"
#include "due.h"
#include "fault.h"
#include "planes.h"
#include "report.h"
#include "situation.h"
#include "util/text.h"

#define LOOK_RECENT   (5 * USEC_PER_SEC)  /* the metadata look that a reboot rests on */
#define BLOCKERS_WAIT (15 * USEC_PER_SEC) /* the machine's answer about what blocks a reboot */

static const char *const confirm_faults[_PLANE_MAX] = {
        [PLANE_KERNEL] = FAULT_CONFIRM_KERNEL,
        [PLANE_METADATA] = FAULT_CONFIRM_METADATA,
        [PLANE_CONTROL] = FAULT_CONFIRM_CONTROL,
        [PLANE_OUTSIDE] = FAULT_CONFIRM_OUTSIDE,
};

/* The plane that disagrees now may be another one than at an earlier failure. */
static struct move fail_to_confirm(struct turn *t, const struct situation *s) {
        enum plane plane = cure_plane(t->e);

        if (!cure_has_failed(t, plane))
                return fault_fail(t, confirm_faults[s->verdict.who], "");
        cure_give_up(t, plane);
        return fault_fail(t, FAULT_REBOOT_NO_CURE, verdict_plane_name(plane));
}

/* Nothing to reboot for: on with the looks, until Confirm.Timeout. */
static struct move confirm_further(struct turn *t, const struct situation *s) {
        const struct engine *e = t->e;
        uint64_t age = t->now.boot_usec - e->confirming.since;

        if (s->verdict.confirmed) /* netlink told while a question was in flight */
                return confirm_reached(t);
        if (e->phase == PHASE_FAILED || age >= e->given.config.confirm_timeout_usec)
                return fail_to_confirm(t, s);
        return confirm_look(t, PHASE_CONFIRMING);
}

/* Unreachable before the change, reachable now: the address works, and needs no reboot. */
static bool works_now(const struct engine *e, const struct ledger_entry *change) {
        return e->given.config.reboot_policy == REBOOT_AUTO && change->unreachable_before &&
               e->confirming.reachable;
}

/* Not so where the kernel disagrees: what works now may not work then. */
static bool is_confirmed_by_reachability(const struct engine *e) {
        return planes_verdict_by_reachability(e).confirmed;
}

static struct move confirm_by_reachability(struct turn *t) {
        t->e->ledger.confirmed_by_reachability = true;
        turn_store(t);
        return confirm_reached(t);
}

/* What metadata said some looks ago is no reason to reboot now. */
static struct move gate_metadata(struct turn *t, const struct situation *s) {
        const struct engine *e = t->e;
        uint64_t at = e->facts.metadata_at;

        if (s->reboots_at_once || !e->facts.identity.from_metadata ||
            !(s->verdict.required & (1u << PLANE_METADATA)) ||
            (at >= e->reboot.due_since && t->now.boot_usec - at <= LOOK_RECENT))
                return move_pass();
        return move_ask(PHASE_SAME, WIRE_ADDRESSES);
}

static struct move gate_policy(struct turn *t, const struct situation *s) {
        if (t->e->given.config.reboot_policy != REBOOT_NEVER || !s->wants_reboot)
                return move_pass();
        t->e->reboot.required_mark = true;
        return fault_fail(t, FAULT_REBOOT_NEVER, "");
}

/* Not knowing is no reason either. */
static struct move gate_disagreement(struct turn *t, const struct situation *s) {
        return s->reboots_at_once || s->verdict.disagrees ? move_pass() : confirm_further(t, s);
}

/* The witness of before the change is asked again, and "now" means now. */
static struct move gate_reachability(struct turn *t, const struct situation *s) {
        const struct engine *e = t->e;
        uint64_t at = e->confirming.reach_at;

        if (e->given.config.reboot_policy != REBOOT_AUTO || !s->change->unreachable_before)
                return move_pass();
        if (at == 0 || t->now.boot_usec - at > LOOK_FRESH)
                return move_probe(PHASE_SAME, PROBE_REACH);
        if (!works_now(e, s->change))
                return move_pass();
        return is_confirmed_by_reachability(e) ? confirm_by_reachability(t) : confirm_further(t, s);
}

/* L12: one a change, and for what it can cure. */
static struct move gate_prognosis(struct turn *t, const struct situation *s) {
        return s->wants_reboot ? move_pass() : confirm_further(t, s);
}

/* For the governor's leave; metadata is looked at meanwhile, since it may show the address. */
static struct move wait_for_permit(struct turn *t, int64_t seconds) {
        uint64_t until = clock_from_now(t, (uint64_t)seconds * USEC_PER_SEC);
        struct move m = confirm_look(t, PHASE_REBOOTING);

        if (m.kind == MOVE_REST && m.until > until)
                m.until = until;
        return m;
}

static struct move gate_budget(struct turn *t, const struct situation *s) {
        struct engine *e = t->e;
        struct moment now = clock_moment(t);
        const char *why;
        int64_t when;

        (void)s;
        switch (governor_reboot(&e->ledger, &e->given.config, &now, &when, &why)) {
        case PERMIT_YES:
                break;
        case PERMIT_LATER:
                return wait_for_permit(t, when - now.time);
        case PERMIT_LOOK:
                return move_ask(PHASE_REBOOTING, WIRE_INSPECT);
        case PERMIT_NO:
                return fault_raise(t, why, "");
        }
        return move_pass();
}

/* While cloud-init or an inhibitor asks for patience, and Patience is not over. */
static struct move gate_blockers(struct turn *t, const struct situation *s) {
        struct reboot *r = &t->e->reboot;
        uint64_t now = t->now.boot_usec;

        (void)s;
        if (!r->blockers_known && r->blockers_until == 0) {
                r->blockers_until = clock_from_now(t, BLOCKERS_WAIT);
                t->out->wants |= ACTION_BLOCKERS;
        }
        if (!r->blockers_known && now < r->blockers_until)
                return move_rest(PHASE_REBOOTING, r->blockers_until);
        if (!r->blockers_known) /* no answer in time is none: it waits, within Patience */
                TEXT_SET(r->blockers, "word on whether anything inhibits shutdown");
        r->blockers_known = true;
        if (!*r->blockers)
                return move_pass();
        if (r->blocked_since == 0)
                r->blocked_since = now;
        if (now >= due_patience_ends(t->e, now))
                return move_pass();
        return confirm_look(t, PHASE_REBOOTING);
}

static struct move gate_inspected(struct turn *t, const struct situation *s) {
        (void)s;
        return change_is_inspected(t) ? move_pass() : move_ask(PHASE_REBOOTING, WIRE_INSPECT);
}

static struct move gate_ready(struct turn *t, const struct situation *s) {
        (void)s;
        return change_check_ready(t, WIRE_REBOOT);
}

typedef struct move (*gate_fn)(struct turn *t, const struct situation *s);

/* In this order, before those of every change. */
static const gate_fn gates[] = {
        gate_metadata, gate_policy,   gate_disagreement, gate_reachability, gate_prognosis,
        gate_budget,   gate_blockers, gate_inspected,    gate_ready,
};

struct move reboot_due(struct turn *t) {
        struct situation s = situation_of(t);
        struct reboot *r = &t->e->reboot;

        if (!s.change) {
                due_clear(t);
                return reboot_or_confirm(t);
        }
        if (r->due_since == 0)
                r->due_since = t->now.boot_usec;
        for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
                struct move m = gates[i](t, &s);

                if (m.kind != MOVE_PASS)
                        return m;
        }
        return change_begin(t, WIRE_REBOOT);
}

static bool failed_to_confirm(const struct engine *e) {
        return e->phase == PHASE_FAILED && fault_row_of(e, &e->holdoff.fault)->unconfirmed;
}

struct move reboot_or_confirm(struct turn *t) {
        struct engine *e = t->e;
        struct situation s = situation_of(t);

        if (failed_to_confirm(e) && s.verdict.disagrees)
                return s.change ? reboot_due(t) : fail_to_confirm(t, &s);
        if (e->phase != PHASE_CONFIRMING)
                confirm_begin(t);
        return confirm_rest(t, PHASE_CONFIRMING);
}

struct move reboot_tick(struct turn *t) {
        struct engine *e = t->e;
        struct situation s = situation_of(t);
        uint64_t age = t->now.boot_usec - e->confirming.since;
        bool due = s.verdict.disagrees && s.change && age >= e->given.config.reboot_grace_usec;

        if (s.verdict.confirmed && !s.reboots_at_once)
                return confirm_reached(t);
        if (e->phase == PHASE_REBOOTING || s.reboots_at_once || due)
                return reboot_due(t);
        return confirm_further(t, &s);
}

bool reboot_is_still_due(const struct turn *t) {
        const struct engine *e = t->e;
        struct situation s = situation_of(t);

        if (e->reboot.due_since == 0 || !s.wants_reboot)
                return false;
        return s.reboots_at_once || !works_now(e, s.reboot_for);
}

bool reboot_is_blocked(const struct turn *t) {
        const struct reboot *r = &t->e->reboot;

        return *r->blockers && t->now.boot_usec < due_patience_ends(t->e, t->now.boot_usec);
}

struct move reboot_no_longer_due(struct turn *t) {
        const struct engine *e = t->e;
        struct situation s = situation_of(t);

        if (s.verdict.confirmed)
                return confirm_reached(t);
        if (e->reboot.due_since && s.wants_reboot && works_now(e, s.reboot_for) &&
            is_confirmed_by_reachability(e))
                return confirm_by_reachability(t);
        return reboot_or_confirm(t);
}

struct move reboot_blockers(struct turn *t, const char *blockers) {
        struct engine *e = t->e;

        if (e->phase != PHASE_REBOOTING || e->inflight.step == STEP_LEAVING)
                return move_on(PHASE_SAME); /* of a reboot that is not due any more, or leaves */
        TEXT_SET(e->reboot.blockers, blockers);
        e->reboot.blockers_known = true;
        if (!*blockers)
                due_end_block(t);
        if (*blockers && strcmp(e->reported.blockers, blockers) != 0) {
                TEXT_SET(e->reported.blockers, blockers);
                TEXT_SET(report_notice(t, NOTICE_REBOOT_WAITS)->text, blockers);
        }
        return e->inflight.step == STEP_IDLE ? reboot_due(t) : move_on(PHASE_SAME);
}

struct move reboot_reconsider(struct turn *t) {
        const struct inflight *i = &t->e->inflight;

        if (i->step == STEP_LEAVING || (i->op == WIRE_REBOOT && i->left))
                return move_on(PHASE_SAME);
        due_clear(t);
        t->e->confirming.since = t->now.boot_usec; /* another policy begins with its Grace */
        if (t->e->phase != PHASE_REBOOTING)
                return move_on(PHASE_SAME);
        confirm_begin(t);
        return move_on(PHASE_CONFIRMING);
}

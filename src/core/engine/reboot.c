/* SPDX-License-Identifier: Apache-2.0 */
/* The way from an address that does not work yet to its reboot (design 4.2). */
#include "reboot.h"

#include <string.h>

#include "change.h"
#include "clock.h"
#include "confirm.h"
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
        return fault_fail(t, confirm_faults[s->verdict.who], "");
}

/* "Unreachable before, reachable now": it works, and only metadata does not show it yet. */
static bool is_reachable(const struct engine *e, const struct situation *s) {
        return e->given.config.reboot_policy == REBOOT_AUTO && s->change->unreachable_before &&
               e->confirming.reachable && planes_verdict_by_reachability(e).confirmed;
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

/* Not knowing is no reason either. */
static struct move gate_disagreement(struct turn *t, const struct situation *s) {
        if (s->reboots_at_once || s->verdict.disagrees)
                return move_pass();
        return confirm_rest(t, PHASE_CONFIRMING);
}

static struct move gate_policy(struct turn *t, const struct situation *s) {
        (void)s;
        if (t->e->given.config.reboot_policy != REBOOT_NEVER)
                return move_pass();
        t->e->reboot.required_mark = true;
        return fault_fail(t, FAULT_REBOOT_NEVER, "");
}

/* The witness of before the change is asked again, and "now" means now. */
static struct move gate_reachability(struct turn *t, const struct situation *s) {
        const struct engine *e = t->e;
        uint64_t at = e->confirming.reach_at;

        if (e->given.config.reboot_policy != REBOOT_AUTO || !s->change->unreachable_before)
                return move_pass();
        if (at == 0 || t->now.boot_usec - at > LOOK_FRESH)
                return move_probe(PHASE_SAME, PROBE_REACH);
        return is_reachable(e, s) ? confirm_by_reachability(t) : move_pass();
}

static struct move gate_budget(struct turn *t, const struct situation *s) {
        struct engine *e = t->e;
        int64_t now = clock_now(t), when;
        const char *why;

        (void)s;
        switch (governor_reboot(&e->ledger, &e->given.config, e->given.boot_id, now, &when, &why)) {
        case PERMIT_YES:
                break;
        case PERMIT_LATER:
                return move_rest(PHASE_REBOOTING,
                                 clock_from_now(t, (uint64_t)(when - now) * USEC_PER_SEC));
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
        r->blockers_known = true; /* no answer in time: nothing blocks */
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
        gate_metadata, gate_disagreement, gate_policy,    gate_reachability,
        gate_budget,   gate_blockers,     gate_inspected, gate_ready,
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
        return e->phase == PHASE_FAILED && (strncmp(e->holdoff.fault.code, "Confirm.", 8) == 0 ||
                                            strncmp(e->holdoff.fault.code, "Reboot.", 7) == 0);
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
        const struct config *c = &e->given.config;
        struct situation s = situation_of(t);
        uint64_t age = t->now.boot_usec - e->confirming.started;
        bool due = s.verdict.disagrees && s.change && age >= c->reboot_grace_usec;

        if (s.verdict.confirmed && !s.reboots_at_once)
                return confirm_reached(t);
        if (e->phase == PHASE_REBOOTING || s.reboots_at_once || due)
                return reboot_due(t);
        if (age >= c->confirm_timeout_usec)
                return fail_to_confirm(t, &s);
        return confirm_look(t, PHASE_CONFIRMING);
}

static bool would_reboot(const struct engine *e, const struct situation *s) {
        return s->change && e->reboot.due_since && (s->reboots_at_once || s->verdict.disagrees);
}

bool reboot_is_still_due(const struct turn *t) {
        struct situation s = situation_of(t);

        return would_reboot(t->e, &s) && !is_reachable(t->e, &s);
}

struct move reboot_no_longer_due(struct turn *t) {
        struct situation s = situation_of(t);

        if (would_reboot(t->e, &s))
                return confirm_by_reachability(t);
        return s.verdict.confirmed ? confirm_reached(t) : reboot_or_confirm(t);
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

        if (i->step == STEP_LEAVING || (i->step == STEP_ASKING && i->op == WIRE_REBOOT))
                return move_on(PHASE_SAME);
        due_clear(t);
        if (t->e->phase != PHASE_REBOOTING)
                return move_on(PHASE_SAME);
        confirm_begin(t);
        return move_on(PHASE_CONFIRMING);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The reboot, from due to its intent: policy, witness, governor, etiquette (design 4.2). */
#include <string.h>

#include "turn.h"
#include "util/text.h"

#define LOOK_RECENT   (5 * USEC_PER_SEC)  /* the metadata look that a reboot rests on */
#define BLOCKERS_WAIT (15 * USEC_PER_SEC) /* the machine's answer about what blocks a reboot */

/* Patience counts only while the blockers are what is waited for: not under the brake, say. */
uint64_t patience_ends(const struct engine *e, uint64_t now) {
        uint64_t patience = e->config.reboot_patience_usec;
        uint64_t left = e->blocked_usec < patience ? patience - e->blocked_usec : 0;

        return (e->blocked_since ? e->blocked_since : now) + left;
}

static void end_block(struct turn *t) {
        struct engine *e = t->e;

        if (e->blocked_since)
                e->blocked_usec += t->now.boot_usec - e->blocked_since;
        e->blocked_since = 0;
}

static void reboot_never(struct turn *t) {
        t->e->marked = true;
        fail_own(t, FAULT_REBOOT_NEVER, "");
}

/* True while cloud-init or an inhibitor asks for patience, and Patience is not over. */
static bool reboot_is_blocked(struct turn *t) {
        struct engine *e = t->e;

        enter(t, PHASE_REBOOTING);
        if (!e->blockers_known && e->blockers_until == 0) {
                e->blockers_until = in(t, BLOCKERS_WAIT);
                t->out->wants |= ACTION_BLOCKERS;
        }
        if (!e->blockers_known && t->now.boot_usec < e->blockers_until) {
                rest(t, e->blockers_until);
                return true;
        }
        e->blockers_known = true; /* no answer in time: nothing blocks */
        if (!*e->blockers)
                return false;
        if (e->blocked_since == 0)
                e->blocked_since = t->now.boot_usec;
        if (t->now.boot_usec >= patience_ends(e, t->now.boot_usec))
                return false;
        if (!look(t))
                schedule_looks(t);
        return true;
}

/* "Succeeds now" means now. True: it is being asked. */
static bool asks_whether_reachable(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;
        bool fresh = e->reach_at && t->now.boot_usec - e->reach_at <= LOOK_FRESH;

        if (e->config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || fresh)
                return false;
        ask_probe(t, PROBE_REACH);
        return true;
}

static bool is_reachable_now(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        if (e->config.reboot_policy != REBOOT_AUTO || !change->unreachable_before || !e->reachable)
                return false;
        e->lagging = true;
        judge(t);
        if (e->verdict.confirmed)
                return true;
        e->lagging = false; /* another plane disagrees: what works now may not work then */
        judge(t);
        return false;
}

bool reboots_at_once(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));

        return change && e->config.reboot_policy == REBOOT_ALWAYS &&
               !governor_restarted_since(change, e->boot_id);
}

/* What metadata said some looks ago is no reason to reboot now. True: it is being asked again. */
static bool looks_once_more(struct turn *t) {
        struct engine *e = t->e;

        if (reboots_at_once(t) || !e->identity.from_metadata ||
            !(required_planes(e) & (1u << PLANE_METADATA)) ||
            (e->metadata_at >= e->reboot_due_since &&
             t->now.boot_usec - e->metadata_at <= LOOK_RECENT))
                return false;
        ask(t, WIRE_ADDRESSES);
        return true;
}

void reboot_not_due(struct turn *t) {
        t->e->reboot_due_since = t->e->blocked_since = t->e->blocked_usec = 0;
        TEXT_SET(t->e->told_blockers, "");
}

void reconsider_reboot(struct turn *t) {
        struct engine *e = t->e;
        bool leaves =
                e->step == STEP_LEAVING || (e->step == STEP_ASKING && e->asking == WIRE_REBOOT);

        if (leaves)
                return;
        reboot_not_due(t);
        if (e->phase == PHASE_REBOOTING)
                confirming_begins(t);
}

bool is_still_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));

        if (!change || e->reboot_due_since == 0)
                return false;
        return (reboots_at_once(t) || e->verdict.disagrees) && !is_reachable_now(t, change);
}

/* Design 4.2, from "due" to the intent; comes here again until nothing is left to wait for. */
void reboot_due(struct turn *t) {
        struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, cloud_now(t));
        const char *why;
        int64_t when;

        if (!change) {
                reboot_not_due(t);
                confirming(t);
                return;
        }
        if (e->reboot_due_since == 0)
                e->reboot_due_since = t->now.boot_usec;
        if (looks_once_more(t))
                return;
        if (!reboots_at_once(t) && !e->verdict.disagrees) {
                enter(t, PHASE_CONFIRMING); /* not knowing is no reason either */
                schedule_looks(t);
                return;
        }
        if (e->config.reboot_policy == REBOOT_NEVER) {
                reboot_never(t);
                return;
        }
        if (asks_whether_reachable(t, change))
                return;
        if (is_reachable_now(t, change)) {
                confirm(t);
                return;
        }
        switch (governor_reboot(&e->ledger, &e->config, e->boot_id, cloud_now(t), &when, &why)) {
        case PERMIT_NO:
                meet_own(t, why, "");
                return;
        case PERMIT_LATER:
                enter(t, PHASE_REBOOTING);
                rest(t, in(t, (uint64_t)(when - cloud_now(t)) * USEC_PER_SEC));
                return;
        case PERMIT_YES:
                break;
        }
        if (reboot_is_blocked(t))
                return;
        if (!is_inspected(t))
                ask(t, WIRE_INSPECT);
        else if (is_ready(t, WIRE_REBOOT))
                begin_change(t, WIRE_REBOOT);
}

void forget_blockers(struct turn *t) {
        end_block(t);
        t->out->wants |= ACTION_NO_BLOCKERS;
        t->e->blockers_known = false;
        t->e->blockers_until = 0;
        TEXT_SET(t->e->blockers, "");
}

void got_blockers(struct turn *t, const char *blockers) {
        struct engine *e = t->e;

        if (e->phase != PHASE_REBOOTING || e->step == STEP_LEAVING)
                return; /* asked for a reboot that is not due any more, or leaves now */
        TEXT_SET(e->blockers, blockers);
        e->blockers_known = true;
        if (!*blockers)
                end_block(t);
        if (*blockers && strcmp(e->told_blockers, blockers) != 0) {
                TEXT_SET(e->told_blockers, blockers);
                TEXT_SET(say(t, NOTICE_REBOOT_WAITS)->text, blockers);
        }
        if (e->step == STEP_IDLE)
                reboot_due(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which address counts from now on, and whether it may (design 4.4). */
#include "adopt.h"

#include "clock.h"
#include "past.h"
#include "planes.h"
#include "report.h"
#include "util/text.h"

/* Confirmed without control the kind is not known: to learn it is no conversion. */
static bool is_converted(const struct engine *e) {
        return e->ledger.kind != KIND_NONE && e->ledger.kind != e->kind;
}

/* Known before, and now another one, or an EIP in its place. */
static bool is_replaced(const struct engine *e) {
        return e->ledger.address != 0 && (e->ledger.address != e->expected || is_converted(e));
}

/*
 * What comes later than a call's address can is a stranger's, unless the answer named it (4.3). The
 * inspection that shows it may have been asked so long ago.
 */
static bool is_ours(const struct turn *t) {
        const struct engine *e = t->e;
        const struct ledger_entry *change =
                governor_pending_change(&e->ledger, e->expected, clock_now(t));
        int64_t shown = clock_now(t) - (int64_t)(LOOK_FRESH / USEC_PER_SEC);

        return change && governor_is_credited(change, e->expected, shown);
}

void adopt_address(struct turn *t) {
        struct engine *e = t->e;
        struct ledger *l = &e->ledger;
        const char *eip_id =
                e->facts.instance.eip ? e->facts.instance.eip_id : e->facts.eip.allocation_id;

        if (l->address == e->expected && l->kind == e->kind)
                return;
        if (!is_ours(t) && is_replaced(e))
                report_notice(t, NOTICE_REPLACED)->old_address = l->address;
        else if (!is_ours(t) && l->address == 0)
                report_notice(t, NOTICE_ADOPTED);
        TEXT_SET(e->reported.accepted, ""); /* a word is for one address */
        report_clear(t, REPORTED_FAILED, FAULT_HEAL_REPLACED);
        l->address = e->expected;
        l->kind = e->kind;
        TEXT_SET(l->eip_id, e->kind == KIND_EIP ? eip_id : "");
        turn_store(t);
}

/*
 * In a crowd that keeps the account's quota busy control is unreachable for up to an hour, and a
 * control look that fails changes nothing while the other planes agree (design 4.1).
 */
const struct ledger_entry *adopt_answered_change(const struct engine *e) {
        unsigned planes = planes_required(e);

        if (e->facts.control.presence != PRESENCE_UNKNOWN || !(planes & 1u << PLANE_METADATA) ||
            planes & 1u << PLANE_CONTROL || e->given.config.reboot_policy == REBOOT_ALWAYS)
                return NULL;
        return past_answered_change(&e->ledger);
}

void adopt_answer(struct turn *t, const struct ledger_entry *change) {
        struct engine *e = t->e;

        e->expected = change->address;
        e->kind = change->op == WIRE_EIP_ASSOCIATE ? KIND_EIP : KIND_STATIC;
        adopt_address(t);
        TEXT_SET(e->ledger.eip_id, change->allocation_id);
}

bool adopt_needs_word(const struct turn *t) {
        const struct engine *e = t->e;
        bool accepted =
                report_is_accepted(e, FAULT_HEAL_REPLACED) && e->reported.replaced == e->expected;

        return e->given.config.heal_policy == HEAL_ALERT && is_replaced(e) && !accepted &&
               !is_ours(t);
}

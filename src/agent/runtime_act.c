/* SPDX-License-Identifier: Apache-2.0 */
/* From the state machine to the world: the journal, and the actions in the order of engine.h. */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "host/clock.h"
#include "journal.h"
#include "message_format.h"
#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "util/ipv4.h"
#include "util/text.h"

#define DURABLE (unsigned)(ACTION_DROP | ACTION_SET_ASIDE | ACTION_STORE)

/* Whose doing it was, by what is on record of our own calls. */
static enum address_change change_of(const struct runtime *r, in_addr_t address) {
        const struct ledger *l = &r->engine.ledger;

        if (address == 0)
                return CHANGE_LOST;
        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].address == address)
                        return CHANGE_ASSIGNED;
        return r->record.change.address != 0 ? CHANGE_REPLACED : CHANGE_ADOPTED;
}

/* The engine tells of an address that a stranger put in the place of another one. */
static void tell_change(const struct runtime *r) {
        const struct history_change *c = &r->record.change;
        struct journal_entry e = {.id = MESSAGE_REPLACED, .priority = LOG_NOTICE};
        char old[IPV4_SIZE];

        if (c->previous == 0 || c->how == CHANGE_REPLACED || c->how == CHANGE_LOST)
                return;
        ipv4_format(c->address, e.address);
        ipv4_format(c->previous, old);
        snprintf(e.message, sizeof(e.message),
                 "The public address changed from %s to %s, which %s; whatever names %s must be "
                 "told",
                 old, e.address,
                 c->how == CHANGE_ASSIGNED ? "this agent asked for" : "it did not ask for", old);
        journal_send(&e);
}

/*
 * An address counts once it is confirmed, and is lost once the control plane shows none. What is
 * in between is told by neither: hooks would name an address that does not work yet.
 */
static void note_change(struct runtime *r, const struct actions *a) {
        const struct engine *e = &r->engine;
        bool lost = false, confirmed = e->phase == PHASE_CONFIRMED && e->expected != 0;
        in_addr_t address = confirmed ? e->expected : 0;

        for (unsigned i = 0; i < a->n_notices; i++)
                lost = lost || a->notices[i].kind == NOTICE_RECLAIMED;
        if (!confirmed && !lost)
                return;
        if (record_change(&r->record, e->facts.identity.instance_id, address, change_of(r, address),
                          engine_time(e, runtime_now()))) {
                r->metrics.changes[r->record.change.how]++;
                tell_change(r);
                r->change_told = false;
        } else if (!confirmed) {
                return;
        }
        r->change_due = !r->change_told;
        r->change_told = true;
}

static void speak(struct runtime *r, struct actions *a, const struct status *s) {
        for (unsigned i = 0; i < a->n_notices; i++) {
                struct notice *n = &a->notices[i];
                struct journal_entry entry;

                if (n->kind == NOTICE_LEDGER_DAMAGED) {
                        TEXT_SET(n->text, r->aside);
                        if (r->ledger_is_newer)
                                n->kind = NOTICE_LEDGER_NEWER;
                }
                message_format(n, s, engine_call_context(&r->engine.given.config), &entry);
                journal_send(&entry);
        }
}

/* The brake is looked at again after the write, so that nothing slips past it (design 6). */
static void keep_ledger(struct runtime *r) {
        struct event e = {.type = EVENT_STORED};

        e.stored.error = store_save(&r->store, &r->engine.ledger);
        r->looked_again = clock_boot_usec();
        e.stored.hold = runtime_hold(r);
        runtime_enqueue(r, &e);
}

/* Later the watch tells. */
static void tell_user_data(struct runtime *r) {
        runtime_enqueue(r,
                        &(struct event){
                                .type = EVENT_USER_DATA,
                                .user_data = r->cloud_init ? USER_DATA_AWAITED : USER_DATA_SETTLED,
                        });
}

/*
 * In the order of engine.h; a foreign ledger leaves its name before the new one is kept. The marks
 * are not made here but in runtime_publish_status(), as long as they are due.
 */
static void perform(struct runtime *r, unsigned wants) {
        if (wants & ACTION_DROP)
                cloud_link_drop(r->link);
        if (wants & ACTION_SET_ASIDE)
                (void)store_set_aside(&r->store, "foreign", clock_wall_sec(), r->aside);
        if (wants & ACTION_STORE)
                keep_ledger(r);
        if (wants & ACTION_WATCH)
                netlink_watch(r->netlink, &r->engine.watch);
        if (wants & ACTION_USER_DATA)
                tell_user_data(r);
        if (wants & ACTION_BLOCKERS)
                inhibitors_look(r->inhibitors);
        if (wants & ACTION_NO_BLOCKERS)
                inhibitors_stop(r->inhibitors);
}

static void conclude(struct runtime *r, const struct actions *a) {
        if (a->wants & ACTION_EXIT)
                (void)sd_event_exit(r->event, a->exit_status);
        if (a->wants & ACTION_ASK) {
                r->metrics.questions[a->question.op]++;
                cloud_link_ask(r->link, &a->question);
        }
}

void runtime_act(struct runtime *r, struct actions *a) {
        struct status status;

        if (a->wants & ACTION_GO)
                cloud_link_go(r->link, r->looked_again);
        /* What others are told is durable already: a wait that a status shows outlives us. */
        perform(r, a->wants & DURABLE);
        note_change(r, a);
        runtime_publish_status(r, &status);
        speak(r, a, &status);
        perform(r, a->wants & ~DURABLE);
        conclude(r, a);
}

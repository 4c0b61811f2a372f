/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of the state machine. */
#include <string.h>

#include <ecs-pubip/engine.h>
#include <ecs-pubip/fault_text.h>

#include "clock.h"
#include "cure.h"
#include "due.h"
#include "fault.h"
#include "planes.h"
#include "util/buf.h"
#include "util/text.h"

#define OFFSET_MAX (60 * 365 * DAY_SEC) /* s; a clock in 1970 is still told */

static bool is_busy(const struct engine *e) {
        return (e->inflight.step != STEP_IDLE && wire_op_changes(e->inflight.op)) ||
               e->inflight.step == STEP_LEAVING;
}

static void fill_planes(const struct engine *e, struct status *s) {
        const in_addr_t addresses[_PLANE_MAX] = {
                [PLANE_KERNEL] = e->facts.kernel.local == ANSWER_YES ? e->facts.kernel.address : 0,
                [PLANE_METADATA] = e->facts.metadata.address,
                [PLANE_CONTROL] = e->facts.control.address,
                [PLANE_OUTSIDE] = e->facts.outside.address,
        };

        struct verdict v = planes_verdict(e);

        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                s->planes[p].verdict = v.planes[p];
                s->planes[p].address = addresses[p];
                s->planes[p].since = e->plane_since[p];
        }
        TEXT_SET(s->planes[PLANE_KERNEL].interface, e->facts.kernel.interface);
        TEXT_SET(s->planes[PLANE_KERNEL].reason, e->facts.kernel.reason);
        s->kernel_gap = e->facts.kernel.gap;
        s->planes_aside = ~v.required;
        s->was_confirmed = e->confirming.online_mark && e->expected != 0 &&
                           e->ledger.address == e->expected && e->ledger.confirmed != 0;
        if (e->facts.control_fault.class != FAULT_NONE) {
                s->planes[PLANE_CONTROL].verdict = PLANE_UNKNOWN;
                TEXT_SET(s->control_fault, e->facts.control_fault.code);
        }
        TEXT_SET(s->metadata_fault, e->facts.metadata_fault.code);
}

/* Asked for, refused, and the boot ID changed all the same (L3). */
static bool counts_by_boot_id(const struct engine *e) {
        const struct ledger *l = &e->ledger;

        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].op == WIRE_REBOOT && l->entries[i].outcome == OUTCOME_REFUSED &&
                    governor_counts_reboot(&l->entries[i], e->given.boot_id))
                        return true;
        return false;
}

/* L12: with Reboot.Policy=auto, once Grace is over; beforehand, so that a person can `hold`. */
static bool will_reboot(const struct engine *e, int64_t now) {
        struct moment m = {.boot_id = e->given.boot_id, .time = now};

        return e->phase == PHASE_CONFIRMING && e->given.config.reboot_policy == REBOOT_AUTO &&
               cure_is_possible(e) && governor_change_to_reboot_for(&e->ledger, e->expected, &m);
}

/* A due reboot that the governor does not permit yet, by L3 or by the ceiling of L14. */
static bool waits_for_permit(const struct engine *e, struct engine_now now, int64_t *ret_when) {
        struct moment m = {
                .boot_id = e->given.boot_id, .boot_usec = now.boot_usec, .time = clock_at(e, now)};
        const char *why;

        return e->phase == PHASE_REBOOTING && !is_busy(e) && !*e->reboot.blockers &&
               governor_reboot(&e->ledger, &e->given.config, &m, ret_when, &why) == PERMIT_LATER;
}

/* One remark at most: the one that a person should know first. */
static const char *note_of(const struct engine *e, struct engine_now at, enum note_kind *ret) {
        const struct ledger *l = &e->ledger;
        int64_t now = clock_at(e, at), when;

        *ret = e->given.config_unread                       ? NOTE_CONFIG_UNREAD
               : e->given.ledger_state == LEDGER_UNREADABLE ? NOTE_LEDGER_UNREADABLE
               : e->given.ledger_error                      ? NOTE_LEDGER_UNWRITABLE
                                                            : NOTE_OTHER;
        if (*ret == NOTE_CONFIG_UNREAD)
                return "the configuration cannot be read at this moment: nothing is changed until "
                       "it can";
        if (*ret == NOTE_LEDGER_UNREADABLE)
                return "the ledger cannot be read, so nothing is changed";
        if (*ret == NOTE_LEDGER_UNWRITABLE)
                return "the ledger cannot be written, so nothing is changed";
        if (waits_for_permit(e, at, &when))
                return "an earlier reboot request may still be executed, or there were many: none is "
                       "asked for until then";
        if (e->ledger.confirmed_by_reachability)
                return "the address works, metadata does not show it yet";
        if (e->given.hold == HOLD_FOREIGN)
                return "a hold file of another instance is ignored";
        if (l->suspect_pending || (l->suspect && now - l->suspect < DAY_SEC))
                return "an earlier ledger was set aside: no reboot for 24 h after";
        if (will_reboot(e, now))
                return cure_plane(e) == PLANE_METADATA
                               ? "metadata does not show the address: a reboot will follow, to cure it"
                               : "the NIC lacks the address: a reboot will follow, to cure it";
        if (counts_by_boot_id(e))
                return "a reboot that was refused is counted: the boot ID changed after it";
        return "";
}

static unsigned count_reboots(const struct engine *e) {
        const struct ledger *l = &e->ledger;
        unsigned n = 0;

        for (unsigned i = 0; i < l->n_entries; i++)
                n += l->entries[i].op == WIRE_REBOOT &&
                     governor_counts_reboot(&l->entries[i], e->given.boot_id);
        return n;
}

static unsigned count(const struct ledger *l, enum wire_op op) {
        unsigned n = 0;

        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].op == op && !ledger_entry_is_void(&l->entries[i]))
                        n++;
        return n;
}

static void fill_next(const struct engine *e, struct engine_now now, struct status *s) {
        uint64_t until = e->phase == PHASE_WAITING ? e->holdoff.until : e->deadline;
        int64_t when;

        if (e->inflight.step == STEP_IDLE && until != ENGINE_NEVER) {
                s->next = phase_row(e->phase)->next;
                s->next_at = clock_at(e, now);
                if (until > now.boot_usec)
                        s->next_at += (int64_t)((until - now.boot_usec) / USEC_PER_SEC);
        }
        /* Also while metadata is looked at meanwhile: it waits all the same. */
        if (e->phase == PHASE_REBOOTING && !is_busy(e) && *e->reboot.blockers) {
                uint64_t latest = due_patience_ends(e, now.boot_usec);

                s->next = NEXT_REBOOT;
                TEXT_SET(s->waits_for, e->reboot.blockers);
                s->next_at = clock_at(e, now); /* the wait is bounded: that is its end */
                if (latest > now.boot_usec)
                        s->next_at += (int64_t)((latest - now.boot_usec) / USEC_PER_SEC);
        }
        if (waits_for_permit(e, now, &when)) {
                s->next = NEXT_REBOOT;
                s->next_at = when;
        }
        if (e->phase == PHASE_FAILED && fault_row_of(e, &e->holdoff.fault)->by_person) {
                s->next = NEXT_REBOOT;
                s->next_at = 0;
                TEXT_SET(s->waits_for, "a person to reboot this machine (Reboot.Policy=never)");
        }
}

static void fill_fault(const struct engine *e, struct status *s) {
        const struct fault_names names = {.instance = e->facts.identity.instance_id,
                                          .region = e->facts.identity.region_id,
                                          .role = e->given.config.role};
        const struct fault_row *row;

        if (e->holdoff.fault.class == FAULT_NONE)
                return;
        row = fault_row_of(e, &e->holdoff.fault);
        s->fault = e->holdoff.fault;
        s->fault_since = e->holdoff.since;
        TEXT_SET(s->sentence, fault_sentence(row));
        fault_remedy_here(&e->holdoff.fault, engine_call_context(&e->given.config), &names,
                          s->remedy);
}

/* Whoever prints our times beside this machine's clock needs to know that the two differ. */
static int clock_offset(const struct engine *e, struct engine_now now) {
        int64_t off = now.wall_sec - clock_at(e, now);

        return off > -OFFSET_MAX && off < OFFSET_MAX ? (int)(off / 60 * 60) : 0;
}

void engine_status(const struct engine *e, struct engine_now now, struct status *ret) {
        struct status *s = ret;

        *s = (struct status){
                .phase = e->phase,
                .public_ip = e->expected,
                .kind = e->kind,
                .network = e->ledger.network ? e->ledger.network : e->facts.identity.network,
                .since = e->phase_since,
                .allocations = count(&e->ledger, WIRE_ALLOCATE) +
                               count(&e->ledger, WIRE_BANDWIDTH) +
                               count(&e->ledger, WIRE_EIP_ASSOCIATE),
                .reboots = count_reboots(e),
                .attempt = e->holdoff.attempt,
                .held = e->given.hold == HOLD_ON,
                .busy = is_busy(e),
                .clock_offset = clock_offset(e, now),
        };
        if (s->held && !s->busy && e->phase != PHASE_STOPPED)
                s->phase = PHASE_HELD;
        TEXT_SET(s->instance_id, e->facts.identity.instance_id);
        TEXT_SET(s->region_id, e->facts.identity.region_id);
        TEXT_SET(s->boot_id, e->given.boot_id);
        s->day = (struct status_day){
                .allocations = governor_spent(&e->ledger, WIRE_NONE, e->given.boot_id,
                                              engine_time(e, now)),
                .allocations_limit = e->given.config.heal_limit,
                .reboots = governor_spent(&e->ledger, WIRE_REBOOT, e->given.boot_id,
                                          engine_time(e, now)),
                .reboots_limit = e->given.config.reboot_limit,
        };
        fill_planes(e, s);
        fill_next(e, now, s);
        fill_fault(e, s);
        TEXT_SET(s->note, note_of(e, now, &s->note_kind));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "turn.h"
#include "util/buf.h"
#include "util/text.h"

static bool is_busy(const struct engine *e) {
        return (e->step != STEP_IDLE && wire_op_changes(e->asking)) || e->step == STEP_LEAVING;
}

static void kernel_reason(const struct kernel_facts *k, char ret[static STATUS_REASON_SIZE]) {
        _cleanup_buf_ struct buf text = BUF(STATUS_REASON_SIZE - 1);
        char address[IPV4_SIZE];

        if (!k->present)
                buf_printf(&text, "no link of this machine has %s",
                           ipv4_format(k->address, address));
        else if (!k->running)
                buf_printf(&text, "%s is down", k->interface);
        else
                buf_puts(&text, "there is no default route");
        text_copy(ret, STATUS_REASON_SIZE, buf_text(&text));
}

static void fill_planes(const struct engine *e, struct status *s) {
        const in_addr_t addresses[_PLANE_MAX] = {
                [PLANE_KERNEL] = e->kernel.present ? e->kernel.address : 0,
                [PLANE_METADATA] = e->metadata.address,
                [PLANE_CONTROL] = e->control.address,
                [PLANE_OUTSIDE] = e->outside.address,
        };

        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                s->planes[p].verdict = e->verdict.planes[p];
                s->planes[p].address = addresses[p];
                s->planes[p].since = e->plane_since[p];
        }
        TEXT_SET(s->planes[PLANE_KERNEL].interface, e->kernel.interface);
        if (s->planes[PLANE_KERNEL].verdict == PLANE_DISAGREES)
                kernel_reason(&e->kernel, s->planes[PLANE_KERNEL].reason);
        if (e->control_fault.class != FAULT_NONE) {
                s->planes[PLANE_CONTROL].verdict = PLANE_UNKNOWN;
                TEXT_SET(s->control_fault, e->control_fault.code);
        }
        TEXT_SET(s->metadata_fault, e->metadata_fault.code);
}

/* One remark at most: the one that a person should know first. */
static const char *note_of(const struct engine *e, int64_t now) {
        const struct ledger *l = &e->ledger;

        if (e->ledger_state == LEDGER_UNREADABLE)
                return "the ledger cannot be read, so nothing is changed";
        if (e->ledger_error)
                return "the ledger cannot be written, so nothing is changed";
        if (e->lagging)
                return "the address works, metadata does not show it yet";
        if (e->hold == HOLD_FOREIGN)
                return "a hold file of another instance is ignored";
        if (l->suspect_pending || (l->suspect && now - l->suspect < DAY_SEC))
                return "an earlier ledger was set aside: no reboot for 24 h after";
        return "";
}

static unsigned count(const struct ledger *l, enum wire_op op) {
        unsigned n = 0;

        for (unsigned i = 0; i < l->n_entries; i++)
                if (l->entries[i].op == op && !ledger_entry_is_void(&l->entries[i]))
                        n++;
        return n;
}

static void fill_next(const struct engine *e, struct engine_now now, struct status *s) {
        static const enum next nexts[_PHASE_MAX] = {
                [PHASE_WAITING] = NEXT_RETRY,    [PHASE_FAILED] = NEXT_RETRY,
                [PHASE_INSPECTING] = NEXT_LOOK,  [PHASE_CONFIRMING] = NEXT_LOOK,
                [PHASE_CONFIRMED] = NEXT_LOOK,   [PHASE_HELD] = NEXT_LOOK,
                [PHASE_REBOOTING] = NEXT_REBOOT,
        };
        uint64_t until = e->phase == PHASE_WAITING ? e->wait_until : e->deadline;

        if (e->step == STEP_IDLE && until != ENGINE_NEVER) {
                s->next = nexts[e->phase];
                s->next_at = engine_time(e, now);
                if (until > now.boot_usec)
                        s->next_at += (int64_t)((until - now.boot_usec) / USEC_PER_SEC);
        }
        /* Also while metadata is looked at meanwhile: it waits all the same. */
        if (e->phase == PHASE_REBOOTING && !is_busy(e) && *e->blockers) {
                uint64_t latest = patience_ends(e, now.boot_usec);

                s->next = NEXT_REBOOT;
                TEXT_SET(s->waits_for, e->blockers);
                s->next_at = engine_time(e, now); /* the wait is bounded: that is its end */
                if (latest > now.boot_usec)
                        s->next_at += (int64_t)((latest - now.boot_usec) / USEC_PER_SEC);
        }
        if (e->phase == PHASE_FAILED && strcmp(e->fault.code, FAULT_REBOOT_NEVER) == 0) {
                s->next = NEXT_REBOOT;
                s->next_at = 0;
                TEXT_SET(s->waits_for, "a person to reboot this machine (Reboot.Policy=never)");
        }
}

static void fill_fault(const struct engine *e, struct status *s) {
        const struct fault_row *row;

        if (e->fault.class == FAULT_NONE)
                return;
        row = fault_explain(&e->fault, call_context(&e->config));
        s->fault = e->fault;
        s->fault_since = e->fault_since;
        TEXT_SET(s->sentence, fault_sentence(row));
        fault_remedy(&e->fault, call_context(&e->config), s->remedy);
}

/* Whoever prints our times beside this machine's clock needs to know that the two differ. */
static int clock_offset(const struct engine *e, struct engine_now now) {
        int64_t off = now.wall_sec - engine_time(e, now);

        return off > -OFFSET_MAX && off < OFFSET_MAX ? (int)(off / 60 * 60) : 0;
}

void engine_status(const struct engine *e, struct engine_now now, struct status *ret) {
        struct status *s = ret;

        *s = (struct status){
                .phase = e->phase,
                .public_ip = e->expected,
                .kind = e->kind,
                .network = e->ledger.network ? e->ledger.network : e->identity.network,
                .since = e->phase_since,
                .allocations = count(&e->ledger, WIRE_ALLOCATE) +
                               count(&e->ledger, WIRE_BANDWIDTH) +
                               count(&e->ledger, WIRE_EIP_ASSOCIATE),
                .reboots = count(&e->ledger, WIRE_REBOOT),
                .attempt = e->attempt,
                .held = e->hold == HOLD_ON,
                .busy = is_busy(e),
                .clock_offset = clock_offset(e, now),
        };
        if (s->held && !s->busy && e->phase != PHASE_STOPPED)
                s->phase = PHASE_HELD;
        TEXT_SET(s->instance_id, e->identity.instance_id);
        TEXT_SET(s->region_id, e->identity.region_id);
        TEXT_SET(s->boot_id, e->boot_id);
        s->day = (struct status_day){
                .allocations = governor_spent(&e->ledger, WIRE_NONE, engine_time(e, now)),
                .allocations_limit = e->config.heal_limit,
                .reboots = governor_spent(&e->ledger, WIRE_REBOOT, engine_time(e, now)),
                .reboots_limit = e->config.reboot_limit,
        };
        fill_planes(e, s);
        fill_next(e, now, s);
        fill_fault(e, s);
        TEXT_SET(s->note, note_of(e, engine_time(e, now)));
}

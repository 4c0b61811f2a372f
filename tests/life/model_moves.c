/* SPDX-License-Identifier: Apache-2.0 */
/* Which moves the world allows now, and what they are called in a story. */
#include <string.h>

#include "model.h"
#include "util/text.h"

#define READY_MAX 3
#define AHEAD     (INT64_C(365) * 24 * 3600)

static const char *const texts[_MOVE_MAX] = {
        [MOVE_START] = "the agent starts",
        [MOVE_WRITE] = "the ledger is written",
        [MOVE_TOLD] = "the agent hears that it is written",
        [MOVE_READY] = "the call is ready to leave",
        [MOVE_ANSWER] = "the cloud answers truly",
        [MOVE_KERNEL] = "netlink tells",
        [MOVE_TIMER] = "time passes to the deadline",
        [MOVE_HOLD_NEWS] = "the agent hears of the brake",
        [MOVE_UNBLOCKED] = "nothing blocks a reboot",
        [MOVE_REBOOTS] = "the accepted reboot is executed",
        [MOVE_METADATA_NEWS] = "metadata catches up",
        [MOVE_CONTROL_NEWS] = "control catches up",
        [MOVE_BANDWIDTH_NEWS] = "control shows the new bandwidth",
        [MOVE_EIP_NEWS] = "the EIP's association has settled",
        [MOVE_EIP_LISTED] = "the list of EIPs catches up",
        [MOVE_WRITE_FAILS] = "the ledger cannot be written",
        [MOVE_WRITE_ODDLY] = "the ledger is written, but an error is told",
        [MOVE_DISK_FULL] = "the disk is full",
        [MOVE_DISK_FREE] = "the disk has room again",
        [MOVE_KILL] = "SIGKILL",
        [MOVE_POWER] = "the power fails",
        [MOVE_STOP] = "the service is stopped",
        [MOVE_CONSOLE_REBOOT] = "an operator restarts the machine",
        [MOVE_REBOOTS_AGAIN] = "the reboot is executed a second time",
        [MOVE_BLOCKED] = "cloud-init blocks the reboot",
        [MOVE_READY_AGAIN] = "refused at the gate, signed anew, and ready again",
        [MOVE_LOST_DONE] = "executed, but the answer is lost",
        [MOVE_LOST_UNDONE] = "not executed, and the answer is lost",
        [MOVE_SILENT_DONE] = "executed, and silence",
        [MOVE_GONE] = "the cloud process dies",
        [MOVE_LATE] = "the abandoned call is executed after all",
        [MOVE_SERVER_DONE] = "executed, and answered with 500",
        [MOVE_REFUSED_DONE] = "executed, and refused: permission denied",
        [MOVE_STATE_DONE] = "executed, and refused: not in the right state",
        [MOVE_NONCE_DONE] = "executed, and refused: the nonce was used",
        [MOVE_UNKNOWN_DONE] = "executed, and refused: an unknown code",
        [MOVE_TWICE] = "executed twice, and the second answer is heard",
        [MOVE_REFUSED_LATE] = "refused, and on its way all the same",
        [MOVE_FAULT_UNSENT] = "no connection",
        [MOVE_FAULT_SERVER] = "answered with 503",
        [MOVE_FAULT_THROTTLED] = "throttled without a hint",
        [MOVE_FAULT_HINT] = "throttled for 120 s",
        [MOVE_FAULT_AUTH] = "permission denied",
        [MOVE_FAULT_OPERATOR] = "refused: arrears",
        [MOVE_FAULT_SETTLING] = "refused: task conflict",
        [MOVE_FAULT_CLOCK] = "refused: the time is wrong",
        [MOVE_FAULT_ALREADY] = "refused: already there",
        [MOVE_LINE_GARBLED] = "the answer's line is garbled",
        [MOVE_LINE_CUT] = "the answer's line is cut",
        [MOVE_LINE_LONG] = "the answer is longer than 64 KiB",
        [MOVE_LINE_DEEP] = "the answer is nested deeply",
        [MOVE_LINE_WIDE] = "the answer has more than fits",
        [MOVE_BODY_GARBLED] = "the body is garbled",
        [MOVE_BODY_CUT] = "the body is cut",
        [MOVE_BODY_LONG] = "the body has a very long member",
        [MOVE_BODY_DEEP] = "the body is nested deeply",
        [MOVE_NO_CREDENTIALS] = "the role's credentials are cut",
        [MOVE_METADATA_SILENT] = "metadata is silent",
        [MOVE_METADATA_404] = "metadata answers 404",
        [MOVE_METADATA_5XX] = "metadata answers 500",
        [MOVE_METADATA_STRANGE] = "metadata answers for another instance",
        [MOVE_STRAY_ANSWER] = "an answer that nobody asked for",
        [MOVE_SECOND] = "a second passes",
        [MOVE_MINUTE] = "a minute passes",
        [MOVE_TEN_MINUTES] = "ten minutes pass",
        [MOVE_DAY] = "a day passes",
        [MOVE_LEDGER_REMOVED] = "the ledger is removed",
        [MOVE_LEDGER_DAMAGED] = "the ledger is damaged",
        [MOVE_LEDGER_UNREADABLE] = "the ledger becomes unreadable",
        [MOVE_LEDGER_READABLE] = "the ledger becomes readable again",
        [MOVE_ASSIGN] = "a person assigns an address",
        [MOVE_ASSIGN_EIP] = "a person binds the EIP",
        [MOVE_BANDWIDTH] = "a person changes the bandwidth",
        [MOVE_RECLAIM] = "the address is taken away",
        [MOVE_REPLACE] = "the address is replaced",
        [MOVE_CONVERT] = "the address is converted to an EIP",
        [MOVE_LINK_DOWN] = "the link goes down",
        [MOVE_LINK_UP] = "the link comes up",
        [MOVE_LOCK] = "the instance is locked",
        [MOVE_UNLOCK] = "the lock is lifted",
        [MOVE_TRANSIT] = "the instance is between two states",
        [MOVE_SETTLED] = "the instance has settled",
        [MOVE_EIP_TAKEN] = "the EIP is bound to another instance",
        [MOVE_EIP_FREED] = "the EIP is free again",
        [MOVE_CLOCK_FORWARD] = "the clock jumps five years ahead",
        [MOVE_CLOCK_BACK] = "the clock jumps five years back",
        [MOVE_TIME_BACK] = "the cloud's time goes back a little",
        [MOVE_TIME_RIGHT] = "the cloud's time is right again",
        [MOVE_DATE_AHEAD] = "refusals have a Date two days ahead",
        [MOVE_DATE_BACK] = "refusals have a Date two days back",
        [MOVE_DATE_RIGHT] = "refusals have the right Date again",
        [MOVE_HOLD] = "hold",
        [MOVE_UNHOLD] = "the brake is released",
        [MOVE_RESUME] = "resume",
        [MOVE_RELOAD] = "reload",
        [MOVE_POLICY] = "reload with other policies",
        [MOVE_USER_DATA] = "cloud-init has written user-data",
        [MOVE_CONFIG_UNREAD] = "the configuration cannot be read",
        [MOVE_CONFIG_READ] = "the configuration can be read again",
};

const char *move_text(enum move m) {
        return texts[m];
}

/* The write comes at once, and what became of it is heard before anything else. */
static bool is_free(const struct world *w) {
        return w->running && !w->store_wanted && !w->told_wanted;
}

static bool is_asked(const struct world *w) {
        return is_free(w) && w->flight.asked && !w->flight.executed;
}

/* A changing call that has not left yet is answered by the cloud process alone. */
static bool is_ready_awaited(const struct world *w) {
        return is_asked(w) && wire_op_changes(w->flight.question.op) && !w->flight.gone;
}

static bool has_left(const struct world *w) {
        return is_asked(w) && !is_ready_awaited(w);
}

static bool has_change_left(const struct world *w) {
        return has_left(w) && wire_op_changes(w->flight.question.op);
}

static bool is_api_asked(const struct world *w) {
        enum wire_op op = w->flight.question.op;

        return is_asked(w) && (op == WIRE_INSPECT || op == WIRE_EIP_FIND || wire_op_changes(op));
}

static bool is_metadata_asked(const struct world *w) {
        enum wire_op op = w->flight.question.op;

        return is_asked(w) && !w->scene->no_metadata &&
               (op == WIRE_IDENTIFY || op == WIRE_ADDRESSES);
}

static bool can_write(const struct world *w) {
        return w->running && w->store_wanted && !w->full &&
               w->engine.given.ledger_state != LEDGER_UNREADABLE;
}

bool world_can(const struct world *w, enum move m) {
        switch (m) {
        case MOVE_START:
                return !w->running;
        case MOVE_WRITE:
        case MOVE_WRITE_ODDLY:
                return can_write(w);
        case MOVE_WRITE_FAILS:
                return w->running && w->store_wanted;
        case MOVE_TOLD:
                return w->running && w->told_wanted && !w->store_wanted;
        case MOVE_READY:
                return is_ready_awaited(w);
        case MOVE_READY_AGAIN:
                return has_change_left(w) && w->flight.ready < READY_MAX;
        case MOVE_ANSWER:
                return has_left(w);
        case MOVE_GONE:
                return is_asked(w);
        case MOVE_KERNEL:
                return w->running && !w->store_wanted && w->kernel_news;
        case MOVE_TIMER:
                return is_free(w) && w->engine.deadline != ENGINE_NEVER;
        case MOVE_HOLD_NEWS:
                return is_free(w) && w->hold_news;
        case MOVE_UNBLOCKED:
                return is_free(w) && w->blockers_asked && !w->scene->stays_blocked &&
                       (w->blockers_news || w->blocked);
        case MOVE_BLOCKED:
                return is_free(w) && w->blockers_asked && (w->blockers_news || !w->blocked);
        case MOVE_REBOOTS:
                return w->reboot_accepted && (!w->reboot_until || w->now < w->reboot_until);
        case MOVE_REBOOTS_AGAIN:
                return w->reboot_repeats;
        case MOVE_METADATA_NEWS:
                return w->metadata != w->effective;
        case MOVE_CONTROL_NEWS:
                return w->shown != w->address;
        case MOVE_BANDWIDTH_NEWS:
                return w->bandwidth_shown != w->bandwidth;
        case MOVE_EIP_NEWS:
                return w->eip == EIP_ASSOCIATING;
        case MOVE_EIP_LISTED:
                return w->eip_listed > w->now;
        case MOVE_DISK_FULL:
                return !w->full;
        case MOVE_DISK_FREE:
                return w->full;
        case MOVE_KILL:
                return w->running;
        case MOVE_POWER:
        case MOVE_CONSOLE_REBOOT:
                return true;
        case MOVE_STOP:
        case MOVE_RESUME:
        case MOVE_RELOAD:
        case MOVE_POLICY:
                return is_free(w);
        case MOVE_LOST_DONE:
        case MOVE_LOST_UNDONE:
        case MOVE_SILENT_DONE:
        case MOVE_SERVER_DONE:
        case MOVE_TWICE:
                return has_change_left(w);
        case MOVE_REFUSED_DONE: /* a purchase by its name */
        case MOVE_STATE_DONE:
        case MOVE_NONCE_DONE:
        case MOVE_UNKNOWN_DONE:
                return has_change_left(w) && w->flight.question.op != WIRE_EIP_ALLOCATE;
        case MOVE_REFUSED_LATE: /* of others the next inspection tells in time, or the platform */
                return has_change_left(w) && w->flight.question.op == WIRE_REBOOT;
        case MOVE_LATE:
                return w->late.asked && w->now < w->late.until;
        case MOVE_FAULT_UNSENT:
        case MOVE_NO_CREDENTIALS:
                return is_api_asked(w) && !has_change_left(w);
        case MOVE_FAULT_SERVER:
        case MOVE_FAULT_THROTTLED:
        case MOVE_FAULT_HINT:
        case MOVE_FAULT_AUTH:
        case MOVE_FAULT_OPERATOR:
        case MOVE_FAULT_SETTLING:
        case MOVE_FAULT_CLOCK:
                return is_api_asked(w) && has_left(w);
        case MOVE_LINE_GARBLED:
        case MOVE_LINE_CUT:
        case MOVE_LINE_LONG:
        case MOVE_LINE_DEEP:
        case MOVE_LINE_WIDE:
                return has_left(w);
        case MOVE_BODY_GARBLED:
        case MOVE_BODY_CUT:
        case MOVE_BODY_LONG:
        case MOVE_BODY_DEEP:
                return (is_api_asked(w) && has_left(w)) || is_metadata_asked(w);
        case MOVE_FAULT_ALREADY:
                return has_change_left(w) && w->flight.question.op != WIRE_REBOOT;
        case MOVE_METADATA_SILENT:
        case MOVE_METADATA_404:
        case MOVE_METADATA_5XX:
                return is_metadata_asked(w);
        case MOVE_METADATA_STRANGE:
                return is_metadata_asked(w) && w->flight.question.op == WIRE_ADDRESSES;
        case MOVE_STRAY_ANSWER:
                return is_free(w) && !w->flight.asked;
        case MOVE_SECOND:
        case MOVE_MINUTE:
        case MOVE_TEN_MINUTES:
        case MOVE_DAY:
                return true;
        case MOVE_LEDGER_REMOVED:
                return !w->running && w->disk_state != LEDGER_NONE;
        case MOVE_LEDGER_DAMAGED:
        case MOVE_LEDGER_UNREADABLE:
                return !w->running && w->disk_state == LEDGER_READ;
        case MOVE_LEDGER_READABLE:
                return !w->running && w->disk_state == LEDGER_UNREADABLE;
        case MOVE_ASSIGN:
                return w->address == 0 && w->eip != EIP_ASSOCIATING;
        case MOVE_ASSIGN_EIP:
                return w->address == 0 && w->eip == EIP_AVAILABLE;
        case MOVE_BANDWIDTH:
                return true;
        case MOVE_RECLAIM:
        case MOVE_REPLACE:
                return w->address != 0;
        case MOVE_CONVERT:
                return w->address != 0 && !w->by_eip && !w->eip_elsewhere;
        case MOVE_LINK_DOWN:
                return !w->link_down;
        case MOVE_LINK_UP:
                return w->link_down;
        case MOVE_LOCK:
                return !w->locked;
        case MOVE_UNLOCK:
                return w->locked;
        case MOVE_TRANSIT:
                return !w->transit;
        case MOVE_SETTLED:
                return w->transit;
        case MOVE_EIP_TAKEN:
                return w->eip == EIP_AVAILABLE || (w->eip == EIP_IN_USE && !w->eip_elsewhere);
        case MOVE_EIP_FREED:
                return w->eip_elsewhere;
        case MOVE_CLOCK_FORWARD:
                return is_free(w) && w->clock_off <= 0;
        case MOVE_CLOCK_BACK:
                return is_free(w) && w->clock_off >= 0;
        case MOVE_HOLD:
                return w->running && !w->hold_news && w->hold == HOLD_OFF;
        case MOVE_UNHOLD:
                return w->running && !w->hold_news && w->hold == HOLD_ON;
        case MOVE_DATE_AHEAD:
        case MOVE_DATE_BACK:
                return w->date_lie == 0;
        case MOVE_DATE_RIGHT:
                return w->date_lie != 0;
        case MOVE_TIME_BACK:
                return w->behind == 0;
        case MOVE_TIME_RIGHT:
                return w->behind != 0;
        case MOVE_USER_DATA:
                return w->awaits_user_data;
        case MOVE_CONFIG_UNREAD:
                return w->running && w->scene->has_user_data && !w->config_unread;
        case MOVE_CONFIG_READ:
                return w->running && w->config_unread;
        case _MOVE_MAX:
                break;
        }
        return false;
}

/* A ledger that came with the image: of an instance that had an address and was rebooted. */
static struct ledger foreign_ledger(void) {
        struct ledger l = {.address = FOREIGN_IP, .kind = KIND_STATIC, .confirmed = EPOCH - 60};
        struct ledger_entry *e = ledger_add(&l, WIRE_ALLOCATE, EPOCH - 120);

        TEXT_SET(l.instance_id, "i-other");
        TEXT_SET(e->boot_id, FOREIGN_BOOT);
        e->outcome = OUTCOME_DONE;
        e->address = FOREIGN_IP;
        l.confirmed_seq = l.seq;
        return l;
}

/* Our own, with all that Heal.Limit allows, written while the clock was a year ahead. */
static struct ledger ledger_ahead(const struct world *w) {
        struct ledger l = {.address = world_address(w->given),
                           .kind = KIND_STATIC,
                           .confirmed = EPOCH + AHEAD};

        TEXT_SET(l.instance_id, OUR_ID);
        TEXT_SET(l.first_boot_id, "boot-0");
        for (unsigned i = 0; i < w->scene->config.heal_limit; i++) {
                struct ledger_entry *e = ledger_add(&l, WIRE_ALLOCATE, EPOCH + AHEAD);

                TEXT_SET(e->boot_id, "boot-0");
                e->first_time = e->time;
                e->outcome = OUTCOME_DONE;
                e->settled = true;
                e->address = l.address;
        }
        l.confirmed_seq = l.seq;
        return l;
}

void world_init(struct world *w, const struct scene *scene) {
        memset(w, 0, sizeof(*w));
        w->scene = scene;
        w->engine.given.config = scene->config;
        w->boot = 1;
        w->now = START_AFTER;
        w->clock_off = scene->clock_off;
        w->bandwidth = w->bandwidth_shown = scene->bandwidth;
        w->awaits_user_data = scene->has_user_data;
        if (scene->config.strategy != STRATEGY_STATIC)
                w->eip = scene->config.eip_allocate ? EIP_UNKNOWN : EIP_AVAILABLE;
        if (scene->has_address) {
                w->address = w->shown = w->metadata = w->effective = world_address(++w->given);
                w->nic = scene->network == NETWORK_CLASSIC ? w->address : 0;
        }
        if (scene->cloned_ledger) {
                w->disk = foreign_ledger();
                w->disk_state = LEDGER_READ;
        }
        if (scene->ledger_ahead) {
                w->given += !scene->has_address;
                w->disk = ledger_ahead(w);
                w->disk_state = LEDGER_READ;
                w->laws.written_address = w->disk.address;
                w->laws.address_known = true;
        }
}

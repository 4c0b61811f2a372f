/* SPDX-License-Identifier: Apache-2.0 */
/* A changing call, from the wish to its intent: what must hold before it (laws L1 to L4, L10). */
#include "change.h"

#include <string.h>

#include "clock.h"
#include "cure.h"
#include "fault.h"
#include "past.h"
#include "report.h"
#include "util/buf.h"
#include "util/ipv4.h"
#include "util/text.h"
#include "wait.h"

#define TOKEN_SEC     DAY_SEC            /* how long the cloud remembers a client token */
#define TOKEN_DIGITS  32                 /* with the name before them within the cloud's 64 */
#define CONFIG_WAIT   (5 * USEC_PER_MIN) /* for files that can be read; then a look, and again */
#define IDENTITY_WAIT (5 * USEC_PER_SEC) /* the kernel's answer about L13 */

struct change {
        enum wire_op op;
        struct ledger_entry *again; /* the unanswered purchase that it repeats; NULL: a new call */
};

bool change_is_inspected(const struct turn *t) {
        const struct facts *f = &t->e->facts;

        return f->inspected_just_now && t->now.boot_usec - f->inspected <= LOOK_FRESH;
}

/* A call with a client token whose outcome never became known. */
static struct ledger_entry *unanswered(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = ledger_last(&t->e->ledger, op);

        if (!last || !*last->client_token)
                return NULL;
        if (last->outcome == OUTCOME_DONE || last->address != 0 || *last->allocation_id)
                return NULL;
        return last;
}

/* Repeated with its token it is the same call, so it takes the old entry again. */
static struct ledger_entry *repeatable(struct turn *t, enum wire_op op) {
        struct ledger_entry *last = unanswered(t, op);

        return last && clock_now(t) - last->first_time < TOKEN_SEC ? last : NULL;
}

/* The witness speaks straight before what a reboot may have to follow. */
static struct move gate_reachability(struct turn *t, const struct change *c) {
        const struct engine *e = t->e;

        if (!wire_op_brings_address(c->op) || e->given.config.reboot_policy != REBOOT_AUTO ||
            e->before.reach != REACH_UNASKED)
                return move_pass();
        return move_probe(PHASE_SAME, PROBE_REACH);
}

static struct move gate_inspected(struct turn *t, const struct change *c) {
        (void)c;
        return change_is_inspected(t) ? move_pass() : wait_or_inspect(t);
}

/* Metadata is looked at, as while confirmed; where there is none, control, an hour later (L14). */
struct move change_hold(const struct turn *t) {
        const struct engine *e = t->e;
        uint64_t look = e->facts.identity.from_metadata ? e->given.config.heal_check_interval_usec
                                                        : HELD_INSPECT;

        return move_rest(PHASE_HELD, clock_from_now(t, look));
}

static struct move gate_hold(struct turn *t, const struct change *c) {
        const struct engine *e = t->e;

        (void)c;
        if (e->given.hold != HOLD_ON)
                return move_pass();
        return change_hold(t);
}

/* Whatever the files say now, a change may be against it (design 5). */
static struct move gate_config(struct turn *t, const struct change *c) {
        (void)c;
        if (!t->e->given.config_unread)
                return move_pass();
        return wait_for_fact(t, FAULT_CONFIG_UNREAD, clock_from_now(t, CONFIG_WAIT));
}

/* The first change cannot be taken back when user-data brings another configuration. */
static struct move gate_user_data(struct turn *t, const struct change *c) {
        const struct given *g = &t->e->given;

        (void)c;
        if (g->user_data == USER_DATA_SETTLED || g->user_data == USER_DATA_WAIVED ||
            !past_is_blank(&t->e->ledger))
                return move_pass();
        if (report_once(t, REPORTED_WAITING, FAULT_USER_DATA))
                report_notice(t, NOTICE_USER_DATA);
        return wait_for_fact(t, FAULT_USER_DATA, g->user_data_until);
}

static struct move gate_ledger(struct turn *t, const struct change *c) {
        (void)c;
        if (t->e->given.ledger_state != LEDGER_UNREADABLE)
                return move_pass();
        return fault_raise(t, FAULT_LEDGER_WRITE, "the ledger cannot be read");
}

/* The firmware is of another maker, and no person has said that it is this instance. */
static bool is_contradicted(const struct engine *e) {
        return e->given.dmi_known && !e->given.dmi_is_ecs && !*e->given.config.instance_id;
}

bool change_is_proven(const struct engine *e) {
        return e->facts.kernel.machine == ANSWER_YES && !is_contradicted(e);
}

static struct move refuse_machine(struct turn *t) {
        const struct kernel_facts *k = &t->e->facts.kernel;
        _cleanup_buf_ struct buf text = BUF(FAULT_MESSAGE_SIZE - 1);
        char wanted[IPV4_SIZE];

        if (k->machine != ANSWER_NO)
                return fault_fail(t, FAULT_NOT_MACHINE, "the firmware names another maker");
        ipv4_format(t->e->watch.machine_ips[0], wanted);
        buf_printf(&text, "%s is not an address of this machine, which has %s", wanted, k->found);
        return fault_fail(t, FAULT_NOT_MACHINE, buf_text(&text));
}

/* L13: the inspected instance must be this machine; the kernel gets time to say. */
static struct move gate_identity(struct turn *t, const struct change *c) {
        struct engine *e = t->e;
        bool waited = e->before.identity_waited;

        e->before.identity_waited = false;
        if (is_contradicted(e) || e->facts.kernel.machine == ANSWER_NO)
                return refuse_machine(t);
        if (change_is_proven(e))
                return move_pass();
        if (e->facts.kernel.known || waited)
                return fault_raise(t, FAULT_UNPROVEN, "");
        e->before.identity_waited = true;
        return move_rest(c->op == WIRE_REBOOT ? PHASE_REBOOTING : PHASE_ALLOCATING,
                         clock_from_now(t, IDENTITY_WAIT));
}

/* Perhaps bought and never used: no inspection shows it, so a person has to look. */
static struct move gate_purchase(struct turn *t, const struct change *c) {
        bool lost = c->op == WIRE_EIP_ALLOCATE && unanswered(t, c->op) && !c->again;

        if (!lost || report_is_accepted(t->e, FAULT_EIP_LOST))
                return move_pass();
        return fault_raise(t, FAULT_EIP_LOST, "");
}

/* The budgets; a due reboot has asked the governor before. */
static struct move gate_budget(struct turn *t, const struct change *c) {
        struct engine *e = t->e;
        struct moment now = clock_moment(t);
        const char *why;
        int64_t when;

        if (c->op == WIRE_REBOOT)
                return move_pass();
        switch (governor_change(&e->ledger, &e->given.config, c->op, &now, &when, &why)) {
        case PERMIT_YES:
        case PERMIT_LOOK: /* an inspection is what gate_inspected has seen to */
                break;
        case PERMIT_LATER:
                return wait_until_time(t, why, when);
        case PERMIT_NO: /* a repeat of what counts already adds nothing */
                if (!*e->given.boot_id || !c->again || ledger_entry_is_void(c->again))
                        return fault_raise(t, why, "");
                break;
        }
        return move_pass();
}

typedef struct move (*gate_fn)(struct turn *t, const struct change *c);

/* In this order: the first that does not pass says what is done instead. */
static const gate_fn gates[] = {
        gate_hold,   gate_config,   gate_user_data, gate_reachability, gate_inspected,
        gate_ledger, gate_identity, gate_purchase,  gate_budget,
};

static void new_token(struct turn *t, char token[static CLIENT_TOKEN_SIZE]) {
        static const char name[] = "ecs-pubip-";
        size_t n = sizeof(name) - 1;
        uint64_t dice = 0;

        text_copy(token, CLIENT_TOKEN_SIZE, name);
        for (unsigned i = 0; i < TOKEN_DIGITS; i++, dice >>= 4) {
                if (i % 16 == 0)
                        dice = rng_next(&t->e->given.rng);
                token[n++] = "0123456789abcdef"[dice & 15];
        }
        token[n] = '\0';
}

/*
 * L11: a purchase has a number, and a ledger that was lost counts from the first again: the cloud
 * then answers with what it sold before. An instance id that leaves no room gets dice.
 */
static void number_purchase(struct turn *t, struct ledger_entry *entry) {
        struct engine *e = t->e;
        const struct config *c = &e->given.config;
        _cleanup_buf_ struct buf token = BUF(CLIENT_TOKEN_SIZE - 1);

        buf_printf(&token, EIP_NAME_PREFIX "%s-%u", e->facts.identity.instance_id,
                   ++e->ledger.purchases);
        if (token.error)
                new_token(t, entry->client_token);
        else
                TEXT_SET(entry->client_token, buf_text(&token));
        entry->order = (struct eip_order){
                .product = e->facts.eip.product,
                .charge = c->eip_charge,
                .bandwidth = c->eip_bandwidth,
        };
        TEXT_SET(entry->order.isp, c->eip_isp);
}

/* Its entry in the ledger; NULL: there is no room. */
static struct ledger_entry *write_intent(struct turn *t, const struct change *c) {
        struct engine *e = t->e;
        struct ledger_entry *entry = c->again ? ledger_renew(&e->ledger, c->again)
                                              : ledger_add(&e->ledger, c->op, clock_now(t));

        if (!entry)
                return NULL;
        if (c->op == WIRE_EIP_ALLOCATE && report_is_accepted(e, FAULT_EIP_LOST))
                TEXT_SET(e->reported.accepted, ""); /* the word was for one purchase */
        entry->outcome = OUTCOME_OPEN;
        entry->settled = entry->at_gate = false;
        entry->time = clock_now(t);
        entry->boot_usec = t->now.boot_usec;
        ledger_sent(&e->ledger, c->op, entry->time);
        if (!c->again)
                entry->first_time = entry->time;
        entry->unreachable_before = e->before.reach == REACH_UNREACHABLE;
        TEXT_SET(entry->boot_id, e->given.boot_id);
        if (c->op == WIRE_EIP_ALLOCATE && !c->again)
                number_purchase(t, entry);
        else if (!*entry->client_token && c->op != WIRE_ALLOCATE && c->op != WIRE_REBOOT)
                new_token(t, entry->client_token);
        if (c->op == WIRE_REBOOT)
                cure_record(e, entry);
        if (c->op == WIRE_EIP_ASSOCIATE)
                TEXT_SET(entry->allocation_id, e->facts.eip.allocation_id);
        return entry;
}

struct move change_begin(struct turn *t, enum wire_op op) {
        struct change c = {.op = op, .again = repeatable(t, op)};

        for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
                struct move m = gates[i](t, &c);

                if (m.kind != MOVE_PASS)
                        return m;
        }
        if (!write_intent(t, &c))
                return fault_raise(t, FAULT_HEAL_LIMIT,
                                   "the ledger is full of changes of the last 24 hours");
        return (struct move){
                .kind = MOVE_STORE,
                .phase = op == WIRE_REBOOT ? PHASE_REBOOTING : PHASE_ALLOCATING,
                .op = op,
                .repeats = c.again && op == WIRE_EIP_ALLOCATE, /* of others an inspection tells */
        };
}

enum outcome change_undone(const struct engine *e) {
        if (e->inflight.repeats)
                return OUTCOME_LOST;
        return e->inflight.left ? OUTCOME_REFUSED : OUTCOME_WITHDRAWN;
}

void change_withdraw(struct turn *t, struct ledger_entry *entry) {
        const struct inflight *i = &t->e->inflight;

        if (entry) {
                entry->outcome = change_undone(t->e);
                entry->at_gate = i->left; /* for no other reason is a call ready again */
        }
        if (i->step == STEP_ASKING)
                t->out->wants |= ACTION_DROP; /* by which the cloud process knows */
        turn_store(t);
}

/* RebootInstance is for what runs only; an address can be had while stopped. */
struct move change_check_ready(struct turn *t, enum wire_op op) {
        const struct instance *i = &t->e->facts.instance;
        bool stopped = strcmp(i->status, "Stopped") == 0 && op != WIRE_REBOOT;

        if (*i->locks)
                return fault_raise(t, FAULT_LOCKED, i->locks);
        if (i->charge == CHARGE_PREPAID && i->expires && i->expires <= clock_now(t))
                return fault_raise(t, FAULT_EXPIRED, "");
        if (strcmp(i->status, "Running") != 0 && !stopped)
                return fault_raise(t, FAULT_NOT_RUNNING, i->status);
        return move_pass();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the state machine: one turn is one event. engine.c receives events and owns phase and
 * deadline; engine_decide.c says what a look means; engine_change.c makes changing calls.
 */
#pragma once

#include <ecs-pubip/engine.h>

#define LOOK_FRESH     (60 * USEC_PER_SEC) /* how old a look may be that a change rests on */
#define ABSENT_APART   (60 * USEC_PER_SEC) /* two inspections before a known address is replaced */
#define CONTROL_EVERY  (6 * USEC_PER_HOUR)
#define CONTROL_SPREAD USEC_PER_HOUR
#define CLOCK_OFF_SEC  60            /* a clock that is off by more is told of, and not believed */
#define CONTROL_RETRY  USEC_PER_HOUR /* control could not be heard while confirmed */

struct turn {
        struct engine *e;
        struct engine_now now;
        struct actions *out;
};

#define ASK_MS           25000u
#define TOKEN_SEC        DAY_SEC
#define TOKEN_DIGITS     32
#define WITNESS_WAIT     (5 * USEC_PER_SEC)
#define INSPECT_APART    (30 * USEC_PER_SEC)
#define STEADY           (60 * USEC_PER_SEC)
#define FLAPS_TOLD       3
#define FLAPS_MAX        5
#define CONTROL_DOUBT    (5 * USEC_PER_MIN)
#define LOOK_LATER       (60 * USEC_PER_SEC)
#define N_LOOKS          (sizeof(look_seconds) / sizeof(look_seconds[0]))
#define LOOK_RECENT      (5 * USEC_PER_SEC)
#define BLOCKERS_WAIT    (15 * USEC_PER_SEC)
#define OFFSET_MAX       (60 * 365 * DAY_SEC)
#define WAIT_KEPT        (30 * USEC_PER_SEC)
#define NOT_ECS_AFTER    (10 * USEC_PER_MIN)
#define NETWORK_COMES    (60 * USEC_PER_SEC)
#define KERNEL_APART     (30 * USEC_PER_SEC)
#define USEC_OF(seconds) ((uint64_t)(seconds)*USEC_PER_SEC)

/* turn.c */
struct notice *say(struct turn *t, enum notice_kind kind);
void rest(struct turn *t, uint64_t until);
void store(struct turn *t);
void enter(struct turn *t, enum phase phase);
uint64_t in(const struct turn *t, uint64_t usec);
int64_t cloud_now(const struct turn *t);
struct moment moment(const struct turn *t);
void learn_time(struct turn *t, enum wire_op op, const struct wire_answer *a);
bool is_news(struct turn *t, enum told_list list, const char *code);
void untell(struct turn *t, enum told_list list, const char *code);
void forget_told(struct turn *t);
bool is_resting(const struct engine *e);
bool is_accepted(const struct engine *e, const char *code);
void end_block(struct turn *t);
void reboot_not_due(struct turn *t);
bool first_boot(const struct engine *e);
uint64_t patience_ends(const struct engine *e, uint64_t now);
bool reboots_at_once(const struct turn *t);
/* planes.c */
bool is_cut_through(const struct engine *e);
unsigned required_planes(const struct engine *e);
void judge(struct turn *t);
void look_again(struct turn *t);
void end_lag(struct turn *t);
void learn_metadata(struct turn *t, const struct addresses *a);
void forget_metadata(struct turn *t);
bool was_changed_unconfirmed(const struct ledger *l);
bool control_is_needed(const struct engine *e);
const struct ledger_entry *shown_by_metadata(const struct turn *t);
void adopt(struct turn *t);
void expect(struct turn *t, const struct ledger_entry *change);
bool must_alert(const struct turn *t);
/* ask.c */
bool takes_eip(const struct engine *e);
const char *eip_of_ledger(const struct engine *e);
bool looks_for_next_eip(struct turn *t);
void ask(struct turn *t, enum wire_op op);
void ask_probe(struct turn *t, enum wire_probe probe);
void start_over(struct turn *t);
/* holdoff.c */
uint64_t wait_left(const struct turn *t);
uint64_t server_wait_left(const struct turn *t);
void forget_wait(struct turn *t);
void write_wait(struct turn *t, uint64_t length, bool by_server, const struct fault *f);
void keep_wait(struct turn *t, uint64_t length);
uint64_t throttled_wait(const struct turn *t, const struct fault *f);
/* confirm.c */
void schedule_looks(struct turn *t);
uint64_t inspect_apart(const struct engine *e);
bool look(struct turn *t);
void confirm(struct turn *t);
void confirming_begins(struct turn *t);
void meanwhile(struct turn *t);
void wait_begins(struct turn *t, uint64_t until);
bool confirms_again(struct turn *t);
/* fault.c */
void fail_own(struct turn *t, const char *code, const char *message);
void wait_until_sec(struct turn *t, const char *code, int64_t when);
void inspect(struct turn *t);
void meet_fault(struct turn *t, const struct fault *f);
void meet_own(struct turn *t, const char *code, const char *message);
void say_unknown(struct turn *t, enum plane plane, const struct fault *f);
void got_identify_fault(struct turn *t, const struct fault *f);
/* change.c */
bool is_inspected(const struct turn *t);
void begin_change(struct turn *t, enum wire_op op);
void withdraw(struct turn *t, struct ledger_entry *entry);
void hold_instead(struct turn *t);
bool is_ready(struct turn *t, enum wire_op op);
bool asks_witness(struct turn *t);
void got_change_fault(struct turn *t, enum wire_op op, const struct fault *f);
/* allocate.c */
void allocate(struct turn *t);
/* reboot.c */
void reconsider_reboot(struct turn *t);
void reboot_due(struct turn *t);
void got_blockers(struct turn *t, const char *blockers);
void confirming(struct turn *t);
void on_confirming(struct turn *t);
void got_stored(struct turn *t, int error, enum hold hold);
void got_change(struct turn *t, enum wire_op op, const struct wire_answer *a);
/* drift.c */
void drift(struct turn *t);
void on_confirmed(struct turn *t);
void hurry_after_kernel(struct turn *t);
void got_inspect_fault(struct turn *t, const struct fault *f);
void got_addresses_fault(struct turn *t, const struct fault *f);
void hurry(struct turn *t);
void hurry_at_word(struct turn *t);
void hurry_after_question(struct turn *t);
/* decide.c */
void decide(struct turn *t);
void got_identity(struct turn *t, const struct identity *identity);
void got_instance(struct turn *t, const struct instance *i);
void got_eip(struct turn *t, const struct eip *eip);
void got_addresses(struct turn *t, const struct addresses *a);
void got_probe(struct turn *t, const struct wire_answer *a);
/* engine.c */
/* status.c */

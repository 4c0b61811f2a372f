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
#define IDENTITY_WAIT    (5 * USEC_PER_SEC)
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
struct notice *report_notice(struct turn *t, enum notice_kind kind);
void turn_rest(struct turn *t, uint64_t until);
void turn_store(struct turn *t);
void turn_enter(struct turn *t, enum phase phase);
uint64_t clock_from_now(const struct turn *t, uint64_t usec);
int64_t clock_now(const struct turn *t);
struct moment clock_moment(const struct turn *t);
void clock_learn(struct turn *t, enum wire_op op, const struct wire_answer *a);
bool report_once(struct turn *t, enum report_list list, const char *code);
void report_clear(struct turn *t, enum report_list list, const char *code);
void report_clear_faults(struct turn *t);
bool turn_is_resting(const struct engine *e);
bool report_is_accepted(const struct engine *e, const char *code);
void due_end_block(struct turn *t);
void due_clear(struct turn *t);
bool first_boot(const struct engine *e);
uint64_t due_patience_ends(const struct engine *e, uint64_t now);
const struct ledger_entry *due_change(const struct turn *t);
bool due_at_once(const struct turn *t);
/* planes.c */
bool planes_is_cut_through(const struct engine *e);
unsigned planes_required(const struct engine *e);
bool planes_address_is_on_nic(const struct engine *e);
void planes_judge(struct turn *t);
enum plane planes_curable(const struct engine *e);
void planes_record(const struct engine *e, struct ledger_entry *reboot);
void planes_forget_no_cure(struct turn *t, bool metadata, bool nic);
void planes_refresh(struct turn *t);
void planes_end_reachability(struct turn *t);
void planes_learn_metadata(struct turn *t, const struct addresses *a);
void planes_forget_metadata(struct turn *t);
bool planes_changed_unconfirmed(const struct ledger *l);
bool planes_need_control(const struct engine *e);
const struct ledger_entry *planes_change_for_metadata(const struct turn *t);
void adopt_address(struct turn *t);
void adopt_answer(struct turn *t, const struct ledger_entry *change);
bool adopt_needs_word(const struct turn *t);
/* ask.c */
bool eip_is_wanted(const struct engine *e);
const char *eip_of_ledger(const struct engine *e);
bool eip_ask_next(struct turn *t);
void ask_question(struct turn *t, enum wire_op op);
void ask_probe(struct turn *t, enum wire_probe probe);
void ask_identity(struct turn *t);
/* holdoff.c */
uint64_t holdoff_left(const struct turn *t);
uint64_t holdoff_server_left(const struct turn *t);
void holdoff_forget(struct turn *t);
void holdoff_write(struct turn *t, uint64_t length, bool by_server, const struct fault *f);
void holdoff_keep(struct turn *t, uint64_t length);
uint64_t holdoff_throttled(const struct turn *t, const struct fault *f);
/* confirm.c */
void confirm_schedule(struct turn *t);
uint64_t confirm_inspect_apart(const struct engine *e);
bool confirm_look(struct turn *t);
void confirm_reached(struct turn *t);
void confirm_begin(struct turn *t);
void wait_meanwhile(struct turn *t);
void wait_begin(struct turn *t, uint64_t until);
bool wait_confirm_again(struct turn *t);
/* fault.c */
void fault_fail(struct turn *t, const char *code, const char *message);
void wait_until(struct turn *t, const char *code, int64_t when);
void wait_or_inspect(struct turn *t);
void fault_meet(struct turn *t, const struct fault *f);
void fault_raise(struct turn *t, const char *code, const char *message);
void fault_report_unknown(struct turn *t, enum plane plane, const struct fault *f);
void fault_of_identify(struct turn *t, const struct fault *f);
/* change.c */
bool change_is_inspected(const struct turn *t);
void change_begin(struct turn *t, enum wire_op op);
void change_withdraw(struct turn *t, struct ledger_entry *entry);
void change_hold(struct turn *t);
bool change_check_ready(struct turn *t, enum wire_op op);
bool change_probe_reachability(struct turn *t);
void outcome_fault(struct turn *t, enum wire_op op, const struct fault *f);
/* allocate.c */
void allocate(struct turn *t);
/* reboot.c */
void reboot_reconsider(struct turn *t);
bool reboot_cures(const struct engine *e);
void reboot_due(struct turn *t);
void reboot_blockers(struct turn *t, const char *blockers);
void reboot_or_confirm(struct turn *t);
void reboot_tick(struct turn *t);
void outcome_stored(struct turn *t, int error, enum hold hold);
void outcome_done(struct turn *t, enum wire_op op, const struct wire_answer *a);
/* drift.c */
void drift_begin(struct turn *t);
void drift_tick(struct turn *t);
void retry_now_after_kernel(struct turn *t);
void drift_control_fault(struct turn *t, const struct fault *f);
void drift_metadata_fault(struct turn *t, const struct fault *f);
void retry_now(struct turn *t);
void retry_now_at_word(struct turn *t);
void retry_now_after_question(struct turn *t);
/* decide.c */
void decide_next(struct turn *t);
void decide_identity(struct turn *t, const struct identity *identity);
void decide_instance(struct turn *t, const struct instance *i);
void decide_eip(struct turn *t, const struct eip *eip);
void decide_addresses(struct turn *t, const struct addresses *a);
void decide_probe(struct turn *t, const struct wire_answer *a);
/* engine.c */
/* status.c */

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

/* engine.c: the doors. */
void enter(struct turn *t, enum phase phase);
void rest(struct turn *t, uint64_t until); /* nothing in flight; look again then */
void ask(struct turn *t, enum wire_op op);
void ask_probe(struct turn *t, enum wire_probe probe);
void store(struct turn *t);
struct notice *say(struct turn *t, enum notice_kind kind);
void start_over(struct turn *t); /* identify, then inspect */
bool is_resting(const struct engine *e);
bool is_accepted(const struct engine *e, const char *code); /* by a person's `resume` */

/* engine_time.c */
int64_t cloud_now(const struct turn *t);
uint64_t in(const struct turn *t, uint64_t usec); /* from now, on CLOCK_BOOTTIME */
void learn_time(struct turn *t, enum wire_op op, const struct wire_answer *a);

/* engine_wait.c */
void inspect(struct turn *t); /* unless an earlier process kept a wait that is not over */
uint64_t server_wait_left(const struct turn *t); /* of a kept wait that nobody has gone on with */
void forget_wait(struct turn *t);                /* unless the server still wants it */
void meet_fault(struct turn *t, const struct fault *f); /* wait or fail, by its class */
void meet_own(struct turn *t, const char *code, const char *message);
void fail_own(struct turn *t, const char *code, const char *message);
bool is_news(struct turn *t, enum told_list list,
             const char *code); /* and counts as told from now on */
void untell(struct turn *t, enum told_list list,
            const char *code);    /* that has ended; NULL: all have */
void forget_told(struct turn *t); /* success: nothing is waited for, nothing has failed */
void wait_until_sec(struct turn *t, const char *code, int64_t when); /* cloud time */
void hurry(struct turn *t);              /* an end to every wait that the server did not ask for */
void hurry_after_kernel(struct turn *t); /* the network has come (back) */
void hurry_at_word(struct turn *t);      /* resume, reload */
void hurry_after_question(struct turn *t); /* that was in flight when the word came */
void got_identify_fault(struct turn *t, const struct fault *f);
void got_inspect_fault(struct turn *t, const struct fault *f);
void got_addresses_fault(struct turn *t, const struct fault *f);

/* engine_decide.c */
void judge(struct turn *t);
unsigned required_planes(const struct engine *e);
bool was_changed_unconfirmed(const struct ledger *l);
void learn_metadata(struct turn *t, const struct addresses *a);
void end_lag(struct turn *t); /* the reachability witness counts no longer */
void got_identity(struct turn *t, const struct identity *identity);
void got_instance(struct turn *t, const struct instance *i);
void got_eip(struct turn *t, const struct eip *eip);
bool must_alert(const struct turn *t); /* the address is not taken without a person's word */
void adopt(struct turn *t);  /* tells a person, and the ledger, which address counts from now on */
void decide(struct turn *t); /* after an inspection, or when more was learnt since */

/* engine_confirm.c */
void confirm(struct turn *t);
void confirming(struct turn *t);
void confirming_begins(struct turn *t); /* Grace, Timeout and the looks count from now */
void on_confirming(struct turn *t);     /* its deadline has passed, or a plane has changed */
void on_confirmed(struct turn *t);
void drift(struct turn *t);
bool look(struct turn *t); /* asks what is due; false: nothing is */
void schedule_looks(struct turn *t);
void got_addresses(struct turn *t, const struct addresses *a);
void got_outside(struct turn *t, in_addr_t address); /* 0: could not be learnt */
uint64_t next_look(const struct turn *t);

/* engine_meanwhile.c */
void wait_begins(struct turn *t, uint64_t until);
bool confirming_without_control(struct turn *t); /* true: metadata is asked first, in a crowd */
void meanwhile(struct turn *t);                  /* what was looked at during a wait */
bool confirms_again(struct turn *t); /* true: what a flap had lost is there, control is not asked */

/* engine_change.c */
void allocate(struct turn *t);
bool asks_witness(struct turn *t);              /* true: it is asked, before a change */
bool is_inspected(const struct turn *t);        /* L1 */
bool is_ready(struct turn *t, enum wire_op op); /* false: it has met the fault that forbids it */
void begin_change(struct turn *t, enum wire_op op);
void got_stored(struct turn *t, int error, enum hold hold);
void got_change(struct turn *t, enum wire_op op, const struct wire_answer *a);
void got_change_fault(struct turn *t, enum wire_op op, const struct fault *f);
void got_probe(struct turn *t, const struct wire_answer *a); /* NULL: it failed */

/* engine_eip.c */
bool takes_eip(const struct engine *e);
const char *eip_of_ledger(const struct engine *e); /* "": none of ours is known */
const char *eip_wanted(const struct turn *t); /* the id that eip-find is to look for; "": by tag */
bool looks_for_next_eip(struct turn *t);      /* true: that one does not exist, the next is asked */
bool is_bound(struct turn *t);                /* true: it has met the fault that this is */
void allocate_eip(struct turn *t);

/* engine_reboot.c */
void reboot_due(struct turn *t);
void reboot_not_due(struct turn *t);    /* any more */
bool is_still_due(struct turn *t);      /* now that its intent is written */
void reconsider_reboot(struct turn *t); /* its policy is another one now */
uint64_t patience_ends(const struct engine *e, uint64_t now);
bool reboots_at_once(const struct turn *t); /* Policy=always, until that reboot was executed */
void got_blockers(struct turn *t, const char *blockers);
void forget_blockers(struct turn *t); /* what blocked a reboot says nothing about a later one */

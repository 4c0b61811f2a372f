/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of design 2 and the rules of design 4, seen from outside: what really left the agent,
 * what was really executed, what it was told, what is really on disk. The first breach is kept as
 * a sentence. Nothing here asks the core whether it may; the limits are written down anew from the
 * design.
 *
 *   laws.c        what is known from outside, moment by moment
 *   laws_calls.c  a changing call leaves: L1 to L4, L6, L10, design 3 and 4.2 to 4.5
 *   laws_waits.c  after each step: L3's end, L8, design 4.1, 4.5 and 6
 *   laws_told.c   the notices: L7
 */
#pragma once

#include <ecs-pubip/engine.h>

#define CHANGES_SEEN 24
#define LINES_KEPT   24
#define SENDS_SEEN   20
#define DAY          (24 * USEC_PER_HOUR)

struct flight;
struct world;

/* What the agent heard of a changing call. */
enum heard {
        HEARD_NOTHING, /* no word from the cloud process, or the agent ended first */
        HEARD_DONE,
        HEARD_REFUSED,
        HEARD_LOST, /* a fault that leaves open whether it was executed */
};

/* A changing call that left the agent, or that a process wrote down and then ended. */
struct change_seen {
        enum wire_op op;
        enum heard heard;
        uint64_t at;
        uint64_t token; /* hash of its client token; 0: none */
        unsigned boot;
        bool executed;
        bool answered;           /* the agent heard of success, and wrote that down */
        bool seen;               /* as told, but not written down yet */
        bool told;               /* the agent heard that it was executed, or saw the address */
        bool told_address;       /* and wrote it down */
        bool settled;            /* an inspection since has told what there is to tell (design 3) */
        bool told_none;          /* likewise, and long enough after it: no address came of it */
        bool moot;               /* not executed, and the address of another call was seen since */
        bool unreachable_before; /* the reachability witness, straight before it */
        in_addr_t address;       /* what it brought */
        unsigned shown_heard,
                shown_boot;  /* boot in which control first showed it: heard, written */
        in_addr_t taken_for; /* not named by an answer: the address that it is taken to have brought
                              */
        bool at_gate;        /* refused before the product saw it */
};

/* L7: one line of the journal, as far as two of them may be the same. */
struct told_line {
        enum notice_kind kind;
        enum wire_op op;
        enum plane plane;
        in_addr_t address, old_address;
        in_addr_t stranger; /* of Heal.Replaced: whose address stands there */
        uint64_t words;     /* hash of code and text */
};

struct told {
        struct told_line lines[LINES_KEPT]; /* since something ended what they say, newest last */
        unsigned n_lines;
        unsigned n_quiet; /* lines since something happened to the agent */
        bool disturbed;   /* since the last line */
};

struct laws {
        const char *broken;      /* NULL: all is well */
        unsigned bought_unknown; /* EIPs of which the ledger was lost */
        unsigned n_changes;
        struct change_seen changes[CHANGES_SEEN]; /* newest last */

        /* what this agent process has heard */
        uint64_t inspected; /* when the last inspection succeeded; 0: none since a change, a wait */
        in_addr_t inspected_address;
        uint64_t inspected_asked; /* when it was asked: it tells of no later moment */
        bool inspected_running, inspected_locked;
        int inspected_bandwidth;
        bool control_owed;    /* no look at control since the last change that was not refused */
        uint64_t metadata_at; /* the last look, if it told */
        in_addr_t metadata_address;
        bool eip_available; /* eip-find said so, after the last change */
        bool kernel_known, kernel_agrees, kernel_present, kernel_matches;
        in_addr_t kernel_address;
        bool before_known, unreachable_before; /* witness, since the last inspection */
        uint64_t reach_at;                     /* witness, last asked; 0: never */
        bool reachable;
        bool lagging;          /* confirmed by the witness; only the link has disagreed since */
        uint64_t silent_since; /* metadata has not answered identify since; 0: it has */

        uint64_t absent_since; /* inspections have shown no address since; 0: it was there */
        bool address_known;    /* the ledger on disk knows that there was an address */
        in_addr_t written_address, ledger_address; /* on disk; in the agent's memory */
        bool word;         /* reload or `resume` came while a question was in flight */
        in_addr_t alerted; /* 4.4: the stranger that was told of last, and that has not ended */
        in_addr_t resumed; /* the one that a person then gave a word for; nothing adopted since */
        uint64_t hint_until, hint_written; /* the server's wish; what of it is on disk */
        bool hint_news;                    /* it was heard in this step, from the API */
        unsigned hint_boot;
        /* L12: Reboot.NoCure was told, and written; its plane has shown no address since. */
        bool no_cure_told, no_cure;
        uint64_t damaged;       /* the agent found its ledger damaged then; 0: no */
        uint64_t confirmed;     /* a confirmed verdict written down */
        uint64_t started;       /* this process of the agent */
        bool user_data_waived;  /* a person's `resume` came while it waited */
        uint64_t blocked_since; /* a due reboot has been waiting for something; 0: it has not */

        /* L14 */
        uint64_t sends[_WIRE_OP_MAX][SENDS_SEEN]; /* when calls of a kind left, newest first */
        uint64_t held_inspected; /* under the brake control was asked, and nothing happened since */
        uint64_t confirming_since; /* this process has tried to confirm; 0: it does not */
        in_addr_t confirming_address;

        /* after the last step */
        enum phase phase;
        enum step step;
        enum wire_op asking;
        uint64_t deadline;
        enum fault_class class;
        uint64_t class_met;   /* its fault has been of this class since */
        uint64_t class_since; /* the same, but a person's `resume` or reload begins anew */
        struct told told_lines;
};

void laws_started(struct world *w);
void laws_down(struct world *w); /* the agent has ended, in whichever way */
void laws_ledger_removed(struct world *w);
void laws_sent(struct world *w, const struct wire_question *q); /* to the cloud process */
void laws_went(struct world *w, const struct wire_question *q); /* a changing call: its bytes */
void laws_executed(struct world *w, const struct flight *f);
void laws_heard(struct world *w, const struct wire_answer *a);
void laws_gave_up(struct world *w); /* the question in flight, without an answer */
void laws_written(struct world *w);
void laws_told_of_kernel(struct world *w, const struct kernel_facts *k);
void laws_stepped(struct world *w, const struct event *e, const struct actions *a);
/* Something happened outside of the agent: it may have something to say. */
void laws_disturbed(struct world *w);

/* Between the parts. */
void laws_break(struct world *w, const char *law);
struct change_seen *laws_new_change(struct laws *l);                   /* room for one more */
struct change_seen *laws_last_change(struct laws *l, enum wire_op op); /* WIRE_NONE: of any */
uint64_t laws_hash_token(const char *token);                           /* 0: of none */
bool laws_brings_address(enum wire_op op);
bool laws_is_of_api(enum wire_op op); /* its quota is the API's */
void laws_told(struct world *w, const struct event *e, const struct actions *a);
void laws_waits(struct world *w, const struct event *e, const struct actions *a);

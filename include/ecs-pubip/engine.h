/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine: (engine, event) -> (engine, actions). Pure: no descriptor, clock, log or
 * global; the engine is one flat structure without pointers, so a test can copy, compare and hash
 * it. The runtime feeds events one at a time and does what the actions say.
 *
 * Rules that the code keeps: one door for every change of phase (enter()), one question in flight,
 * one deadline. A changing call takes two steps: STORE with the intent, and only after
 * EVENT_STORED said that it is durable the ASK (law L2).
 */
#pragma once

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/config.h>
#include <ecs-pubip/governor.h>
#include <ecs-pubip/ledger.h>
#include <ecs-pubip/status.h>
#include <ecs-pubip/verdict.h>
#include <ecs-pubip/wire.h>

#define ENGINE_NEVER UINT64_MAX

/* Times that the runtime reads for the engine. */
struct engine_now {
        uint64_t boot_usec; /* CLOCK_BOOTTIME: every wait runs on it */
        int64_t wall_sec;   /* CLOCK_REALTIME: only until the cloud's time is known */
};

enum hold {
        HOLD_OFF,
        HOLD_ON,      /* also: the hold file cannot be read */
        HOLD_FOREIGN, /* it names another instance: ignored, with a notice */
};

/* How the ledger file was found at start. */
enum ledger_state {
        LEDGER_NONE,    /* no file */
        LEDGER_READ,    /* parsed, in engine_init's argument */
        LEDGER_DAMAGED, /* could not be parsed or is of a newer version: the runtime set it aside */
        LEDGER_UNREADABLE, /* could not be read at all: no changing call */
};

enum event_type {
        EVENT_START,
        EVENT_TIMER,    /* engine->deadline has passed */
        EVENT_ANSWER,   /* to the question in flight */
        EVENT_KERNEL,   /* what netlink shows of the watched address has changed */
        EVENT_STORED,   /* the STORE asked for was done, or not */
        EVENT_HOLD,     /* the brake has changed */
        EVENT_RESUME,   /* `ecs-pubip resume`: end every wait that the server did not ask for */
        EVENT_RELOAD,   /* SIGHUP: a new, valid configuration; ends waits in the same way */
        EVENT_CLOCK,    /* somebody set the wall clock, or the machine woke from suspend */
        EVENT_BLOCKERS, /* the answer to ACTION_BLOCKERS, and again when it changes */
        EVENT_STOP,     /* the service is being stopped */
};

struct event {
        enum event_type type;
        struct engine_now now;
        union {
                struct wire_answer answer;
                struct kernel_facts kernel;
                struct {
                        int error;      /* 0, or the negative errno of the write */
                        enum hold hold; /* read after the write: law-like rule of `hold` */
                } stored;
                enum hold hold;
                struct config config;
                char blockers[STATUS_WHY_SIZE]; /* what a reboot should wait for; "" : nothing */
        };
};

enum action {
        ACTION_ASK = 1 << 0,       /* actions.question */
        ACTION_DROP = 1 << 1,      /* close the cloud link: its answer would come too late */
        ACTION_STORE = 1 << 2,     /* engine->ledger, durably; then EVENT_STORED */
        ACTION_SET_ASIDE = 1 << 3, /* before the STORE: keep the ledger file aside, it is foreign */
        ACTION_WATCH = 1 << 4,     /* engine->watch has changed */
        ACTION_BLOCKERS = 1 << 5,  /* look what blocks a reboot; EVENT_BLOCKERS */
        ACTION_NO_BLOCKERS = 1 << 6, /* no need to look any longer */
        ACTION_EXIT = 1 << 7,        /* not an ECS instance: stopped, exit 0 */
};

/* What a person should read in the journal; the runtime has a text and a MESSAGE_ID for each. */
enum notice_kind {
        NOTICE_IDENTIFIED,     /* instance, region, network */
        NOTICE_ASKING,         /* a changing call is about to leave: op */
        NOTICE_CHANGED,        /* it was answered with success: op, address, request_id */
        NOTICE_ADOPTED,        /* control shows an address that we did not ask for */
        NOTICE_REPLACED,       /* old_address -> address */
        NOTICE_RECLAIMED,      /* control shows none any more: old_address */
        NOTICE_DISAGREES,      /* was confirmed; a plane disagrees now: plane */
        NOTICE_CONFIRMED,      /* address */
        NOTICE_REBOOT_WAITS,   /* due, and waits: text says for what */
        NOTICE_REBOOTING,      /* RebootInstance was accepted */
        NOTICE_WAITING,        /* fault, new or other than before */
        NOTICE_FAILED,         /* fault: needs a person */
        NOTICE_HELD,           /* the brake is on */
        NOTICE_RESUMED,        /* the brake is off */
        NOTICE_HOLD_FOREIGN,   /* a hold file of another instance is ignored */
        NOTICE_LEDGER_FOREIGN, /* a ledger of another instance was set aside: text names it */
        NOTICE_LEDGER_DAMAGED, /* an unprovable one was set aside: budgets count as spent */
        NOTICE_LEDGER_NEWER,   /* the runtime's word for a damaged one of a newer version */
        NOTICE_CLOCK,          /* this machine's clock is off by `seconds` from the cloud's */
        NOTICE_NOT_ECS,        /* this is no ECS instance: stopping */
        NOTICE_PLANE_UNKNOWN,  /* confirmed, but a plane cannot be heard: plane, fault */
        _NOTICE_MAX,
};

struct notice {
        enum notice_kind kind;
        enum wire_op op;
        enum plane plane;
        in_addr_t address, old_address;
        int64_t seconds;
        char text[STATUS_WHY_SIZE];
        char request_id[REQUEST_ID_SIZE];
        struct fault fault;
};

#define NOTICES_MAX 6

/* Law L7: faults that were told and have not ended since. Those that come in turn: once each. */
enum told_list { TOLD_WAITING, TOLD_FAILED, TOLD_CONTROL, TOLD_METADATA, _TOLD_MAX };
#define TOLD_IN_TURN 3

struct actions {
        unsigned wants; /* bits of enum action, to be done in the order of their values but for
                           ASK, which comes last */
        struct wire_question question;
        int exit_status;
        unsigned n_notices;
        struct notice notices[NOTICES_MAX];
};

/* What we are in the middle of: the steps inside a phase. */
enum step {
        STEP_IDLE,
        STEP_STORING, /* waiting for EVENT_STORED of an intent */
        STEP_ASKING,  /* a question is in flight */
        STEP_LEAVING, /* RebootInstance was accepted: waiting to be shut down */
};

struct engine {
        /* given */
        struct config config;
        char boot_id[BOOT_ID_SIZE]; /* "" : unknown, then no changing call */
        bool dmi_is_ecs, dmi_known; /* DMI product name says "Alibaba Cloud ECS" / there is DMI */
        struct rng rng;
        enum ledger_state ledger_state;
        struct ledger ledger;
        int ledger_error; /* of the last write: 0 or a negative errno */

        /* where we are */
        enum phase phase;
        enum step step;
        enum wire_op asking;     /* the question in flight or whose intent is being stored */
        uint64_t asked;          /* the last question, CLOCK_BOOTTIME */
        enum wire_probe probing; /* of WIRE_PROBE */
        bool repeats;            /* a purchase of which an earlier call may have been executed */
        uint64_t deadline;       /* CLOCK_BOOTTIME; ENGINE_NEVER: none */
        uint64_t entered;        /* phase, CLOCK_BOOTTIME */
        enum hold hold;

        /* what we know */
        struct identity identity;
        bool identified;
        struct instance instance; /* last inspection */
        uint64_t inspected;       /* when, CLOCK_BOOTTIME; 0: not in this process */
        bool inspected_just_now;  /* law L1: nothing was asked of the API since */
        struct eip eip;           /* last eip-find */
        bool eip_known;           /* it was asked after the last inspection */
        unsigned eips_gone;       /* of those that were ours: found to be no more, since then */
        struct kernel_facts kernel;
        struct plane_facts metadata, control, outside;
        uint64_t metadata_at;        /* the look that gave it, CLOCK_BOOTTIME */
        struct fault control_fault;  /* why control could not be heard, while confirmed */
        struct fault metadata_fault; /* the same for metadata */
        struct verdict verdict;
        in_addr_t expected;
        enum kind kind;
        struct watch watch;
        int64_t plane_since[_PLANE_MAX];

        /* the cloud's time: base at a moment of CLOCK_BOOTTIME */
        int64_t server_time;
        uint64_t server_time_at;
        bool time_proven; /* an API answer has told it; metadata's Date is a hint */
        bool clock_reported;

        /* waits and doubts */
        struct fault fault; /* why we wait or failed; class NONE: no fault */
        int64_t fault_since;
        uint64_t fault_since_boot; /* patience of a class counts from here */
        unsigned attempt;          /* of the present wait class */
        unsigned failed_looks;
        bool wait_by_server; /* the wait must not be cut short */
        uint64_t wait_until; /* its end; the deadline may be a look at metadata before it */
        bool crowded;        /* throttled since it was confirmed last: others need the quota too */
        bool wait_checked;   /* the wait that an earlier process kept was looked at */
        bool hurry_later;    /* resume or reload came while a question was in flight */
        char told[_TOLD_MAX][TOLD_IN_TURN][FAULT_CODE_SIZE]; /* the newest first */
        enum wire_op told_asking;
        in_addr_t told_reclaimed, told_confirmed, told_replaced;
        unsigned flaps;      /* confirmed lost within a minute, that often in a row */
        bool static_refused; /* Strategy=static eip: on to the EIP */
        bool witness_waited;
        uint64_t kernel_hurried; /* netlink last ended a wait then */
        uint64_t confirm_started;
        unsigned looks;        /* metadata looks in this confirming */
        uint64_t absent_first; /* first of two inspections that show no address */
        bool reach_before_known, unreachable_before; /* witness, straight before a change */
        uint64_t reach_at;                           /* witness, in this confirming; 0: not asked */
        bool reachable;
        bool lagging; /* confirmed by the reachability witness */
        uint64_t next_look, next_control;
        uint64_t reboot_due_since;
        uint64_t blocked_since; /* it waits for the blockers; 0: it does not */
        uint64_t blocked_usec;  /* it has waited for them before */
        char blockers[STATUS_WHY_SIZE];
        char told_blockers[STATUS_WHY_SIZE]; /* of this due reboot (L7) */
        bool blockers_known;
        uint64_t blockers_until; /* the answer is waited for; 0: not asked in this phase */
        bool online; /* was confirmed in this boot: the runtime leaves a file for others */
        bool marked; /* Reboot.Policy=never, and one is due: the same */
        char accepted[FAULT_CODE_SIZE]; /* the failure that a person's `resume` was the answer to */
        uint64_t metadata_silent_since;
        int64_t phase_since;
};

/*
 * Sets everything up; nothing happens until EVENT_START. `ledger` only with LEDGER_READ. `seed`
 * comes from getrandom().
 */
void engine_init(struct engine *e, const struct config *config, const char *boot_id, bool dmi_known,
                 bool dmi_is_ecs, enum ledger_state state, const struct ledger *ledger,
                 enum hold hold, uint64_t seed);

/* One step. *ret is cleared first. */
void engine_step(struct engine *e, const struct event *event, struct actions *ret);

/* What others see, at that moment. */
void engine_status(const struct engine *e, struct engine_now now, struct status *ret);

/* What a call under that configuration carries, for fault_explain(). */
unsigned call_context(const struct config *c);

/* The cloud's time as known here, s; the wall clock's where it is not known yet. */
int64_t engine_time(const struct engine *e, struct engine_now now);

/* True while a question soon to come makes it worth keeping the cloud link open. */
bool engine_keeps_link(const struct engine *e);

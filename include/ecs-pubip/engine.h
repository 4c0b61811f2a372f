/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine: (engine, event) -> (engine, actions). Pure: no descriptor, clock, log or
 * global; the engine is one flat structure without pointers, so a test can copy, compare and hash
 * it. The runtime feeds events one at a time and does what the actions say.
 *
 * Rules that the code keeps: one door for every change of phase (commit.c), one question in
 * flight, one deadline. A changing call takes three steps: STORE with the intent; only after
 * EVENT_STORED said that it is durable the ASK (law L2); and only after EVENT_READY, when all was
 * looked at once more, the GO (law L1).
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

/* Whether user-data may still bring a configuration (cloud-init's network stage writes it). */
enum user_data {
        USER_DATA_UNKNOWN, /* the runtime has not said */
        USER_DATA_AWAITED, /* its files are not written yet */
        USER_DATA_SETTLED, /* they are and were read; or there is nobody to write any */
        USER_DATA_WAIVED,  /* the time for them is over, or a person said not to wait */
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
        EVENT_TIMER,     /* engine->deadline has passed */
        EVENT_ANSWER,    /* to the question in flight */
        EVENT_READY,     /* the call in flight is connected, and would leave now */
        EVENT_KERNEL,    /* what netlink shows of the watched address has changed */
        EVENT_STORED,    /* the STORE asked for was done, or not */
        EVENT_HOLD,      /* the brake has changed */
        EVENT_RESUME,    /* `ecs-pubip resume`: end every wait that the server did not ask for */
        EVENT_RELOAD,    /* SIGHUP: a new, valid configuration; ends waits in the same way */
        EVENT_CONFIG,    /* the files became unreadable or readable; what they say is RELOAD's */
        EVENT_USER_DATA, /* the answer to ACTION_USER_DATA, and again when it changes */
        EVENT_CLOCK,     /* somebody set the wall clock, or the machine woke from suspend */
        EVENT_BLOCKERS,  /* the answer to ACTION_BLOCKERS, and again when it changes */
        EVENT_STOP,      /* the service is being stopped */
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
                struct {
                        unsigned number; /* of the times that this question is ready, from 1 */
                        enum hold hold;  /* read after it was heard */
                } ready;
                enum hold hold;
                struct config config;
                bool config_unread;
                enum user_data user_data;       /* AWAITED or SETTLED */
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
        ACTION_USER_DATA = 1 << 8,   /* look how far cloud-init is; EVENT_USER_DATA */
        ACTION_GO = 1 << 9, /* before all else: the call that is ready leaves; DROP: it does not */
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
        NOTICE_USER_DATA,      /* the first change waits for user-data */
        NOTICE_USER_DATA_LATE, /* it does no longer: the time for it is over */
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
        NOTICE_PLANE_UNKNOWN,  /* confirmed, but a plane is unreachable: plane, fault */
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

struct actions {
        unsigned wants; /* bits of enum action, to be done in the order of their values but for
                           ASK, which comes last */
        struct wire_question question;
        int exit_status;
        unsigned n_notices;
        struct notice notices[NOTICES_MAX];
};

/*
 * The parts of the machine. Each says which file of src/core/engine writes it; everybody may read.
 * Moments are of CLOCK_BOOTTIME in microseconds, where 0 is "not in this process", unless a field
 * says otherwise; int64_t is the cloud's time in seconds.
 */

/* What the runtime gave: by engine.c, at the start and from events. */
struct given {
        struct config config;
        char boot_id[BOOT_ID_SIZE]; /* "" : unknown, then no changing call */
        bool dmi_known;             /* the firmware can be read */
        bool dmi_is_ecs;            /* and names "Alibaba Cloud ECS" */
        struct rng rng;             /* jitter; each draw moves it on */
        enum hold hold;             /* also outcome.c: it is read after the write of an intent */
        bool config_unread;         /* `config` may not be what the files say now */
        enum user_data user_data;
        uint64_t user_data_until;       /* it is waited for until then; 0: it is not */
        enum ledger_state ledger_state; /* also answer.c: NONE once a foreign one was set aside */
        int ledger_error;               /* of the last write: 0 or a negative errno (outcome.c) */
};

/* What is being done inside a phase: by commit.c. */
enum step {
        STEP_IDLE,
        STEP_STORING, /* waiting for EVENT_STORED of an intent */
        STEP_ASKING,  /* a question is in flight; a changing one leaves after EVENT_READY */
        STEP_LEAVING, /* RebootInstance was accepted: waiting to be shut down */
};
struct inflight {
        enum step step;
        enum wire_op op;       /* of the question, or of the intent that is being stored */
        enum wire_probe probe; /* of WIRE_PROBE */
        uint64_t asked;        /* when the last question was */
        bool repeats;          /* a purchase of which an earlier call may have been executed */
        bool outdated; /* a change: the configuration that it was decided by is another one now */
        bool renewing; /* it is ready again, and the number of that time is being written */
        bool left;     /* `go` was said to it: it may have been executed */
};

/* What was heard of the instance and its planes: by planes.c and answer.c. */
struct facts {
        struct identity identity;
        bool identified;       /* `identity` was heard, and the configuration has not changed it */
        uint64_t silent_since; /* metadata has not answered since */
        struct instance instance;
        uint64_t inspected;      /* when `instance` was heard */
        bool inspected_just_now; /* law L1: no wait and no changing call since */
        struct eip eip;
        bool eip_known;     /* `eip` was heard after the last inspection */
        unsigned eips_gone; /* of those that were ours: found to be no more, since then */
        struct kernel_facts kernel;
        struct plane_facts metadata, control, outside; /* UNKNOWN: not heard, or not believed now */
        uint64_t metadata_at;                          /* when `metadata` was heard */
        struct fault metadata_fault, control_fault; /* why the last look failed; NONE: it did not */
};

/* The cloud's time: base at a moment of CLOCK_BOOTTIME; by clock.c. */
struct cloud_clock {
        int64_t server_time; /* 0: not known */
        uint64_t read_at;
        bool proven; /* an API answer has told it; metadata's Date is a hint */
};

/* Why and how long it waits, or has failed: by holdoff.c, wait.c and fault.c. */
struct holdoff {
        struct fault fault;  /* class NONE: no fault */
        int64_t since;       /* it has been met, for a person */
        uint64_t since_boot; /* patience of its class counts from here; a person's word renews it */
        unsigned attempt;    /* of this class, in a row, or more in a crowd; 0: the first */
        unsigned refused_second; /* of the cloud's minute, by the throttled refusal before */
        unsigned failed_looks;   /* since it failed */
        bool by_server;          /* the wait must not be cut short */
        uint64_t until;          /* its end; the deadline may be a look at metadata before it */
        bool throttled_since_confirm; /* others need the account's quota, too */
        bool kept_checked;            /* the wait that the ledger keeps has been gone on with */
};

/* When waits end early: by retry.c. */
struct retry {
        bool now_pending;      /* resume or reload came while a question was in flight */
        uint64_t after_kernel; /* netlink last ended a wait then */
};

/* The looks that confirm, and that keep confirmed: by confirm.c and drift.c. */
struct confirming {
        uint64_t started; /* the looks, or the wait between which they come */
        uint64_t since; /* `address` has been waited for, over waits for other things; 0: it is not
                         */
        in_addr_t address;
        unsigned looks;        /* at metadata, since then */
        uint64_t next_look;    /* ENGINE_NEVER: to be planned */
        uint64_t next_control; /* while confirmed */
        unsigned flaps;        /* confirmed lost within a minute, that often in a row */
        uint64_t reach_at;     /* the reachability witness was asked, in this confirming */
        bool reachable;        /* it said then */
        bool online_mark;      /* confirmed in this boot: the runtime leaves a file for others */
};

/* The reachability witness, before a change that a reboot may have to follow. */
enum reach {
        REACH_UNASKED,
        REACH_UNREACHABLE,
        REACH_UNPROVEN, /* reachable, or nobody could say */
};

/* What must be known straight before a change: by answer.c, decide.c and change.c. */
struct before {
        bool static_refused;   /* Strategy=static eip: on to the EIP */
        bool identity_waited;  /* netlink was waited for, to say whether this machine is meant */
        enum reach reach;      /* asked since the last inspection */
        uint64_t absent_first; /* first of two inspections that show no address */
};

/* A due reboot: by due.c and reboot.c. */
struct reboot {
        uint64_t due_since;
        char blockers[STATUS_WHY_SIZE]; /* what it should wait for; "" : nothing */
        bool blockers_known;            /* the runtime has said, or has not in time */
        uint64_t blockers_until;        /* its answer is waited for; 0: not asked in this phase */
        uint64_t blocked_since;         /* it waits for them */
        uint64_t blocked_usec;          /* it has waited for them before */
        bool required_mark; /* Reboot.Policy=never, and one is due: the runtime leaves a file */
};

/* Law L7: what a person was told and has not ended since; of faults in turn the newest three. */
enum report_list {
        REPORTED_WAITING,
        REPORTED_FAILED,
        REPORTED_CONTROL,
        REPORTED_METADATA,
        _REPORTED_MAX
};
#define REPORTED_IN_TURN 3

/* By report.c, but for who tells of addresses. Addresses: 0 for none. */
struct reported {
        char faults[_REPORTED_MAX][REPORTED_IN_TURN][FAULT_CODE_SIZE]; /* the newest first */
        enum wire_op asking;                                           /* WIRE_NONE: no call */
        in_addr_t reclaimed, confirmed; /* confirmed: in the last notice of all */
        in_addr_t replaced;             /* the stranger of Heal.Policy=alert */
        char blockers[STATUS_WHY_SIZE]; /* of this due reboot */
        char accepted[FAULT_CODE_SIZE]; /* the failure that a person's `resume` was the answer to */
        bool clock;                     /* that this machine's clock is wrong */
};

struct engine {
        enum phase phase;       /* these four and inflight: by commit.c alone */
        uint64_t phase_entered; /* CLOCK_BOOTTIME */
        int64_t phase_since;    /* the same moment in the cloud's time */
        uint64_t deadline;      /* ENGINE_NEVER: none */
        struct inflight inflight;

        struct given given;
        struct ledger ledger;
        struct cloud_clock clock;
        struct facts facts;

        in_addr_t expected; /* the address that counts; 0: none (adopt.c, decide.c, answer.c) */
        enum kind kind;     /* of it; NONE: not known */
        struct watch
                watch; /* what netlink was told to look for; address 0: nothing yet (planes.c) */
        int64_t plane_since[_PLANE_MAX]; /* for status (planes.c) */

        struct holdoff holdoff;
        struct retry retry;
        struct before before;
        struct confirming confirming;
        struct reboot reboot;
        struct reported reported;
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

/*
 * No call of this instance may have left, and it has had no address, as far as is known: it may
 * still get its first configuration.
 */
bool engine_is_new(const struct engine *e);

/* Over the planes, by what is known now. */
struct verdict engine_verdict(const struct engine *e);

/* What a call under that configuration carries, for fault_explain(). */
unsigned engine_call_context(const struct config *c);

/* The cloud's time as known here, s; the wall clock's where it is not known yet. */
int64_t engine_time(const struct engine *e, struct engine_now now);

/* True while a question soon to come makes it worth keeping the cloud link open. */
bool engine_keeps_link(const struct engine *e);

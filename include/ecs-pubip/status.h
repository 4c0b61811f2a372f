/* SPDX-License-Identifier: Apache-2.0 */
/* status.json (a contract with tools outside: fields are added, never renamed) and metrics. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>
#include <ecs-pubip/ledger.h>
#include <ecs-pubip/verdict.h>

#define STATUS_TEXT_MAX    (64u * 1024)
#define STATUS_WHY_SIZE    256
#define STATUS_LINE_SIZE   256
#define STATUS_REASON_SIZE 96

enum phase {
        PHASE_STARTING,
        PHASE_IDENTIFYING,
        PHASE_INSPECTING,
        PHASE_ALLOCATING,
        PHASE_CONFIRMING,
        PHASE_REBOOTING,
        PHASE_CONFIRMED,
        PHASE_WAITING,
        PHASE_FAILED,
        PHASE_HELD,
        PHASE_STOPPED,
        _PHASE_MAX,
};

/* What happens next, where something is planned. */
enum next { NEXT_NONE, NEXT_LOOK, NEXT_RETRY, NEXT_REBOOT };

/* What follows a phase's opening in the headline. */
enum phase_detail {
        DETAIL_NONE,
        DETAIL_ADDRESS,
        DETAIL_PLANES, /* the address, and which planes do not show it yet */
        DETAIL_REBOOT, /* the address, and what the reboot waits for */
        DETAIL_FAULT,  /* it, and when is tried again */
};

/* What waiting longer brings, for the exit statuses of `wait` and `plan`. */
enum phase_end {
        END_OPEN,   /* the address may still be confirmed */
        END_DONE,   /* it is */
        END_HELD,   /* nothing is changed; whether the address works the planes say */
        END_FAILED, /* nothing without a person */
        END_OVER,   /* the agent has stopped */
};

/* One row a phase. */
struct phase_row {
        const char *name;
        const char *opening;
        enum phase_detail detail;
        enum next next; /* when its deadline passes */
        enum phase_end end;
        bool between_looks; /* with a deadline, it only waits to look again, and may then change */
};
const struct phase_row *phase_row(enum phase p); /* that of `starting` for what is no phase */

struct status_plane {
        enum plane_verdict verdict;
        in_addr_t address;
        char interface[INTERFACE_SIZE]; /* kernel plane only */
        int64_t since;
        char reason[STATUS_REASON_SIZE]; /* kernel plane only: what is missing, or a note; "" */
};

/* How the address came to be another one than before. */
enum address_change {
        CHANGE_NONE,     /* never, as far as is known */
        CHANGE_ASSIGNED, /* by a call of this agent */
        CHANGE_ADOPTED,  /* found, and not asked for by this agent */
        CHANGE_REPLACED, /* somebody else put it in the place of another one */
        CHANGE_LOST,     /* the control plane shows none any more */
        _CHANGE_MAX,
};

/* What `note` says, for those that act on it. */
enum note_kind {
        NOTE_OTHER, /* also: there is no note */
        NOTE_CONFIG_UNREAD,
        NOTE_LEDGER_UNREADABLE,
        NOTE_LEDGER_UNWRITABLE,
        _NOTE_KIND_MAX,
};

/* What the limits count, of the last 24 hours. All zero: not known. */
struct status_day {
        unsigned allocations, allocations_limit;
        unsigned reboots, reboots_limit;
};

struct status {
        enum phase phase;
        in_addr_t public_ip; /* 0: none */
        enum kind kind;
        char instance_id[INSTANCE_ID_SIZE];
        char region_id[REGION_ID_SIZE];
        enum network network;
        int64_t since; /* of the phase */
        char boot_id[BOOT_ID_SIZE];
        struct status_plane planes[_PLANE_MAX];
        unsigned allocations, reboots; /* not refused, in the ledger's memory */
        struct status_day day;
        in_addr_t previous_ip;      /* the last different address that was held; 0: none */
        int64_t changed_at;         /* when the address changed last; 0: not known */
        enum address_change change; /* in which way */
        unsigned attempt;
        enum next next;
        int64_t next_at;                 /* 0: at once, or not known */
        char waits_for[STATUS_WHY_SIZE]; /* a due reboot: "cloud-init to finish"; else "" */
        struct fault fault;              /* class FAULT_NONE: none */
        char remedy[STATUS_WHY_SIZE * 2];
        char sentence[STATUS_WHY_SIZE * 2];
        int64_t fault_since;
        bool held;        /* the brake is on */
        bool busy;        /* a changing call is in flight */
        int clock_offset; /* s, this machine's clock minus the cloud's; less than a minute is 0 */
        char note[STATUS_WHY_SIZE];           /* what is odd but no fault; "" mostly */
        char control_fault[FAULT_CODE_SIZE];  /* why the control plane is unknown, if by a fault */
        char metadata_fault[FAULT_CODE_SIZE]; /* the same for metadata, of its last look */
        char config_problem[STATUS_WHY_SIZE]; /* where the files are wrong: file, line, key; "" */

        /* What the conditions are made of besides; status.json has the conditions instead. */
        enum note_kind note_kind;
        char hold_problem[STATUS_WHY_SIZE]; /* a brake that `hold` has not written; "" */
        bool was_confirmed;    /* `public_ip`, in this run: a plane that disagrees has changed */
        unsigned planes_aside; /* bits of enum plane: the verdict does not ask them */
        enum kernel_gap kernel_gap;
};

struct conditions;

/* malloc'ed JSON text with a final newline; -ENOMEM. */
int status_format(const struct status *s, const struct conditions *c, char **ret);
/*
 * -EBADMSG if it is no status of version 1. Unknown members are ignored, as are conditions of an
 * unknown kind; where an older agent wrote none, they are made of the rest. `ret_c` may be NULL.
 */
int status_parse(const char *text, size_t len, struct status *ret, struct conditions *ret_c);

/*
 * The STATUS= line of sd_notify and the first line of `ecs-pubip status`: the phase, and as many
 * whole problems as there is room for. Says in *c which of them it has told.
 */
void status_line(const struct status *s, struct conditions *c, char ret[static STATUS_LINE_SIZE]);

/*
 * True if the address works, as far as the planes that count say: also under a hold, where the
 * phase says nothing of it. A control plane that cannot be asked changes nothing of what the
 * others show (design 4.1).
 */
bool status_is_confirmed(const struct status *s);

/* Counters since the agent started, for metrics.prom. */
struct metrics {
        int64_t heartbeat; /* this machine's time at which they were written */
        uint64_t changes[_CHANGE_MAX];
        uint64_t questions[_WIRE_OP_MAX];
        uint64_t faults[_FAULT_CLASS_MAX];
        uint64_t wakeups;
        uint64_t kernel_events, kernel_overruns;
};
/* Text for node_exporter's textfile collector (text format 0.0.4); malloc'ed; -ENOMEM. */
int metrics_format(const struct status *s, const struct conditions *c, const struct metrics *m,
                   char **ret);

const char *status_phase_name(enum phase p);
const char *status_change_name(enum address_change c); /* "assigned" …; NULL for NONE */
const char *status_network_name(enum network n);       /* "vpc", "classic"; NULL for UNKNOWN */

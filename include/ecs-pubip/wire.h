/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent <-> cloud process: one JSON object per line, at most WIRE_LINE_MAX bytes with its newline.
 * A question carries no endpoint, key or credential; a changing one names the instance it means.
 *
 * A changing call leaves in two steps (law L1). The cloud process says `ready`, {"ready":1}, when
 * nothing is left to do but to send it; the agent, which then looks at everything once more, says
 * `go`, {"go":1,"at_ms":…}, or closes. Each time that the call is to leave has its own
 * number, from 1.
 */
#pragma once

#include <ecs-pubip/budget.h>
#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>
#include <ecs-pubip/reply.h>

#define WIRE_LINE_MAX     (64u * 1024)
#define CLIENT_TOKEN_SIZE 65 /* up to 64 ASCII characters (ecs-api 5) */

enum wire_op {
        WIRE_NONE,
        WIRE_IDENTIFY,
        WIRE_ADDRESSES,
        WIRE_INSPECT,
        WIRE_EIP_FIND,
        WIRE_PROBE,
        WIRE_ALLOCATE, /* from here on: changing calls */
        WIRE_BANDWIDTH,
        WIRE_EIP_ALLOCATE,
        WIRE_EIP_ASSOCIATE,
        WIRE_REBOOT,
        _WIRE_OP_MAX,
};

static inline bool wire_op_changes(enum wire_op op) {
        return op >= WIRE_ALLOCATE;
}

/* After such a call an address may be there that was not there before. */
static inline bool wire_op_brings_address(enum wire_op op) {
        return op == WIRE_ALLOCATE || op == WIRE_BANDWIDTH || op == WIRE_EIP_ASSOCIATE;
}

enum wire_probe {
        PROBE_NONE,
        PROBE_REACH,      /* TCP connect to the region's public ECS endpoint */
        PROBE_OUTSIDE,    /* the caller's address as Confirm.Outside sees it */
        PROBE_PERMISSION, /* DryRun of `permission` */
};

/* Whether a TCP connection to the region's public endpoints comes to be. */
enum wire_reach {
        REACH_UNKNOWN, /* no name, refused, no memory, …: nothing is known of the way */
        REACH_NO,      /* each connection to a resolved address timed out or had no route */
        REACH_YES,
};

struct wire_question {
        enum wire_op op;
        uint32_t deadline_ms;                 /* from receipt; at most CALL_MAX_MS */
        int64_t server_time;                  /* the cloud's time as known here, s; 0: not known */
        char instance_id[INSTANCE_ID_SIZE];   /* inspect, eip-find, probe and every changing call */
        char client_token[CLIENT_TOKEN_SIZE]; /* bandwidth, eip-allocate, eip-associate */
        char allocation_id[EIP_ID_SIZE];      /* eip-find (or "" : any that fits), eip-associate */
        bool audit;              /* eip-find: the next after allocation_id that has our name */
        struct eip_order order;  /* eip-allocate */
        unsigned bandwidth_out;  /* bandwidth: Mbit/s */
        bool allocate_public_ip; /* bandwidth: AllocatePublicIp=true */
        enum wire_probe probe;
        enum wire_op permission; /* PROBE_PERMISSION: of which call */
};

struct wire_answer {
        struct fault fault;               /* class FAULT_NONE: the question was answered */
        int64_t server_time;              /* the cloud's time now, s; 0: not known */
        char request_id[REQUEST_ID_SIZE]; /* of the API call that answered; "" for metadata */
        bool time_proven;                 /* the API accepted a signature made by that time */
        enum wire_reach reachable;        /* probe reach; permission: YES where it is granted */
        union {
                struct identity identity;   /* identify */
                struct addresses addresses; /* addresses */
                struct instance instance;   /* inspect */
                struct eip eip;             /* eip-find (allocation_id "": none), eip-allocate */
                in_addr_t address;          /* allocate; probe outside */
        };
};

struct wire_step {
        unsigned number; /* 1 … WIRE_SENDS_MAX */
        /* `go`: by what was so at that moment of CLOCK_BOOTTIME, which both processes read. It is
           worth nothing once WIRE_GO_MS have passed since. 0: `ready`. */
        uint64_t at_ms;
};

#define WIRE_GO_MS 1000u
#define WIRE_SENDS_MAX                                                                             \
        9u /* of one question: its endpoints, and a repeat for clock and for keys                  \
            */
#define WIRE_STEP_SIZE 64

/* One line with its newline, into a malloc'ed string; -ENOMEM or -E2BIG. */
int wire_question_format(const struct wire_question *q, char **ret);
int wire_answer_format(enum wire_op op, const struct wire_answer *a, char **ret);
void wire_step_format(const struct wire_step *s, char ret[static WIRE_STEP_SIZE]);

/*
 * One line without its newline. -EBADMSG for anything that the format does not say: unknown op,
 * missing or mistyped member, text too long, number out of range. Unknown members are ignored.
 */
int wire_question_parse(const char *line, size_t len, struct wire_question *ret);
int wire_answer_parse(enum wire_op op, const char *line, size_t len, struct wire_answer *ret);

/*
 * Steps are written in one way only, and what says more, less or the same otherwise is none: is it
 * this one; is it the `go` of that number.
 */
bool wire_step_is(const struct wire_step *s, const char *line, size_t len);
int wire_go_parse(unsigned number, const char *line, size_t len, struct wire_step *ret);

const char *wire_op_name(enum wire_op op); /* "identify", …, "eip-find" */

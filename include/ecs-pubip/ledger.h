/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must survive a crash and a reboot: struct <-> versioned, readable text. Every changing call
 * has its entry here before it leaves (law L2). Times are the cloud's, in seconds since 1970.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>
#include <ecs-pubip/wire.h>

#define BOOT_ID_SIZE    37 /* a UUID as the kernel prints it */
#define LEDGER_ENTRIES  32
#define LEDGER_SENDS    100 /* five kinds of calls, 20 an hour of each */
#define LEDGER_TEXT_MAX (32u * 1024)
#define LEDGER_VERSION  2 /* version 1 is read too */

enum kind { KIND_NONE, KIND_STATIC, KIND_EIP };

/* What became of a changing call. */
enum outcome {
        OUTCOME_OPEN,      /* written before the call; nothing heard since */
        OUTCOME_DONE,      /* answered with success */
        OUTCOME_REFUSED,   /* answered with a refusal: a word, which the boot ID may belie */
        OUTCOME_LOST,      /* no verdict came; may have been executed */
        OUTCOME_WITHDRAWN, /* the call never left */
};

/* What a plane showed of the address that a reboot is for, before it (L12). */
enum showed { SHOWED_UNKNOWN, SHOWED_NOTHING, SHOWED_THIS, SHOWED_ANOTHER };

struct ledger_entry {
        enum wire_op op; /* a changing one */
        enum outcome outcome;
        /* An OPEN or LOST one: a later inspection has told what there is to tell. A REFUSED reboot:
           one has told that it was not executed. */
        bool settled;
        bool unreachable_before; /* allocation: the reachability witness failed before it */
        bool at_gate; /* a REFUSED one: before the product saw it, so that nothing can come of it */
        uint64_t seq; /* of the call's last send: what came first does not depend on clocks (L15) */
        int64_t time;
        int64_t first_time; /* before it was repeated: how old the client token is */
        uint64_t boot_usec; /* CLOCK_BOOTTIME, counts under the same boot id; 0: not known */
        char boot_id[BOOT_ID_SIZE];
        in_addr_t address;                /* what the change brought; 0: not known */
        char shown_boot_id[BOOT_ID_SIZE]; /* in which control first showed it; "" : not yet */
        enum showed metadata_before, nic_before; /* of a reboot */
        struct eip_order order;                  /* of a purchase */
        char allocation_id[EIP_ID_SIZE];
        char client_token[CLIENT_TOKEN_SIZE];
        char request_id[REQUEST_ID_SIZE];
};

/* A changing call, whatever became of it: how often one may leave (L14). */
struct ledger_send {
        enum wire_op op;
        int64_t time;
};

/* A wait that outlives a restart: (length, started, boot id), never longer than its length. */
struct ledger_wait {
        uint64_t length_usec;       /* 0: none */
        int64_t started;            /* the cloud's time */
        uint64_t started_boot_usec; /* CLOCK_BOOTTIME, counts under the same boot id */
        char boot_id[BOOT_ID_SIZE];
        bool asked_by_server;
        unsigned attempt;
        struct fault fault; /* why: class, code, http_status, request_id; the message is not kept */
};

struct ledger {
        char instance_id[INSTANCE_ID_SIZE]; /* "" : a new ledger */
        char first_boot_id[BOOT_ID_SIZE];   /* the boot in which this ledger began */
        in_addr_t address;                  /* last confirmed or adopted; 0: never one */
        enum kind kind;
        enum network network; /* what control said last; UNKNOWN: not heard */
        char eip_id[EIP_ID_SIZE];
        uint64_t seq;           /* the last number given */
        unsigned purchases;     /* EIPs asked for, each with the client token of its number (L11) */
        uint64_t confirmed_seq; /* sends up to this one are confirmed */
        int64_t confirmed;      /* last confirmed verdict of `address`; 0: none */
        bool confirmed_by_reachability; /* metadata does not show it, the witness reached it */
        int64_t inspected;              /* last successful control look; 0: none */
        int64_t suspect;      /* an unprovable ledger was set aside then (law L10); 0: no */
        bool suspect_pending; /* the same, before the cloud's time was known */
        /* A reboot for it has cured nothing, and it has shown no address since (L12). */
        bool metadata_no_cure, nic_no_cure;
        struct ledger_wait wait;
        unsigned n_entries;
        struct ledger_entry entries[LEDGER_ENTRIES]; /* oldest first */
        unsigned n_sends;
        struct ledger_send sends[LEDGER_SENDS]; /* of the last hour, oldest first */
};

/* malloc'ed text; -ENOMEM. */
int ledger_format(const struct ledger *l, char **ret);

/*
 * 0; -EPROTONOSUPPORT: of a newer version; -EBADMSG: does not parse, is cut or was changed by hand
 * (the last line is a checksum over the others). *ret is untouched then.
 */
int ledger_parse(const char *text, size_t len, struct ledger *ret);

/*
 * Adds an entry. When all places are taken, the oldest one that no budget or rule needs any more
 * goes: refused, else older than a day. NULL if none can go: then nothing may be changed either.
 */
struct ledger_entry *ledger_add(struct ledger *l, enum wire_op op, int64_t now);

/* A call of that kind is about to leave; what is older than an hour is forgotten. */
void ledger_sent(struct ledger *l, enum wire_op op, int64_t now);

/* An entry whose call is repeated becomes the newest one: its new place. */
struct ledger_entry *ledger_renew(struct ledger *l, struct ledger_entry *e);

/* True if the answer, or nobody, says that anything came of the call: refused or withdrawn. */
bool ledger_entry_is_refused(const struct ledger_entry *e);

/* The newest entry of that op (WIRE_NONE: of any) that is not refused or withdrawn, or NULL. */
struct ledger_entry *ledger_last(struct ledger *l, enum wire_op op);

/*
 * True if nothing came of the call: withdrawn, refused, or its answer was lost and the inspection
 * that settled it showed no address. It counts in no budget; should its address be shown late, it
 * counts again. An OPEN one counts: the answer may have come, and been success, straight before a
 * crash. A refused reboot is void only once an inspection has told so (L3).
 */
bool ledger_entry_is_void(const struct ledger_entry *e);

/*
 * Entries from the future (the clock that wrote them was wrong) are dated `now` (law L10). True if
 * there were any: then it must be written, or the next start would date them anew.
 */
bool ledger_settle_clock(struct ledger *l, int64_t now);

const char *ledger_kind_name(enum kind k); /* "static", "eip"; NULL for NONE */

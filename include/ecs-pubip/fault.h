/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong, in one table: code, status and message of the cloud (or a code of our own) to
 * a class, which decides the wait, and to a sentence and a remedy for a person.
 * Source: error tables of the API pages (ECS 2014-05-26, VPC 2016-04-28; ecs-api 4 and 5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_CODE_SIZE    96
#define FAULT_MESSAGE_SIZE 256
#define FAULT_REMEDY_SIZE  512
#define REQUEST_ID_SIZE    64

enum fault_class {
        FAULT_NONE,      /* no fault */
        FAULT_RETRY,     /* 5xx, no answer, NAT_PUBLIC_IP_*: soon again */
        FAULT_PROTOCOL,  /* not an answer of this API: soon again */
        FAULT_SETTLING,  /* the instance or EIP is between two states */
        FAULT_AUTH,      /* no role, no permission, instance not found: heals when somebody acts */
        FAULT_CLOCK,     /* our time is not the cloud's */
        FAULT_THROTTLED, /* over the quota of this minute */
        FAULT_ALREADY,   /* the wish is fulfilled: inspect and adopt */
        FAULT_OPERATOR,  /* a person must act */
        _FAULT_CLASS_MAX,
};

/* Whether the call that met the fault may have been executed all the same. */
enum fault_executed {
        EXECUTED_MAYBE, /* unknown, and so nothing that may be taken for no */
        EXECUTED_NO,
        _FAULT_EXECUTED_MAX,
};

/* Whose word a fault is. */
enum fault_origin {
        ORIGIN_AGENT,       /* the agent's own decision, or its cloud process's */
        ORIGIN_METADATA,    /* what the metadata service said or did not say */
        ORIGIN_CREDENTIALS, /* the keys with which a call is signed, before it is made */
        ORIGIN_TRANSPORT,   /* the way to the API: names, proxies, TLS, gateways */
        ORIGIN_API,         /* an answer of the API */
        _FAULT_ORIGIN_MAX,
};

/* What ends the wait of a fault before its time is over. */
enum fault_awaits {
        AWAITS_NOTHING,
        AWAITS_CONFIG,    /* the configuration can be read again */
        AWAITS_USER_DATA, /* cloud-init has written the files of user-data */
};

/* What a row tells of, for the conditions: what is no address, permission or clock by its class. */
enum fault_about {
        ABOUT_ADDRESS,
        ABOUT_IDENTITY, /* which instance this machine is */
        ABOUT_BUDGET,   /* a limit of the governor */
        ABOUT_LEDGER,
};

struct fault {
        enum fault_class class;
        char code[FAULT_CODE_SIZE];
        unsigned http_status; /* 0: no HTTP answer */
        char message[FAULT_MESSAGE_SIZE];
        char request_id[REQUEST_ID_SIZE];
        uint32_t retry_after_ms; /* 0: no hint */
        uint8_t context;         /* what the call was, where that tells rows apart */
};

/* Of the refused call: some codes mean different things with an optional parameter, or of a call
 * that makes the very state by which the next one is refused. */
enum fault_context {
        FAULT_WITH_IP_ADDRESS = 1 << 0,
        FAULT_WITH_VLAN_ID = 1 << 1,
        FAULT_OF_REBOOT = 1 << 2,
        FAULT_OF_EIP = 1 << 3,
};

/* In a row's status: any of that hundred. */
#define FAULT_STATUS_3XX 3
#define FAULT_STATUS_4XX 4
#define FAULT_STATUS_5XX 5

/*
 * A row of the table; the first that fits counts, the last rows fit by HTTP status alone. Each
 * program has all rows, so what is small takes the bits that it needs; the compiler refuses a row
 * whose value does not fit.
 */
struct fault_row {
        const char *code;     /* exact, or a prefix with a final '*', some with '|' between; NULL:
                                 any. Upper and lower case are one, as in the message */
        unsigned message : 4; /* 0: any; fault_row_message() */
        unsigned status : 10; /* 0: any; or FAULT_STATUS_4XX and its like */
        unsigned context : 4; /* all of these must be set */
        enum fault_class class : 4;
        enum fault_executed executed : 2; /* of rows of the API: holds for a status of the 4xx */
        enum fault_origin origin : 3;
        enum fault_awaits awaits : 2;
        enum fault_about about : 2;
        bool slow : 1;           /* the first wait is already the cap of the class */
        bool quick : 1;          /* the waits end at 30 s, whatever the cap of the class is */
        bool own : 1;            /* a code of our own, below; not the cloud's */
        bool no_static_here : 1; /* `Strategy=static eip` goes on to the EIP */
        bool at_gate : 1;        /* the gateway refused it before the product saw it */
        bool new_keys : 1;       /* another set of the role's credentials may be accepted */
        bool token_ends : 1;     /* this client token will never bring what was asked for */
        bool nobody : 1;         /* own codes: nothing at all answers at the metadata address */
        bool other_instance : 1; /* metadata names another instance: who we are is asked anew */
        bool unconfirmed : 1;    /* met between a change and its confirmation: failed by it, only
                                    what the governor allows by then can help */
        bool by_person : 1;      /* a person's reboot is what is waited for */
};

/* The table, for the generated documentation and the tests. */
const struct fault_row *fault_table(size_t *ret_n);

/* What must be a part of the message for the row to fit; NULL: any message fits. */
const char *fault_row_message(const struct fault_row *row);

/*
 * The row that explains a fault; never NULL: the last row fits everything. `context` is what is
 * known besides the fault's own.
 */
const struct fault_row *fault_explain(const struct fault *f, unsigned context);

/* Sets f->class from the row (a hint in retry_after_ms on an error answer makes it THROTTLED). */
void fault_classify(struct fault *f, unsigned context);

/*
 * Whether the call that met this fault may have been executed, by the column of its row. What the
 * cloud refuses it refuses with a code of its own and a status of the 4xx; any other answer is
 * MAYBE whatever its row says.
 */
enum fault_executed fault_executed(const struct fault *f, unsigned context);

enum fault_origin fault_origin(const struct fault *f);

/* True if the call that met this fault was certainly not executed, whatever it carried. Of
 * RebootInstance fault_executed() with FAULT_OF_REBOOT knows more. */
bool fault_is_refusal(const struct fault *f);

/* True if the gateway refused the call before the product saw it. */
bool fault_is_at_gate(const struct fault *f);

/* A fault of our own; code is one of those below and is in the table. */
struct fault fault_own(const char *code, const char *message);

/* Codes of our own. Agent <-> cloud process: */
#define FAULT_CLOUD_UNREACHABLE "Cloud.Unreachable" /* cloud.sock refuses, is missing or masked */
#define FAULT_CLOUD_GONE        "Cloud.Gone"        /* it closed before it answered */
#define FAULT_CLOUD_SILENT      "Cloud.Silent"      /* no answer by the deadline */
#define FAULT_CLOUD_GARBLED     "Cloud.Garbled"     /* a malformed answer */
#define FAULT_CLOUD_NO_GO       "Cloud.NoGo"        /* no word of the agent's to send it, in time */
#define FAULT_CLOUD_CONFIG      "Cloud.Config"      /* it found a bad configuration value */
/* Transport to the API (cloud process): */
#define FAULT_RESOLVE       "Transport.Resolve"
#define FAULT_CONNECT       "Transport.Connect"
#define FAULT_PROXY         "Transport.Proxy"        /* it answers CONNECT with an error */
#define FAULT_PROXY_SETTING "Transport.ProxySetting" /* of the environment: not understood */
#define FAULT_TLS           "Transport.Tls"
#define FAULT_TLS_TIME      "Transport.TlsNotYetValid" /* certificate, while our clock is unproven */
#define FAULT_TIMEOUT       "Transport.Timeout"        /* connected, no (whole) answer in time */
#define FAULT_CLOSED        "Transport.Closed"
#define FAULT_TOO_LARGE     "Transport.TooLarge"
#define FAULT_NOT_API       "Transport.NotApi"   /* neither JSON nor XML of this API */
#define FAULT_DEADLINE      "Transport.Deadline" /* deadline_ms was over before an attempt began */
/* Metadata: */
#define FAULT_MD_UNREACHABLE "Metadata.Unreachable"
#define FAULT_MD_LOCKED      "Metadata.Locked"       /* a route forbids it: systemd-imdsd */
#define FAULT_MD_POLICY      "Metadata.Denied"       /* something on this machine forbids it */
#define FAULT_MD_TOKEN       "Metadata.TokenTimeout" /* PUT times out: hop limit (peers 15) */
#define FAULT_MD_FORBIDDEN   "Metadata.Forbidden"    /* 403: disabled, or hardened and no token */
#define FAULT_MD_THROTTLED   "Metadata.Throttled"
#define FAULT_MD_NOT_FOUND   "Metadata.NotFound" /* 404 where identity should be */
#define FAULT_MD_SERVER      "Metadata.ServerError"
#define FAULT_MD_GARBLED     "Metadata.Garbled"
#define FAULT_MD_NO_ROLE     "Metadata.NoRole"
#define FAULT_MD_CREDENTIALS "Metadata.BadCredentials" /* not Success, expired, unreadable */
#define FAULT_CREDENTIALS    "Credentials.Unreadable" /* static: missing, or refused for its mode */
/* Instance: */
#define FAULT_NOT_LISTED     "Instance.NotListed" /* 200, empty list; DryRun says permitted: id */
#define FAULT_WRONG_REGION   "Instance.WrongRegion"
#define FAULT_OTHER_INSTANCE "Instance.NotThisOne"     /* law L4, in the cloud process */
#define FAULT_NOT_MACHINE    "Instance.NotThisMachine" /* law L13 */
#define FAULT_UNPROVEN       "Instance.Unproven"       /* law L13: nobody can say yet */
#define FAULT_NOT_RUNNING    "Instance.NotSettled"
#define FAULT_LOCKED         "Instance.Locked" /* message: the lock reasons */
#define FAULT_NO_BANDWIDTH   "Instance.NoBandwidth"
#define FAULT_EXPIRED        "Instance.Expired"
#define FAULT_METADATA_LEADS "Instance.MetadataOnly" /* metadata shows an address, control none */
#define FAULT_NOT_SHOWN                                                                            \
        "Instance.NotShownYet" /* our change was answered, control shows nothing                   \
                                */
#define FAULT_NOT_ECS "Instance.NotEcs"
/* Decisions of the engine: */
#define FAULT_CONFIG_UNREAD    "Config.Unread"
#define FAULT_USER_DATA        "UserData.Waiting"
#define FAULT_BOOT_ID          "Machine.NoBootId"
#define FAULT_LEDGER_WRITE     "Ledger.NotWritable"
#define FAULT_CHANGE_OFTEN     "Change.TooOften" /* law L14: the ceiling on calls of a kind */
#define FAULT_HEAL_LIMIT       "Heal.Limit"
#define FAULT_HEAL_RECLAIMED   "Heal.Reclaimed" /* Policy adopt or alert */
#define FAULT_HEAL_REPLACED    "Heal.Replaced"  /* Policy alert */
#define FAULT_REBOOT_LIMIT     "Reboot.Limit"
#define FAULT_REBOOT_SUSPECT   "Reboot.LedgerSetAside" /* law L10: it spends the budget */
#define FAULT_REBOOT_NEVER     "Reboot.Never"          /* due, but Reboot.Policy=never */
#define FAULT_REBOOT_NOT_DONE  "Reboot.NotDone" /* answered with success, still the same boot */
#define FAULT_REBOOT_NO_CURE   "Reboot.NoCure"  /* law L12: what it was for is as before it */
#define FAULT_REBOOT_LOST      "Reboot.Lost"    /* no answer, waiting to know */
#define FAULT_CONFIRM_KERNEL   "Confirm.Kernel"
#define FAULT_CONFIRM_METADATA "Confirm.Metadata"
#define FAULT_CONFIRM_CONTROL  "Confirm.Control"
#define FAULT_CONFIRM_OUTSIDE  "Confirm.Outside"
#define FAULT_EIP_ELSEWHERE    "Eip.Elsewhere" /* on another instance */
#define FAULT_EIP_NONE         "Eip.NoneFree"
#define FAULT_EIP_MISSING      "Eip.NotFound" /* the one that is configured */
#define FAULT_EIP_LOCKED       "Eip.Locked"
#define FAULT_EIP_LOST         "Eip.PurchaseLost"
#define FAULT_EIP_SETTLING     "Eip.Settling"

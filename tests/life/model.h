/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world around the real engine: cloud, machine, disk and operator, small enough to hash. It
 * shares nothing with the agent but the structs of the wire and the ledger. Everything that can
 * happen is a move; who plays (at random, or all of them) is the caller's affair. After each move
 * the laws are checked (laws.h).
 */
#pragma once

#include <ecs-pubip/engine.h>

#include "laws.h"

#define EPOCH        INT64_C(1795000000) /* the cloud's time when a story begins */
#define START_AFTER  (20 * USEC_PER_SEC) /* of a boot, until the agent starts */
#define OUR_ID       "i-ours"
#define PRIVATE_IP   htonl(0x0a000005u)
#define FOREIGN_IP   htonl(0xcb007107u)  /* in the ledger of another instance */
#define FOREIGN_BOOT "boot-other"        /* likewise */
#define BEHIND_SEC   2                   /* the cloud's clocks differ by this much */
#define LIE_MAX      (20 * USEC_PER_MIN) /* a refused call is executed by then, or never (L3) */

/* When a new address works: on the NIC or through the gateway, and for metadata. */
enum effect { EFFECT_AT_ONCE, EFFECT_REBOOT, EFFECT_NEVER };

/* How a story begins. */
struct scene {
        const char *name;
        struct config config;
        enum network network;
        enum effect effect;
        bool no_metadata;   /* Instance.Id is used */
        bool wrong_machine; /* it names another machine, or we are a guest of ours */
        bool has_address;   /* at the beginning */
        bool cloned_ledger; /* of another instance, with an address */
        bool ledger_ahead;  /* our own, by a clock that was a year ahead */
        bool stays_blocked; /* cloud-init never ends */
        bool no_boot_id;
        bool not_ecs;       /* its firmware names another maker */
        bool has_user_data; /* which cloud-init may not have written when the agent starts */
        int bandwidth;
        int clock_off;    /* seconds that the machine's clock is wrong at first */
        int metadata_off; /* seconds that metadata's Date is wrong */
        uint64_t seed;
        bool coarse; /* for explore: whole seconds, and one throw of the dice */
};

enum move {
        MOVE_START,
        MOVE_WRITE,
        MOVE_TOLD,
        MOVE_READY, /* a changing call is connected; whether it leaves is asked */
        MOVE_ANSWER,
        MOVE_KERNEL,
        MOVE_TIMER,
        MOVE_HOLD_NEWS, /* of what changed while the ledger was written */
        MOVE_UNBLOCKED,
        MOVE_REBOOTS,        /* an accepted RebootInstance is executed */
        MOVE_METADATA_NEWS,  /* metadata shows what is so */
        MOVE_CONTROL_NEWS,   /* control shows what is so */
        MOVE_BANDWIDTH_NEWS, /* likewise the bandwidth */
        MOVE_EIP_NEWS,       /* an association has settled */
        MOVE_EIP_LISTED,     /* the list of EIPs shows what was bought */
        _MOVE_FAIR,          /* the moves before are fair ones */
        MOVE_WRITE_FAILS = _MOVE_FAIR,
        MOVE_WRITE_ODDLY, /* it is on disk, but the agent hears of an error */
        MOVE_DISK_FULL,
        MOVE_DISK_FREE,
        MOVE_KILL,
        MOVE_POWER,
        MOVE_STOP,
        MOVE_CONSOLE_REBOOT,
        MOVE_REBOOTS_AGAIN, /* an executed RebootInstance a second time */
        MOVE_BLOCKED,
        MOVE_READY_AGAIN, /* refused for clock or keys, and signed anew */
        MOVE_LOST_DONE,   /* executed, the answer lost */
        MOVE_LOST_UNDONE, /* not executed, and nobody says so */
        MOVE_SILENT_DONE, /* executed, and nobody ever answers */
        MOVE_GONE,        /* the cloud process is gone; the call may still arrive */
        MOVE_LATE,        /* it does */
        MOVE_SERVER_DONE, /* 500, but executed */
        /* The world lies: the call is executed, whatever status its answer has. */
        MOVE_REFUSED_DONE, /* permission denied */
        MOVE_STATE_DONE,   /* the instance is not in the right state */
        MOVE_NONCE_DONE,   /* the nonce was used: the request has arrived before */
        MOVE_UNKNOWN_DONE, /* a code that nobody knows */
        MOVE_TWICE,        /* executed twice, and the second answer is heard */
        MOVE_REFUSED_LATE, /* refused, and executed some minutes later: MOVE_LATE */
        MOVE_FAULT_UNSENT,
        MOVE_FAULT_SERVER,
        MOVE_FAULT_THROTTLED,
        MOVE_FAULT_HINT,
        MOVE_FAULT_AUTH,
        MOVE_FAULT_OPERATOR,
        MOVE_FAULT_SETTLING,
        MOVE_FAULT_CLOCK,
        MOVE_FAULT_ALREADY,
        MOVE_LINE_GARBLED, /* the answer, on its way from the cloud process (L9) */
        MOVE_LINE_CUT,
        MOVE_LINE_LONG,
        MOVE_LINE_DEEP,
        MOVE_LINE_WIDE,
        MOVE_BODY_GARBLED, /* what the cloud process gets to read */
        MOVE_BODY_CUT,
        MOVE_BODY_LONG,
        MOVE_BODY_DEEP,
        MOVE_NO_CREDENTIALS, /* the role's document is cut (L5) */
        MOVE_METADATA_SILENT,
        MOVE_METADATA_404,
        MOVE_METADATA_5XX,
        MOVE_METADATA_STRANGE, /* a look that is of another instance */
        MOVE_STRAY_ANSWER,     /* one that nobody asked for */
        MOVE_SECOND,           /* time passes */
        MOVE_MINUTE,
        MOVE_TEN_MINUTES,
        MOVE_DAY,
        MOVE_LEDGER_REMOVED, /* while the agent is down */
        MOVE_LEDGER_DAMAGED,
        MOVE_LEDGER_UNREADABLE,
        MOVE_LEDGER_READABLE,
        MOVE_ASSIGN, /* by hand, while there is no address */
        MOVE_ASSIGN_EIP,
        MOVE_BANDWIDTH, /* by hand, to nothing or back */
        MOVE_RECLAIM,
        MOVE_REPLACE,
        MOVE_CONVERT,
        MOVE_LINK_DOWN,
        MOVE_LINK_UP,
        MOVE_LOCK,
        MOVE_UNLOCK,
        MOVE_TRANSIT, /* the instance is between two states */
        MOVE_SETTLED,
        MOVE_EIP_TAKEN, /* our EIP goes to another instance */
        MOVE_EIP_FREED,
        MOVE_CLOCK_FORWARD, /* years */
        MOVE_CLOCK_BACK,
        MOVE_TIME_BACK, /* the cloud's, by BEHIND_SEC */
        MOVE_TIME_RIGHT,
        MOVE_DATE_AHEAD, /* of refusals, days */
        MOVE_DATE_BACK,
        MOVE_DATE_RIGHT,
        MOVE_HOLD,
        MOVE_UNHOLD,
        MOVE_RESUME,
        MOVE_RELOAD,
        MOVE_POLICY,
        _MOVE_DRAWN, /* life does not draw the moves after: they have their own times there */
        MOVE_USER_DATA = _MOVE_DRAWN, /* cloud-init writes its files: a fair move */
        MOVE_CONFIG_UNREAD,
        MOVE_CONFIG_READ,
        _MOVE_MAX,
};

struct flight {
        bool asked, executed;
        bool gone;      /* of a changing call: it was told to leave */
        unsigned ready; /* how often it was ready */
        struct wire_question question;
        uint64_t at;
        uint64_t until; /* of a late one: it may still be executed before then */
};

struct world {
        struct engine engine;
        struct laws laws;
        const struct scene *scene;

        /* the machine */
        uint64_t now;      /* µs since the story began */
        uint64_t booted;   /* when this boot began */
        int64_t clock_off; /* of CLOCK_REALTIME against the cloud's time, s */
        unsigned boot;
        bool running; /* the agent */
        bool link_down;
        in_addr_t nic; /* classic: the public address on the NIC */
        bool kernel_news, blockers_asked, blockers_news, blocked;
        uint64_t blockers_at; /* when they were asked for last */
        enum hold hold;
        bool hold_news;
        bool awaits_user_data; /* it is not written yet */
        bool config_unread;    /* as the agent found the files */

        /* the disk */
        struct ledger disk;
        enum ledger_state disk_state;
        bool full;
        bool store_wanted; /* a write must come before anything but an end of the agent */
        bool told_wanted;
        int store_error;
        bool ask_wanted;
        struct wire_question asks;

        /* the cloud */
        in_addr_t address, shown, metadata, effective;
        bool by_eip;         /* the address is an EIP */
        enum eip_status eip; /* of the one EIP of this account */
        bool eip_elsewhere;
        uint64_t eip_listed; /* then the list shows what was bought; 0: it does */
        unsigned given;      /* addresses given so far */
        int bandwidth, bandwidth_shown;
        int behind;       /* the cloud's time in its answers, s */
        int64_t date_lie; /* what the Date of a refusal is wrong by, s */
        bool locked, transit;
        bool reboot_accepted, reboot_repeats;
        uint64_t reboot_until;      /* an accepted one comes by then, or never; 0: at any time */
        struct flight flight, late; /* asked and not answered; abandoned but perhaps underway */
        unsigned bought;            /* EIPs, by token */
        char bought_token[CLIENT_TOKEN_SIZE];
        struct eip_order bought_order;

        unsigned n_moves, cost; /* moves made; unfair ones among them */
};

void world_init(struct world *w, const struct scene *scene);
bool world_can(const struct world *w, enum move m);
void world_do(struct world *w, enum move m, struct actions *ret);

const char *move_text(enum move m);

/* Executes what was asked; the cloud's true answer. */
void cloud_execute(struct world *w, const struct flight *f, struct wire_answer *ret);
/* A fault that fits the move and what was asked. */
struct fault cloud_fault(enum move m, enum wire_op op);
void cloud_drift(struct world *w, bool another, bool by_eip);
/* By hand, while there is no address. */
void cloud_assign(struct world *w, bool eip);
void cloud_settle_eip(struct world *w);
void cloud_take_eip(struct world *w, bool taken);
void cloud_effect(struct world *w); /* what a restart makes of a new address */

/* One step of the agent, with what the runtime does of its actions. */
void world_step(struct world *w, struct event *e, struct actions *a);

in_addr_t world_address(unsigned n);
struct engine_now world_now(const struct world *w);
int64_t world_cloud_sec(const struct world *w);
int64_t world_date(const struct world *w); /* as an answer tells it */

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the runtime share; nobody else includes this. */
#pragma once

#include <sys/types.h>

#include <ecs-pubip/condition.h>
#include <ecs-pubip/engine.h>

#include "clock_watch.h"
#include "cloud_init_watch.h"
#include "cloud_link.h"
#include "hold_watch.h"
#include "inhibitors.h"
#include "netlink.h"
#include "notify.h"
#include "publish.h"
#include "record.h"
#include "runtime.h"
#include "store.h"

#define EVENT_TYPES (EVENT_STOP + 1)

/* Which folder is at a path; all zero: none. */
struct folder_id {
        dev_t device;
        ino_t inode;
};

struct runtime {
        sd_event *event;
        sd_event_source *timer, *tick;
        struct engine engine;

        struct store store;
        struct publish publish;
        struct notify *notify;
        struct netlink *netlink;
        struct cloud_link *link;
        struct hold_watch *hold_watch;
        struct inhibitors *inhibitors;
        struct clock_watch *clock;
        struct cloud_init_watch *cloud_init;
        struct config_report config_report;
        bool config_unread;            /* since an error that may pass: no change until then */
        bool config_unknown;           /* and there is none of before that would be in force */
        sd_event_source *config_timer; /* until it is read again */
        uint64_t config_pause;
        int alive_fd;                /* negative: nobody sees yet that we live */
        struct folder_id run_folder; /* that the marks and the lock are in */
        bool run_lost;               /* it is another one, and cannot be written */
        sd_event_source *parent;
        bool unseen; /* the run folder cannot be written, and that was told */

        struct event queue[EVENT_TYPES]; /* one of a type at most: a later one replaces it */
        unsigned n_queued;
        bool stepping, ready;
        uint64_t looked_again; /* CLOCK_BOOTTIME, before the brake was read for a `go` */
        char hold_judged_for[INSTANCE_ID_SIZE];
        char aside[STORE_NAME_SIZE];
        bool ledger_is_newer; /* the one that was set aside: whole, but of a newer version */
        struct metrics metrics;
        struct condition_past conditions;
        bool some_over; /* of them: they are to be forgotten soon */
        struct record record;
        bool change_told, change_due; /* hooks were told of the address in this run; are to be */
};

struct engine_now runtime_now(void);

/* A journal entry of the runtime's own; `detail` may be "". */
void runtime_say(const char *id, int priority, const char *text, const char *detail);

/* For the end of the present step; with no step under way, runtime_drain() must follow. */
void runtime_enqueue(struct runtime *r, const struct event *event);

/* The brake as it stands now. */
enum hold runtime_hold(const struct runtime *r);

/* The next look at what watches may not tell, brought forward. */
void runtime_look_soon(struct runtime *r, uint64_t usec);

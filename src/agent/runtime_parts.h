/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the runtime share; nobody else includes this. */
#pragma once

#include <sys/types.h>

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
        char hold_judged_for[INSTANCE_ID_SIZE];
        char aside[STORE_NAME_SIZE];
        bool ledger_is_newer; /* the one that was set aside: whole, but of a newer version */
        struct metrics metrics;
        struct record record;
        bool change_told, change_due; /* hooks were told of the address in this run; are to be */
};

struct engine_now runtime_now(void);

/* A journal entry of the runtime's own; `detail` may be "". */
void runtime_say(const char *id, int priority, const char *text, const char *detail);

/* For the end of the present step; with no step under way, drain() must follow. */
void runtime_enqueue(struct runtime *r, const struct event *event);

/* An event from outside a step: at once, or after the step that is under way. */
void runtime_feed(struct runtime *r, const struct event *event);

/* The brake as it stands now; and telling the engine. */
enum hold runtime_hold(const struct runtime *r);
void runtime_judge_hold(struct runtime *r);

/* Ends, with `error` as the result of the loop. */
void runtime_leave(struct runtime *r, int error);

/* runtime_open.c: folders, ledger, state machine. -EBUSY: another agent has the state folder. */
int runtime_open_state(struct runtime *r);
void runtime_open_engine(struct runtime *r, const struct config *config, const char *boot_id);

/* Ends, to be started again, where the ledger could not be read at the start and now can be. */
bool runtime_leave_for_ledger(struct runtime *r);

/*
 * runtime_config.c: reads the files again, and tells the engine; `always` also where nothing has
 * changed. -EBADMSG: they cannot be used, and -EAGAIN: not be read now. Why is in the journal, the
 * old configuration stays, and nothing is changed.
 */
int runtime_open_config(struct runtime *r);
int runtime_read_config(struct runtime *r, bool always);
void runtime_judge_config(struct runtime *r); /* tells it whether they can be read, where new */

/* runtime_act.c: what a step wants is told and done. */
void runtime_act(struct runtime *r, struct actions *a);
void runtime_publish(struct runtime *r);
void runtime_show_alive(struct runtime *r);
void runtime_forget_shown(struct runtime *r); /* all of it is news then */
void runtime_publish_counters(struct runtime *r);
void runtime_beat(struct runtime *r); /* the heartbeat of the metrics, where it is old */

/* runtime_folders.c: ends the agent where a folder was made anew out of its reach. */
void runtime_open_folders(struct runtime *r);
void runtime_check_folders(struct runtime *r);

/* The next look at what watches may not tell, brought forward. */
void runtime_look_soon(struct runtime *r, uint64_t usec);

/* Watches the brake and the resume file anew. */
void runtime_watch_hold(struct runtime *r);

/* runtime_user_data.c: tells the engine now, and later, whether user-data may still bring a
 * configuration, which is then read. */
void runtime_look_for_user_data(struct runtime *r);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of design 2, seen from outside: what really left the agent, what was really executed,
 * what is really on disk. The first breach is kept as a sentence.
 */
#pragma once

#include <ecs-pubip/engine.h>

#define CHANGES_SEEN 24

struct world;

/* A changing call that left the agent. */
struct change_seen {
        enum wire_op op;
        uint64_t at;
        unsigned boot;
        bool executed;
        bool refused;      /* the agent heard so */
        bool answered;     /* the agent heard of success, and wrote that down */
        bool seen;         /* as told, but not written down yet */
        bool told;         /* the agent heard that it was executed, or saw the address */
        bool told_address; /* and wrote it down */
        in_addr_t address; /* what it brought */
};

struct laws {
        const char *broken; /* NULL: all is well */
        unsigned n_changes;
        struct change_seen changes[CHANGES_SEEN]; /* newest last */

        /* what this agent process has heard */
        uint64_t inspected; /* when the last inspection succeeded; 0: none since a change */
        in_addr_t inspected_address;
        bool inspected_running;
        uint64_t metadata_at; /* the last look that told */
        in_addr_t metadata_address;
        bool eip_available; /* eip-find said so, after the last change */
        bool kernel_known, kernel_agrees;
        bool reachable;

        uint64_t absent_since; /* inspections have shown no address since; 0: it was there */
        bool address_known;    /* the ledger on disk knows that there was an address */
        uint64_t hint_until, hint_written; /* the server's wish; what of it is on disk */
        uint64_t damaged;                  /* the agent found its ledger damaged then; 0: no */
        uint64_t confirmed;                /* a confirmed verdict written down */
        bool held_at_write;
        enum phase phase;
};

void laws_started(struct world *w);
void laws_down(struct world *w); /* the agent has ended, in whichever way */
void laws_ledger_removed(struct world *w);
void laws_sent(struct world *w, const struct wire_question *q);
void laws_executed(struct world *w, enum wire_op op);
void laws_heard(struct world *w, const struct wire_answer *a);
void laws_written(struct world *w);
void laws_told_of_kernel(struct world *w, const struct kernel_facts *k);
void laws_stepped(struct world *w, const struct actions *a);

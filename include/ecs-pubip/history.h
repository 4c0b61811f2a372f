/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, for people and programs: the phases of this boot, one JSON object a line, and the
 * last change of the address, which outlives boots. Nothing is decided by either.
 */
#pragma once

#include <ecs-pubip/status.h>

#define HISTORY_ENTRIES  64
#define HISTORY_TEXT_MAX (32u * 1024)
#define CHANGE_TEXT_MAX  1024u

/* A phase that began. */
struct history_entry {
        int64_t at;      /* the cloud's time, s since 1970 */
        uint32_t uptime; /* s since this boot began, as CLOCK_BOOTTIME has it */
        enum phase phase;
        in_addr_t public_ip;
        char code[FAULT_CODE_SIZE]; /* of the fault that it began with; "": none */
};

struct history {
        unsigned n;
        struct history_entry entries[HISTORY_ENTRIES]; /* oldest first */
};

/* Adds a phase; where all places are taken, the oldest goes. */
void history_add(struct history *h, const struct history_entry *e);

/* malloc'ed; -ENOMEM. */
int history_format(const struct history *h, char **ret);

/* -EBADMSG, and *ret untouched, if any line is none that history_format() writes. */
int history_parse(const char *text, size_t len, struct history *ret);

/* The last change of the address, of that instance. */
struct history_change {
        char instance_id[INSTANCE_ID_SIZE];
        in_addr_t address, previous; /* 0: none */
        int64_t at;                  /* the cloud's time; 0: not known */
        enum address_change how;
};

int history_change_format(const struct history_change *c, char **ret);
int history_change_parse(const char *text, size_t len, struct history_change *ret);

/*
 * The address is now `address` (0: lost). False, and nothing changed, if it was that already. The
 * previous one is the last different one: over a loss it stays.
 */
bool history_change_note(struct history_change *c, in_addr_t address, enum address_change how,
                         int64_t now);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries for people: to the journal with their fields, and to standard error where nobody keeps
 * one. Nothing here waits: what finds no room is kept for later, and what is dropped is counted.
 * One for the process, as standard error is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define JOURNAL_TEXT_SIZE 1024

/* Texts that are "" are left out. */
struct journal_entry {
        const char *id; /* of message_ids.h */
        int priority;   /* as syslog(3) */
        char message[JOURNAL_TEXT_SIZE];
        const char *phase;
        char address[16];
        const char *instance_id, *region_id;
        const char *action; /* of the API */
        const char *request_id, *error_code;
        bool of_change; /* of a changing call: it never makes room for another */
};

/* First of all; the entries of before the loop that find no room wait for it. */
void journal_open(void);
void journal_attach(sd_event *event);

/* Waits for a moment where entries are still to be taken. */
void journal_close(void);

void journal_send(const struct journal_entry *e);

/* A line to standard error, which is the unit's own stream or a terminal. */
void journal_console(const char *line);

uint64_t journal_dropped(void); /* entries that nobody will read */

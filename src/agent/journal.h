/* SPDX-License-Identifier: Apache-2.0 */
/* Entries for people: to the journal with their fields, and to a terminal where there is one. */
#pragma once

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
};

void journal_send(const struct journal_entry *e);

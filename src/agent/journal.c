/* SPDX-License-Identifier: Apache-2.0 */
/* Structured entries: systemd.journal-fields(7). */
#define SD_JOURNAL_SUPPRESS_LOCATION /* which line of code spoke is no matter of an operator */
#include "journal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define IDENTIFIER     "ecs-pubip-agent"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define FIELDS_MAX     12
#define FIELD_SIZE     (JOURNAL_TEXT_SIZE + 32)

struct fields {
        char text[FIELDS_MAX][FIELD_SIZE];
        struct iovec iov[FIELDS_MAX];
        int n;
};

static void add(struct fields *f, const char *name, const char *value) {
        char *text;

        if (!value || !value[0] || f->n == FIELDS_MAX)
                return;
        text = f->text[f->n];
        snprintf(text, FIELD_SIZE, "%s=%s", name, value);
        f->iov[f->n++] = (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

static void collect(struct fields *f, const struct journal_entry *e) {
        char priority[16];

        snprintf(priority, sizeof(priority), "%d", e->priority);
        add(f, "MESSAGE", e->message);
        add(f, "MESSAGE_ID", e->id);
        add(f, "PRIORITY", priority);
        add(f, "SYSLOG_IDENTIFIER", IDENTIFIER);
        add(f, "ECS_PUBIP_PHASE", e->phase);
        add(f, "ECS_PUBIP_ADDRESS", e->address);
        add(f, "ECS_INSTANCE_ID", e->instance_id);
        add(f, "ECS_REGION_ID", e->region_id);
        add(f, "ECS_ACTION", e->action);
        add(f, "ECS_REQUEST_ID", e->request_id);
        add(f, "ECS_ERROR_CODE", e->error_code);
}

/* Under the service manager standard error leads to the journal too (systemd.exec(5)). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char ours[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return strcmp(stream, ours) == 0;
}

/* sd_journal_sendv() calls it a success when nobody listens. */
void journal_send(const struct journal_entry *e) {
        struct fields f = {.n = 0};
        int r = -1;

        collect(&f, e);
        if (access(JOURNAL_SOCKET, F_OK) >= 0)
                r = sd_journal_sendv(f.iov, f.n);
        if (r < 0 || !stderr_is_journal())
                fprintf(stderr, IDENTIFIER ": %s\n", e->message);
}

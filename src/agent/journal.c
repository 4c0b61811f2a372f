/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native protocol of journald (systemd.io, "Native Journal Protocol"): a datagram of
 * NAME=value lines. sd_journal_send() waits as long as journald's queue is full (tried: a stopped
 * journald stopped the agent between its last look at the brake and the call).
 */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <ecs-pubip/usec.h>

#include "datagram.h"
#include "message_ids.h"
#include "util/buf.h"
#include "util/cleanup.h"

#define IDENTIFIER     "ecs-pubip-agent"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define ENTRY_MAX      4000u /* the smallest send buffer of a socket is 4608 bytes */
#define MESSAGE_SHORT  200   /* where even that is too long */
#define WAITING_MAX    32    /* entries that are kept for a journald that does not read */
#define RETRY_INTERVAL USEC_PER_SEC
#define ACCURACY       (100 * USEC_PER_MSEC)
#define LINGER_MSEC    200 /* at the end */

struct waiting {
        char *text;
        size_t len;
        char id[33];
        bool of_change;
};

static struct {
        struct datagram socket;
        int console; /* standard error, without waiting; -1: there is none */
        bool console_is_socket;
        bool is_console; /* what goes there, journald gets too */
        sd_event *event;
        sd_event_source *retry;
        struct waiting waiting[WAITING_MAX];
        unsigned n_waiting;
        uint64_t dropped, dropped_told;
} journal = {.socket.fd = -1, .console = -1};

/* A value with a newline has its length before it. */
static void add(struct buf *b, const char *name, const char *value, size_t max) {
        size_t len = value ? strnlen(value, max) : 0;
        uint64_t size = htole64(len);

        if (len == 0)
                return;
        buf_puts(b, name);
        if (memchr(value, '\n', len)) {
                buf_puts(b, "\n");
                buf_add(b, &size, sizeof(size));
        } else {
                buf_puts(b, "=");
        }
        buf_add(b, value, len);
        buf_puts(b, "\n");
}

static void encode(const struct journal_entry *e, size_t message_max, struct buf *b) {
        char priority[16];

        snprintf(priority, sizeof(priority), "%d", e->priority);
        add(b, "MESSAGE", e->message, message_max);
        add(b, "MESSAGE_ID", e->id, SIZE_MAX);
        add(b, "PRIORITY", priority, SIZE_MAX);
        add(b, "SYSLOG_IDENTIFIER", IDENTIFIER, SIZE_MAX);
        add(b, "ECS_PUBIP_PHASE", e->phase, SIZE_MAX);
        add(b, "ECS_PUBIP_ADDRESS", e->address, SIZE_MAX);
        add(b, "ECS_INSTANCE_ID", e->instance_id, SIZE_MAX);
        add(b, "ECS_REGION_ID", e->region_id, SIZE_MAX);
        add(b, "ECS_ACTION", e->action, SIZE_MAX);
        add(b, "ECS_REQUEST_ID", e->request_id, SIZE_MAX);
        add(b, "ECS_ERROR_CODE", e->error_code, SIZE_MAX);
}

static int send_text(const char *text, size_t len) {
        const struct iovec iov = {(void *)(uintptr_t)text, len};

        return datagram_send(&journal.socket, &iov, 1);
}

static void drop(unsigned i) {
        struct waiting *w = journal.waiting;

        free(w[i].text);
        memmove(w + i, w + i + 1, (--journal.n_waiting - i) * sizeof(*w));
}

/* Of the same kind as a later one, or as `id`, which is about to come. */
static bool is_repeat(unsigned i, const char *id) {
        for (unsigned k = i + 1; k < journal.n_waiting; k++)
                if (strcmp(journal.waiting[k].id, journal.waiting[i].id) == 0)
                        return true;
        return strcmp(journal.waiting[i].id, id) == 0;
}

/* What goes for a new entry: the oldest repeat, else the oldest. Nothing of a changing call. */
static bool make_room(const char *id) {
        int oldest = -1, victim = -1;

        for (unsigned i = 0; i < journal.n_waiting && victim < 0; i++) {
                if (journal.waiting[i].of_change)
                        continue;
                if (oldest < 0)
                        oldest = (int)i;
                if (is_repeat(i, id))
                        victim = (int)i;
        }
        if (oldest < 0)
                return false;
        drop((unsigned)(victim < 0 ? oldest : victim));
        journal.dropped++;
        return true;
}

static void flush(void);

static int on_room(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void)source, (void)fd, (void)revents, (void)userdata;
        flush();
        return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec, (void)userdata;
        flush();
        return 0;
}

static void wait_for_room(int error) {
        uint64_t now = 0;

        if (!journal.event)
                return;
        (void)sd_event_now(journal.event, CLOCK_BOOTTIME, &now);
        if (!journal.retry)
                (void)sd_event_add_time(journal.event, &journal.retry, CLOCK_BOOTTIME, UINT64_MAX,
                                        ACCURACY, on_retry, NULL);
        (void)sd_event_source_set_time(journal.retry, now + RETRY_INTERVAL);
        (void)sd_event_source_set_enabled(journal.retry, SD_EVENT_ONESHOT);
        if (error == -EAGAIN)
                (void)datagram_await_room(&journal.socket, journal.event, on_room, NULL);
}

static void keep(const struct journal_entry *e, struct buf *text) {
        struct waiting *w;

        if (journal.n_waiting == WAITING_MAX && !make_room(e->id)) {
                journal.dropped++;
                return;
        }
        w = &journal.waiting[journal.n_waiting++];
        *w = (struct waiting){.len = text->len, .of_change = e->of_change};
        w->text = TAKE_PTR(text->data);
        snprintf(w->id, sizeof(w->id), "%s", e->id);
}

/* Told once for each gap, after what came before it. */
static int tell_dropped(void) {
        struct journal_entry e = {.id = MESSAGE_ENTRIES_LOST, .priority = LOG_WARNING};
        _cleanup_buf_ struct buf text = BUF(ENTRY_MAX);
        int r;

        if (journal.dropped == journal.dropped_told)
                return 0;
        snprintf(e.message, sizeof(e.message),
                 "%" PRIu64 " entries were dropped, since the journal did not take them",
                 journal.dropped - journal.dropped_told);
        encode(&e, SIZE_MAX, &text);
        r = send_text(buf_text(&text), text.len);
        if (r >= 0)
                journal.dropped_told = journal.dropped;
        return r;
}

static void flush(void) {
        int r = 0;

        while (r >= 0 && journal.n_waiting > 0) {
                r = send_text(journal.waiting[0].text, journal.waiting[0].len);
                if (r >= 0)
                        drop(0);
        }
        if (r >= 0)
                r = tell_dropped();
        if (r < 0)
                wait_for_room(r);
}

/* After those that wait already: entries keep their order. */
static void send_or_keep(const struct journal_entry *e) {
        _cleanup_buf_ struct buf text = BUF(ENTRY_MAX);
        int r = -EAGAIN;

        encode(e, SIZE_MAX, &text);
        if (text.error == 0 && journal.n_waiting == 0)
                r = send_text(buf_text(&text), text.len);
        if (text.error < 0 || r == -EMSGSIZE) {
                buf_clear(&text);
                encode(e, MESSAGE_SHORT, &text);
                r = journal.n_waiting == 0 ? send_text(buf_text(&text), text.len) : -EAGAIN;
        }
        if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM || (r < 0 && journal.is_console)) {
                keep(e, &text);
                wait_for_room(r);
        }
}

void journal_send(const struct journal_entry *e) {
        char line[JOURNAL_TEXT_SIZE + sizeof(IDENTIFIER) + 2];

        send_or_keep(e);
        if (journal.is_console)
                return;
        snprintf(line, sizeof(line), IDENTIFIER ": %s", e->message);
        journal_console(line);
}

/* Under the service manager standard error leads to the journal too (systemd.exec(5)). */
static bool console_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char ours[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return strcmp(stream, ours) == 0;
}

/*
 * The same pipe or terminal opened anew, since O_NONBLOCK on the old descriptor would be
 * everybody's who has it too. A socket cannot be opened so, and need not be.
 */
static void open_console(void) {
        struct stat st;

        journal.is_console = console_is_journal();
        if (fstat(STDERR_FILENO, &st) < 0)
                return;
        journal.console_is_socket = S_ISSOCK(st.st_mode);
        journal.console = journal.console_is_socket
                                  ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                                  : open("/proc/self/fd/2",
                                         O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void journal_console(const char *line) {
        char text[JOURNAL_TEXT_SIZE + 64];
        int n = snprintf(text, sizeof(text), "%s\n", line);
        size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
        ssize_t sent;

        if (journal.console_is_socket)
                sent = send(journal.console, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
                sent = write(journal.console, text, len);
        (void)sent; /* who watches a terminal sees the next line */
}

void journal_open(void) {
        (void)datagram_init(&journal.socket, JOURNAL_SOCKET);
        open_console();
}

void journal_attach(sd_event *event) {
        journal.event = sd_event_ref(event);
        if (journal.n_waiting > 0)
                flush();
}

void journal_close(void) {
        journal.retry = sd_event_source_unref(journal.retry);
        journal.socket.source = sd_event_source_unref(journal.socket.source);
        journal.event = sd_event_unref(journal.event);
        flush();
        if (journal.n_waiting > 0 && datagram_poll(&journal.socket, LINGER_MSEC))
                flush();
        while (journal.n_waiting > 0)
                drop(journal.n_waiting - 1);
        datagram_done(&journal.socket);
        close_p(&journal.console);
        journal.console = -1;
}

uint64_t journal_dropped(void) {
        return journal.dropped;
}

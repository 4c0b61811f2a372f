/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of its own in the state folder, not a line of the ledger: an older version sets a ledger
 * aside that has a line which it does not know, and that would cost the limits of a day.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/paths.h"
#include "util/read.h"
#include "util/text.h"

#define CHANGE_NAME "change"
#define CHANGE_TEMP "change.new"
#define CHANGE_MODE 0600

static int read_file(int folder_fd, const char *name, struct buf *ret) {
        _cleanup_close_ int fd = -1;

        fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? -errno : read_all(fd, ret);
}

static void read_history(struct history *ret) {
        _cleanup_buf_ struct buf text = BUF(HISTORY_TEXT_MAX);

        if (read_file(AT_FDCWD, HISTORY_PATH, &text) >= 0)
                (void)history_parse(buf_text(&text), text.len, ret);
}

static bool read_change(int state_fd, struct history_change *ret) {
        _cleanup_buf_ struct buf text = BUF(CHANGE_TEXT_MAX);

        return state_fd >= 0 && read_file(state_fd, CHANGE_NAME, &text) >= 0 &&
               history_change_parse(buf_text(&text), text.len, ret) >= 0;
}

void record_open(struct record *r, int state_fd, const char *instance_id, in_addr_t known) {
        struct history_change c;

        *r = (struct record){.state_fd = state_fd};
        read_history(&r->history);
        if (read_change(state_fd, &c) && strcmp(c.instance_id, instance_id) == 0)
                r->change = c;
        else
                r->change.address = known;
        TEXT_SET(r->change.instance_id, instance_id);
}

bool record_phase(struct record *r, const struct status *s, int64_t now, uint64_t boot_usec) {
        const struct history_entry *last =
                r->history.n > 0 ? &r->history.entries[r->history.n - 1] : NULL;
        struct history_entry e = {
                .at = now,
                .uptime = (uint32_t)(boot_usec / 1000000),
                .phase = s->phase,
                .public_ip = s->public_ip,
        };

        TEXT_SET(e.code, s->fault.code);
        if (last && last->phase == e.phase && last->public_ip == e.public_ip &&
            strcmp(last->code, e.code) == 0)
                return false;
        history_add(&r->history, &e);
        return true;
}

static int write_change(int state_fd, const char *text) {
        _cleanup_close_ int fd = -1;
        size_t len = strlen(text);

        fd = openat(state_fd, CHANGE_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                    CHANGE_MODE);
        if (fd < 0)
                return -errno;
        if (write(fd, text, len) != (ssize_t)len || fsync(fd) < 0)
                return -EIO;
        return renameat(state_fd, CHANGE_TEMP, state_fd, CHANGE_NAME) < 0 ? -errno : 0;
}

bool record_change(struct record *r, const char *instance_id, in_addr_t address,
                   enum address_change how, int64_t now) {
        _cleanup_free_ char *text = NULL;

        if (strcmp(r->change.instance_id, instance_id) != 0) /* the image's, whose clone this is */
                r->change = (struct history_change){};
        if (!history_change_note(&r->change, address, how, now))
                return false;
        TEXT_SET(r->change.instance_id, instance_id);
        if (r->state_fd >= 0 && history_change_format(&r->change, &text) >= 0)
                (void)write_change(r->state_fd, text);
        return true;
}

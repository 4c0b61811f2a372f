/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot as text for a person. */
#include "show.h"

#include <stdio.h>
#include <string.h>

#include "util/ipv4.h"
#include "util/time.h"
#include "when.h"

#define LABEL_WIDTH 10
#define PAGE_WIDTH  80

#define RED    "\033[1;31m"
#define GREEN  "\033[1;32m"
#define YELLOW "\033[1;33m"
#define PLAIN  "\033[0m"

static void add_coloured(struct buf *out, const struct show_style *style, const char *colour,
                         const char *text) {
        if (style->colours)
                buf_printf(out, "%s%s" PLAIN, colour, text);
        else
                buf_puts(out, text);
}

/* Bytes of `text` that fit on one line: up to the last blank within the width. */
static size_t line_of(const char *text, size_t width) {
        size_t n = strlen(text);
        const char *blank;

        if (n <= width)
                return n;
        blank = memrchr(text, ' ', width + 1);
        return blank > text ? (size_t)(blank - text) : width;
}

void show_beside(struct buf *out, const char *label, int width, const char *text) {
        while (*text) {
                size_t n = line_of(text, (size_t)(PAGE_WIDTH - width));

                buf_printf(out, "%-*s%.*s\n", width, label, (int)n, text);
                text += n;
                text += strspn(text, " ");
                label = "";
        }
}

void show_field(struct buf *out, const char *label, const char *text) {
        show_beside(out, label, LABEL_WIDTH, text);
}

/* A sentence from the left edge on, each of its lines in the colour. */
static void add_headline(struct buf *out, const struct show_style *style, const char *colour,
                         const char *text) {
        while (*text) {
                char line[PAGE_WIDTH + 1];
                size_t n = line_of(text, PAGE_WIDTH);

                snprintf(line, sizeof(line), "%.*s", (int)n, text);
                add_coloured(out, style, colour, line);
                buf_puts(out, "\n");
                text += n;
                text += strspn(text, " ");
        }
}

static const char *phase_colour(enum exit_status outcome) {
        if (outcome == EXIT_DONE)
                return GREEN;
        return outcome == EXIT_FAILED || outcome == EXIT_NO_AGENT ? RED : YELLOW;
}

static const char *plane_colour(enum plane_verdict v) {
        static const char colours[][sizeof(GREEN)] = {
                [PLANE_NOT_REQUIRED] = "",
                [PLANE_UNKNOWN] = YELLOW,
                [PLANE_DISAGREES] = RED,
                [PLANE_AGREES] = GREEN,
        };

        return colours[v];
}

/* Colour codes take no column: the padding goes after them. */
static void add_plane(struct buf *out, enum plane p, const struct status_plane *t,
                      const struct show_style *style) {
        char address[IPV4_SIZE] = "-", ago[WHEN_SIZE];
        const char *verdict = verdict_name(t->verdict);

        if (t->address)
                ipv4_format(t->address, address);
        buf_printf(out, "%-9s ", verdict_plane_name(p));
        add_coloured(out, style, plane_colour(t->verdict), verdict);
        buf_printf(out, "%*s %-15s %-15s %s\n", 12 - (int)strlen(verdict), "", address,
                   t->interface[0] ? t->interface : "-", when_ago(t->since, style->now, ago));
}

static void add_planes(struct buf *out, const struct status *t, const struct show_style *style) {
        buf_printf(out, "\n%-9s %-12s %-15s %-15s %s\n", "PLANE", "VERDICT", "ADDRESS", "INTERFACE",
                   "SINCE");
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (p != PLANE_OUTSIDE || t->planes[p].verdict != PLANE_NOT_REQUIRED)
                        add_plane(out, p, &t->planes[p], style);
        buf_puts(out, "\n");
}

static void add_instance(struct buf *out, const struct status *t) {
        _cleanup_buf_ struct buf text = BUF(512);
        const char *network = status_network_name(t->network), *kind = ledger_kind_name(t->kind);

        if (!t->instance_id[0])
                return;
        buf_puts(&text, t->instance_id);
        if (t->region_id[0])
                buf_printf(&text, " in %s", t->region_id);
        if (network)
                buf_printf(&text, ", network %s", network);
        if (kind)
                buf_printf(&text, ", %s address", kind);
        show_field(out, "Instance", buf_text(&text));
}

static void add_next(struct buf *out, const struct status *t, const struct show_style *style) {
        static const char *const what[] = {
                [NEXT_LOOK] = "looks again ",
                [NEXT_RETRY] = "tries again ",
                [NEXT_REBOOT] = "restarts this instance ",
        };
        _cleanup_buf_ struct buf text = BUF(1024);
        char in[WHEN_SIZE];

        if (t->next == NEXT_NONE)
                return;
        buf_puts(&text, what[t->next]);
        buf_puts(&text, t->next_at ? when_in(t->next_at, style->now, in) : "soon");
        if (t->waits_for[0]) {
                buf_clear(&text);
                buf_printf(&text, "a restart, which waits for %s", t->waits_for);
                if (t->next_at)
                        buf_printf(&text, "; at the latest %s", in);
        }
        show_field(out, "Next", buf_text(&text));
}

void show_conditions(struct buf *out, const struct conditions *c) {
        for (unsigned i = 0; i < c->n; i++) {
                const struct condition *n = &c->list[i];
                bool shown = condition_is_problem(n) || n->kind == CONDITION_USER_DATA;
                char text[CONDITION_TEXT_SIZE];

                condition_text(n, text);
                if (n->kind == CONDITION_HOLD && !shown)
                        show_field(out, "Held", n->sentence);
                if (shown && !n->told)
                        show_field(out, "Problem", text);
                if (shown)
                        show_field(out, "Remedy", n->remedy);
        }
}

/* What is no condition. */
static void add_note(struct buf *out, const struct status *t, const struct conditions *c) {
        if (t->phase != PHASE_CONFIRMED &&
            !condition_says(c, t->note)) /* else it is in the headline */
                show_field(out, "Note", t->note);
}

/* "InstanceLockedForSecurity (HTTP 403), first 5 min ago" */
static void add_fault(struct buf *out, const struct status *t, const struct show_style *style) {
        _cleanup_buf_ struct buf text = BUF(512);
        char ago[WHEN_SIZE];

        if (t->fault.class == FAULT_NONE)
                return;
        buf_puts(&text, t->fault.code);
        if (t->fault.http_status)
                buf_printf(&text, " (HTTP %u)", t->fault.http_status);
        if (t->fault_since)
                buf_printf(&text, ", first %s", when_ago(t->fault_since, style->now, ago));
        show_field(out, "Code", buf_text(&text));
        show_field(out, "Message", t->fault.message);
        show_field(out, "Request", t->fault.request_id);
}

static void add_changes(struct buf *out, const struct status *t, const struct show_style *style) {
        _cleanup_buf_ struct buf text = BUF(256);
        const struct status_day *d = &t->day;
        char address[IPV4_SIZE], ago[WHEN_SIZE];

        if (d->allocations_limit || d->reboots_limit)
                buf_printf(&text, "Last 24 h: %u of %u allocations, %u of %u reboots",
                           d->allocations, d->allocations_limit, d->reboots, d->reboots_limit);
        else
                buf_printf(&text, "%u allocation%s, %u reboot%s in the ledger", t->allocations,
                           t->allocations == 1 ? "" : "s", t->reboots, t->reboots == 1 ? "" : "s");
        show_field(out, "Changes", buf_text(&text));
        if (!t->previous_ip)
                return;
        buf_clear(&text);
        buf_puts(&text, ipv4_format(t->previous_ip, address));
        if (t->changed_at)
                buf_printf(&text, ", until %s", when_ago(t->changed_at, style->now, ago));
        show_field(out, "Before", buf_text(&text));
}

/* On this page the cloud's clock counts: a person would compare with the other one. */
static void add_clock(struct buf *out, const struct status *t) {
        _cleanup_buf_ struct buf text = BUF(256);
        int off = t->clock_offset;
        char span[SPAN_SIZE];

        if (off == 0)
                return;
        buf_printf(&text,
                   "this machine's clock is %s %s the cloud's. Times above are cloud time (UTC)",
                   time_format_span(off < 0 ? -(uint64_t)off : (uint64_t)off, span),
                   off < 0 ? "behind" : "ahead of");
        show_field(out, "Clock", buf_text(&text));
}

static void add_status(struct buf *out, const struct snapshot *s, const struct show_style *style) {
        const struct status *t = &s->status;
        struct conditions c = s->conditions;
        char line[STATUS_LINE_SIZE];
        const char *colour;

        status_line(t, &c, line);
        colour = t->held ? YELLOW : phase_colour(snapshot_outcome(s));
        add_headline(out, style, s->alive ? colour : "", line);
        show_conditions(out, &c);
        add_note(out, t, &c);
        add_planes(out, t, style);
        add_instance(out, t);
        add_changes(out, t, style);
        add_next(out, t, style);
        if (t->busy)
                show_field(out, "Now", "a changing call is in flight");
        add_fault(out, t, style);
        show_field(out, "Kernel", t->planes[PLANE_KERNEL].reason);
        add_clock(out, t);
}

static void add_no_status(struct buf *out, const struct snapshot *s) {
        switch (s->file) {
        case STATUS_FILE_READ:
                return;
        case STATUS_FILE_ABSENT:
                if (s->alive)
                        buf_puts(out, "The agent is starting: it has not said anything yet\n");
                return;
        case STATUS_FILE_GARBLED:
                buf_puts(out, "The status file is not one that this version understands\n");
                show_field(out, "Remedy",
                           "update the package as a whole; sudo systemctl restart ecs-pubip "
                           "writes the file anew");
                return;
        case STATUS_FILE_UNREADABLE:
                buf_printf(out, "The status file cannot be read: %s\n", strerror(-s->error));
        }
}

void show_snapshot(struct buf *out, const struct snapshot *s, const struct show_style *style) {
        if (!s->alive) {
                add_coloured(out, style, RED, "The agent does not run");
                buf_puts(out, "\n");
                if (!snapshot_ended(s))
                        show_field(out, "Remedy", SHOW_START_REMEDY);
                if (s->file == STATUS_FILE_READ)
                        buf_puts(out, "\nWhat it said last:\n");
        }
        if (s->file == STATUS_FILE_READ)
                add_status(out, s, style);
        else
                add_no_status(out, s);
}

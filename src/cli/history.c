/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip history`: the phases of this boot, with their times; anybody may ask. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ecs-pubip/history.h>

#include "command.h"
#include "host/clock.h"
#include "host/file.h"
#include "json.h"
#include "out.h"
#include "show.h"
#include "snapshot.h"
#include "util/ipv4.h"
#include "util/paths.h"
#include "util/time.h"

/* How long a phase lasted; the last one lasts on. */
static uint64_t length_of(const struct history *h, unsigned i) {
        uint64_t end = i + 1 < h->n ? h->entries[i + 1].uptime : clock_boot_usec() / USEC_PER_SEC;

        return end > h->entries[i].uptime ? end - h->entries[i].uptime : 0;
}

static void add_entry(struct buf *out, const struct history *h, unsigned i) {
        const struct history_entry *e = &h->entries[i];
        char time[RFC3339_SIZE], span[SPAN_SIZE], up[SPAN_SIZE], address[IPV4_SIZE] = "-";

        if (e->public_ip)
                ipv4_format(e->public_ip, address);
        buf_printf(out, "%-20s  %-11s  %-11s  %-11s  %-15s%s%s\n", time_format(e->at, time),
                   time_format_span(e->uptime, up), status_phase_name(e->phase),
                   time_format_span(length_of(h, i), span), address, *e->code ? " " : "", e->code);
}

/* Where the time from the start of the machine to the first confirmed went. */
static void add_sum(struct buf *out, const struct history *h) {
        _cleanup_buf_ struct buf text = BUF(512);
        uint64_t spent[_PHASE_MAX] = {};
        char span[SPAN_SIZE], before[SPAN_SIZE];
        unsigned i;

        for (i = 0; i < h->n && h->entries[i].phase != PHASE_CONFIRMED; i++)
                spent[h->entries[i].phase] += length_of(h, i);
        if (i == h->n)
                return;
        buf_printf(&text, "confirmed %s after this boot began; before the agent %s",
                   time_format_span(h->entries[i].uptime, span),
                   time_format_span(h->entries[0].uptime, before));
        for (enum phase p = 0; p < _PHASE_MAX; p++)
                if (spent[p] > 0)
                        buf_printf(&text, ", %s %s", status_phase_name(p),
                                   time_format_span(spent[p], span));
        show_field(out, "Boot", buf_text(&text));
}

static void add_last_change(struct buf *out) {
        _cleanup_buf_ struct buf text = BUF(512);
        const char *how;
        struct snapshot s;
        char address[IPV4_SIZE], time[RFC3339_SIZE];

        if (snapshot_take(&s) < 0 || s.file != STATUS_FILE_READ || !s.status.changed_at)
                return;
        how = status_change_name(s.status.change);
        buf_printf(&text, "%s, %s", time_format(s.status.changed_at, time), how ? how : "");
        if (s.status.previous_ip)
                buf_printf(&text, "; before that %s", ipv4_format(s.status.previous_ip, address));
        show_field(out, "Changed", buf_text(&text));
}

static int history_json(const char *lines, const struct history *h) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *object = cJSON_CreateObject();
        cJSON *phases = cJSON_AddArrayToObject(object, "phases");

        if (!phases || !cJSON_AddNumberToObject(object, "version", 1))
                return -ENOMEM;
        for (unsigned i = 0; i < h->n; i++, lines = strchr(lines, '\n') + 1) {
                cJSON *phase = cJSON_ParseWithLength(lines, strcspn(lines, "\n"));

                if (!phase || !cJSON_AddItemToArray(phases, phase) ||
                    !cJSON_AddNumberToObject(phase, "seconds", (double)length_of(h, i)))
                        return -ENOMEM;
        }
        return json_add(&text, object, false) < 0 ? -ENOMEM : out_text(&text, EXIT_DONE);
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_free_ struct history *h = calloc(1, sizeof(*h));
        _cleanup_free_ char *lines = NULL;
        size_t len;
        int r;

        if (!h)
                return -ENOMEM;
        r = file_read(HISTORY_PATH, HISTORY_TEXT_MAX, &lines, &len);
        if (r >= 0)
                r = history_parse(lines, len, h);
        if (r < 0 && r != -ENOENT)
                return r;
        if (o->json)
                return history_json(lines, h);
        if (h->n == 0)
                return out_line("The agent has not run in this boot", EXIT_NO_AGENT);
        buf_printf(&text, "%-20s  %-11s  %-11s  %-11s  %-15s %s\n", "TIME (UTC)", "UPTIME", "PHASE",
                   "FOR", "ADDRESS", "FAULT");
        for (unsigned i = 0; i < h->n; i++)
                add_entry(&text, h, i);
        buf_puts(&text, "\n");
        add_sum(&text, h);
        add_last_change(&text);
        return out_text(&text, EXIT_DONE);
}

const struct command command_history = {
        .name = "history",
        .options = OPTION_JSON,
        .help = "Show the phases of this boot and how long each took",
        .more = "Of boots before this one: journalctl -u ecs-pubip.",
        .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip status`: the verdict, plane by plane, and what happens next. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "folder.h"
#include "host/clock.h"
#include "json.h"
#include "near.h"
#include "out.h"
#include "show.h"
#include "snapshot.h"

#define COUNTDOWN_USEC USEC_PER_SEC        /* redraw on a terminal while a time is near */
#define REDRAW_USEC    (20 * USEC_PER_SEC) /* and otherwise: "3 min ago" grows older */
#define CLEAR          "\033[H\033[J"

/*
 * The agent's own file, whatever its version has in it, with one member that the agent cannot
 * write: whether it is alive. No file is an object without a phase.
 */
static int print_json(struct buf *out, const struct snapshot *s, bool one_line) {
        _cleanup_json_ cJSON *json = NULL;
        _cleanup_free_ char *text = NULL;
        size_t len;

        if (s->file == STATUS_FILE_READ && snapshot_text(&text, &len) >= 0)
                json = cJSON_ParseWithLength(text, len);
        if (!json) {
                json = cJSON_CreateObject();
                if (!cJSON_AddNumberToObject(json, "version", 1) ||
                    !cJSON_AddNullToObject(json, "phase"))
                        return -ENOMEM;
        }
        if (!cJSON_AddBoolToObject(json, "agent_running", s->alive))
                return -ENOMEM;
        return json_add(out, json, one_line);
}

static int print(struct buf *out, const struct snapshot *s, const struct options *o) {
        struct show_style style = {
                .now = snapshot_now(s),
                .colours = out_colours(STDOUT_FILENO),
        };

        if (o->json)
                return print_json(out, s, o->watch);
        show_snapshot(out, s, &style);
        return 0;
}

/* An address that works under a hold is not left alone: whoever asks should hear of the hold. */
static enum exit_status outcome_of(const struct snapshot *s) {
        enum exit_status outcome = snapshot_outcome(s);

        return outcome == EXIT_DONE && s->status.held ? EXIT_NOT_YET : outcome;
}

static const char *member_of(size_t i, void *json) {
        const cJSON *member = cJSON_GetArrayItem(json, (int)i);

        return member ? member->string : NULL;
}

/* A word or a number; "" for null. malloc'ed; NULL: out of memory. */
static char *value_text(const cJSON *item) {
        if (!item || cJSON_IsNull(item))
                return strdup("");
        if (cJSON_IsString(item))
                return strdup(item->valuestring);
        return cJSON_PrintUnformatted(item);
}

/* One member, on a line of its own. What is nested is named with dots. */
static int print_value(const struct snapshot *s, const char *name) {
        _cleanup_buf_ struct buf json = BUF(OUT_MAX), text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *object = NULL;
        _cleanup_free_ char *path = strdup(name), *value = NULL;
        cJSON *item;
        int r = print_json(&json, s, true);

        if (r < 0)
                return r;
        object = cJSON_Parse(buf_text(&json));
        if (!object || !path)
                return -ENOMEM;
        item = object;
        for (char *save, *part = strtok_r(path, ".", &save); part && item;
             part = strtok_r(NULL, ".", &save)) {
                cJSON *in = item;

                item = cJSON_GetObjectItemCaseSensitive(in, part);
                if (!item && !cJSON_IsNull(in)) {
                        const char *near = near_name(part, member_of, in);

                        out_complain(near ? "status: there is no member %s; did you mean %s?"
                                          : "status: there is no member %s",
                                     part, near);
                        out_hint("ecs-pubip status --json");
                        return EXIT_USAGE;
                }
        }
        value = value_text(item);
        if (!value)
                return -ENOMEM;
        buf_printf(&text, "%s\n", value);
        return out_text(&text, outcome_of(s));
}

/* When the text on a terminal needs drawing again although nothing has happened. */
static uint64_t next_redraw(const struct snapshot *s) {
        bool near = s->status.next_at > snapshot_now(s);

        return clock_boot_usec() + (near ? COUNTDOWN_USEC : REDRAW_USEC);
}

static int watch(const struct options *o) {
        _cleanup_folder_ struct folder f = FOLDER_NONE;
        bool terminal = out_terminal(STDOUT_FILENO) && !o->json;
        struct snapshot shown, s;
        int r;

        r = folder_open(&f);
        if (r < 0)
                return r;
        for (bool first = true;; first = false) {
                _cleanup_buf_ struct buf text = BUF(OUT_MAX);

                r = snapshot_take(&s);
                if (r < 0)
                        return r;
                if (first || terminal || memcmp(&s, &shown, sizeof(s)) != 0) {
                        buf_puts(&text, terminal ? CLEAR : first || o->json ? "" : "\n");
                        r = print(&text, &s, o);
                        if (r < 0)
                                return r;
                        r = out_write(&text);
                        if (r < 0)
                                return r == -EPIPE ? (int)outcome_of(&s) : r;
                        shown = s;
                }
                r = folder_wait(&f, terminal ? next_redraw(&s) : CLOCK_NEVER, STDOUT_FILENO);
                if (r < 0)
                        return r == -EPIPE ? (int)outcome_of(&s) : r;
        }
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct snapshot s;
        int r;

        if (o->watch)
                return watch(o);
        r = snapshot_take(&s);
        if (r < 0)
                return r;
        if (o->value)
                return print_value(&s, o->value);
        r = print(&text, &s, o);
        if (r < 0)
                return r;
        return out_text(&text, outcome_of(&s));
}

const struct command command_status = {
        .name = "status",
        .options = OPTION_JSON | OPTION_WATCH | OPTION_VALUE,
        .help = "Say whether the public address works",
        .more = "Reads only what the agent has written down: no question leaves the "
                "machine.",
        .run = run,
};

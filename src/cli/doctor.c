/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip doctor`: each thing that the job needs, in order, with a remedy for each finding. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "command.h"
#include "host/config_files.h"
#include "json.h"
#include "out.h"
#include "show.h"
#include "util/text.h"

#define TEXT_COLUMN 20 /* level, name, and then what was found */

static const struct {
        const char *name, *colour;
        enum exit_status status;
} levels[] = {
        [LEVEL_OK] = {"ok", "\033[1;32m", EXIT_DONE},
        [LEVEL_NOTE] = {"note", "", EXIT_DONE},
        [LEVEL_SKIPPED] = {"skip", "", EXIT_DONE},
        [LEVEL_WARN] = {"warn", "\033[1;33m", EXIT_NOT_YET},
        [LEVEL_FAIL] = {"fail", "\033[1;31m", EXIT_FAILED},
};

/* The first error counts; else the first warning: a key that has no effect is nobody's wish. */
static void on_problem(const struct config_problem *p, void *userdata) {
        struct finding *f = userdata;

        if (f->level != LEVEL_OK && (!p->is_error || f->code[0]))
                return;
        finding_set(f, LEVEL_FAIL, "%s", p->text);
        finding_remedy(f, "correct the line; ecs-pubip config --check lists all, "
                          "sudo systemctl reload ecs-pubip takes it over");
        TEXT_SET(f->code, p->is_error ? FAULT_CLOUD_CONFIG : "");
}

/* "fail agent         does not run", the level in its colour, which takes no column. */
static void add_finding(struct buf *out, const char *name, const struct finding *f, bool colours) {
        _cleanup_buf_ struct buf text =
                BUF(sizeof(f->text) + sizeof(f->remedy) + FAULT_CODE_SIZE + REQUEST_ID_SIZE);
        const char *level = levels[f->level].name;
        char label[TEXT_COLUMN + 1];

        if (colours && levels[f->level].colour[0])
                buf_printf(out, "%s%-5s\033[0m", levels[f->level].colour, level);
        else
                buf_printf(out, "%-5s", level);
        snprintf(label, sizeof(label), "%-14s ", name);
        show_beside(&text, "", TEXT_COLUMN, f->text);
        buf_printf(out, "%s%s", label, buf_text(&text) + TEXT_COLUMN);
        if (f->remedy[0]) {
                buf_clear(&text);
                buf_printf(&text, "remedy: %s", f->remedy);
                show_beside(out, "", TEXT_COLUMN, buf_text(&text));
        }
        if (f->code[0]) {
                buf_clear(&text);
                buf_printf(&text, "code: %s%s%s", f->code, f->request_id[0] ? ", request " : "",
                           f->request_id);
                show_beside(out, "", TEXT_COLUMN, buf_text(&text));
        }
}

static int add_json(cJSON *array, const char *name, const struct finding *f) {
        const char *const members[][2] = {
                {"check", name},   {"level", levels[f->level].name},
                {"text", f->text}, {"remedy", f->remedy},
                {"code", f->code}, {"request_id", f->request_id},
        };
        cJSON *object = cJSON_CreateObject();

        if (!object || !cJSON_AddItemToArray(array, object))
                return -ENOMEM;
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
                if (!(*members[i][1] ? cJSON_AddStringToObject(object, members[i][0], members[i][1])
                                     : cJSON_AddNullToObject(object, members[i][0])))
                        return -ENOMEM;
        return 0;
}

#define CHECKS_MAX 40

struct checked {
        const char *name;
        struct finding finding;
};

/* One run: what was found, check by check, and the worst level so far. */
struct rounds {
        struct doctor doctor;
        struct checked *outcomes; /* CHECKS_MAX of them */
        size_t n;
        bool progress; /* standard error is a terminal: a check may take a while */
        enum level worst;
};

static int run_check(struct rounds *r, const struct check *c) {
        struct checked *o = &r->outcomes[r->n];

        if (r->n == CHECKS_MAX)
                return -E2BIG;
        if (r->progress)
                fprintf(stderr, "\r\033[Kchecking %s", c->name);
        o->name = c->name;
        c->run(&r->doctor, &o->finding);
        if (o->finding.level > r->worst)
                r->worst = o->finding.level;
        r->n++;
        return 0;
}

static int run_checks(struct rounds *r) {
        const struct check *(*const tables[])(size_t *) = {check_local_table, check_cloud_table};

        for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
                size_t n;
                const struct check *checks = tables[t](&n);

                for (size_t i = 0; i < n; i++) {
                        int e = run_check(r, &checks[i]);

                        if (e < 0)
                                return e;
                }
        }
        return 0;
}

/* What a check finds by itself, or the verdict says, is not told twice. */
static bool is_told(const struct rounds *r, const struct condition *c) {
        return c->kind == CONDITION_CONFIG || c->kind == CONDITION_KERNEL ||
               c->kind == CONDITION_HOLD ||
               (*c->code && strcmp(c->code, r->doctor.snapshot.status.fault.code) == 0);
}

/* The agent's own list. */
static void add_conditions(struct rounds *r) {
        const struct snapshot *s = &r->doctor.snapshot;

        for (unsigned i = 0; s->alive && i < s->conditions.n && r->n < CHECKS_MAX; i++) {
                const struct condition *c = &s->conditions.list[i];
                struct checked *o = &r->outcomes[r->n];
                struct fault f = {};

                if (!condition_is_problem(c) || is_told(r, c))
                        continue;
                TEXT_SET(f.code, c->code);
                o->name = "condition";
                finding_say(&o->finding,
                            *c->code ? finding_level(fault_explain(&f, 0)->class) : LEVEL_FAIL,
                            c->sentence, c->remedy);
                TEXT_SET(o->finding.code, c->code);
                if (o->finding.level > r->worst)
                        r->worst = o->finding.level;
                r->n++;
        }
}

static unsigned count(const struct rounds *r, enum level level) {
        unsigned n = 0;

        for (size_t i = 0; i < r->n; i++)
                n += r->outcomes[i].finding.level == level;
        return n;
}

/* What needs a person first, then what heals by waiting, then the rest; else as they were run. */
static unsigned place_of(enum level level) {
        return level == LEVEL_FAIL ? 0 : level == LEVEL_WARN ? 1 : 2;
}

static void add_outcomes(struct buf *out, const struct rounds *r, bool colours) {
        for (unsigned place = 0; place <= place_of(LEVEL_OK); place++)
                for (size_t i = 0; i < r->n; i++)
                        if (place_of(r->outcomes[i].finding.level) == place)
                                add_finding(out, r->outcomes[i].name, &r->outcomes[i].finding,
                                            colours);
        buf_printf(out, "\n%u need%s a person, %u heal%s by waiting; %u passed, %u not checked\n",
                   count(r, LEVEL_FAIL), count(r, LEVEL_FAIL) == 1 ? "s" : "", count(r, LEVEL_WARN),
                   count(r, LEVEL_WARN) == 1 ? "s" : "", count(r, LEVEL_OK) + count(r, LEVEL_NOTE),
                   count(r, LEVEL_SKIPPED));
}

static int add_outcomes_json(struct buf *out, const struct rounds *r, enum exit_status status) {
        _cleanup_json_ cJSON *json = cJSON_CreateObject();
        cJSON *array = cJSON_AddArrayToObject(json, "findings");

        if (!array || !cJSON_AddNumberToObject(json, "version", 1) ||
            !cJSON_AddNumberToObject(json, "exit_status", status))
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++)
                if (add_json(array, r->outcomes[i].name, &r->outcomes[i].finding) < 0)
                        return -ENOMEM;
        return json_add(out, json, false);
}

static void rounds_done(struct rounds *r) {
        asker_done(&r->doctor.asker);
        free(r->outcomes);
}

static int run(const struct options *o) {
        _cleanup_(rounds_done) struct rounds r = {.doctor.asker.fd = -1};
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct doctor *d = &r.doctor;
        int e;

        asker_init(&d->asker);
        r.outcomes = calloc(CHECKS_MAX, sizeof(r.outcomes[0]));
        if (!r.outcomes)
                return -ENOMEM;
        d->config_errors = config_load(&d->config, NULL, on_problem, &d->config_finding);
        if (d->config_errors < 0)
                return d->config_errors;
        e = snapshot_take(&d->snapshot);
        if (e < 0)
                return e;
        r.progress = out_terminal(STDERR_FILENO);
        e = run_checks(&r);
        if (r.progress)
                fputs("\r\033[K", stderr);
        add_conditions(&r);
        if (e >= 0 && o->json)
                e = add_outcomes_json(&text, &r, levels[r.worst].status);
        else if (e >= 0)
                add_outcomes(&text, &r, out_colours(STDOUT_FILENO));
        return e < 0 ? e : out_text(&text, levels[r.worst].status);
}

const struct command command_doctor = {
        .name = "doctor",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "Check all that the job needs, with remedies",
        .more = "Asks metadata and the API the way the agent does. Changes nothing.",
        .run = run,
};

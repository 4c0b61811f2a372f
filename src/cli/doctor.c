/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip doctor`: each thing that the job needs, in order, with a remedy for each finding. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "finding.h"
#include "host/conf.h"
#include "json.h"
#include "out.h"
#include "util/text.h"

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

void finding_set(struct finding *f, enum level level, const char *format, ...) {
        va_list ap;

        f->level = level;
        va_start(ap, format);
        vsnprintf(f->text, sizeof(f->text), format, ap);
        va_end(ap);
}

void finding_remedy(struct finding *f, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(f->remedy, sizeof(f->remedy), format, ap);
        va_end(ap);
}

static enum level level_of(enum fault_class class) {
        switch (class) {
        case FAULT_AUTH:
        case FAULT_OPERATOR:
                return LEVEL_FAIL;
        case FAULT_NONE:
        case FAULT_RETRY:
        case FAULT_PROTOCOL:
        case FAULT_SETTLING:
        case FAULT_CLOCK:
        case FAULT_THROTTLED:
        case FAULT_ALREADY:
        case _FAULT_CLASS_MAX:
                break;
        }
        return LEVEL_WARN;
}

void finding_fault(struct finding *f, const struct fault *fault) {
        char remedy[FAULT_REMEDY_SIZE];

        finding_set(f, level_of(fault->class), fault->message[0] ? "%s (%s)" : "%s",
                    fault_sentence(fault_explain(fault, 0)), fault->message);
        fault_remedy(fault, 0, remedy);
        finding_remedy(f, "%s", remedy);
        TEXT_SET(f->code, fault->code);
        TEXT_SET(f->request_id, fault->request_id);
}

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

static void add_finding(struct buf *out, const char *name, const struct finding *f, bool colours) {
        const char *level = levels[f->level].name;

        if (colours && levels[f->level].colour[0])
                buf_printf(out, "%s%-5s\033[0m", levels[f->level].colour, level);
        else
                buf_printf(out, "%-5s", level);
        buf_printf(out, "%-14s %s\n", name, f->text);
        if (f->remedy[0])
                buf_printf(out, "%20sremedy: %s\n", "", f->remedy);
        if (f->code[0])
                buf_printf(out, "%20scode: %s%s%s\n", "", f->code,
                           f->request_id[0] ? ", request " : "", f->request_id);
}

static bool add_member(cJSON *object, const char *name, const char *text) {
        return text[0] ? cJSON_AddStringToObject(object, name, text)
                       : cJSON_AddNullToObject(object, name);
}

static int add_json(cJSON *array, const char *name, const struct finding *f) {
        cJSON *object = cJSON_CreateObject();

        if (!object || !cJSON_AddItemToArray(array, object))
                return -ENOMEM;
        if (!add_member(object, "check", name) ||
            !add_member(object, "level", levels[f->level].name) ||
            !add_member(object, "text", f->text) || !add_member(object, "remedy", f->remedy) ||
            !add_member(object, "code", f->code) ||
            !add_member(object, "request_id", f->request_id))
                return -ENOMEM;
        return 0;
}

/* One run: what goes out, in either form, and the worst level so far. */
struct rounds {
        struct doctor doctor;
        struct buf text;
        cJSON *array; /* NULL: for a person */
        bool colours;
        bool unread; /* the reader has gone; the exit status is still wanted */
        enum level worst;
};

/* Each line is written when it is known: a check may take a while. */
static int run_check(struct rounds *r, const struct check *c) {
        struct finding f = {};
        int e;

        c->run(&r->doctor, &f);
        if (f.level > r->worst)
                r->worst = f.level;
        if (r->array)
                return add_json(r->array, c->name, &f);
        if (r->unread)
                return 0;
        buf_clear(&r->text);
        add_finding(&r->text, c->name, &f, r->colours);
        e = out_write(&r->text);
        r->unread = e == -EPIPE;
        return r->unread ? 0 : e;
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

static int finish(struct rounds *r, cJSON *json) {
        enum exit_status status = levels[r->worst].status;
        int e;

        if (!json)
                return status;
        if (!cJSON_AddNumberToObject(json, "exit_status", status))
                return -ENOMEM;
        e = json_add(&r->text, json, false);
        return e < 0 ? e : out_text(&r->text, status);
}

static void rounds_done(struct rounds *r) {
        asker_done(&r->doctor.asker);
        buf_done(&r->text);
}

int command_doctor(const struct options *o) {
        _cleanup_(rounds_done) struct rounds r = {.text = BUF(OUT_MAX)};
        _cleanup_json_ cJSON *json = NULL;
        struct doctor *d = &r.doctor;
        int e;

        asker_init(&d->asker);
        d->config_errors = config_load(&d->config, NULL, on_problem, &d->config_finding);
        if (d->config_errors < 0)
                return d->config_errors;
        e = snapshot_take(&d->snapshot);
        if (e < 0)
                return e;
        r.colours = out_colours(STDOUT_FILENO);
        if (o->json) {
                json = cJSON_CreateObject();
                r.array = cJSON_AddArrayToObject(json, "findings");
                if (!r.array || !cJSON_AddNumberToObject(json, "version", 1))
                        return -ENOMEM;
        }
        e = run_checks(&r);
        return e < 0 ? e : finish(&r, json);
}

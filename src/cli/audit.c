/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ecs-pubip audit`: the EIPs that this instance has bought or holds, and which of them nothing
 * uses. By the ledger, by the name that a purchase carries, and by what is bound here; each is
 * looked at in the API, which alone says what it is now.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ecs-pubip/config.h>

#include "asker.h"
#include "command.h"
#include "host/config_files.h"
#include "json.h"
#include "machine.h"
#include "out.h"
#include "util/ipv4.h"
#include "util/paths.h"
#include "util/text.h"
#include "util/time.h"

#define EIPS_MAX 64

enum use { USE_HERE, USE_ELSEWHERE, USE_NONE, USE_GONE };

static const char *const use_names[] = {
        [USE_HERE] = "here",
        [USE_ELSEWHERE] = "elsewhere",
        [USE_NONE] = "none",
        [USE_GONE] = "released",
};

struct found {
        struct eip eip; /* of one that is gone, only the id */
        int64_t bought; /* 0: not known */
        int64_t used;   /* the agent last confirmed it then; 0: not known */
        enum use use;
};

struct audit {
        struct asker asker;
        struct ledger ledger;
        enum ledger_state ledger_state;
        struct identity identity;
        struct fault fault; /* why the list may not be whole */
        unsigned n_lost;    /* purchases without an answer */
        unsigned n;
        struct found found[EIPS_MAX];
};

/* False, with the reason kept, where there is no answer. */
static bool ask(struct audit *a, struct wire_question *q, struct wire_answer *ret) {
        q->deadline_ms = ASKER_MS;
        TEXT_SET(q->instance_id, a->identity.instance_id);
        if (asker_ask(&a->asker, q, ret) < 0)
                ret->fault = fault_own(FAULT_CLOUD_GONE, "no memory");
        if (ret->fault.class != FAULT_NONE)
                a->fault = ret->fault;
        return ret->fault.class == FAULT_NONE;
}

static bool is_known(const struct audit *a, const char *id) {
        for (unsigned i = 0; i < a->n; i++)
                if (strcmp(a->found[i].eip.allocation_id, id) == 0)
                        return true;
        return false;
}

static enum use use_of(const struct eip *e) {
        if (!e->address)
                return USE_GONE;
        if (e->bound_here)
                return USE_HERE;
        return *e->bound_to ? USE_ELSEWHERE : USE_NONE;
}

static void add(struct audit *a, const struct eip *e) {
        struct found *f = &a->found[a->n];

        if (a->n == EIPS_MAX || !*e->allocation_id || is_known(a, e->allocation_id))
                return;
        *f = (struct found){.eip = *e, .use = use_of(e), .bought = e->allocated};
        if (strcmp(a->ledger.eip_id, e->allocation_id) == 0)
                f->used = a->ledger.confirmed;
        for (unsigned i = 0; i < a->ledger.n_entries && !f->bought; i++)
                if (a->ledger.entries[i].op == WIRE_EIP_ALLOCATE &&
                    strcmp(a->ledger.entries[i].allocation_id, e->allocation_id) == 0)
                        f->bought = a->ledger.entries[i].first_time;
        a->n++;
}

static void add_named(struct audit *a) {
        struct wire_question q = {.op = WIRE_EIP_FIND, .audit = true};
        struct wire_answer answer;

        while (a->n < EIPS_MAX && ask(a, &q, &answer) && *answer.eip.allocation_id) {
                add(a, &answer.eip);
                TEXT_SET(q.allocation_id, answer.eip.allocation_id);
        }
}

static void add_by_id(struct audit *a, const char *id) {
        struct wire_question q = {.op = WIRE_EIP_FIND};
        struct wire_answer answer;

        if (!*id || is_known(a, id))
                return;
        TEXT_SET(q.allocation_id, id);
        if (!ask(a, &q, &answer))
                return;
        TEXT_SET(answer.eip.allocation_id, id);
        add(a, &answer.eip);
}

static void add_bound(struct audit *a) {
        struct wire_question q = {.op = WIRE_INSPECT};
        struct wire_answer answer;

        if (ask(a, &q, &answer))
                add_by_id(a, answer.instance.eip_id);
}

static void look(struct audit *a) {
        add_named(a);
        for (unsigned i = 0; i < a->ledger.n_entries; i++) {
                const struct ledger_entry *e = &a->ledger.entries[i];

                if (e->op != WIRE_EIP_ALLOCATE)
                        continue;
                add_by_id(a, e->allocation_id);
                a->n_lost += !*e->allocation_id && !ledger_entry_is_refused(e);
        }
        add_by_id(a, a->ledger.eip_id);
        add_bound(a);
}

/* A whole command: what gives it back. "" : nothing is to be given back, or not by us. */
static void format_release(const struct audit *a, const struct found *f, struct buf *out) {
        if (f->use == USE_NONE)
                buf_printf(out, "aliyun vpc ReleaseEipAddress --RegionId %s --AllocationId %s",
                           a->identity.region_id, f->eip.allocation_id);
}

static unsigned count_unused(const struct audit *a) {
        unsigned n = 0;

        for (unsigned i = 0; i < a->n; i++)
                n += a->found[i].use == USE_NONE;
        return n;
}

#define DATE_LENGTH 10 /* of a time as RFC 3339 */

static void add_found(struct buf *out, const struct found *f) {
        char address[IPV4_SIZE] = "-", bought[RFC3339_SIZE] = "-";

        if (f->eip.address)
                ipv4_format(f->eip.address, address);
        if (f->bought)
                time_format(f->bought, bought);
        buf_printf(out, "%-25s  %-15s  %-*.*s  %s\n", f->eip.allocation_id, address, DATE_LENGTH,
                   DATE_LENGTH, bought,
                   f->use == USE_ELSEWHERE ? f->eip.bound_to : use_names[f->use]);
}

static void add_page(struct buf *out, const struct audit *a) {
        unsigned n_unused = count_unused(a);

        if (a->n > 0)
                buf_printf(out, "%-25s  %-15s  %-*s  %s\n", "EIP", "ADDRESS", DATE_LENGTH, "BOUGHT",
                           "USED");
        for (unsigned i = 0; i < a->n; i++)
                add_found(out, &a->found[i]);
        if (a->fault.class != FAULT_NONE)
                buf_printf(out, "This list may not be whole: %s\n", a->fault.code);
        else
                buf_printf(out, "%u bought or held by %s, %u of them not in use\n", a->n,
                           a->identity.instance_id, n_unused);
        if (a->n_lost > 0)
                buf_printf(
                        out,
                        "Of %u purchase%s the answer was lost: see in the VPC console for an EIP "
                        "that nobody uses\n",
                        a->n_lost, a->n_lost == 1 ? "" : "s");
        if (a->ledger_state != LEDGER_READ)
                buf_puts(out, "No ledger could be read: the list has what is bound here or carries "
                              "our name\n");
        for (unsigned i = 0; i < a->n; i++) {
                _cleanup_buf_ struct buf release = BUF(256);

                format_release(a, &a->found[i], &release);
                if (release.len > 0)
                        buf_printf(out, "It costs until it is released:\n  %s\n",
                                   buf_text(&release));
        }
}

static int add_json(const struct audit *a, cJSON *eips) {
        for (unsigned i = 0; i < a->n; i++) {
                const struct found *f = &a->found[i];
                _cleanup_buf_ struct buf release = BUF(256);
                char address[IPV4_SIZE], time[RFC3339_SIZE];
                cJSON *o = cJSON_CreateObject();

                format_release(a, f, &release);
                if (!o || !cJSON_AddItemToArray(eips, o) ||
                    !cJSON_AddStringToObject(o, "allocation_id", f->eip.allocation_id) ||
                    !(f->eip.address ? cJSON_AddStringToObject(o, "address",
                                                               ipv4_format(f->eip.address, address))
                                     : cJSON_AddNullToObject(o, "address")) ||
                    !cJSON_AddStringToObject(o, "use", use_names[f->use]) ||
                    !cJSON_AddStringToObject(o, "bound_to", f->eip.bound_to) ||
                    !(f->bought ? cJSON_AddStringToObject(o, "bought_at",
                                                          time_format(f->bought, time))
                                : cJSON_AddNullToObject(o, "bought_at")) ||
                    !(f->used ? cJSON_AddStringToObject(o, "confirmed_at",
                                                        time_format(f->used, time))
                              : cJSON_AddNullToObject(o, "confirmed_at")) ||
                    !cJSON_AddStringToObject(o, "release", buf_text(&release)))
                        return -ENOMEM;
        }
        return 0;
}

static int audit_json(const struct audit *a, int status) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *json = cJSON_CreateObject();
        cJSON *eips = cJSON_AddArrayToObject(json, "eips");

        if (!eips || add_json(a, eips) < 0 || !cJSON_AddNumberToObject(json, "version", 1) ||
            !cJSON_AddStringToObject(json, "instance_id", a->identity.instance_id) ||
            !cJSON_AddStringToObject(json, "region_id", a->identity.region_id) ||
            !cJSON_AddBoolToObject(json, "complete", a->fault.class == FAULT_NONE) ||
            !cJSON_AddStringToObject(json, "code", a->fault.code) ||
            !cJSON_AddNumberToObject(json, "unused", count_unused(a)) ||
            !cJSON_AddNumberToObject(json, "lost_purchases", a->n_lost) ||
            json_add(&text, json, false) < 0)
                return -ENOMEM;
        return out_text(&text, status);
}

static int identify(struct audit *a) {
        struct wire_question q = {.op = WIRE_IDENTIFY};
        struct wire_answer answer;

        if (!ask(a, &q, &answer)) {
                out_complain("who this instance is cannot be told: %s", answer.fault.code);
                out_hint("ecs-pubip doctor");
                return EXIT_FAILED;
        }
        a->identity = answer.identity;
        return 0;
}

static void audit_done(struct audit **a) {
        if (*a)
                asker_done(&(*a)->asker);
        free(*a);
}

static int run(const struct options *o) {
        _cleanup_(audit_done) struct audit *a = calloc(1, sizeof(*a));
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        int r, status;

        if (!a)
                return -ENOMEM;
        asker_init(&a->asker);
        a->ledger_state = machine_ledger(&a->ledger);
        r = identify(a);
        if (r != 0)
                return r;
        look(a);
        status = a->fault.class == FAULT_NONE ? EXIT_DONE : EXIT_FAILED;
        if (o->json)
                return audit_json(a, status);
        add_page(&text, a);
        return out_text(&text, status);
}

const struct command command_audit = {
        .name = "audit",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "List EIPs bought or held here, and which are not in use",
        .more = "Looks at the API and the ledger; changes nothing, releases nothing.\nWhat is not "
                "in use is printed with the command that gives it back.",
        .run = run,
};

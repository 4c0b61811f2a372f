/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ecs-pubip plan`: what the agent would do now, and why. The agent's own state machine runs here
 * over the real ledger and real looks; no store is done and no changing question is sent. Where
 * it would wait between looks, its clock is moved on instead.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ecs-pubip/engine.h>

#include "asker.h"
#include "command.h"
#include "core/api/names.h"
#include "host/boot_id.h"
#include "host/clock.h"
#include "host/cloud_init.h"
#include "host/config_files.h"
#include "host/dmi.h"
#include "host/hold_file.h"
#include "json.h"
#include "machine.h"
#include "out.h"
#include "show.h"
#include "snapshot.h"
#include "util/ipv4.h"
#include "util/paths.h"
#include "util/text.h"
#include "util/time.h"
#include "when.h"

#define STEPS_MAX 64 /* events; a plan takes about ten */
#define AHEAD_MAX (15 * USEC_PER_MIN)

struct plan {
        struct engine engine;
        struct asker asker;
        struct snapshot snapshot;
        uint64_t ahead; /* how far the clock was moved on */
        unsigned n_steps;
        bool held;             /* by the brake, which is looked past */
        bool awaits_user_data; /* the agent would wait for it first; it is looked past, too */
        bool would_change;
        struct wire_question change; /* what it would ask, then */
};

static struct engine_now plan_now(const struct plan *p) {
        return (struct engine_now){
                .boot_usec = clock_boot_usec() + p->ahead,
                .wall_sec = clock_wall_sec() + (int64_t)(p->ahead / USEC_PER_SEC),
        };
}

static int perform(struct plan *p, const struct actions *actions);

static int step(struct plan *p, struct event *event) {
        struct actions actions;

        if (++p->n_steps > STEPS_MAX)
                return -ELOOP;
        event->now = plan_now(p);
        engine_step(&p->engine, event, &actions);
        return perform(p, &actions);
}

static int step_type(struct plan *p, enum event_type type) {
        struct event event = {.type = type};

        return step(p, &event);
}

/* What the brake holds back is what somebody wants to see before it is released. */
static enum hold look_past_brake(struct plan *p, const char *instance_id) {
        char ignored[HOLD_WHY_SIZE];
        enum hold hold = hold_file_read(instance_id, ignored);

        p->held = hold == HOLD_ON;
        return p->held ? HOLD_OFF : hold;
}

static int step_hold(struct plan *p, enum event_type type) {
        enum hold hold = look_past_brake(p, p->engine.facts.identity.instance_id);
        struct event event = {.type = type};

        if (type == EVENT_STORED)
                event.stored.hold = hold;
        else
                event.hold = hold;
        return step(p, &event);
}

static int step_kernel(struct plan *p) {
        struct event event = {.type = EVENT_KERNEL};

        machine_kernel(&p->engine.watch, &event.kernel);
        return step(p, &event);
}

/* What a reboot would wait for is looked at by the agent only: by one that lives, for one due. */
static int step_blockers(struct plan *p) {
        struct event event = {.type = EVENT_BLOCKERS};

        if (p->snapshot.alive && p->snapshot.status.phase == PHASE_REBOOTING)
                TEXT_SET(event.blockers, p->snapshot.status.waits_for);
        return step(p, &event);
}

static int step_ask(struct plan *p, const struct wire_question *q) {
        struct event event = {.type = EVENT_ANSWER};
        int r;

        if (wire_op_changes(q->op)) {
                p->would_change = true;
                p->change = *q;
                return 0;
        }
        r = asker_ask(&p->asker, q, &event.answer);
        if (r < 0)
                return r;
        if (event.answer.server_time)
                event.answer.server_time += (int64_t)(p->ahead / USEC_PER_SEC);
        return step(p, &event);
}

static int step_user_data(struct plan *p, enum user_data state) {
        struct event event = {.type = EVENT_USER_DATA, .user_data = state};

        return step(p, &event);
}

/* The runtime's part: the same order, without effect. */
static int perform(struct plan *p, const struct actions *a) {
        int r = 0;

        if (a->wants & ACTION_STORE)
                r = step_hold(p, EVENT_STORED);
        if (r >= 0 && a->wants & ACTION_WATCH && !p->would_change)
                r = step_kernel(p);
        if (r >= 0 && a->wants & ACTION_USER_DATA)
                r = step_user_data(p, cloud_init_writes() ? USER_DATA_AWAITED : USER_DATA_SETTLED);
        if (r >= 0 && a->wants & ACTION_BLOCKERS && !p->would_change)
                r = step_blockers(p);
        if (r >= 0 && a->wants & ACTION_ASK && !p->would_change)
                r = step_ask(p, &a->question);
        return r;
}

/* True where the agent only waits to look again, and the next look may lead to a change. */
static bool is_between_looks(const struct engine *e) {
        return phase_row(e->phase)->between_looks && e->deadline != ENGINE_NEVER;
}

static bool is_waiting_for_user_data(const struct engine *e) {
        return e->phase == PHASE_WAITING &&
               fault_explain(&e->holdoff.fault, 0)->awaits == AWAITS_USER_DATA;
}

/* To the change, or to a rest that is more than a wait between looks. */
static int run_on(struct plan *p) {
        int r = 0;

        while (r >= 0 && !p->would_change && is_between_looks(&p->engine)) {
                uint64_t now = plan_now(p).boot_usec;

                if (p->engine.deadline > now)
                        p->ahead += p->engine.deadline - now;
                if (p->ahead > AHEAD_MAX)
                        break;
                r = step_type(p, EVENT_TIMER);
        }
        return r;
}

static int think(struct plan *p) {
        int r;

        r = step_kernel(p); /* as of any address: the agent begins so, too */
        if (r >= 0)
                r = step_type(p, EVENT_START);
        if (r >= 0 && !p->would_change)
                r = step_hold(p, EVENT_HOLD);
        if (r >= 0)
                r = run_on(p);
        if (r >= 0 && !p->would_change && is_waiting_for_user_data(&p->engine)) {
                p->awaits_user_data = true;
                r = step_user_data(p, USER_DATA_SETTLED);
                if (r >= 0)
                        r = run_on(p);
        }
        return r;
}

static void init(struct plan *p, const struct config *c) {
        char boot_id[BOOT_ID_SIZE] = "";
        struct ledger ledger = {};
        enum ledger_state state = machine_ledger(&ledger);
        bool dmi_known, is_ecs = false;

        boot_id_read(NULL, boot_id);
        dmi_known = dmi_read(&is_ecs);
        engine_init(&p->engine, c, boot_id, dmi_known, is_ecs, state, &ledger,
                    look_past_brake(p, ledger.instance_id), 1);
        asker_init(&p->asker);
}

/* The call by its name in the API, and the reason that led to it. */
static void add_change(struct buf *out, const struct plan *p) {
        const struct engine *e = &p->engine;
        const struct wire_question *q = &p->change;
        enum plane who = engine_verdict(e).who;
        char address[IPV4_SIZE] = "";

        if (e->expected)
                ipv4_format(e->expected, address);
        switch (q->op) {
        case WIRE_ALLOCATE:
                buf_puts(out, "call AllocatePublicIpAddress: neither metadata nor the control "
                              "plane shows a public address");
                break;
        case WIRE_BANDWIDTH:
                buf_printf(out,
                           "call ModifyInstanceNetworkSpec, to %u Mbit/s (costs money): the "
                           "instance has no outgoing bandwidth, which an address needs",
                           q->bandwidth_out);
                break;
        case WIRE_EIP_ALLOCATE:
                buf_puts(out, "call AllocateEipAddress (costs money): Address.EipAllocate is set "
                              "and no EIP is there to take");
                break;
        case WIRE_EIP_ASSOCIATE:
                buf_printf(out,
                           "call AssociateEipAddress with %s: the instance has no public "
                           "address, and this EIP is free",
                           q->allocation_id);
                break;
        case WIRE_REBOOT:
                buf_printf(out, "call RebootInstance: the agent brought %s, and ", address);
                if (e->given.config.reboot_policy == REBOOT_ALWAYS)
                        buf_puts(out, "Reboot.Policy=always asks for one after each change");
                else
                        buf_printf(out, "the %s plane does not show it yet",
                                   who < _PLANE_MAX ? verdict_plane_name(who) : "kernel");
                break;
        case WIRE_NONE:
        case WIRE_IDENTIFY:
        case WIRE_ADDRESSES:
        case WIRE_INSPECT:
        case WIRE_EIP_FIND:
        case WIRE_PROBE:
        case _WIRE_OP_MAX:
                break;
        }
}

static const char *cost_of(const struct wire_question *q) {
        static const char *const costs[_WIRE_OP_MAX] = {
                [WIRE_ALLOCATE] = ("its traffic or bandwidth is billed from then on, as the "
                                   "instance's charge type says"),
                [WIRE_BANDWIDTH] = "the raised bandwidth is billed from then on",
                [WIRE_EIP_ALLOCATE] =
                        "the EIP is billed from the purchase on, also while nothing uses it",
                [WIRE_EIP_ASSOCIATE] =
                        "nothing is bought; the EIP is paid for already, its traffic is billed",
                [WIRE_REBOOT] = "none",
        };

        return costs[q->op] ? costs[q->op] : "";
}

/* What is bought, with its billing method. */
static void add_order(struct buf *out, const struct plan *p) {
        const struct eip_order *o = &p->change.order;

        if (p->change.op != WIRE_EIP_ALLOCATE)
                return;
        if (o->charge)
                buf_printf(out, "%s, %u Mbit/s, line type %s", eip_charge_names[o->charge],
                           o->bandwidth, *o->isp ? o->isp : "BGP");
        else
                buf_puts(out, "the same as the call of an older version whose answer was lost");
        if (o->product == PRODUCT_VPC)
                buf_printf(out, ", named " EIP_NAME_PREFIX "%s", p->change.instance_id);
        else
                buf_puts(out, "; without a name, as only the EIP calls of ECS are in reach: if its "
                              "answer is lost, a person has to look for it");
}

/* Whether a restart of this machine follows, as far as it can be said before. */
static void add_reboot(struct buf *out, const struct plan *p) {
        const struct config *c = &p->engine.given.config;
        enum wire_op op = p->change.op;
        char grace[CONFIG_VALUE_SIZE];
        const char *known =
                op == WIRE_REBOOT                                     ? "this is it"
                : op == WIRE_EIP_ALLOCATE || op == WIRE_EIP_ASSOCIATE ? "none: an EIP works at once"
                : c->reboot_policy == REBOOT_NEVER
                        ? "none by the agent (Reboot.Policy=never); it reports one that is due"
                : c->reboot_policy == REBOOT_ALWAYS ? "one follows (Reboot.Policy=always)"
                                                    : NULL;

        config_format_duration(c->reboot_grace_usec, grace);
        if (known)
                buf_puts(out, known);
        else
                buf_printf(out, "only if the address does not take effect within %s", grace);
}

static const char *action_of(enum wire_op op) {
        static const char *const names[_WIRE_OP_MAX] = {
                [WIRE_ALLOCATE] = "AllocatePublicIpAddress",
                [WIRE_BANDWIDTH] = "ModifyInstanceNetworkSpec",
                [WIRE_EIP_ALLOCATE] = "AllocateEipAddress",
                [WIRE_EIP_ASSOCIATE] = "AssociateEipAddress",
                [WIRE_REBOOT] = "RebootInstance",
        };

        return names[op];
}

static enum exit_status status_of(const struct plan *p) {
        if (p->would_change)
                return p->held ? EXIT_DONE : EXIT_NOT_YET;
        switch (phase_row(p->engine.phase)->end) {
        case END_DONE:
        case END_HELD:
        case END_OVER:
                return EXIT_DONE;
        case END_FAILED:
                return EXIT_FAILED;
        case END_OPEN:
                break;
        }
        return EXIT_NOT_YET;
}

/* And what the agent alone can see: whether it may write its ledger and read its files. */
static void list_conditions(const struct plan *p, const struct status *s, struct conditions *ret) {
        static const enum condition_kind agents[] = {CONDITION_LEDGER, CONDITION_CONFIG,
                                                     CONDITION_HOLD};

        condition_list(s, ret);
        for (size_t i = 0; p->snapshot.alive && i < sizeof(agents) / sizeof(agents[0]); i++) {
                const struct condition *n = condition_find(&p->snapshot.conditions, agents[i]);

                if (n && condition_is_problem(n) && !condition_find(ret, n->kind))
                        ret->list[ret->n++] = *n;
        }
}

static void add_rest(struct buf *out, const struct plan *p, const struct status *s,
                     struct conditions *c) {
        const struct engine *e = &p->engine;
        char line[STATUS_LINE_SIZE];

        status_line(s, c, line);
        buf_printf(out, "%s%s\n", s->phase == PHASE_CONFIRMED ? "Nothing to do: " : "", line);
        show_conditions(out, c);
        /* Before it is known which address counts, the agent that lives may know it. */
        if (!e->watch.address && p->snapshot.alive &&
            *p->snapshot.status.planes[PLANE_KERNEL].reason)
                show_field(out, "Kernel", p->snapshot.status.planes[PLANE_KERNEL].reason);
        else
                show_field(out, "Kernel", s->planes[PLANE_KERNEL].reason);
}

static void add_plan(struct buf *out, const struct plan *p) {
        _cleanup_buf_ struct buf reboot = BUF(256), order = BUF(512);
        struct conditions c;
        struct status s;
        char span[SPAN_SIZE];

        engine_status(&p->engine, plan_now(p), &s);
        list_conditions(p, &s, &c);
        if (!p->would_change) {
                add_rest(out, p, &s, &c);
                return;
        }
        if (p->held)
                buf_puts(out, "On hold; after sudo ecs-pubip resume it would ");
        else if (p->awaits_user_data)
                buf_puts(out, "Once cloud-init has written the files of user-data, in at most 5 "
                              "min, it would, as the configuration is now, ");
        else if (p->ahead >= USEC_PER_SEC)
                buf_printf(out, "In %s, if nothing changes, it would ",
                           time_format_span((p->ahead + USEC_PER_SEC / 2) / USEC_PER_SEC, span));
        else
                buf_puts(out, "Now it would ");
        add_change(out, p);
        buf_puts(out, "\n");
        show_field(out, "Cost", cost_of(&p->change));
        add_order(&order, p);
        show_field(out, "Order", buf_text(&order));
        add_reboot(&reboot, p);
        show_field(out, "Reboot", buf_text(&reboot));
        buf_printf(out, "Instance  %s in %s\n", p->engine.facts.identity.instance_id,
                   p->engine.facts.identity.region_id);
        show_conditions(out, &c);
}

static void plan_done(struct plan *p) {
        asker_done(&p->asker);
}

static int plan_json(const struct plan *p) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX), page = BUF(OUT_MAX), reboot = BUF(256),
                                 order = BUF(512);
        _cleanup_json_ cJSON *json = cJSON_CreateObject();
        uint64_t seconds = p->ahead / USEC_PER_SEC;
        bool change = p->would_change;

        add_plan(&page, p);
        if (change) {
                add_order(&order, p);
                add_reboot(&reboot, p);
        }
        if (!cJSON_AddNumberToObject(json, "version", 1) ||
            !cJSON_AddNumberToObject(json, "exit_status", status_of(p)) ||
            !(change ? cJSON_AddStringToObject(json, "call", action_of(p->change.op))
                     : cJSON_AddNullToObject(json, "call")) ||
            !cJSON_AddNumberToObject(json, "in_seconds", (double)seconds) ||
            !cJSON_AddBoolToObject(json, "held", p->held) ||
            !cJSON_AddBoolToObject(json, "awaits_user_data", p->awaits_user_data) ||
            !cJSON_AddStringToObject(json, "cost", change ? cost_of(&p->change) : "") ||
            !cJSON_AddStringToObject(json, "order", buf_text(&order)) ||
            !cJSON_AddStringToObject(json, "reboot", buf_text(&reboot)) ||
            !cJSON_AddStringToObject(json, "text", buf_text(&page)) ||
            json_add(&text, json, false) < 0)
                return -ENOMEM;
        return out_text(&text, status_of(p));
}

static int run(const struct options *o) {
        _cleanup_(plan_done) struct plan p = {.asker.fd = -1};
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct config config;
        int r;

        r = config_load(&config, NULL, out_problem, NULL);
        if (r != 0)
                return r < 0 ? r : EXIT_FAILED;
        r = snapshot_take(&p.snapshot);
        if (r < 0)
                return r;
        init(&p, &config);
        r = think(&p);
        if (r < 0)
                return r;
        if (p.asker.error == ASKER_NOT_ROOT) {
                out_complain(CLOUD_SOCKET ": %s", asker_strerror(p.asker.error));
                out_hint("ecs-pubip doctor");
                return EXIT_FAILED;
        }
        if (o->json)
                return plan_json(&p);
        add_plan(&text, &p);
        return out_text(&text, status_of(&p));
}

const struct command command_plan = {
        .name = "plan",
        .options = OPTION_JSON,
        .needs_root = true,
        .help = "Say what the agent would do now, and why",
        .more = "Looks at metadata and the API, and decides with the agent's own "
                "code.\nChanges nothing.",
        .run = run,
};

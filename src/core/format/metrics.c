/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status and counters in Prometheus' text format 0.0.4, which the textfile collector of
 * node_exporter reads: a counter's TYPE has the name of its samples. OpenMetrics would name the
 * family without _total, and the collector would then take each counter for untyped.
 */
#include <ecs-pubip/condition.h>
#include <ecs-pubip/fault_text.h>
#include <ecs-pubip/status.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/ipv4.h"

#define METRICS_TEXT_MAX (64u * 1024)

static void family(struct buf *b, const char *name, const char *type, const char *help) {
        buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct buf *b, const char *name, const char *help, int64_t value) {
        family(b, name, "gauge", help);
        buf_printf(b, "%s %" PRId64 "\n", name, value);
}

static void counter(struct buf *b, const char *name, const char *help, uint64_t value) {
        family(b, name, "counter", help);
        buf_printf(b, "%s %" PRIu64 "\n", name, value);
}

/* `name="value"`, with the three bytes escaped that the format reserves. */
static void label(struct buf *b, const char *name, const char *value) {
        buf_printf(b, "%s=\"", name);
        for (; *value; value++) {
                if (*value == '\n')
                        buf_puts(b, "\\n");
                else if (*value == '"' || *value == '\\')
                        buf_printf(b, "\\%c", *value);
                else
                        buf_add(b, value, 1);
        }
        buf_puts(b, "\"");
}

static void add_info(struct buf *b, const struct status *s) {
        const char *network = status_network_name(s->network);

        family(b, "ecs_pubip_info", "gauge", "Which agent this is, and of which instance.");
        buf_puts(b, "ecs_pubip_info{");
        label(b, "version", ECS_PUBIP_VERSION);
        buf_puts(b, ",");
        label(b, "instance_id", s->instance_id);
        buf_puts(b, ",");
        label(b, "region_id", s->region_id);
        buf_puts(b, ",");
        label(b, "network_type", network ? network : "");
        buf_puts(b, "} 1\n");
}

static void add_address(struct buf *b, const struct status *s) {
        const char *kind = ledger_kind_name(s->kind);
        char text[IPV4_SIZE];

        if (!s->public_ip)
                return;
        family(b, "ecs_pubip_address_info", "gauge", "The public address.");
        buf_puts(b, "ecs_pubip_address_info{");
        label(b, "address", ipv4_format(s->public_ip, text));
        buf_puts(b, ",");
        label(b, "kind", kind ? kind : "");
        buf_puts(b, "} 1\n");
}

static void add_phase(struct buf *b, const struct status *s) {
        family(b, "ecs_pubip_phase", "gauge", "1 for the phase that the agent is in.");
        for (enum phase p = 0; p < _PHASE_MAX; p++) {
                buf_puts(b, "ecs_pubip_phase{");
                label(b, "phase", status_phase_name(p));
                buf_printf(b, "} %d\n", s->phase == p);
        }
}

static void add_planes(struct buf *b, const struct status *s) {
        family(b, "ecs_pubip_plane", "gauge", "1 for the verdict of each plane.");
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                for (enum plane_verdict v = PLANE_NOT_REQUIRED; v <= PLANE_AGREES; v++) {
                        buf_puts(b, "ecs_pubip_plane{");
                        label(b, "plane", verdict_plane_name(p));
                        buf_puts(b, ",");
                        label(b, "verdict", verdict_name(v));
                        buf_printf(b, "} %d\n", s->planes[p].verdict == v);
                }
}

static void add_fault(struct buf *b, const struct status *s) {
        gauge(b, "ecs_pubip_fault_active", "1 while the agent waits or has failed for a reason.",
              s->fault.class != FAULT_NONE);
        if (s->fault.class == FAULT_NONE)
                return;
        family(b, "ecs_pubip_fault", "gauge", "Why the agent waits or has failed.");
        buf_puts(b, "ecs_pubip_fault{");
        label(b, "class", fault_class_name(s->fault.class));
        buf_puts(b, ",");
        label(b, "code", s->fault.code);
        buf_puts(b, "} 1\n");
}

/* A sample for each kind, so that an alert sees it end, too. */
static void add_conditions(struct buf *b, const struct conditions *c) {
        bool there[_CONDITION_MAX][_CONDITION_SEVERITY_MAX] = {};

        for (unsigned i = 0; i < c->n; i++)
                there[c->list[i].kind][c->list[i].severity] = true;
        family(b, "ecs_pubip_condition", "gauge", "1 for what is wrong or odd.");
        for (enum condition_kind k = 0; k < _CONDITION_MAX; k++)
                for (enum condition_severity v = 0; v < _CONDITION_SEVERITY_MAX; v++) {
                        buf_puts(b, "ecs_pubip_condition{");
                        label(b, "condition", condition_name(k));
                        buf_puts(b, ",");
                        label(b, "severity", condition_severity_name(v));
                        buf_printf(b, "} %d\n", there[k][v]);
                }
}

static void add_counters(struct buf *b, const struct metrics *m) {
        family(b, "ecs_pubip_questions_total", "counter", "Questions to the cloud process.");
        for (enum wire_op op = WIRE_NONE + 1; op < _WIRE_OP_MAX; op++) {
                buf_puts(b, "ecs_pubip_questions_total{");
                label(b, "op", wire_op_name(op));
                buf_printf(b, "} %" PRIu64 "\n", m->questions[op]);
        }
        family(b, "ecs_pubip_faults_total", "counter", "Faults met, by class.");
        for (enum fault_class c = FAULT_NONE + 1; c < _FAULT_CLASS_MAX; c++) {
                buf_puts(b, "ecs_pubip_faults_total{");
                label(b, "class", fault_class_name(c));
                buf_printf(b, "} %" PRIu64 "\n", m->faults[c]);
        }
        family(b, "ecs_pubip_address_changes_total", "counter",
               "Changes of the public address, by how it came to be another one.");
        for (enum address_change c = CHANGE_NONE + 1; c < _CHANGE_MAX; c++) {
                buf_puts(b, "ecs_pubip_address_changes_total{");
                label(b, "change", status_change_name(c));
                buf_printf(b, "} %" PRIu64 "\n", m->changes[c]);
        }
        counter(b, "ecs_pubip_wakeups_total", "Wake-ups of the event loop.", m->wakeups);
        counter(b, "ecs_pubip_kernel_events_total", "Netlink messages that mattered.",
                m->kernel_events);
        counter(b, "ecs_pubip_kernel_overruns_total",
                "Netlink overruns, each followed by a new dump.", m->kernel_overruns);
}

int metrics_format(const struct status *s, const struct conditions *c, const struct metrics *m,
                   char **ret) {
        _cleanup_buf_ struct buf b = BUF(METRICS_TEXT_MAX);

        gauge(&b, "ecs_pubip_up", "1 while the agent runs; its unit writes 0 when it has ended.",
              1);
        gauge(&b, "ecs_pubip_heartbeat_timestamp_seconds",
              "When this file was written: at least every two minutes while the agent runs.",
              m->heartbeat);
        gauge(&b, "ecs_pubip_config_ok", "0 while the configuration files have an error.",
              !*s->config_problem);
        add_info(&b, s);
        add_address(&b, s);
        gauge(&b, "ecs_pubip_address_assigned", "1 while this instance has a public address.",
              s->public_ip != 0);
        gauge(&b, "ecs_pubip_address_confirmed",
              "1 while all planes that count show the address, also under a hold.",
              status_is_confirmed(s));
        if (s->changed_at > 0)
                gauge(&b, "ecs_pubip_address_changed_timestamp_seconds",
                      "When the address changed last.", s->changed_at);
        gauge(&b, "ecs_pubip_clock_offset_seconds",
              "This machine's clock minus the cloud's, in whole minutes.", s->clock_offset);
        add_phase(&b, s);
        gauge(&b, "ecs_pubip_phase_since_timestamp_seconds", "When that phase began.",
              s->since > 0 ? s->since : 0);
        gauge(&b, "ecs_pubip_confirmed",
              "1 in the phase confirmed; see ecs_pubip_address_confirmed.",
              s->phase == PHASE_CONFIRMED);
        gauge(&b, "ecs_pubip_held", "1 while a person holds all changes.", s->held);
        gauge(&b, "ecs_pubip_busy", "1 while a changing call is in flight.", s->busy);
        gauge(&b, "ecs_pubip_reboot_due", "1 while a reboot is due.", s->next == NEXT_REBOOT);
        add_planes(&b, s);
        add_fault(&b, s);
        add_conditions(&b, c);
        /* Gauges: the ledger forgets after a day, and a counter never goes down. */
        gauge(&b, "ecs_pubip_ledger_allocations", "Allocations not refused that the ledger keeps.",
              s->allocations);
        gauge(&b, "ecs_pubip_ledger_reboots", "Reboots not refused that the ledger keeps.",
              s->reboots);
        add_counters(&b, m);
        buf_puts(&b, "# EOF\n");
        if (b.error)
                return -ENOMEM;
        *ret = TAKE_PTR(b.data);
        return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet with the real core: --instances start within one minute and share a quota of --quota
 * calls a minute on every action. Then, for 1,000 confirmed ones, a region whose metadata answers
 * 404 or 5xx for 20 minutes: no changing call may leave.
 *
 *   fleet [--instances=N] [--quota=N] [--hint]
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecs-pubip/engine.h>

#include "util/text.h"

#define EPOCH        INT64_C(1795000000)
#define OUTAGE_FLEET 1000
#define OUTAGE_USEC  (20 * USEC_PER_MIN)
#define WARM_UP      (30 * USEC_PER_MIN)
#define ANSWER_USEC  (50 * USEC_PER_MSEC)
#define RUN_MAX      (48 * USEC_PER_HOUR)

enum outage { OUTAGE_NONE, OUTAGE_404, OUTAGE_5XX };

struct member {
        struct engine engine;
        uint64_t born, at; /* when it starts; when it has its next event */
        in_addr_t address;
        bool started, asked, stored;
        struct wire_question question;
        uint64_t hint_until;
        unsigned throttled, changes, early;
        uint64_t done; /* confirmed first; 0: not yet */
        unsigned heap; /* its place */
};

struct fleet {
        struct member *members;
        unsigned n, quota, n_done, n_heap;
        unsigned *heap; /* the member with the soonest event first */
        uint64_t minute[_WIRE_OP_MAX];
        unsigned used[_WIRE_OP_MAX];
        enum outage outage;
        bool hint, has_address;
};

static bool sooner(const struct fleet *f, unsigned a, unsigned b) {
        return f->members[f->heap[a]].at < f->members[f->heap[b]].at;
}

static void swap(struct fleet *f, unsigned a, unsigned b) {
        unsigned m = f->heap[a];

        f->heap[a] = f->heap[b];
        f->heap[b] = m;
        f->members[f->heap[a]].heap = a;
        f->members[f->heap[b]].heap = b;
}

/* The place of a member whose time has changed. */
static void reheap(struct fleet *f, unsigned i) {
        while (i > 0 && sooner(f, i, (i - 1) / 2)) {
                swap(f, i, (i - 1) / 2);
                i = (i - 1) / 2;
        }
        for (;;) {
                unsigned least = i;

                for (unsigned child = 2 * i + 1; child <= 2 * i + 2; child++)
                        if (child < f->n_heap && sooner(f, child, least))
                                least = child;
                if (least == i)
                        return;
                swap(f, i, least);
                i = least;
        }
}

static struct engine_now time_of(const struct member *m, uint64_t now) {
        return (struct engine_now){now - m->born + 1, EPOCH + (int64_t)(now / USEC_PER_SEC)};
}

static bool is_api(enum wire_op op) {
        return op == WIRE_INSPECT || op == WIRE_EIP_FIND || wire_op_changes(op);
}

static bool is_over_quota(struct fleet *f, enum wire_op op, uint64_t now) {
        if (f->minute[op] != now / USEC_PER_MIN) {
                f->minute[op] = now / USEC_PER_MIN;
                f->used[op] = 0;
        }
        return f->used[op]++ >= f->quota;
}

static struct fault fault_of(const char *code, unsigned status, uint32_t hint) {
        struct fault f = {.http_status = status, .retry_after_ms = hint};

        TEXT_SET(f.code, code);
        fault_classify(&f, 0);
        return f;
}

static void tell_addresses(const struct member *m, struct addresses *a) {
        a->presence = m->address ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        a->address = m->address;
        TEXT_SET(a->instance_id, m->engine.identity.instance_id);
}

static void tell_identity(const struct member *m, const char *id, struct identity *i) {
        TEXT_SET(i->instance_id, id);
        TEXT_SET(i->region_id, "cn-hangzhou");
        i->from_metadata = true;
        i->network = NETWORK_VPC;
        i->private_ip = htonl(0x0a000005);
        i->public.presence = m->address ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        i->public.address = m->address;
        TEXT_SET(i->public.instance_id, id);
}

static void tell_instance(const struct member *m, struct instance *i) {
        TEXT_SET(i->instance_id, m->engine.identity.instance_id);
        TEXT_SET(i->status, "Running");
        i->network = NETWORK_VPC;
        i->bandwidth_out = 5;
        i->public_ip = m->address;
}

static void answer(struct fleet *f, struct member *m, uint64_t now, struct wire_answer *a) {
        enum wire_op op = m->question.op;
        unsigned nth = (unsigned)(m - f->members);
        char id[INSTANCE_ID_SIZE];

        a->server_time = EPOCH + (int64_t)(now / USEC_PER_SEC);
        if (!is_api(op) && op != WIRE_PROBE && f->outage != OUTAGE_NONE) {
                a->fault = fault_of(f->outage == OUTAGE_404 ? FAULT_MD_NOT_FOUND : FAULT_MD_SERVER,
                                    f->outage == OUTAGE_404 ? 404 : 503, 0);
                return;
        }
        if (is_api(op) && is_over_quota(f, op, now)) {
                uint32_t hint = (uint32_t)(60000 - now / USEC_PER_MSEC % 60000);

                a->fault = fault_of("Throttling.User", 400, f->hint ? hint : 0);
                m->hint_until = f->hint ? now + hint * USEC_PER_MSEC : 0;
                m->throttled++;
                return;
        }
        snprintf(id, sizeof(id), "i-bp1%012u", nth);
        if (op == WIRE_IDENTIFY)
                tell_identity(m, id, &a->identity);
        if (op == WIRE_ADDRESSES)
                tell_addresses(m, &a->addresses);
        if (op == WIRE_INSPECT)
                tell_instance(m, &a->instance);
        if (op == WIRE_PROBE)
                a->reachable = m->address != 0;
        if (op == WIRE_ALLOCATE) {
                m->address = htonl(0x64000000u + nth + 1);
                a->address = m->address;
        }
}

static void step(struct fleet *f, struct member *m, struct event *e, uint64_t now) {
        static struct actions a;
        struct event next = {.now = time_of(m, now)};

        e->now = next.now;
        engine_step(&m->engine, e, &a);
        m->asked |= (a.wants & ACTION_ASK) != 0;
        if (a.wants & ACTION_ASK) {
                m->question = a.question;
                m->changes += wire_op_changes(a.question.op);
                m->early += is_api(a.question.op) && now < m->hint_until;
        }
        m->stored |= (a.wants & ACTION_STORE) != 0;
        if (m->engine.phase == PHASE_CONFIRMED && m->done == 0) {
                m->done = now;
                f->n_done++;
        }
        if (a.wants & ACTION_WATCH) {
                next.type = EVENT_KERNEL;
                next.kernel = (struct kernel_facts){.known = true,
                                                    .address = m->engine.watch.address,
                                                    .present = true,
                                                    .running = true,
                                                    .routed = true};
                step(f, m, &next, now);
        }
}

/* What comes next for a member: a write is told at once, an answer after a moment. */
static void plan(struct fleet *f, struct member *m, uint64_t now) {
        while (m->stored) {
                struct event e = {.type = EVENT_STORED};

                m->stored = false;
                step(f, m, &e, now);
        }
        if (m->asked)
                m->at = now + ANSWER_USEC;
        else
                m->at = m->engine.deadline == ENGINE_NEVER ? UINT64_MAX
                                                           : m->born + m->engine.deadline - 1;
        if (m->at < now)
                m->at = now;
        reheap(f, m->heap);
}

static void begin(struct fleet *f, struct member *m, const struct config *config, uint64_t now) {
        struct event e = {.type = EVENT_START};

        engine_init(&m->engine, config, "boot-1", true, true, LEDGER_NONE, NULL, HOLD_OFF,
                    now * 31 + (uint64_t)(m - f->members));
        m->started = true;
        step(f, m, &e, now);
}

static void next_event(struct fleet *f, const struct config *config) {
        struct member *m = &f->members[f->heap[0]];
        uint64_t now = m->at;
        struct event e = {.type = EVENT_TIMER};

        if (!m->started) {
                begin(f, m, config, now);
        } else if (m->asked) {
                e.type = EVENT_ANSWER;
                m->asked = false;
                answer(f, m, now, &e.answer);
                step(f, m, &e, now);
        } else {
                step(f, m, &e, now);
        }
        plan(f, m, now);
}

static void gather(struct fleet *f, unsigned n, struct rng *rng) {
        f->n = f->n_heap = n;
        f->members = calloc(n, sizeof(*f->members));
        f->heap = calloc(n, sizeof(*f->heap));
        if (!f->members || !f->heap)
                abort();
        for (unsigned i = 0; i < n; i++) {
                struct member *m = &f->members[i];

                m->born = m->at = rng_below(rng, USEC_PER_MIN);
                m->address = f->has_address ? htonl(0x64000000u + i + 1) : 0;
                m->heap = f->heap[i] = i;
        }
        for (unsigned i = n; i-- > 0;)
                reheap(f, i);
}

static void disband(struct fleet *f) {
        free(f->members);
        free(f->heap);
}

static int by_number(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* When the n-th share of the fleet was confirmed, s. */
static double share_done(const struct fleet *f, double share) {
        uint64_t *times = calloc(f->n, sizeof(*times)), when;

        if (!times)
                abort();
        for (unsigned i = 0; i < f->n; i++)
                times[i] = f->members[i].done;
        qsort(times, f->n, sizeof(*times), by_number);
        when = times[(unsigned)((double)(f->n - 1) * share)];
        free(times);
        return (double)when / USEC_PER_SEC;
}

/* An instance allocates once and inspects twice, in a crowd once: between those is the best. */
static bool start_together(unsigned n, unsigned quota, bool hint, const struct config *config) {
        struct fleet f = {.quota = quota, .hint = hint};
        struct rng rng = {.state = 1};
        double once = 60.0 * n / quota, end;
        unsigned long throttled = 0, early = 0, changes = 0;

        gather(&f, n, &rng);
        while (f.n_done < n && f.members[f.heap[0]].at < RUN_MAX)
                next_event(&f, config);
        for (unsigned i = 0; i < n; i++) {
                throttled += f.members[i].throttled;
                early += f.members[i].early;
                changes += f.members[i].changes;
        }
        end = share_done(&f, 1);
        printf("%u instances, quota %u a minute, %s: %u confirmed; half after %.1f min, 90 %% after "
               "%.1f min, all after %.1f min = %.2f of the time that the quota needs for two "
               "inspections each, %.2f of that for one allocation each; %.2f throttled calls an "
               "instance, %lu before a hint, %.2f changing calls an instance\n",
               n, quota, hint ? "with hints" : "without hints", f.n_done, share_done(&f, 0.5) / 60,
               share_done(&f, 0.9) / 60, end / 60, end / once / 2, end / once,
               (double)throttled / n, early, (double)changes / n);
        disband(&f);
        return f.n_done == n && early == 0;
}

/* Nobody is throttled: confirmed as quickly as the answers come. */
static bool start_alone(const struct config *config) {
        struct fleet f = {.quota = 1000};
        struct rng rng = {.state = 1};
        uint64_t took;

        gather(&f, 1, &rng);
        while (f.n_done < 1 && f.members[0].at < RUN_MAX)
                next_event(&f, config);
        took = f.members[0].done - f.members[0].born;
        printf("a lone instance: confirmed after %.2f s of the core's own waits and answers\n",
               (double)took / USEC_PER_SEC);
        disband(&f);
        return f.n_done == 1 && took < 5 * USEC_PER_SEC;
}

static bool sit_out(enum outage outage, const struct config *config) {
        struct fleet f = {.quota = UINT32_MAX, .has_address = true};
        struct rng rng = {.state = 7};
        unsigned long changes = 0, confirmed = 0;
        uint64_t end = WARM_UP + OUTAGE_USEC + 12 * USEC_PER_HOUR;

        gather(&f, OUTAGE_FLEET, &rng);
        while (f.members[f.heap[0]].at < end) {
                uint64_t now = f.members[f.heap[0]].at;

                f.outage = now >= WARM_UP && now < WARM_UP + OUTAGE_USEC ? outage : OUTAGE_NONE;
                next_event(&f, config);
        }
        for (unsigned i = 0; i < f.n; i++) {
                changes += f.members[i].changes;
                confirmed += f.members[i].engine.phase == PHASE_CONFIRMED;
        }
        printf("%u confirmed instances, 20 min of metadata answering %s: %lu changing calls, %lu "
               "confirmed 12 h later\n",
               OUTAGE_FLEET, outage == OUTAGE_404 ? "404" : "503", changes, confirmed);
        disband(&f);
        return changes == 0 && confirmed == OUTAGE_FLEET;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"instances", required_argument, NULL, 'n'},
                {"quota", required_argument, NULL, 'q'},
                {"hint", no_argument, NULL, 'h'},
                {},
        };
        unsigned n = 10000, quota = 100;
        struct config config;
        bool hint = false, good;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'n')
                        n = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'q')
                        quota = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'h')
                        hint = true;
                else
                        return 2;
        }
        if (n == 0 || quota == 0)
                return 2;
        config_defaults(&config);
        good = start_alone(&config);
        good &= start_together(n, quota, hint, &config);
        good &= sit_out(OUTAGE_404, &config);
        good &= sit_out(OUTAGE_5XX, &config);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

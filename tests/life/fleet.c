/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet with the real core: --instances start within one minute and share a quota of --quota
 * calls a minute on every action. Then, for 1,000 that have just got their addresses, a region
 * whose metadata answers 404, 5xx or "no address" for 20 minutes; for some control fails too, or
 * shows what was so before; links flap, and agents are started anew: no changing call may leave.
 *
 *   fleet [--instances=N] [--quota=N] [--hint] [--outage]      --outage: nothing but that
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

enum outage { OUTAGE_NONE, OUTAGE_404, OUTAGE_5XX, OUTAGE_EMPTY, _OUTAGE_MAX };

struct member {
        struct engine engine;
        uint64_t born, at; /* when it starts; when it has its next event */
        in_addr_t address;
        bool started, asked, stored, link_down;
        unsigned inspections; /* in the outage */
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
        bool hint;
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

static void tell_addresses(const struct member *m, in_addr_t address, struct addresses *a) {
        a->presence = address ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        a->address = address;
        TEXT_SET(a->instance_id, m->engine.facts.identity.instance_id);
}

static void tell_identity(const struct member *m, const char *id, in_addr_t address,
                          struct identity *i) {
        TEXT_SET(i->instance_id, id);
        TEXT_SET(i->region_id, "cn-hangzhou");
        i->from_metadata = true;
        i->network = NETWORK_VPC;
        i->private_ip = htonl(0x0a000005);
        tell_addresses(m, address, &i->public);
        TEXT_SET(i->public.instance_id, id);
}

static void tell_instance(const struct member *m, in_addr_t address, struct instance *i) {
        TEXT_SET(i->instance_id, m->engine.facts.identity.instance_id);
        TEXT_SET(i->status, "Running");
        i->network = NETWORK_VPC;
        i->bandwidth_out = 5;
        i->public_ip = address;
}

/* Which of them control serves badly too, whose links flap, and which are started anew. */
static bool control_fails(unsigned nth) {
        return nth % 4 == 1;
}

static bool control_lags(unsigned nth) {
        return nth % 4 == 2;
}

static bool flaps(unsigned nth) {
        return nth / 4 % 2 == 0;
}

static bool restarts(unsigned nth) {
        return nth % 3 == 0;
}

/* True if the outage has given the answer. */
static bool answer_badly(struct fleet *f, struct member *m, struct wire_answer *a) {
        enum wire_op op = m->question.op;
        unsigned nth = (unsigned)(m - f->members);
        bool metadata = op == WIRE_IDENTIFY || op == WIRE_ADDRESSES;

        if (metadata && f->outage == OUTAGE_404)
                a->fault = fault_of(FAULT_MD_NOT_FOUND, 404, 0);
        else if (metadata && f->outage == OUTAGE_5XX)
                a->fault = fault_of(FAULT_MD_SERVER, 503, 0);
        else if (op == WIRE_INSPECT && f->outage != OUTAGE_NONE && control_fails(nth))
                a->fault = fault_of("ServiceUnavailable", 503, 0);
        return a->fault.class != FAULT_NONE;
}

static in_addr_t shown_by_metadata(const struct fleet *f, const struct member *m) {
        return f->outage == OUTAGE_EMPTY ? 0 : m->address;
}

/* Where metadata has no address, control may not go without it twice in a row: that is absence. */
static in_addr_t shown_by_control(const struct fleet *f, struct member *m) {
        if (f->outage == OUTAGE_NONE || !control_lags((unsigned)(m - f->members)))
                return m->address;
        return m->inspections++ % 2 && f->outage == OUTAGE_EMPTY ? m->address : 0;
}

static void answer(struct fleet *f, struct member *m, uint64_t now, struct wire_answer *a) {
        enum wire_op op = m->question.op;
        unsigned nth = (unsigned)(m - f->members);
        char id[INSTANCE_ID_SIZE];

        a->server_time = EPOCH + (int64_t)(now / USEC_PER_SEC);
        if (answer_badly(f, m, a))
                return;
        if (is_api(op) && is_over_quota(f, op, now)) {
                uint32_t hint = (uint32_t)(60000 - now / USEC_PER_MSEC % 60000);

                a->fault = fault_of("Throttling.User", 400, f->hint ? hint : 0);
                m->hint_until = f->hint ? now + hint * USEC_PER_MSEC : 0;
                m->throttled++;
                return;
        }
        snprintf(id, sizeof(id), "i-bp1%012u", nth);
        if (op == WIRE_IDENTIFY)
                tell_identity(m, id, shown_by_metadata(f, m), &a->identity);
        if (op == WIRE_ADDRESSES)
                tell_addresses(m, shown_by_metadata(f, m), &a->addresses);
        if (op == WIRE_INSPECT)
                tell_instance(m, shown_by_control(f, m), &a->instance);
        if (op == WIRE_PROBE)
                a->reachable = m->address != 0 ? REACH_YES : REACH_NO;
        if (op == WIRE_ALLOCATE) {
                m->address = htonl(0x64000000u + nth + 1);
                a->address = m->address;
        }
}

static void tell_kernel(const struct member *m, struct event *e) {
        e->type = EVENT_KERNEL;
        e->kernel = (struct kernel_facts){
                .known = true,
                .address = m->engine.watch.address,
                .local = ANSWER_YES,
                .out = m->link_down ? ANSWER_NO : ANSWER_YES,
                .in = m->link_down ? ANSWER_NO : ANSWER_YES,
        };
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
                tell_kernel(m, &next);
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

/* Nobody writes any, as the runtime says straight after the start. */
static void settle_user_data(struct member *m, uint64_t now) {
        struct event e = {.type = EVENT_USER_DATA, .user_data = USER_DATA_SETTLED};
        struct actions none;

        e.now.boot_usec = now - m->born;
        engine_step(&m->engine, &e, &none);
}

static void begin(struct fleet *f, struct member *m, const struct config *config, uint64_t now) {
        struct event e = {.type = EVENT_START};

        engine_init(&m->engine, config, "boot-1", true, true, LEDGER_NONE, NULL, HOLD_OFF,
                    now * 31 + (uint64_t)(m - f->members));
        m->started = true;
        step(f, m, &e, now);
        settle_user_data(m, now);
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

static void set_link(struct fleet *f, struct member *m, bool down, uint64_t now) {
        struct event e;

        m->link_down = down;
        tell_kernel(m, &e);
        step(f, m, &e, now);
}

static void start_anew(struct fleet *f, struct member *m, const struct config *config,
                       uint64_t now) {
        struct event e = {.type = EVENT_START};
        struct ledger disk = m->engine.ledger;

        m->asked = m->stored = false;
        engine_init(&m->engine, config, "boot-1", true, true, LEDGER_READ, &disk, HOLD_OFF,
                    now * 31 + (uint64_t)(m - f->members));
        step(f, m, &e, now);
        settle_user_data(m, now);
}

/* What happens to the machines while the region is out of order. */
enum mishap {
        MISHAP_DOWN,
        MISHAP_UP,
        MISHAP_START,
        MISHAP_DOWN_AGAIN,
        MISHAP_UP_AGAIN,
        _MISHAP_MAX
};
static const uint64_t mishap_sec[_MISHAP_MAX] = {120, 140, 300, 600, 900};

static void befall(struct fleet *f, enum mishap what, const struct config *config, uint64_t now) {
        for (unsigned i = 0; i < f->n; i++) {
                struct member *m = &f->members[i];

                if (what == MISHAP_START ? !restarts(i) : !flaps(i))
                        continue;
                if (what == MISHAP_START)
                        start_anew(f, m, config, now);
                else
                        set_link(f, m, what == MISHAP_DOWN || what == MISHAP_DOWN_AGAIN, now);
                plan(f, m, now);
        }
}

static bool sit_out(enum outage outage, const struct config *config) {
        static const char *const texts[_OUTAGE_MAX] = {"", "404", "503",
                                                       "that there is no address"};
        struct fleet f = {.quota = UINT32_MAX};
        struct rng rng = {.state = 7};
        unsigned long changes = 0, confirmed = 0;
        uint64_t end = WARM_UP + OUTAGE_USEC + 12 * USEC_PER_HOUR;
        unsigned n_befallen = 0, n_ready;

        gather(&f, OUTAGE_FLEET, &rng);
        while (f.members[f.heap[0]].at < WARM_UP)
                next_event(&f, config);
        n_ready = f.n_done;
        for (unsigned i = 0; i < f.n; i++)
                f.members[i].changes = 0;
        while (f.members[f.heap[0]].at < end) {
                uint64_t now = f.members[f.heap[0]].at;
                uint64_t next = n_befallen < _MISHAP_MAX
                                        ? WARM_UP + mishap_sec[n_befallen] * USEC_PER_SEC
                                        : end;

                f.outage = now >= WARM_UP && now < WARM_UP + OUTAGE_USEC ? outage : OUTAGE_NONE;
                if (next <= now)
                        befall(&f, (enum mishap)n_befallen++, config, next);
                else
                        next_event(&f, config);
        }
        for (unsigned i = 0; i < f.n; i++) {
                changes += f.members[i].changes;
                confirmed += f.members[i].engine.phase == PHASE_CONFIRMED;
        }
        printf("%u instances with addresses of half an hour, 20 min of metadata answering %s: %lu "
               "changing calls, %lu confirmed 12 h later\n",
               n_ready, texts[outage], changes, confirmed);
        if (changes)
                printf("broken: L6: changing calls in an outage of metadata\n");
        disband(&f);
        return changes == 0 && n_ready == OUTAGE_FLEET && confirmed == OUTAGE_FLEET;
}

/* Heal.Limit must not be what keeps them from it. */
static bool sit_out_all(const struct config *usual) {
        struct config config = *usual;
        bool good = true;

        config.heal_limit = 5;
        for (enum outage o = OUTAGE_404; o < _OUTAGE_MAX; o++)
                good &= sit_out(o, &config);
        return good;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"instances", required_argument, NULL, 'n'},
                {"quota", required_argument, NULL, 'q'},
                {"hint", no_argument, NULL, 'h'},
                {"outage", no_argument, NULL, 'o'},
                {},
        };
        unsigned n = 10000, quota = 100;
        struct config config;
        bool hint = false, outage_only = false, good;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'n')
                        n = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'q')
                        quota = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'h')
                        hint = true;
                else if (c == 'o')
                        outage_only = true;
                else
                        return 2;
        }
        if (n == 0 || quota == 0)
                return 2;
        config_defaults(&config);
        good = sit_out_all(&config);
        if (!outage_only) {
                good &= start_alone(&config);
                good &= start_together(n, quota, hint, &config);
        }
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

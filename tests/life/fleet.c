/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet with the real core: --instances begin within --over seconds and share a quota of --quota
 * calls a minute on every action, reads as well, of which others take nothing, half, or each second
 * minute whole. Figures are multiples of the bound, the time that what is left of the quota needs
 * for one call each; the limits are those of design 8. The whole grid, a table:
 *
 *   fleet --grid[=LARGEST]
 *   fleet --instances=N --quota=N [--others=none|half|alternate] [--hint] [--over=SECONDS]
 *         [--restarts] [--progress]           --progress: "minute share" lines before the row
 *
 * --outage: 1,000 that have just got their addresses, in a region whose metadata answers 404, 5xx
 * or "no address" for 20 minutes; for some control fails too, or shows what was so before; links
 * flap, and agents are started anew: no changing call may leave. A lone instance is not delayed.
 *
 * A member at rest is kept as what differs from a fresh engine, so that a million fit in memory.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecs-pubip/engine.h>

#include "util/text.h"

#define EPOCH        INT64_C(1795000080) /* an even minute begins, for the quota as well */
#define OUTAGE_FLEET 1000
#define OUTAGE_USEC  (20 * USEC_PER_MIN)
#define WARM_UP      (30 * USEC_PER_MIN)
#define ANSWER_USEC  (50 * USEC_PER_MSEC)
#define RUN_MAX      (60 * 24 * USEC_PER_HOUR)
#define BOUND_MAX    240.0 /* minutes: of a longer job the refusals are held, not the time */
#define RESTART_NTH  7     /* with --restarts: each seventh refusal is followed by one */
#define RESTART_WAIT (20 * USEC_PER_SEC)

enum outage { OUTAGE_NONE, OUTAGE_404, OUTAGE_5XX, OUTAGE_EMPTY, _OUTAGE_MAX };

/* Words of an engine that differ from a fresh one's. */
#define WORDS (sizeof(struct engine) / sizeof(uint64_t))
_Static_assert(sizeof(struct engine) % sizeof(uint64_t) == 0, "an engine is whole words");

struct member {
        uint64_t *packed; /* pairs of a run (its place and length) and its words; NULL: fresh */
        unsigned packed_words;
        unsigned heap;     /* its place */
        uint64_t born, at; /* when it starts; when it has its next event */
        uint64_t done;     /* confirmed first; 0: not yet */
        uint64_t hint_until;
        uint64_t restart_at; /* 0: none is due */
        in_addr_t address;
        enum wire_op asking;
        bool started, asked, stored, link_down;
        unsigned inspections; /* in the outage */
        unsigned calls, throttled, changes, early, allocated;
        unsigned throttled_later; /* once it was confirmed */
};

enum others { OTHERS_NONE, OTHERS_HALF, OTHERS_ALTERNATE, _OTHERS_MAX };
static const char *const others_names[_OTHERS_MAX] = {"none", "half", "alternate"};

/* One job of a fleet. */
struct cell {
        unsigned n, quota;
        enum others others;
        bool hint, restarts;
        uint64_t over; /* they begin within it */
};

struct fleet {
        struct member *members;
        struct cell cell;
        struct engine fresh, engine; /* the engine of `loaded`, while it has an event */
        struct member *loaded;
        size_t packed_words; /* of all of them */
        unsigned n, n_done, n_heap;
        unsigned *heap; /* the member with the soonest event first */
        uint64_t minute[_WIRE_OP_MAX];
        unsigned used[_WIRE_OP_MAX];
        enum outage outage;
};

/* The engine of a member, which is then the one that `f->engine` holds. */
static struct engine *load(struct fleet *f, struct member *m) {
        f->engine = f->fresh;
        for (unsigned i = 0; i < m->packed_words;) {
                unsigned place = (unsigned)(m->packed[i] >> 32);
                unsigned n = (unsigned)(m->packed[i] & UINT32_MAX);

                memcpy((uint64_t *)&f->engine + place, &m->packed[i + 1], n * sizeof(uint64_t));
                i += 1 + n;
        }
        f->loaded = m;
        return &f->engine;
}

static void save(struct fleet *f, struct member *m) {
        static uint64_t packed[2 * WORDS];
        const uint64_t *now = (const uint64_t *)&f->engine, *fresh = (const uint64_t *)&f->fresh;
        unsigned n = 0;

        for (unsigned i = 0; i < WORDS;) {
                unsigned run = n, first = i;

                for (; i < WORDS && now[i] != fresh[i]; i++)
                        packed[++n] = now[i];
                if (i == first) {
                        i++;
                        continue;
                }
                packed[run] = (uint64_t)first << 32 | (i - first);
                n++;
        }
        f->packed_words += n;
        f->packed_words -= m->packed_words;
        if (n != m->packed_words) {
                free(m->packed);
                m->packed = calloc(n + 1, sizeof(*m->packed));
                if (!m->packed)
                        abort();
        }
        memcpy(m->packed, packed, n * sizeof(*packed));
        m->packed_words = n;
        f->loaded = NULL;
}

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

/* What others leave of the quota in this minute. */
static unsigned quota_left(const struct cell *c, uint64_t now) {
        if (c->others == OTHERS_ALTERNATE)
                return now / USEC_PER_MIN % 2 ? c->quota : 0;
        return c->others == OTHERS_HALF ? c->quota / 2 : c->quota;
}

static bool is_over_quota(struct fleet *f, enum wire_op op, uint64_t now) {
        if (f->minute[op] != now / USEC_PER_MIN) {
                f->minute[op] = now / USEC_PER_MIN;
                f->used[op] = 0;
        }
        return f->used[op]++ >= quota_left(&f->cell, now);
}

static struct fault fault_of(const char *code, unsigned status, uint32_t hint) {
        struct fault f = {.http_status = status, .retry_after_ms = hint};

        TEXT_SET(f.code, code);
        fault_classify(&f, 0);
        return f;
}

static void tell_addresses(const struct engine *e, in_addr_t address, struct addresses *a) {
        a->presence = address ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        a->address = address;
        TEXT_SET(a->instance_id, e->facts.identity.instance_id);
}

static void tell_identity(const struct engine *e, const char *id, in_addr_t address,
                          struct identity *i) {
        TEXT_SET(i->instance_id, id);
        TEXT_SET(i->region_id, "cn-hangzhou");
        i->from_metadata = true;
        i->network = NETWORK_VPC;
        i->private_ip = htonl(0x0a000005);
        tell_addresses(e, address, &i->public);
        TEXT_SET(i->public.instance_id, id);
}

static void tell_instance(const struct engine *e, in_addr_t address, struct instance *i) {
        TEXT_SET(i->instance_id, e->facts.identity.instance_id);
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
        enum wire_op op = m->asking;
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

/* Throttled; of some the agent is started anew in the wait. */
static void refuse(struct fleet *f, struct member *m, uint64_t now, struct wire_answer *a) {
        uint32_t hint = (uint32_t)(60000 - now / USEC_PER_MSEC % 60000);

        a->fault = fault_of("Throttling.User", 400, f->cell.hint ? hint : 0);
        m->hint_until = f->cell.hint ? now + hint * USEC_PER_MSEC : 0;
        if (m->done)
                m->throttled_later++;
        else
                m->throttled++;
        if (f->cell.restarts && (m - f->members + m->throttled) % RESTART_NTH == 0)
                m->restart_at = now + RESTART_WAIT;
}

static void answer(struct fleet *f, struct member *m, uint64_t now, struct wire_answer *a) {
        enum wire_op op = m->asking;
        unsigned nth = (unsigned)(m - f->members);
        char id[INSTANCE_ID_SIZE];

        a->server_time = EPOCH + (int64_t)(now / USEC_PER_SEC);
        if (answer_badly(f, m, a))
                return;
        m->calls += is_api(op);
        if (is_api(op) && is_over_quota(f, op, now)) {
                refuse(f, m, now, a);
                return;
        }
        snprintf(id, sizeof(id), "i-bp1%012u", nth);
        if (op == WIRE_IDENTIFY)
                tell_identity(&f->engine, id, shown_by_metadata(f, m), &a->identity);
        if (op == WIRE_ADDRESSES)
                tell_addresses(&f->engine, shown_by_metadata(f, m), &a->addresses);
        if (op == WIRE_INSPECT)
                tell_instance(&f->engine, shown_by_control(f, m), &a->instance);
        if (op == WIRE_PROBE)
                a->reachable = m->address != 0 ? REACH_YES : REACH_NO;
        if (op == WIRE_ALLOCATE) {
                m->address = htonl(0x64000000u + nth + 1);
                m->allocated++;
                a->address = m->address;
        }
}

static void tell_kernel(const struct fleet *f, const struct member *m, struct event *e) {
        e->type = EVENT_KERNEL;
        e->kernel = (struct kernel_facts){
                .known = true,
                .address = f->engine.watch.address,
                .local = ANSWER_YES,
                .machine = ANSWER_YES,
                .out = m->link_down ? ANSWER_NO : ANSWER_YES,
                .in = m->link_down ? ANSWER_NO : ANSWER_YES,
        };
}

static void step(struct fleet *f, struct member *m, struct event *e, uint64_t now) {
        static struct actions a;
        struct event next = {.now = time_of(m, now)};

        e->now = next.now;
        engine_step(&f->engine, e, &a);
        m->asked |= (a.wants & ACTION_ASK) != 0;
        if (a.wants & ACTION_ASK) {
                m->asking = a.question.op;
                m->changes += wire_op_changes(a.question.op);
                m->early += is_api(a.question.op) && now < m->hint_until;
        }
        m->stored |= (a.wants & ACTION_STORE) != 0;
        if (f->engine.phase == PHASE_CONFIRMED && m->done == 0) {
                m->done = now;
                f->n_done++;
        }
        if (a.wants & ACTION_WATCH) {
                tell_kernel(f, m, &next);
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
                m->at = f->engine.deadline == ENGINE_NEVER ? UINT64_MAX
                                                           : m->born + f->engine.deadline - 1;
        if (m->restart_at && !m->asked && m->restart_at < m->at)
                m->at = m->restart_at;
        if (m->at < now)
                m->at = now;
        save(f, m);
        reheap(f, m->heap);
}

/* Nobody writes any, as the runtime says straight after the start. */
static void settle_user_data(struct fleet *f, struct member *m, uint64_t now) {
        struct event e = {.type = EVENT_USER_DATA, .user_data = USER_DATA_SETTLED};

        step(f, m, &e, now);
}

static void begin(struct fleet *f, struct member *m, uint64_t now) {
        struct event e = {.type = EVENT_START};

        f->engine.given.rng.state = now * 31 + (uint64_t)(m - f->members);
        m->started = true;
        step(f, m, &e, now);
        settle_user_data(f, m, now);
}

static void start_anew(struct fleet *f, struct member *m, uint64_t now) {
        struct event e = {.type = EVENT_START};
        struct ledger disk = f->engine.ledger;
        struct config config = f->fresh.given.config;

        m->asked = m->stored = false;
        m->restart_at = 0;
        engine_init(&f->engine, &config, "boot-1", true, true, LEDGER_READ, &disk, HOLD_OFF,
                    now * 31 + (uint64_t)(m - f->members));
        step(f, m, &e, now);
        settle_user_data(f, m, now);
}

static void next_event(struct fleet *f) {
        struct member *m = &f->members[f->heap[0]];
        uint64_t now = m->at;
        struct event e = {.type = EVENT_TIMER};

        load(f, m);
        if (!m->started) {
                begin(f, m, now);
        } else if (m->asked) {
                if (wire_op_changes(f->engine.inflight.op)) {
                        struct event ready = {.type = EVENT_READY, .ready.number = 1};

                        step(f, m, &ready, now);
                }
                e.type = EVENT_ANSWER;
                m->asked = false;
                answer(f, m, now, &e.answer);
                step(f, m, &e, now);
        } else if (m->restart_at && m->restart_at <= now) {
                start_anew(f, m, now);
        } else {
                step(f, m, &e, now);
        }
        plan(f, m, now);
}

static void gather(struct fleet *f, const struct cell *cell, uint64_t seed,
                   const struct config *config) {
        struct rng rng = {.state = seed};
        unsigned n = cell->n;

        f->cell = *cell;
        f->n = n;
        f->members = calloc(n, sizeof(*f->members));
        f->heap = calloc(n, sizeof(*f->heap));
        if (!f->members || !f->heap)
                abort();
        engine_init(&f->fresh, config, "boot-1", true, true, LEDGER_NONE, NULL, HOLD_OFF, 0);
        for (unsigned i = 0; i < n; i++) {
                struct member *m = &f->members[i];

                m->born = m->at = rng_below(&rng, cell->over);
                m->heap = f->heap[i] = i;
                f->n_heap = i + 1;
                reheap(f, i);
        }
}

static void disband(struct fleet *f) {
        for (unsigned i = 0; i < f->n; i++)
                free(f->members[i].packed);
        free(f->members);
        free(f->heap);
}

static int by_number(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* What a job was like. */
struct figures {
        double bound, p50, p99, max;  /* minutes; of each from its own begin */
        double mean, refusals, calls; /* of each; until it was confirmed */
        double later;                 /* refusals of each once it was confirmed */
        unsigned long early, twice;   /* calls before a hint; addresses had a second time */
        double bytes;                 /* a member at rest */
};

static struct figures figures_of(const struct fleet *f) {
        const struct cell *c = &f->cell;
        struct figures g = {.bound = (c->others == OTHERS_NONE ? 1.0 : 2.0) * c->n / c->quota};
        uint64_t *times = calloc(f->n, sizeof(*times));

        if (!times)
                abort();
        for (unsigned i = 0; i < f->n; i++) {
                const struct member *m = &f->members[i];

                times[i] = m->done ? m->done - m->born : RUN_MAX;
                g.mean += (double)times[i] / USEC_PER_MIN / f->n;
                g.refusals += (double)m->throttled / f->n;
                g.later += (double)m->throttled_later / f->n;
                g.calls += (double)m->calls / f->n;
                g.early += m->early;
                g.twice += m->allocated > 1;
        }
        qsort(times, f->n, sizeof(*times), by_number);
        g.p50 = (double)times[(f->n - 1) / 2] / USEC_PER_MIN;
        g.p99 = (double)times[(unsigned)((f->n - 1) * 0.99)] / USEC_PER_MIN;
        g.max = (double)times[f->n - 1] / USEC_PER_MIN;
        g.bytes = (double)(f->packed_words * sizeof(uint64_t)) / f->n + sizeof(struct member);
        free(times);
        return g;
}

/* Design 8. Who meets minutes that others take whole wastes every second try, and cannot know. */
static double p99_limit(const struct cell *c, double bound) {
        if (bound < 2)
                return 2 + bound;
        return bound * (c->others == OTHERS_ALTERNATE ? 2.2 : 1.5);
}

static double refusals_limit(const struct figures *g) {
        double most = 1 + log2(g->bound > 2 ? g->bound < BOUND_MAX ? g->bound : BOUND_MAX : 2);

        if (g->bound > BOUND_MAX && g->mean / 30 > most)
                return g->mean / 30; /* one in half an hour */
        return most;
}

static bool print_row(const struct cell *c, const struct figures *g, bool all_done) {
        bool slow = g->bound <= BOUND_MAX && g->p99 > p99_limit(c, g->bound);
        bool many = g->refusals > refusals_limit(g);
        bool good = all_done && !slow && !many && g->early == 0 && g->twice == 0;

        printf("| %7u | %5u | %-9s | %-3s | %7.1f | %7.1f | %7.1f %6.2f | %7.1f %6.2f | %5.2f %5.2f "
               "| %5.2f | %5.2f | %4.0f |%s%s%s\n",
               c->n, c->quota, others_names[c->others], c->hint ? "yes" : "no", g->bound, g->p50,
               g->p99, g->p99 / g->bound, g->max, g->max / g->bound, g->refusals, refusals_limit(g),
               g->later, g->calls, g->bytes, slow ? " slow" : "", many ? " many refusals" : "",
               all_done ? "" : " unfinished");
        if (g->early || g->twice)
                printf("broken: %lu calls before a hint, %lu instances allocated twice\n", g->early,
                       g->twice);
        fflush(stdout);
        return good;
}

static void print_heading(void) {
        puts("| members | quota | others    | hint| bound   | p50 min | p99 min and ×  | max min and ×  "
             "| refusals ≤  | later | calls | byte |");
}

static bool start_together(const struct cell *cell, bool progress, const struct config *config) {
        static struct fleet f;
        struct figures g;
        unsigned minute = 0;
        bool good;

        f = (struct fleet){};
        gather(&f, cell, 1, config);
        while (f.n_done < f.n && f.members[f.heap[0]].at < RUN_MAX) {
                for (; progress && f.members[f.heap[0]].at >= minute * USEC_PER_MIN; minute++)
                        printf("progress %u %.4f\n", minute, (double)f.n_done / f.n);
                next_event(&f);
        }
        if (progress)
                printf("progress %u %.4f\n", minute, (double)f.n_done / f.n);
        g = figures_of(&f);
        good = print_row(cell, &g, f.n_done == f.n);
        disband(&f);
        return good;
}

/* Every cell of design 8 up to `largest` members; a cell of weeks says nothing new. */
static bool run_grid(unsigned largest, const struct config *config) {
        static const unsigned sizes[] = {1, 100, 1000, 3000, 10000, 30000, 100000, 1000000};
        static const unsigned quotas[] = {60, 300, 1000, 3000};
        unsigned n_cells = 0, n_good = 0;

        print_heading();
        for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]) && sizes[s] <= largest; s++)
                for (unsigned q = 0; q < sizeof(quotas) / sizeof(quotas[0]); q++)
                        for (unsigned o = 0; o < 2 * _OTHERS_MAX; o++) {
                                struct cell c = {.n = sizes[s],
                                                 .quota = quotas[q],
                                                 .others = o / 2,
                                                 .hint = o % 2,
                                                 .over = USEC_PER_MIN};

                                n_good += start_together(&c, false, config);
                                n_cells++;
                        }
        printf("%u of %u cells within design 8\n", n_good, n_cells);
        return n_good == n_cells;
}

/* Nobody is throttled: confirmed as quickly as the answers come. */
static bool start_alone(const struct config *config) {
        static struct fleet f;
        const struct cell cell = {.n = 1, .quota = 1000, .over = USEC_PER_MIN};
        uint64_t took;

        gather(&f, &cell, 1, config);
        while (f.n_done < 1 && f.members[0].at < RUN_MAX)
                next_event(&f);
        took = f.members[0].done - f.members[0].born;
        printf("a lone instance: confirmed after %.2f s of the core's own waits and answers\n",
               (double)took / USEC_PER_SEC);
        disband(&f);
        return f.n_done == 1 && took < 5 * USEC_PER_SEC;
}

static void set_link(struct fleet *f, struct member *m, bool down, uint64_t now) {
        struct event e;

        m->link_down = down;
        tell_kernel(f, m, &e);
        step(f, m, &e, now);
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

static void befall(struct fleet *f, enum mishap what, uint64_t now) {
        for (unsigned i = 0; i < f->n; i++) {
                struct member *m = &f->members[i];

                if (what == MISHAP_START ? !restarts(i) : !flaps(i))
                        continue;
                load(f, m);
                if (what == MISHAP_START)
                        start_anew(f, m, now);
                else
                        set_link(f, m, what == MISHAP_DOWN || what == MISHAP_DOWN_AGAIN, now);
                plan(f, m, now);
        }
}

static bool sit_out(enum outage outage, const struct config *config) {
        static const char *const texts[_OUTAGE_MAX] = {"", "404", "503",
                                                       "that there is no address"};
        static struct fleet f;
        const struct cell cell = {.n = OUTAGE_FLEET, .quota = UINT32_MAX, .over = USEC_PER_MIN};
        unsigned long changes = 0, confirmed = 0;
        uint64_t end = WARM_UP + OUTAGE_USEC + 12 * USEC_PER_HOUR;
        unsigned n_befallen = 0, n_ready;

        f = (struct fleet){};
        gather(&f, &cell, 7, config);
        while (f.members[f.heap[0]].at < WARM_UP)
                next_event(&f);
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
                        befall(&f, (enum mishap)n_befallen++, next);
                else
                        next_event(&f);
        }
        for (unsigned i = 0; i < f.n; i++) {
                changes += f.members[i].changes;
                confirmed += load(&f, &f.members[i])->phase == PHASE_CONFIRMED;
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

/* -1: none of them. */
static int others_parse(const char *text) {
        for (int o = 0; o < _OTHERS_MAX; o++)
                if (strcmp(text, others_names[o]) == 0)
                        return o;
        return -1;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"instances", required_argument, NULL, 'n'},
                {"quota", required_argument, NULL, 'q'},
                {"others", required_argument, NULL, 'x'},
                {"hint", no_argument, NULL, 'h'},
                {"over", required_argument, NULL, 'v'},
                {"restarts", no_argument, NULL, 'r'},
                {"progress", no_argument, NULL, 'p'},
                {"grid", optional_argument, NULL, 'g'},
                {"outage", no_argument, NULL, 'o'},
                {},
        };
        struct cell cell = {.n = 3000, .quota = 300, .over = USEC_PER_MIN};
        unsigned largest = 0;
        struct config config;
        bool progress = false, outage = false, good;
        int c, others = OTHERS_NONE;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'n')
                        cell.n = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'q')
                        cell.quota = (unsigned)strtoul(optarg, NULL, 10);
                else if (c == 'x')
                        others = others_parse(optarg);
                else if (c == 'h')
                        cell.hint = true;
                else if (c == 'v')
                        cell.over = strtoul(optarg, NULL, 10) * USEC_PER_SEC;
                else if (c == 'r')
                        cell.restarts = true;
                else if (c == 'p')
                        progress = true;
                else if (c == 'g')
                        largest = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 100000;
                else if (c == 'o')
                        outage = true;
                else
                        return 2;
        }
        if (cell.n == 0 || cell.quota == 0 || cell.over == 0 || others < 0)
                return 2;
        cell.others = (enum others)others;
        config_defaults(&config);
        if (outage) {
                good = start_alone(&config) & sit_out_all(&config);
        } else if (largest) {
                good = run_grid(largest, &config);
        } else {
                print_heading();
                good = start_together(&cell, progress, &config);
        }
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

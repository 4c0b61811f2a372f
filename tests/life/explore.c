/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every world that can be reached: a breadth-first search over (real core × model), with every
 * order of what may happen, and up to --bound unfair moves on each way; in some scenes a crash
 * beside them. Two worlds that the core cannot tell apart are one (canon.h). Prints its bounds,
 * states, transitions and depth; a broken law with the shortest story to it.
 *
 *   explore [--scene=NAME] [--bound=N] [--list]
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "canon.h"
#include "story.h"

#ifndef STATES_MAX
#define STATES_MAX (1u << 23)
#endif
#define TABLE_SIZE (1u << 24)
#define JOBS       2 /* scenes at a time */

/* A state that was reached: from where, and how. */
struct reached {
        uint32_t from;
        uint8_t move;
};

/* A world as its difference from the first one: most of it never changes. */
struct packed {
        struct packed *next;
        uint32_t state;
        uint32_t n_words;
        struct {
                uint32_t at;
                uint32_t low, high;
        } words[];
};

/* A scene, and how many crashes it has beside the unfair moves. */
struct plan {
        struct scene scene;
        bool eip;        /* Address.Strategy=eip */
        bool doubt_only; /* of unfair moves, only those that leave doubt */
        /* A narrow scene goes deeper: of unfair moves only these, and so many for each of --bound.
         */
        const enum move *only;
        unsigned deep;
        bool alert;            /* Heal.Policy=alert */
        unsigned reboot_limit; /* 0: the default */
        unsigned crashes; /* SIGKILLs and power failures beside the unfair moves; 0: among them */
};

/* What one scene came to. */
struct total {
        bool good;
        unsigned long n_states, n_transitions;
        double cpu;
};

struct search {
        const struct plan *plan;
        unsigned bound;
        struct world first;
        struct reached *reached;
        uint64_t *table; /* hash of a state; 0: free */
        uint32_t n_states;
        unsigned long n_transitions;
        struct packed *head, **tail;
        size_t queued_bytes, most_bytes;
};

static bool is_new(struct search *s, uint64_t hash) {
        uint32_t i = (uint32_t)(hash >> 32) & (TABLE_SIZE - 1);

        if (hash == 0)
                hash = 1;
        while (s->table[i] && s->table[i] != hash)
                i = (i + 1) & (TABLE_SIZE - 1);
        if (s->table[i])
                return false;
        s->table[i] = hash;
        return true;
}

static void push(struct search *s, const struct world *w, uint32_t state) {
        static struct packed *scratch;
        const uint64_t *a = (const void *)&s->first, *b = (const void *)w;
        struct packed *p;
        size_t size;

        if (!scratch)
                scratch = malloc(sizeof(*p) + sizeof(*w) / 8 * sizeof(p->words[0]));
        scratch->n_words = 0;
        for (uint32_t i = 0; i < sizeof(*w) / 8; i++)
                if (a[i] != b[i]) {
                        scratch->words[scratch->n_words].at = i;
                        scratch->words[scratch->n_words].low = (uint32_t)b[i];
                        scratch->words[scratch->n_words++].high = (uint32_t)(b[i] >> 32);
                }
        size = sizeof(*p) + scratch->n_words * sizeof(p->words[0]);
        p = malloc(size);
        if (!p || !scratch)
                abort();
        memcpy(p, scratch, size);
        p->state = state;
        p->next = NULL;
        *s->tail = p;
        s->tail = &p->next;
        s->queued_bytes += size;
        s->most_bytes = s->queued_bytes > s->most_bytes ? s->queued_bytes : s->most_bytes;
}

static uint32_t pop(struct search *s, struct world *w) {
        struct packed *p = s->head;
        uint64_t *b = (void *)w;
        uint32_t state = p->state;

        *w = s->first;
        for (uint32_t i = 0; i < p->n_words; i++)
                b[p->words[i].at] = p->words[i].low | (uint64_t)p->words[i].high << 32;
        s->head = p->next;
        if (!s->head)
                s->tail = &s->head;
        s->queued_bytes -= sizeof(*p) + p->n_words * sizeof(p->words[0]);
        free(p);
        return state;
}

static unsigned depth_of(const struct search *s, uint32_t state) {
        unsigned n = 0;

        for (; state != 0; state = s->reached[state].from)
                n++;
        return n;
}

static void tell(const struct search *s, uint32_t state, enum move last) {
        static struct story story;

        story.scene = &s->plan->scene;
        story.n = depth_of(s, state) + 1;
        story.moves[story.n - 1] = last;
        for (unsigned i = story.n - 1; i-- > 0; state = s->reached[state].from)
                story.moves[i] = (enum move)s->reached[state].move;
        story_tell(&story);
}

/*
 * Moves that explore leaves to life: to the core they differ from another one in nothing that is
 * tracked.
 */
static bool is_left_out(enum move m) {
        switch ((int)m) {
        case MOVE_CONSOLE_REBOOT: /* as the power failing */
        case MOVE_LINE_GARBLED:   /* to the core, the cloud process dying, or a 503 */
        case MOVE_LINE_CUT:
        case MOVE_LINE_LONG:
        case MOVE_LINE_DEEP:
        case MOVE_LINE_WIDE:
        case MOVE_BODY_GARBLED:
        case MOVE_BODY_CUT:
        case MOVE_BODY_LONG:
        case MOVE_BODY_DEEP:
        case MOVE_NO_CREDENTIALS: /* as a denied permission */
        case MOVE_METADATA_5XX:
        case MOVE_WRITE_ODDLY:
        case MOVE_ASSIGN_EIP: /* as an EIP that comes in another's place */
        case MOVE_BANDWIDTH:
        case MOVE_DATE_AHEAD: /* of refusals: to the core a hint, once time is proven */
        case MOVE_DATE_BACK:
        case MOVE_TIME_BACK: /* time is told in whole seconds */
        case MOVE_SECOND:
        case MOVE_MINUTE:
                return true;
        default:
                return false;
        }
}

/* Where crashes have a count of their own, or the way is long, only what leaves doubt is unfair. */
static bool is_of_doubt(enum move m) {
        switch ((int)m) {
        case MOVE_LOST_DONE:
        case MOVE_LOST_UNDONE:
        case MOVE_SILENT_DONE:
        case MOVE_GONE:
        case MOVE_LATE:
        case MOVE_SERVER_DONE:
        case MOVE_WRITE_FAILS:
        case MOVE_REBOOTS_AGAIN:
        case MOVE_EIP_TAKEN:
        case MOVE_EIP_FREED:
        case MOVE_KILL:
        case MOVE_POWER:
                return true;
        default:
                return m < _MOVE_FAIR || m == MOVE_USER_DATA;
        }
}

static bool is_among(const enum move *moves, enum move m) {
        for (; *moves != _MOVE_MAX; moves++)
                if (*moves == m)
                        return true;
        return false;
}

/* To leave the agent waiting is a move of its own to a narrow scene. */
static bool is_played(const struct plan *p, enum move m, bool fair) {
        if (p->only)
                return fair || is_among(p->only, m);
        return !is_left_out(m) && (!p->doubt_only || is_of_doubt(m));
}

static bool is_crash(enum move m) {
        return m == MOVE_KILL || m == MOVE_POWER;
}

/* What a way has cost so far: unfair moves, and crashes beside them where those have a count. */
#define CRASH 16u

/* To leave the agent waiting is unfair too; an end to what is unfair is not. */
static unsigned price(const struct plan *p, const struct world *w, enum move m) {
        if (p->crashes && is_crash(m))
                return CRASH;
        switch ((int)m) {
        case MOVE_TIMER:
                return w->flight.asked || w->kernel_news || w->shown != w->address;
        case MOVE_DISK_FREE:
        case MOVE_UNHOLD:
        case MOVE_UNLOCK:
        case MOVE_SETTLED:
        case MOVE_LINK_UP:
        case MOVE_EIP_FREED:
        case MOVE_LEDGER_READABLE:
        case MOVE_USER_DATA:
        case MOVE_CONFIG_READ:
                return 0;
        case MOVE_WRITE_FAILS:
                return !(w->full || w->engine.given.ledger_state == LEDGER_UNREADABLE);
        default:
                return m >= _MOVE_FAIR;
        }
}

static bool is_too_dear(const struct search *s, unsigned cost) {
        return cost % CRASH > s->bound || cost / CRASH > s->plan->crashes;
}

/* All that may follow; false if a law was broken. */
static bool expand(struct search *s, const struct world *w, uint32_t state) {
        static struct world next;
        static struct actions a;

        for (enum move m = 0; m < _MOVE_MAX; m++) {
                unsigned cost = w->cost + price(s->plan, w, m);

                if (!is_played(s->plan, m, cost == w->cost) || is_too_dear(s, cost) ||
                    !world_can(w, m))
                        continue;
                next = *w;
                world_do(&next, m, &a);
                next.cost = cost;
                s->n_transitions++;
                if (next.laws.broken) {
                        printf("%s: broken: %s\n", s->plan->scene.name, next.laws.broken);
                        tell(s, state, m);
                        return false;
                }
                if (!is_new(s, canon_hash(&next)))
                        continue;
                if (s->n_states == STATES_MAX) {
                        printf("%s: more than %u states, at depth %u\n", s->plan->scene.name,
                               STATES_MAX, depth_of(s, state));
                        return false;
                }
                s->reached[s->n_states] = (struct reached){state, (uint8_t)m};
                push(s, &next, s->n_states++);
        }
        return true;
}

static double seconds(void) {
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_found(const struct search *s, uint32_t last, double took) {
        char crashes[32] = "";

        if (s->plan->crashes)
                snprintf(crashes, sizeof(crashes), " + %u crash", s->plan->crashes);
        printf("%-20s bound %u%-10s %8u states, %9lu transitions, depth %3u, %3zu MiB queued, "
               "%5.1f s: exhausted\n",
               s->plan->scene.name, s->bound, crashes, s->n_states, s->n_transitions,
               depth_of(s, last), s->most_bytes >> 20, took);
}

static bool explore(const struct plan *plan, unsigned bound, struct total *total) {
        static struct world w;
        struct search s = {.plan = plan, .bound = plan->only ? bound * plan->deep : bound};
        double began = seconds();
        uint32_t last = 0;
        bool good = true;

        s.tail = &s.head;
        s.table = calloc(TABLE_SIZE, sizeof(*s.table));
        s.reached = malloc(STATES_MAX * sizeof(*s.reached));
        if (!s.table || !s.reached)
                abort();
        world_init(&s.first, &plan->scene);
        is_new(&s, canon_hash(&s.first));
        s.n_states = 1;
        push(&s, &s.first, 0);
        while (good && s.head) {
                last = pop(&s, &w);
                good = expand(&s, &w, last);
        }
        if (good)
                print_found(&s, last, seconds() - began);
        total->n_states = s.n_states;
        total->n_transitions = s.n_transitions;
        total->cpu = seconds() - began;
        while (s.head)
                pop(&s, &w);
        free(s.table);
        free(s.reached);
        return good;
}

#define VPC(effect_) .network = NETWORK_VPC, .effect = (effect_), .bandwidth = 5
#define CLASSIC      .network = NETWORK_CLASSIC, .effect = EFFECT_REBOOT, .bandwidth = 5

#define ONLY(...)                                                                                  \
        (const enum move[]) {                                                                      \
                __VA_ARGS__, _MOVE_MAX                                                             \
        }

/* The longest first, so that two of them at a time end together. */
static struct plan plans[] = {
        {{.name = "vpc-crash", VPC(EFFECT_REBOOT)}, .crashes = 1, .doubt_only = true},
        {{.name = "vpc-restart", VPC(EFFECT_REBOOT), .clock_off = 40000}},
        {{.name = "vpc-never", VPC(EFFECT_NEVER)}},
        {{.name = "classic-crash", CLASSIC}, .crashes = 1, .doubt_only = true},
        {{.name = "classic", CLASSIC}},
        {{.name = "classic-no-metadata", CLASSIC, .no_metadata = true}},
        {{.name = "vpc-eip", VPC(EFFECT_AT_ONCE)}, .eip = true, .doubt_only = true},
        {{.name = "vpc-at-once", VPC(EFFECT_AT_ONCE)}},
        {{.name = "vpc-cloned", VPC(EFFECT_AT_ONCE), .cloned_ledger = true}, .doubt_only = true},
        {{.name = "vpc-has-address", VPC(EFFECT_REBOOT), .has_address = true}},
        {{.name = "link-and-witness", VPC(EFFECT_AT_ONCE)},
         .only = ONLY(MOVE_LINK_DOWN, MOVE_LINK_UP, MOVE_TEN_MINUTES),
         .deep = 1},
        {{.name = "a-person-assigns", VPC(EFFECT_REBOOT)},
         .only = ONLY(MOVE_LOST_UNDONE, MOVE_ASSIGN, MOVE_LOCK, MOVE_UNLOCK),
         .deep = 2},
        {{.name = "a-person-s-word", VPC(EFFECT_AT_ONCE), .has_address = true},
         .only = ONLY(MOVE_REPLACE, MOVE_RESUME, MOVE_FAULT_HINT),
         .alert = true,
         .deep = 3},
        {{.name = "hold", VPC(EFFECT_REBOOT)},
         .only = ONLY(MOVE_HOLD, MOVE_UNHOLD, MOVE_BLOCKED),
         .deep = 2},
        {{.name = "user-data", VPC(EFFECT_AT_ONCE), .has_user_data = true},
         .only = ONLY(MOVE_RESUME, MOVE_CONFIG_UNREAD, MOVE_KILL),
         .deep = 2},
        /* What is answered to a reboot is a lie. */
        {{.name = "reboot-lies", VPC(EFFECT_REBOOT)},
         .only = ONLY(MOVE_REFUSED_DONE, MOVE_STATE_DONE, MOVE_LOST_UNDONE),
         .deep = 2,
         .reboot_limit = 1},
        {{.name = "wrong-machine", CLASSIC, .no_metadata = true, .wrong_machine = true}},
        {{.name = "guest", VPC(EFFECT_REBOOT), .wrong_machine = true}},
};
#define N_PLANS (sizeof(plans) / sizeof(plans[0]))

/* The usual configuration, with long intervals so that a steady life is a short circle. */
static void set_up(struct plan *p) {
        struct scene *s = &p->scene;

        config_defaults(&s->config);
        s->config.heal_check_interval_usec = 3 * USEC_PER_HOUR;
        s->config.confirm_timeout_usec = 3 * USEC_PER_MIN;
        s->config.reboot_patience_usec = 2 * USEC_PER_MIN;
        s->config.heal_limit = 2;
        if (p->eip) {
                s->config.strategy = STRATEGY_EIP;
                s->config.heal_limit = 1;
        }
        if (p->reboot_limit)
                s->config.reboot_limit = p->reboot_limit;
        if (p->alert)
                s->config.heal_policy = HEAL_ALERT;
        s->seed = 1;
        s->coarse = true;
}

/* In a process of its own, since two of them fit on the smallest machine. */
static pid_t begin(struct plan *p, unsigned bound, struct total *total) {
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid != 0)
                return pid;
        set_up(p);
        total->good = explore(p, bound, total);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
}

static bool end_one(unsigned *n_running) {
        int status;

        if (*n_running == 0 || wait(&status) < 0)
                return false;
        (*n_running)--;
        return true;
}

static void print_bounds(unsigned bound) {
        printf("On each way any number of fair moves, and at most %u unfair: a fault, a lost answer, a "
               "crash, drift, a jump of the clock, an operator. \"+ 1 crash\": SIGKILL or power "
               "failure beside it, and of unfair moves those that leave doubt; so in vpc-eip and vpc-cloned.\n",
               bound);
}

static bool explore_all(const char *only, unsigned bound, struct total *totals) {
        struct total all = {.good = true};
        unsigned n_running = 0, n = 0;

        print_bounds(bound);
        for (size_t i = 0; i < N_PLANS; i++) {
                if (only && strcmp(only, plans[i].scene.name) != 0)
                        continue;
                if (n_running == JOBS)
                        end_one(&n_running);
                if (begin(&plans[i], bound, &totals[i]) < 0)
                        return false;
                n_running++;
                n++;
        }
        while (end_one(&n_running))
                ;
        for (size_t i = 0; i < N_PLANS; i++) {
                all.n_states += totals[i].n_states;
                all.n_transitions += totals[i].n_transitions;
                all.cpu += totals[i].cpu;
                n -= totals[i].good;
        }
        printf("%lu states, %lu transitions, %.1f CPU s\n", all.n_states, all.n_transitions,
               all.cpu);
        return n == 0;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"scene", required_argument, NULL, 's'},
                {"bound", required_argument, NULL, 'b'},
                {"list", no_argument, NULL, 'l'},
                {},
        };
        const char *only = NULL;
        unsigned bound = 1;
        struct total *totals;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 's')
                        only = optarg;
                else if (c == 'b')
                        bound = (unsigned)strtoul(optarg, NULL, 10);
                else if (c != 'l')
                        return 2;
                for (size_t i = 0; c == 'l' && i < N_PLANS; i++)
                        printf("%s\n", plans[i].scene.name);
                if (c == 'l')
                        return 0;
        }
        totals = mmap(NULL, N_PLANS * sizeof(*totals), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (totals == MAP_FAILED)
                return EXIT_FAILURE;
        return explore_all(only, bound, totals) ? EXIT_SUCCESS : EXIT_FAILURE;
}

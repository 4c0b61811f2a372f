/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every world that can be reached: a breadth-first search over (real core × model), with every
 * order of what may happen, and up to --bound unfair moves on each way. Two worlds that the core
 * cannot tell apart are one (canon.h). Prints states, transitions and depth; a broken law with the
 * shortest story to it.
 *
 *   explore [--scene=NAME] [--bound=N] [--list]
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "canon.h"
#include "story.h"

#define STATES_MAX (1u << 23)
#define TABLE_SIZE (1u << 24)

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

struct search {
        const struct scene *scene;
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

        story.scene = s->scene;
        story.n = depth_of(s, state) + 1;
        story.moves[story.n - 1] = last;
        for (unsigned i = story.n - 1; i-- > 0; state = s->reached[state].from)
                story.moves[i] = (enum move)s->reached[state].move;
        story_tell(&story);
}

/* Moves that explore leaves to life: they differ from another one in nothing that it tracks. */
static bool is_left_out(enum move m) {
        switch ((int)m) {
        case MOVE_CONSOLE_REBOOT:  /* as the power failing */
        case MOVE_FAULT_THROTTLED: /* its wait depends on the second of the minute */
        case MOVE_LINE_GARBLED:    /* to the core, the cloud process dying, or a 503 */
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
        case MOVE_SECOND:
        case MOVE_MINUTE:
        case MOVE_CLOCK_FORWARD:
        case MOVE_CLOCK_BACK:
        case MOVE_EIP_TAKEN:
        case MOVE_EIP_FREED:
        case MOVE_CONVERT:
                return true;
        default:
                return false;
        }
}

/* To leave the agent waiting is unfair too; an end to what is unfair is not. */
static unsigned price(const struct world *w, enum move m) {
        switch ((int)m) {
        case MOVE_TIMER:
                return w->flight.asked || w->kernel_news || w->shown != w->address;
        case MOVE_DISK_FREE:
        case MOVE_UNHOLD:
        case MOVE_UNLOCK:
        case MOVE_SETTLED:
        case MOVE_LINK_UP:
        case MOVE_LEDGER_READABLE:
                return 0;
        case MOVE_WRITE_FAILS:
                return !(w->full || w->engine.ledger_state == LEDGER_UNREADABLE);
        default:
                return m >= _MOVE_FAIR;
        }
}

/* All that may follow; false if a law was broken. */
static bool expand(struct search *s, const struct world *w, uint32_t state) {
        static struct world next;
        static struct actions a;

        for (enum move m = 0; m < _MOVE_MAX; m++) {
                unsigned cost = price(w, m);

                if (is_left_out(m) || w->cost + cost > s->bound || !world_can(w, m))
                        continue;
                next = *w;
                world_do(&next, m, &a);
                next.cost = w->cost + cost;
                s->n_transitions++;
                if (next.laws.broken) {
                        printf("%s: broken: %s\n", s->scene->name, next.laws.broken);
                        tell(s, state, m);
                        return false;
                }
                if (!is_new(s, canon_hash(&next)))
                        continue;
                if (s->n_states == STATES_MAX) {
                        printf("%s: more than %u states\n", s->scene->name, STATES_MAX);
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

static bool explore(const struct scene *scene, unsigned bound, unsigned long *n_states,
                    unsigned long *n_transitions) {
        static struct world w;
        struct search s = {.scene = scene, .bound = bound};
        double began = seconds();
        uint32_t last = 0;
        bool good = true;

        s.tail = &s.head;
        s.table = calloc(TABLE_SIZE, sizeof(*s.table));
        s.reached = malloc(STATES_MAX * sizeof(*s.reached));
        if (!s.table || !s.reached)
                abort();
        world_init(&s.first, scene);
        is_new(&s, canon_hash(&s.first));
        s.n_states = 1;
        push(&s, &s.first, 0);
        while (good && s.head) {
                last = pop(&s, &w);
                good = expand(&s, &w, last);
        }
        if (good)
                printf("%-24s bound %u: %8u states, %9lu transitions, depth %3u, %4zu MiB queued, "
                       "%5.1f s: exhausted\n",
                       scene->name, bound, s.n_states, s.n_transitions, depth_of(&s, last),
                       s.most_bytes >> 20, seconds() - began);
        fflush(stdout);
        *n_states += s.n_states;
        *n_transitions += s.n_transitions;
        while (s.head)
                pop(&s, &w);
        free(s.table);
        free(s.reached);
        return good;
}

/* Scenes: what differs in the world, not in what may happen. */
static struct scene scenes[] = {
        {.name = "vpc-restart", .network = NETWORK_VPC, .effect = EFFECT_REBOOT, .bandwidth = 5},
        {.name = "vpc-at-once", .network = NETWORK_VPC, .effect = EFFECT_AT_ONCE, .bandwidth = 5},
        {.name = "vpc-never", .network = NETWORK_VPC, .effect = EFFECT_NEVER, .bandwidth = 5},
        {.name = "vpc-has-address",
         .network = NETWORK_VPC,
         .effect = EFFECT_REBOOT,
         .bandwidth = 5,
         .has_address = true},
        {.name = "vpc-cloned",
         .network = NETWORK_VPC,
         .effect = EFFECT_AT_ONCE,
         .bandwidth = 5,
         .cloned_ledger = true},
        {.name = "classic", .network = NETWORK_CLASSIC, .effect = EFFECT_REBOOT, .bandwidth = 5},
        {.name = "classic-no-metadata",
         .network = NETWORK_CLASSIC,
         .effect = EFFECT_REBOOT,
         .bandwidth = 5,
         .no_metadata = true},
        {.name = "wrong-machine",
         .network = NETWORK_CLASSIC,
         .effect = EFFECT_REBOOT,
         .bandwidth = 5,
         .no_metadata = true,
         .wrong_machine = true},
};

/* The usual configuration, with long intervals so that a steady life is a short circle. */
static void set_up(struct scene *s) {
        config_defaults(&s->config);
        s->config.heal_check_interval_usec = 3 * USEC_PER_HOUR;
        s->config.confirm_timeout_usec = 3 * USEC_PER_MIN;
        s->config.reboot_patience_usec = 2 * USEC_PER_MIN;
        s->config.heal_limit = 2;
        s->seed = 1;
        s->coarse = true;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"scene", required_argument, NULL, 's'},
                {"bound", required_argument, NULL, 'b'},
                {"list", no_argument, NULL, 'l'},
                {},
        };
        unsigned long n_states = 0, n_transitions = 0;
        const char *only = NULL;
        unsigned bound = 1;
        double began = seconds();
        bool good = true;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 's')
                        only = optarg;
                else if (c == 'b')
                        bound = (unsigned)strtoul(optarg, NULL, 10);
                else if (c != 'l')
                        return 2;
                for (size_t i = 0; c == 'l' && i < sizeof(scenes) / sizeof(scenes[0]); i++)
                        printf("%s\n", scenes[i].name);
                if (c == 'l')
                        return 0;
        }
        for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
                if (only && strcmp(only, scenes[i].name) != 0)
                        continue;
                set_up(&scenes[i]);
                good &= explore(&scenes[i], bound, &n_states, &n_transitions);
        }
        printf("%lu states, %lu transitions, %.1f CPU s\n", n_states, n_transitions,
               seconds() - began);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives: the real core in a world where anything may happen at any step. The laws are
 * checked after each step; then the world turns fair, and the life must end well in bounded time.
 *
 *   life [--seed=N] [--steps=N] [--keep-going]
 *   life --record [--seed=N] [--lives=N]
 *
 * A law that is broken is told as the shortest story that could be found; that ends the run, unless
 * it is to keep going.
 *
 * A record is a line for each life: its seed, its steps, and a hash over what the agent decided at
 * each of them (phase, question, wants, ledger, notices). Two engines that decide alike print the
 * same.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "story.h"
#include "util/text.h"

#define LIFE_MOVES     600  /* unfair part of a life, at most */
#define FAIR_MOVES     4000 /* the fair part must end by then */
#define FAIR_TIME      (72 * USEC_PER_HOUR)
#define OPERATOR       (3 * USEC_PER_HOUR) /* how long a person lets `failed` stand */
#define LIE_RARE       6 /* of a changing call is told what is not so, that often */
#define UNFAIR_RARE    40
#define LISTED_RARE    30 /* moves until the list of EIPs catches up */
#define UNBLOCKED_RARE 30 /* what blocks a reboot takes so many moves to end */
#define USER_DATA_RARE 12
#define CONFIG_RARE    200
#define QUIET_MOVES    40 /* after a good end nothing happens for hours: L7 counts lines */

static struct rng dice;
static uint64_t record; /* of this life */

static void record_add(const void *data, size_t len) {
        const unsigned char *p = data;

        for (size_t i = 0; i < len; i++)
                record = (record ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
}

/* Names of the engine's fields may change, what it decides may not. */
static void record_step(const struct world *w, const struct actions *a) {
        const struct ledger *l = &w->engine.ledger;
        unsigned decided[] = {w->running, w->engine.phase, a->wants, 0, 0, a->n_notices};

        if (a->wants & ACTION_ASK) {
                decided[3] = a->question.op;
                decided[4] = a->question.probe;
        }
        record_add(decided, sizeof(decided));
        for (unsigned i = 0; i < a->n_notices; i++)
                record_add(&a->notices[i].kind, sizeof(a->notices[i].kind));
        for (unsigned i = 0; w->running && i < l->n_entries; i++) {
                const struct ledger_entry *e = &l->entries[i];
                unsigned entry[] = {e->op, e->outcome, e->settled, e->address};

                record_add(entry, sizeof(entry));
        }
        if (w->running)
                record_add(&w->engine.deadline, sizeof(w->engine.deadline));
}

static void do_move(struct world *w, enum move m, struct actions *a) {
        world_do(w, m, a);
        record_step(w, a);
}

static unsigned pick(unsigned n) {
        return (unsigned)rng_below(&dice, n);
}

static bool chance(unsigned one_in) {
        return pick(one_in) == 0;
}

static void draw_config(struct config *c) {
        static const enum strategy strategies[] = {STRATEGY_STATIC, STRATEGY_STATIC,
                                                   STRATEGY_STATIC, STRATEGY_EIP,
                                                   STRATEGY_STATIC_EIP};

        config_defaults(c);
        c->strategy = strategies[pick(5)];
        c->reboot_policy = chance(3) ? (enum reboot_policy)pick(3) : REBOOT_AUTO;
        c->heal_policy = chance(3) ? (enum heal_policy)pick(3) : HEAL_REALLOCATE;
        c->reboot_limit = 1 + pick(3);
        c->heal_limit = 1 + pick(3);
        c->bandwidth_out = chance(4) ? 5 : 0;
        if (c->strategy != STRATEGY_STATIC)
                c->eip_allocate = chance(2);
}

static void draw_scene(struct scene *s, uint64_t seed) {
        static char name[200];

        *s = (struct scene){.seed = seed, .name = name};
        draw_config(&s->config);
        s->network = chance(3) ? NETWORK_CLASSIC : NETWORK_VPC;
        s->effect = chance(12) ? EFFECT_NEVER : chance(2) ? EFFECT_REBOOT : EFFECT_AT_ONCE;
        s->no_metadata = s->network == NETWORK_CLASSIC && chance(2);
        s->wrong_machine = chance(12);
        if (s->no_metadata)
                TEXT_SET(s->config.instance_id, OUR_ID);
        s->has_address = chance(4);
        s->cloned_ledger = chance(8);
        s->no_boot_id = chance(40);
        s->ledger_ahead = !s->cloned_ledger && chance(12);
        s->stays_blocked = chance(8);
        s->not_ecs = chance(12);
        s->bandwidth = chance(6) ? 0 : 5;
        s->metadata_off = chance(8) ? (int)pick(2000000) - 1000000 : 0;
        s->has_user_data = seed % 16 == 5; /* not drawn: the other lives stay as they were */
        s->clock_off = chance(3) ? (int)pick(2000000) - 1000000 : 0;
        snprintf(
                name, sizeof(name),
                "%s, effect %s%s%s%s%s%s%s%s%s%s, strategy %u, reboot %u/%u, heal %u/%u, bandwidth %d/%u",
                s->network == NETWORK_VPC ? "vpc" : "classic",
                s->effect == EFFECT_NEVER    ? "never"
                : s->effect == EFFECT_REBOOT ? "after a restart"
                                             : "at once",
                s->no_metadata ? ", no metadata" : "", s->wrong_machine ? ", wrong machine" : "",
                s->has_address ? ", has an address" : "", s->no_boot_id ? ", no boot id" : "",
                s->not_ecs ? ", not ECS" : "", s->cloned_ledger ? ", cloned" : "",
                s->ledger_ahead ? ", ledger ahead" : "", s->stays_blocked ? ", stays blocked" : "",
                s->has_user_data ? ", user-data" : "", s->config.strategy, s->config.reboot_policy,
                s->config.reboot_limit, s->config.heal_policy, s->config.heal_limit, s->bandwidth,
                s->config.bandwidth_out);
}

/* What a world does that means no harm, in its order. */
static enum move fair_move(const struct world *w, bool prompt) {
        static const enum move order[] = {
                MOVE_START,     MOVE_WRITE,  MOVE_WRITE_FAILS, MOVE_TOLD,
                MOVE_HOLD_NEWS, MOVE_KERNEL, MOVE_READY,       MOVE_ANSWER,
        };
        static const enum move news[] = {MOVE_BANDWIDTH_NEWS, MOVE_EIP_NEWS, MOVE_EIP_LISTED,
                                         MOVE_CONTROL_NEWS, MOVE_METADATA_NEWS};

        for (size_t i = 0; i < sizeof(news) / sizeof(news[0]); i++)
                if ((prompt || chance(news[i] == MOVE_EIP_LISTED ? LISTED_RARE : 4)) &&
                    world_can(w, news[i]))
                        return news[i];
        for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
                if (world_can(w, order[i]))
                        return order[i];
        if ((prompt || !w->blocked || chance(UNBLOCKED_RARE)) && world_can(w, MOVE_UNBLOCKED))
                return MOVE_UNBLOCKED;
        if (w->scene->stays_blocked && w->blockers_news && world_can(w, MOVE_BLOCKED))
                return MOVE_BLOCKED;
        if (world_can(w, MOVE_REBOOTS) && (prompt || chance(2)))
                return MOVE_REBOOTS;
        if (w->awaits_user_data && (prompt || chance(USER_DATA_RARE)))
                return MOVE_USER_DATA;
        if (w->config_unread && (prompt || chance(4)))
                return MOVE_CONFIG_READ;
        if (w->scene->has_user_data && !prompt && chance(CONFIG_RARE) &&
            world_can(w, MOVE_CONFIG_UNREAD))
                return MOVE_CONFIG_UNREAD;
        if (world_can(w, MOVE_TIMER))
                return MOVE_TIMER;
        return MOVE_SECOND;
}

static enum move any_move(const struct world *w, unsigned one_unfair_in) {
        if (w->flight.asked && wire_op_changes(w->flight.question.op) && chance(LIE_RARE)) {
                enum move m =
                        MOVE_LOST_DONE + (enum move)pick(MOVE_REFUSED_LATE - MOVE_LOST_DONE + 1);

                if (world_can(w, m))
                        return m;
        }
        if (chance(one_unfair_in))
                for (unsigned i = 0; i < 8; i++) {
                        enum move m = (enum move)pick(_MOVE_DRAWN);

                        if (m == MOVE_DAY && !chance(4))
                                continue;
                        if (world_can(w, m))
                                return m;
                }
        return fair_move(w, false);
}

/* Everything that a person can put right from outside is put right. */
static void make_fair(struct world *w) {
        static const enum move repairs[] = {MOVE_DISK_FREE, MOVE_UNLOCK,    MOVE_SETTLED,
                                            MOVE_LINK_UP,   MOVE_EIP_FREED, MOVE_TIME_RIGHT,
                                            MOVE_DATE_RIGHT};
        static struct actions a;

        if (world_can(w, MOVE_POWER))
                do_move(w, MOVE_POWER, &a);
        for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++)
                if (world_can(w, repairs[i]))
                        do_move(w, repairs[i], &a);
        if (world_can(w, MOVE_LEDGER_READABLE))
                do_move(w, MOVE_LEDGER_READABLE, &a);
        w->engine.given.config = w->scene->config;
        w->engine.given.config.heal_policy = HEAL_REALLOCATE;
        if (w->engine.given.config.reboot_policy == REBOOT_NEVER)
                w->engine.given.config.reboot_policy = REBOOT_AUTO;
        w->hold = HOLD_OFF;
        w->late = (struct flight){0};
        w->eip = w->eip == EIP_UNKNOWN && !w->engine.given.config.eip_allocate ? EIP_AVAILABLE
                                                                               : w->eip;
        w->bandwidth = w->bandwidth ? w->bandwidth : 5;
        w->bandwidth_shown = w->bandwidth;
}

static bool cannot_end_well(const struct world *w) {
        return w->scene->effect == EFFECT_NEVER || w->scene->wrong_machine ||
               w->scene->no_boot_id || (w->scene->not_ecs && !w->scene->no_metadata);
}

static bool is_well(const struct world *w) {
        const struct engine *e = &w->engine;

        return w->running && e->phase == PHASE_CONFIRMED && e->inflight.step == STEP_IDLE &&
               e->expected == w->address && w->address != 0;
}

/* An operator who looks every few hours at what has failed: resumes, and then restarts. */
static void operate(struct world *w, unsigned nth) {
        static struct actions a;

        if (nth % 2 == 0 && world_can(w, MOVE_RESUME))
                do_move(w, MOVE_RESUME, &a);
        else
                do_move(w, MOVE_CONSOLE_REBOOT, &a);
}

static bool telling;
static unsigned long n_fair_steps, n_operated;
static bool ended_well;

static const char *live_quietly(struct world *w) {
        static struct actions a;

        for (unsigned i = 0; i < QUIET_MOVES; i++) {
                enum move m = fair_move(w, true);

                do_move(w, m, &a);
                n_fair_steps++;
                if (telling)
                        story_tell_move(w, m, &a);
                if (w->laws.broken)
                        return w->laws.broken;
        }
        return w->engine.phase == PHASE_CONFIRMED
                       ? NULL
                       : "liveness: a quiet world does not stay confirmed";
}

/* The fair part of a life; NULL if it ends well, or as well as it can. */
static const char *live_well(struct world *w) {
        static struct actions a;
        uint64_t until, operated;
        unsigned n_operators = 0;
        bool has_failed = false;

        ended_well = false;
        n_operated = 0;
        make_fair(w);
        until = w->now + FAIR_TIME;
        operated = w->now;
        for (unsigned i = 0; i < FAIR_MOVES; i++) {
                enum move m;

                if (is_well(w)) {
                        n_operated = n_operators;
                        ended_well = true;
                        return live_quietly(w);
                }
                if (w->now > until)
                        break;
                has_failed |= w->running && w->engine.phase == PHASE_FAILED;
                if (w->running && w->engine.phase == PHASE_FAILED && w->now - operated > OPERATOR) {
                        operate(w, n_operators++);
                        operated = w->now;
                        continue;
                }
                m = fair_move(w, true);
                do_move(w, m, &a);
                n_fair_steps++;
                if (telling)
                        story_tell_move(w, m, &a);
                if (w->laws.broken)
                        return w->laws.broken;
        }
        if (!cannot_end_well(w))
                return "liveness: with fair answers it does not end confirmed";
        return has_failed ? NULL : "liveness: what cannot end well never says `failed`";
}

static int tell_breach(struct story *s, const char *broken, uint64_t seed) {
        printf("broken with --seed=%llu: %s\n", (unsigned long long)seed, broken);
        story_shrink(s, broken, live_well);
        story_tell(s);
        if (!story_play(s, NULL)) {
                static struct world w;
                static struct actions a;

                world_init(&w, s->scene);
                for (unsigned i = 0; i < s->n; i++)
                        if (world_can(&w, s->moves[i]))
                                world_do(&w, s->moves[i], &a);
                printf("  from here on the world is fair:\n");
                telling = true;
                live_well(&w);
        }
        return EXIT_FAILURE;
}

/* One life. The number of steps, or 0 when a law was broken. */
static unsigned long live(uint64_t seed) {
        static struct world w;
        static struct actions a;
        static struct story story;
        struct scene scene;
        unsigned unfair;
        const char *broken;

        dice.state = seed;
        draw_scene(&scene, seed);
        unfair = 2 + pick(UNFAIR_RARE);
        world_init(&w, &scene);
        story.scene = &scene;
        story.n = 0;
        n_fair_steps = 0;
        record = UINT64_C(0xcbf29ce484222325);
        telling = false;
        for (unsigned n = 50 + pick(LIFE_MOVES - 50); story.n < n;) {
                enum move m = any_move(&w, unfair);

                story.moves[story.n++] = m;
                do_move(&w, m, &a);
                if (w.laws.broken) {
                        tell_breach(&story, w.laws.broken, seed);
                        return 0;
                }
        }
        broken = live_well(&w);
        if (broken) {
                tell_breach(&story, broken, seed);
                return 0;
        }
        return story.n + n_fair_steps;
}

static double seconds(void) {
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"seed", required_argument, NULL, 's'},  {"steps", required_argument, NULL, 'n'},
                {"keep-going", no_argument, NULL, 'k'},  {"record", no_argument, NULL, 'r'},
                {"lives", required_argument, NULL, 'l'}, {},
        };
        unsigned long steps = 0, lives = 0, wanted = 1000000, lives_wanted = ULONG_MAX,
                      failures = 0, n_ended_well = 0, n_helped = 0;
        uint64_t seed = 1;
        double began = seconds();
        bool keep_going = false, recording = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 's')
                        seed = strtoull(optarg, NULL, 10);
                else if (c == 'n')
                        wanted = strtoul(optarg, NULL, 10);
                else if (c == 'k')
                        keep_going = true;
                else if (c == 'r')
                        recording = keep_going = true;
                else if (c == 'l')
                        lives_wanted = strtoul(optarg, NULL, 10);
                else
                        return 2;
        }
        if (lives_wanted != ULONG_MAX)
                wanted = ULONG_MAX;
        while (steps < wanted && lives < lives_wanted) {
                unsigned long n = live(seed++);

                if (recording)
                        printf("%llu %lu %016llx\n", (unsigned long long)seed - 1, n,
                               (unsigned long long)record);
                if (n == 0 && !keep_going)
                        return EXIT_FAILURE;
                failures += n == 0;
                steps += n;
                lives++;
                n_ended_well += n > 0 && ended_well;
                n_helped += n > 0 && ended_well && n_operated > 0;
        }
        if (recording)
                return failures ? EXIT_FAILURE : EXIT_SUCCESS;
        printf("%lu steps in %lu lives, %lu broken; %lu ended well, %lu of them with an operator's "
               "help; %.2f million steps per CPU second\n",
               steps, lives, failures, n_ended_well, n_helped,
               (double)steps / (seconds() - began) / 1e6);
        return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The abstraction of explore. A world is copied, reduced and hashed. What is merged:
 *
 * - Moments become ages. Those that the core compares with one limit only are cut there: beyond it
 *   nothing changes any more. Ages of ledger entries are the class that they are in, between the
 *   core's own limits (and 1 h, 20 h), and those of the laws, which are sharper; ages beyond 10 s
 *   count by 5 s, beyond a minute by the half minute. When such a limit will be crossed is known to
 * the core as a deadline, which counts exactly. Merged worlds are real ones all the same, so that
 * no breach is ever a false one; what is lost is a limit crossed within a wait for something else.
 * The control look of every 6 h counts by the hour that is left.
 * - Moments that are only compared with one other: which of the two is the later one.
 * - Boot ids: only whether they are this boot's matters.
 * - Addresses: only which are equal.
 * - Counters beyond the last one that makes a difference (looks, attempts, failed looks).
 * - Texts for people, what was told to them, moments for status, the generator of jitter (fixed in
 *   explore).
 *
 * A merge keeps one real world of its class and goes on from there. Nothing is made up.
 */
#include "canon.h"

#include <string.h>

#include "util/text.h"

#define NAMES_MAX        32
#define NEVER            UINT64_MAX
#define MINUTE           60
#define HALF_MINUTE      30
#define TEN_MIN          600
#define PATIENCE         121 /* explore's is 2 min */
#define ATTEMPTS_MAX     9   /* 2^9 s is above the widest cap, 5 min */
#define LOOKS_MAX        7
#define FAILED_MAX       3
#define REBOOT_APART_SEC (20 * 60) /* L3, from outside */

static unsigned at_most(unsigned value, unsigned most) {
        return value < most ? value : most;
}

/* Addresses by the order in which they are met. */
struct names {
        in_addr_t seen[NAMES_MAX];
        unsigned n;
};

static void rename_address(struct names *n, in_addr_t *a) {
        if (*a == 0 || *a == PRIVATE_IP)
                return;
        for (unsigned i = 0; i < n->n; i++)
                if (n->seen[i] == *a) {
                        *a = i + 1;
                        return;
                }
        if (n->n < NAMES_MAX)
                n->seen[n->n++] = *a;
        *a = n->n;
}

/* A moment of CLOCK_BOOTTIME, 0 for none, as an age of at most `most` seconds. */
static void age(uint64_t *moment, uint64_t now, uint64_t most) {
        uint64_t a;

        if (*moment == 0)
                return;
        a = (now - *moment) / USEC_PER_SEC;
        if (a > 10)
                a -= a % (a > MINUTE ? HALF_MINUTE : 5);
        *moment = 1 + (a < most ? a : most);
}

/* A moment to come, as what is left until then. */
static void left(uint64_t *moment, uint64_t now) {
        if (*moment != NEVER && *moment != 0)
                *moment = *moment > now ? *moment - now + 1 : 1;
}

static uint64_t age_class(int64_t a) {
        static const int64_t limits[] = {
                STORE_SEC + 1,   CALL_MAX_MS / 1000,   ORPHAN_SEC, REBOOT_APART_SEC,
                REBOOT_LATE_SEC, REBOOT_EXECUTION_SEC, 3600,       20 * 3600,
                DAY_SEC};
        uint64_t i = 0;

        while (i < sizeof(limits) / sizeof(limits[0]) && a >= limits[i])
                i++;
        return i;
}

static void this_or_another(char id[static BOOT_ID_SIZE], const char *boot_id) {
        bool same = strcmp(id, boot_id) == 0;

        if (*id)
                text_copy(id, BOOT_ID_SIZE, same ? "this" : "another");
}

static void reduce_ledger(struct ledger *l, struct names *n, int64_t now, uint64_t boot_now,
                          const char *boot_id) {
        uint64_t later = 0;

        for (unsigned i = 0; i < l->n_entries; i++) {
                struct ledger_entry *e = &l->entries[i];

                later += e->seq > l->confirmed_seq;
                e->seq = 0;
                e->time = (int64_t)age_class(now - e->time);
                e->first_time = *e->client_token ? (int64_t)age_class(now - e->first_time) : 0;
                e->boot_usec =
                        strcmp(e->boot_id, boot_id) == 0
                                ? age_class((int64_t)((boot_now - e->boot_usec) / USEC_PER_SEC))
                                : 0;
                this_or_another(e->boot_id, boot_id);
                this_or_another(e->shown_boot_id, boot_id);
                rename_address(n, &e->address);
        }
        for (unsigned i = 0; i < l->n_sends; i++)
                l->sends[i].time = (int64_t)age_class(now - l->sends[i].time);
        l->seq = l->confirmed_seq = 0;
        l->confirmed = l->confirmed ? 1 + (int64_t)later : 0; /* only which entries are younger */
        l->inspected = l->inspected ? 1 + (now - l->inspected) / 3600 : 0;
        l->inspected = l->inspected > 8 ? 8 : l->inspected;
        l->suspect = l->suspect ? 1 + (int64_t)age_class(now - l->suspect) : 0;
        rename_address(n, &l->address);
        this_or_another(l->first_boot_id, boot_id);
        if (l->wait.length_usec) {
                bool same = strcmp(l->wait.boot_id, boot_id) == 0;
                uint64_t passed = same ? boot_now - l->wait.started_boot_usec
                                       : (uint64_t)(now - l->wait.started) * USEC_PER_SEC;

                l->wait.length_usec =
                        passed < l->wait.length_usec ? l->wait.length_usec - passed : 0;
        }
        l->wait.started = 0;
        l->wait.started_boot_usec = 0;
        l->wait.attempt = at_most(l->wait.attempt, ATTEMPTS_MAX);
        this_or_another(l->wait.boot_id, boot_id);
}

static void reduce_engine(struct engine *e, struct names *n, const struct world *w) {
        struct engine_now t = world_now(w);
        uint64_t now = t.boot_usec;

        e->clock.server_time =
                e->clock.server_time ? 1 + engine_time(e, t) - world_cloud_sec(w) : 0;
        e->clock.read_at = 0;
        if (e->phase == PHASE_CONFIRMED && e->deadline == e->confirming.next_control)
                e->deadline = NEVER;
        left(&e->deadline, now);
        left(&e->confirming.next_look, now);
        left(&e->confirming.next_control, now);
        left(&e->reboot.blockers_until, now);
        if (e->phase != PHASE_WAITING)
                e->holdoff.until = 0; /* of a wait that is over */
        left(&e->holdoff.until, now);
        left(&e->given.user_data_until, now);
        e->confirming.reach_at =
                e->confirming.reach_at ? 1 + (now - e->confirming.reach_at > USEC_PER_MIN) : 0;
        e->confirming.next_control =
                (e->confirming.next_control + USEC_PER_HOUR - 1) / USEC_PER_HOUR;
        if (e->inflight.step != STEP_ASKING)
                e->inflight.asked = 0; /* of a question that was answered */
        age(&e->inflight.asked, now, TEN_MIN + 1);
        age(&e->reboot.blocked_since, now, PATIENCE);
        e->reboot.blocked_usec /= HALF_MINUTE * USEC_PER_SEC;
        if (e->reboot.due_since)
                e->reboot.due_since = 1 + (e->facts.metadata_at >= e->reboot.due_since);
        age(&e->facts.inspected, now, 301);
        age(&e->facts.metadata_at, now, 61);
        age(&e->retry.after_kernel, now, 31);
        age(&e->before.absent_first, now, 61);
        age(&e->facts.silent_since, now, TEN_MIN);
        if (e->holdoff.fault.class == FAULT_NONE)
                e->holdoff.since_boot = 0; /* of a fault that is over */
        if (e->holdoff.since_boot)         /* patience of a class: 2 min, 10 min */
                e->holdoff.since_boot = 1 + (now - e->holdoff.since_boot >= 2 * USEC_PER_MIN) +
                                        (now - e->holdoff.since_boot >= TEN_MIN * USEC_PER_SEC);
        age(&e->confirming.started, now, TEN_MIN);
        age(&e->confirming.since, now, TEN_MIN);
        rename_address(n, &e->confirming.address);
        e->holdoff.attempt = at_most(e->holdoff.attempt, ATTEMPTS_MAX);
        e->holdoff.refused_second = 0; /* only how wide a window is depends on it */
        e->confirming.looks = at_most(e->confirming.looks, LOOKS_MAX);
        e->holdoff.failed_looks = at_most(e->holdoff.failed_looks, FAILED_MAX);
        e->given.rng.state = 0;
        e->phase_entered = e->phase == PHASE_CONFIRMED && now - e->phase_entered >= USEC_PER_MIN;
        e->holdoff.since = e->phase_since = 0;
        memset(e->plane_since, 0, sizeof(e->plane_since));
        memset(e->holdoff.fault.message, 0, sizeof(e->holdoff.fault.message));
        memset(e->reported.faults, 0, sizeof(e->reported.faults));
        memset(&e->given.config, 0, offsetof(struct config, endpoint));
        e->given.config.reboot_policy = w->engine.given.config.reboot_policy;
        e->given.config.heal_policy = w->engine.given.config.heal_policy;
        rename_address(n, &e->expected);
        rename_address(n, &e->reported.reclaimed);
        rename_address(n, &e->reported.confirmed);
        rename_address(n, &e->reported.replaced);
        rename_address(n, &e->facts.metadata.address);
        rename_address(n, &e->facts.control.address);
        rename_address(n, &e->facts.kernel.address);
        rename_address(n, &e->watch.address);
        rename_address(n, &e->facts.instance.public_ip);
        rename_address(n, &e->facts.identity.public.address);
        reduce_ledger(&e->ledger, n, world_cloud_sec(w), now, w->engine.given.boot_id);
        this_or_another(e->given.boot_id, w->engine.given.boot_id);
}

/* L3: whether the last reboot may be asked for again, as far as an inspection tells. */
static void reduce_inspected_asked(struct laws *l) {
        const struct change_seen *last = NULL;

        for (unsigned i = 0; i < l->n_changes; i++)
                if (l->changes[i].op == WIRE_REBOOT)
                        last = &l->changes[i];
        l->inspected_asked =
                last && l->inspected_asked >= last->at + REBOOT_APART_SEC * USEC_PER_SEC;
}

static void reduce_laws(struct laws *l, struct names *n, const struct world *w) {
        uint64_t later = 0;

        reduce_inspected_asked(l);
        for (unsigned i = 0; i < l->n_changes; i++) {
                struct change_seen *c = &l->changes[i];

                later += c->at > l->confirmed;
                c->at = age_class((int64_t)((w->now - c->at) / USEC_PER_SEC));
                c->boot = c->boot == w->boot;
                c->shown_boot = c->shown_boot ? 1 + (c->shown_boot == w->boot) : 0;
                c->shown_heard = c->shown_heard ? 1 + (c->shown_heard == w->boot) : 0;
                c->token = c->token != 0;
                rename_address(n, &c->address);
                rename_address(n, &c->taken_for);
        }
        l->confirmed = l->confirmed ? 1 + later : 0;
        age(&l->inspected, w->now, 301);
        age(&l->metadata_at, w->now, 78);
        if (l->reach_at) /* fresh, too old for the core, too old for a reboot */
                l->reach_at = 1 + (w->now - l->reach_at > USEC_PER_MIN) +
                              (w->now - l->reach_at > 79 * USEC_PER_SEC);
        age(&l->absent_since, w->now, 61);
        l->started = w->awaits_user_data ? 1 + (w->now - l->started < 5 * USEC_PER_MIN) : 0;
        left(&l->hint_until, w->now);
        left(&l->hint_written, w->now);
        l->hint_boot = l->hint_until && l->hint_boot == w->boot;
        age(&l->blocked_since, w->now, PATIENCE);
        l->damaged =
                l->damaged ? 1 + age_class((int64_t)((w->now - l->damaged) / USEC_PER_SEC)) : 0;
        rename_address(n, &l->inspected_address);
        rename_address(n, &l->metadata_address);
        rename_address(n, &l->kernel_address);
        rename_address(n, &l->written_address);
        rename_address(n, &l->ledger_address);
        rename_address(n, &l->alerted);
        rename_address(n, &l->resumed);
        /* Known from the engine, or of use to life only: lines, patience, the silence of metadata.
         */
        l->deadline = l->class_met = l->class_since = l->silent_since = 0;
        memset(&l->told_lines, 0, sizeof(l->told_lines));
        memset(l->sends, 0, sizeof(l->sends));
        l->held_inspected = l->confirming_since = 0;
        l->confirming_address = 0;
}

static void reduce_flight(struct flight *f, const struct world *w) {
        enum wire_op op = f->question.op;

        memset(&f->question, 0, sizeof(f->question));
        f->question.op = op;
        if (f->asked)
                f->at = (w->now - f->at) / USEC_PER_SEC;
        left(&f->until, w->now);
}

/* Of a call that is executed late: which one it is, and how long it may still be. */
static void reduce_late(struct flight *f, const struct world *w) {
        const struct laws *l = &w->laws;
        unsigned i = 0;

        while (i < l->n_changes && l->changes[i].at != f->at)
                i++;
        reduce_flight(f, w);
        f->at = f->asked ? i : 0;
        f->until -= f->until % (HALF_MINUTE * USEC_PER_SEC);
}

static void reduce(struct world *w, const struct world *from) {
        struct names n = {.n = 0};

        rename_address(&n, &w->address);
        rename_address(&n, &w->shown);
        rename_address(&n, &w->metadata);
        rename_address(&n, &w->effective);
        rename_address(&n, &w->nic);
        reduce_laws(&w->laws, &n, from);
        if (w->running)
                reduce_engine(&w->engine, &n, from);
        else
                memset(&w->engine, 0, sizeof(w->engine));
        if (w->disk_state == LEDGER_READ || w->disk_state == LEDGER_UNREADABLE)
                reduce_ledger(&w->disk, &n, world_cloud_sec(from), from->now - from->booted,
                              from->engine.given.boot_id);
        else
                memset(&w->disk, 0, sizeof(w->disk));
        reduce_flight(&w->flight, from);
        reduce_late(&w->late, from);
        memset(&w->asks, 0, sizeof(w->asks));
        w->asks.op = from->ask_wanted ? from->asks.op : WIRE_NONE;
        age(&w->blockers_at, from->now, w->blockers_news ? 15 : 0);
        left(&w->eip_listed, from->now);
        left(&w->reboot_until, from->now);
        w->now = w->booted = 0;
        w->boot = w->given = w->n_moves = 0;
        if (!w->running) { /* the restart asks the same of every boot that is not the ledger's */
                w->engine.given.config.reboot_policy = from->engine.given.config.reboot_policy;
                w->engine.given.config.heal_policy = from->engine.given.config.heal_policy;
        }
}

static uint64_t mix(uint64_t h, const void *data, size_t len) {
        const uint64_t *p = data;

        for (size_t i = 0; i < len / sizeof(*p); i++) {
                h = (h ^ p[i]) * UINT64_C(0x9fb21c651e98df25);
                h ^= h >> 32;
        }
        return h;
}

/* Everything up to the entries, the entries that are used, and what comes after them. */
static uint64_t mix_ledger(uint64_t h, const struct ledger *l) {
        h = mix(h, l, offsetof(struct ledger, entries));
        h = mix(h, l->entries, l->n_entries * sizeof(l->entries[0]));
        return mix(h, l->sends, l->n_sends * sizeof(l->sends[0]));
}

uint64_t canon_hash(const struct world *from) {
        static struct world w;
        const char *all = (const char *)&w, *engine_ledger = (const char *)&w.engine.ledger;
        const char *disk = (const char *)&w.disk;
        uint64_t h = 1;

        w = *from;
        reduce(&w, from);
        h = mix(h, all, (size_t)(engine_ledger - all));
        h = mix_ledger(h, &w.engine.ledger);
        engine_ledger += sizeof(w.engine.ledger);
        h = mix(h, engine_ledger, (size_t)(disk - engine_ledger));
        h = mix_ledger(h, &w.disk);
        disk += sizeof(w.disk);
        return mix(h, disk, (size_t)(all + sizeof(w) - disk));
}

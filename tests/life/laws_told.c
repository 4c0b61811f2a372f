/* SPDX-License-Identifier: Apache-2.0 */
/* L7: the journal gets a line when something changes, never per tick. */
#include <string.h>

#include "laws.h"
#include "model.h"

/*
 * Lines that an agent to which nothing happens may still write: what it had begun goes through to
 * its end, an EIP and its reboot at the longest, and one for each limit that it then meets.
 */
#define QUIET_MAX      12
#define FAULTS_IN_TURN 3

static uint64_t hash(uint64_t h, const char *s) {
        for (; *s; s++)
                h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
        return h;
}

static struct told_line line_of(const struct notice *n) {
        return (struct told_line){
                .kind = n->kind,
                .op = n->op,
                .plane = n->plane,
                .address = n->address,
                .old_address = n->old_address,
                .stranger = strcmp(n->fault.code, FAULT_HEAL_REPLACED) == 0 ? n->address : 0,
                .words = hash(hash(UINT64_C(0xcbf29ce484222325), n->fault.code), n->text),
        };
}

/* Of a fault counts which it is; the address that is expected meanwhile is no news of it. */
static bool is_fault(enum notice_kind k) {
        return k == NOTICE_WAITING || k == NOTICE_FAILED || k == NOTICE_PLANE_UNKNOWN;
}

static bool is_same(const struct told_line *a, const struct told_line *b) {
        if (a->kind != b->kind || a->words != b->words || a->stranger != b->stranger)
                return false;
        if (is_fault(a->kind))
                return a->kind != NOTICE_PLANE_UNKNOWN || a->plane == b->plane;
        return a->op == b->op && a->plane == b->plane && a->address == b->address &&
               a->old_address == b->old_address;
}

/* Said once, and then only after what it says has ended: faults in turn are no news either. */
static bool lasts(enum notice_kind k) {
        return is_fault(k) || k == NOTICE_ASKING || k == NOTICE_REBOOT_WAITS ||
               k == NOTICE_IDENTIFIED || k == NOTICE_CLOCK || k == NOTICE_HOLD_FOREIGN ||
               k == NOTICE_LEDGER_FOREIGN || k == NOTICE_LEDGER_DAMAGED;
}

/* Success ends what was the matter; that an address has gone or come, too. */
static bool is_end(enum notice_kind k) {
        return k == NOTICE_CONFIRMED || k == NOTICE_CHANGED || k == NOTICE_REBOOTING ||
               k == NOTICE_RECLAIMED || k == NOTICE_REPLACED || k == NOTICE_ADOPTED;
}

static bool is_for_good(enum notice_kind k) {
        return k == NOTICE_CLOCK || k == NOTICE_LEDGER_FOREIGN || k == NOTICE_LEDGER_DAMAGED;
}

/* Forgets lines that may be said again; _NOTICE_MAX: all but what a process says once. */
static void forget(struct told *t, enum notice_kind kind) {
        unsigned n = 0;

        for (unsigned i = 0; i < t->n_lines; i++)
                if (kind == _NOTICE_MAX ? is_for_good(t->lines[i].kind) : t->lines[i].kind != kind)
                        t->lines[n++] = t->lines[i];
        t->n_lines = n;
}

/* What the agent hears may end what it said. */
static void hear(struct world *w, const struct event *e) {
        struct told *t = &w->laws.told_lines;

        if (e->type == EVENT_RESUME || e->type == EVENT_RELOAD || e->type == EVENT_HOLD)
                forget(t, _NOTICE_MAX);
        if (e->type == EVENT_BLOCKERS)
                forget(t, NOTICE_REBOOT_WAITS);
        if ((w->laws.inspected == w->now || w->laws.metadata_at == w->now) &&
            e->type == EVENT_ANSWER)
                forget(t, NOTICE_PLANE_UNKNOWN);
}

/* The line about user-data has a text of its own, and is one of the faults that are waited for. */
static enum notice_kind list_of(enum notice_kind k) {
        return k == NOTICE_USER_DATA ? NOTICE_WAITING : k;
}

/*
 * More than three faults in turn, and the first may come as news again: to remember all that there
 * are is not worth the memory.
 */
static bool was_said(const struct told *t, const struct told_line *line) {
        unsigned n = 0;

        for (unsigned i = t->n_lines; i-- > 0;) {
                n += list_of(t->lines[i].kind) == list_of(line->kind);
                if (is_fault(line->kind) && n > FAULTS_IN_TURN)
                        return false;
                if (is_same(&t->lines[i], line))
                        return true;
                if (line->kind == NOTICE_ASKING && t->lines[i].kind == NOTICE_ASKING)
                        return false; /* for another call meanwhile */
                if (line->stranger && t->lines[i].stranger)
                        return false; /* each in turn asks for a word of its own (4.4) */
        }
        return false;
}

static void tell(struct world *w, const struct notice *n) {
        struct told *t = &w->laws.told_lines;
        struct told_line line = line_of(n);
        const struct told_line *last = t->n_lines ? &t->lines[t->n_lines - 1] : NULL;

        if (last && is_same(last, &line) && !t->disturbed)
                laws_break(w, "L7: the same line twice, and nothing has happened between");
        if (lasts(n->kind) && was_said(t, &line))
                laws_break(w, "L7: a line again although what it says has not ended");
        if (is_fault(n->kind) && !n->fault.code[0])
                laws_break(w, "L7: a line about a fault does not say which");
        if (++t->n_quiet > QUIET_MAX)
                laws_break(w, "L7: lines and lines although nothing happens to the agent");
        if (is_end(n->kind))
                forget(t, _NOTICE_MAX);
        if (t->n_lines == LINES_KEPT)
                memmove(t->lines, t->lines + 1, --t->n_lines * sizeof(t->lines[0]));
        t->lines[t->n_lines++] = line;
        t->disturbed = false;
}

void laws_told(struct world *w, const struct event *e, const struct actions *a) {
        hear(w, e);
        if (a->n_notices == NOTICES_MAX)
                laws_break(w, "engine.h: more notices than NOTICES_MAX can hold");
        for (unsigned i = 0; i < a->n_notices; i++)
                tell(w, &a->notices[i]);
}

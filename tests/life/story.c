/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

#include <stdio.h>
#include <string.h>

const char *story_play(const struct story *s, finish_fn finish) {
        static struct world w;
        static struct actions a;

        world_init(&w, s->scene);
        for (unsigned i = 0; i < s->n; i++) {
                if (!world_can(&w, s->moves[i]))
                        continue;
                world_do(&w, s->moves[i], &a);
                if (w.laws.broken)
                        return w.laws.broken;
        }
        return finish ? finish(&w) : NULL;
}

static bool breaks_the_same(const struct story *s, const char *broken, finish_fn finish) {
        const char *now = story_play(s, finish);

        return now && strcmp(now, broken) == 0;
}

/* Moves that are not possible any more are passed over, so that any part may be left out. */
void story_shrink(struct story *s, const char *broken, finish_fn finish) {
        static struct story shorter;
        bool again = true;

        for (unsigned part = s->n / 2; part > 0 || again; part = part > 1 ? part / 2 : 1) {
                again = false;
                for (unsigned i = 0; i < s->n;) {
                        unsigned n = s->n - i < part ? s->n - i : part;

                        shorter = *s;
                        memmove(shorter.moves + i, shorter.moves + i + n,
                                (s->n - i - n) * sizeof(s->moves[0]));
                        shorter.n -= n;
                        if (breaks_the_same(&shorter, broken, finish)) {
                                *s = shorter;
                                again = true;
                        } else {
                                i += n;
                        }
                }
                if (part == 1 && !again)
                        return;
        }
}

void story_tell_move(const struct world *w, enum move m, const struct actions *a) {
        const struct engine *e = &w->engine;
        unsigned long long s = w->now / USEC_PER_SEC;

        printf("  %3llu:%02llu:%02llu  %-45s", s / 3600, s / 60 % 60, s % 60, move_text(m));
        if (!w->running) {
                printf(" (down)\n");
                return;
        }
        printf(" %s", status_phase_name(e->phase));
        if (e->holdoff.fault.class != FAULT_NONE)
                printf(" %s", e->holdoff.fault.code);
        if (e->inflight.step == STEP_IDLE && e->deadline != ENGINE_NEVER)
                printf(" (%lld s)",
                       ((long long)e->deadline - (long long)(w->now - w->booted)) / 1000000);
        if (a->wants & ACTION_STORE)
                printf(", store");
        if (a->wants & ACTION_ASK)
                printf(", ask %s", wire_op_name(a->question.op));
        printf("\n");
}

void story_tell(const struct story *s) {
        static struct world w;
        static struct actions a;

        world_init(&w, s->scene);
        printf("  scene: %s\n", s->scene->name);
        for (unsigned i = 0; i < s->n && !w.laws.broken; i++) {
                if (!world_can(&w, s->moves[i]))
                        continue;
                world_do(&w, s->moves[i], &a);
                story_tell_move(&w, s->moves[i], &a);
        }
        printf("  => %s\n", w.laws.broken ? w.laws.broken : "no law broken");
}

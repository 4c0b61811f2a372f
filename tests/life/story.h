/* SPDX-License-Identifier: Apache-2.0 */
/* A list of moves from a beginning: played again, cut short, told to a person. */
#pragma once

#include "model.h"

#define STORY_MAX 4096

struct story {
        const struct scene *scene;
        unsigned n;
        enum move moves[STORY_MAX];
};

/* How a played story ended: what was broken, or NULL. `finish` is played after the moves. */
typedef const char *(*finish_fn)(struct world *w);
const char *story_play(const struct story *s, finish_fn finish);

/* Leaves out moves while the same law is broken. */
void story_shrink(struct story *s, const char *broken, finish_fn finish);

/* One line a move: when, what, and what the agent then wants. */
void story_tell(const struct story *s);
void story_tell_move(const struct world *w, enum move m, const struct actions *a);

/* SPDX-License-Identifier: Apache-2.0 */
/* How far a mistyped word is from a known one. */
#include "near.h"

#include <string.h>

#define WORD_MAX   32 /* longer than any command, option or member of the status */
#define PREFIX_MIN 3

static unsigned least(unsigned a, unsigned b) {
        return a < b ? a : b;
}

unsigned near_distance(const char *typed, const char *known) {
        size_t n = strlen(typed), m = strlen(known);
        unsigned d[WORD_MAX + 1][WORD_MAX + 1] = {};

        if (n > WORD_MAX || m > WORD_MAX)
                return NEAR_MAX + 1;
        if (n >= PREFIX_MIN && n < m && strncmp(typed, known, n) == 0)
                return 1;
        for (unsigned i = 0; i <= n; i++)
                d[i][0] = i;
        for (unsigned j = 0; j <= m; j++)
                d[0][j] = j;
        for (unsigned i = 1; i <= n; i++)
                for (unsigned j = 1; j <= m; j++) {
                        unsigned other = typed[i - 1] != known[j - 1];

                        d[i][j] = least(d[i - 1][j] + 1,
                                        least(d[i][j - 1] + 1, d[i - 1][j - 1] + other));
                        if (i > 1 && j > 1 && typed[i - 1] == known[j - 2] &&
                            typed[i - 2] == known[j - 1])
                                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
                }
        return d[n][m];
}

const char *near_name(const char *typed, const char *(*name_of)(size_t i, void *userdata),
                      void *userdata) {
        const char *best = NULL, *name;
        unsigned best_distance = NEAR_MAX + 1;

        for (size_t i = 0; (name = name_of(i, userdata)); i++) {
                unsigned distance = near_distance(typed, name);

                if (distance < best_distance) {
                        best = name;
                        best_distance = distance;
                }
        }
        return best;
}

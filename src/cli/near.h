/* SPDX-License-Identifier: Apache-2.0 */
/* How far a mistyped word is from a known one. */
#pragma once

#include <stddef.h>

#define NEAR_MAX 2 /* further away, and nobody meant it */

/*
 * Edits from `typed` to `known`: a letter added, missing, other, or two neighbours swapped
 * (optimal string alignment). A beginning of `known` of three letters or more counts as 1. More
 * than NEAR_MAX when they have nothing to do with each other.
 */
unsigned near_distance(const char *typed, const char *known);

/* The nearest of the names that `name_of` gives for 0, 1, … until NULL; NULL: none is near. */
const char *near_name(const char *typed, const char *(*name_of)(size_t i, void *userdata),
                      void *userdata);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When two worlds are the same to the core. Everything counts unless it is listed in canon.c:
 * times count as ages, up to where the core stops telling them apart; boots as "this" or "another";
 * addresses by the order in which they appear; what only a person reads does not count.
 */
#pragma once

#include "model.h"

uint64_t canon_hash(const struct world *w);

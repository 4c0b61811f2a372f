/* SPDX-License-Identifier: Apache-2.0 */
/* How an address is to be had: static, by an EIP, by bandwidth (design 4.3 and 4.4). */
#pragma once

#include "turn.h"

/* There is none, and one may be asked for: the call that brings it, or what is in its way. */
struct move allocate_address(struct turn *t);

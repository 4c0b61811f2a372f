/* SPDX-License-Identifier: Apache-2.0 */
/* Which Elastic IP is wanted (design 4.4). */
#pragma once

#include "turn.h"

/* True where an EIP is to be the address, not a static one. */
bool eip_is_wanted(const struct engine *e);

/* The EIP of ours that the ledger knows; "" : none, or a person has said that another will do. */
const char *eip_of_ledger(const struct engine *e);

/* The id that eip-find is to look for; "" : any free one with the tag. */
const char *eip_wanted_id(const struct engine *e);

/* The one that was looked for is no more. True: there is another to look for. */
bool eip_skip_gone(struct turn *t);

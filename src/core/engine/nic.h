/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the address that counts is on a NIC of this machine, and what the kernel is asked for. */
#pragma once

#include "turn.h"

/* Control's word, which the ledger keeps; metadata's until control was heard. */
enum network nic_network(const struct engine *e);

/* The address that counts is a cut-through EIP: on a NIC of its own, and in no metadata. */
bool nic_is_cut_through(const struct engine *e);

/* The address that counts, or any, is on a NIC of this machine: classic, cut-through. */
bool nic_has_address(const struct engine *e);

/* Tells netlink what to look for, where the address that counts has made that another. */
void nic_watch(struct turn *t);

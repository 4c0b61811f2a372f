/* SPDX-License-Identifier: Apache-2.0 */
/* One dump over a socket of its own, message by message: nothing is kept, however many there are.
 */
#pragma once

#include <linux/netlink.h>

typedef void (*dump_fn)(struct nlmsghdr *h, void *userdata);

/*
 * Each returns 0, -EAGAIN if the kernel says that the dump is torn (NLM_F_DUMP_INTR: what was
 * called back then may miss or double things), or another negative errno.
 */
int dump_addresses(dump_fn each, void *userdata);
int dump_links(dump_fn each, void *userdata);
int dump_routes(dump_fn each,
                void *userdata); /* main table, unicast, where the kernel can choose */

/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest RAM policy for a configuration (RAM: the cloud's access control). Pure. */
#pragma once

#include <ecs-pubip/config.h>

#include "util/buf.h"

/* What a resource name is made of; "" where it is not known: '*' stands in its place. */
struct ram_place {
        char region_id[REGION_ID_SIZE];
        char account_id[ACCOUNT_ID_SIZE];
        char instance_id[INSTANCE_ID_SIZE];
        bool by_tag;  /* for every instance with the tag, not for one */
        bool has_eip; /* the address of now is an EIP, however it came here */
};

#define RAM_TAG "ecs-pubip" /* = yes */

/* A policy document, Version "1"; 0 or -ENOMEM. */
int ram_policy(struct buf *out, const struct config *c, const struct ram_place *place);

/* The same, statement by statement, with the reason of each action. */
void ram_explain(struct buf *out, const struct config *c, const struct ram_place *place);

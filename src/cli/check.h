/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of `doctor`, in two tables, and what they share. */
#pragma once

#include <ecs-pubip/config.h>
#include <ecs-pubip/wire.h>

#include "asker.h"
#include "finding.h"
#include "snapshot.h"

/* What the checks know and learn; each check may rest on what those before it learnt. */
struct doctor {
        struct config config;
        int config_errors;
        struct finding config_finding; /* the first thing that is wrong in the files */
        struct snapshot snapshot;
        struct asker asker;
        bool identified;
        struct identity identity;
        bool inspect_asked;
        bool inspected;
        struct wire_answer inspection;
};

struct check {
        const char *name;
        void (*run)(struct doctor *d, struct finding *f);
};

const struct check *check_local_table(size_t *ret_n); /* needs nobody else */
const struct check *check_cloud_table(size_t *ret_n); /* asks through the socket */

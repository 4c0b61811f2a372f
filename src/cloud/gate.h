/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last gate (law L1): a changing call is connected, has TLS and is signed; it leaves only at
 * the agent's word, which is fresh. Whatever else comes, or does not, is no such word.
 */
#pragma once

#include <stdint.h>

#include "cloud/link.h"

struct gate {
        struct link *link;
        unsigned number; /* of the last `ready` for the question at hand */
};

/*
 * Says `ready` and waits for `go`, until then at the most. NULL, and by when the first byte must
 * have left; else a code of ours with its sentence, and nothing may leave.
 */
const char *gate_pass(struct gate *g, uint64_t until, uint64_t *ret_leaves_until,
                      const char **ret_detail);

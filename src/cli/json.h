/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that goes to a person's screen as well as to programs. */
#pragma once

#include <cjson/cJSON.h>

#include "util/buf.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cJSON *, cJSON_Delete)
#define _cleanup_json_ _cleanup_(cJSON_Delete_p)

/* With its final newline; 0 or -ENOMEM. */
int json_add(struct buf *out, const cJSON *json, bool one_line);

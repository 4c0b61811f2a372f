/* SPDX-License-Identifier: Apache-2.0 */
/* What a result of curl means to us. */
#pragma once

#include <stdbool.h>

/* A code of fault.h for a CURLcode; `sent`: some byte of the request had left this machine. */
const char *result_code(int result, bool sent);

/* TLS did not come to be, so that nothing of a request can have left. */
bool result_is_tls(int result);

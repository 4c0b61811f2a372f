/* SPDX-License-Identifier: Apache-2.0 */
/* What a result of curl means to us: a code, and a sentence of our own (law L5: curl's texts repeat
 * what they were given). */
#pragma once

#include <stdbool.h>

/* A code of fault.h for a CURLcode; `sent`: the request itself had left this machine. */
const char *result_code(int result, bool sent);

/* TLS did not come to be, so that nothing of a request can have left. */
bool result_is_tls(int result);

/* What happened, without a full stop; NULL for a result that has no sentence. */
const char *result_text(int result, bool sent);
/* Of a connection that did not come to be, by its errno; NULL for one that has no sentence. */
const char *result_errno_text(int error);
/* Of a certificate that was refused, by OpenSSL's X509_V_ERR_…; NULL likewise. */
const char *result_verify_text(long verify_result);

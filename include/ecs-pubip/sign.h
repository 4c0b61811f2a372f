/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request signatures. Time and nonce are arguments: nothing here looks at a clock.
 * Sources: "Request signatures" (RPC 1.0) and "V3 request structure and signature".
 */
#pragma once

#include <ecs-pubip/identity.h>

#define SIGN_HEX_SIZE    65 /* 64 hex digits and NUL */
#define SIGN_BASE64_SIZE 29 /* of 20 bytes, and NUL */

struct sign_pair {
        const char *name;
        const char *value; /* raw, not encoded */
};

/* RFC 3986: all but A-Z a-z 0-9 - _ . ~ as %XX, upper case. malloc'ed; NULL without memory. */
char *sign_encode(const char *raw);

/* `name=value` encoded, sorted by encoded name in byte order, joined by '&'. malloc'ed. */
char *sign_canonical_query(const struct sign_pair *params, size_t n);

/* RPC 1.0: string to sign (malloc'ed), then base64(HMAC-SHA1(secret + "&", it)). */
char *sign_rpc_string(const char *method, const struct sign_pair *params, size_t n);
int sign_rpc(const char *string_to_sign, const char *secret, char ret[static SIGN_BASE64_SIZE]);

/*
 * ACS3-HMAC-SHA256. `headers` are those to be signed, lower-case names; they are sorted, trimmed
 * and repeated names joined here. *ret_signed gets "host;x-acs-action;…". Both malloc'ed.
 */
int sign_v3_canonical(const char *method, const char *path, const struct sign_pair *params,
                      size_t n_params, const struct sign_pair *headers, size_t n_headers,
                      const char *payload_sha256, char **ret_canonical, char **ret_signed);
int sign_v3(const char *canonical, const char *secret, char ret[static SIGN_HEX_SIZE]);
int sign_sha256_hex(const void *data, size_t len, char ret[static SIGN_HEX_SIZE]);

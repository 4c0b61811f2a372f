/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "util/cleanup.h"
#include "util/secret.h"
#include "util/time.h"

#define URL_MAX    (32u * 1024)
#define HEADER_MAX (16u * 1024)

static const char *const versions[] = {
        [PRODUCT_ECS] = "2014-05-26",
        [PRODUCT_VPC] = "2016-04-28",
};

void request_done(struct request *r) {
        erase_and_free(r->url);
        erase_and_free(r->authorization);
        *r = (struct request){};
}

static int make_nonce(char ret[static 33]) {
        static const char hex[] = "0123456789abcdef";
        unsigned char bytes[16];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return -EIO;
        for (size_t i = 0; i < sizeof(bytes); i++) {
                ret[2 * i] = hex[bytes[i] >> 4];
                ret[2 * i + 1] = hex[bytes[i] & 15];
        }
        ret[32] = '\0';
        return 0;
}

static char *make_url(const struct endpoint *e, const struct sign_pair *params, size_t n) {
        _cleanup_erase_ char *query = sign_canonical_query(params, n);
        _cleanup_buf_ struct buf url = BUF_SECRET(URL_MAX);

        if (!query)
                return NULL;
        buf_puts(&url, "https://");
        buf_puts(&url, e->host);
        buf_puts(&url, "/?");
        buf_puts(&url, query);
        return url.error ? NULL : TAKE_PTR(url.data);
}

static void add(struct sign_pair *pairs, size_t *n, const char *name, const char *value) {
        pairs[(*n)++] = (struct sign_pair){name, value};
}

/* Headers that are not signed: no body, so no content-type; JSON is the wished answer. */
static void add_unsigned(struct request *r) {
        add(r->headers, &r->n_headers, "accept", "application/json");
        add(r->headers, &r->n_headers, "content-type", "");
}

/* ACS3-HMAC-SHA256: parameters in the query, the rest in headers. */
static int make_v3(struct request *r, const struct endpoint *e, const char *action,
                   const struct sign_pair *params, size_t n_params, const struct credentials *c) {
        _cleanup_erase_ char *canonical = NULL;
        _cleanup_free_ char *names = NULL;
        _cleanup_buf_ struct buf authorization = BUF(HEADER_MAX);
        char signature[SIGN_HEX_SIZE];
        int k;

        r->url = make_url(e, params, n_params);
        if (!r->url || sign_sha256_hex("", 0, r->content_sha256) < 0)
                return -ENOMEM;
        add(r->headers, &r->n_headers, "host", e->host);
        add(r->headers, &r->n_headers, "x-acs-action", action);
        add(r->headers, &r->n_headers, "x-acs-version", versions[e->product]);
        add(r->headers, &r->n_headers, "x-acs-date", r->date);
        add(r->headers, &r->n_headers, "x-acs-signature-nonce", r->nonce);
        add(r->headers, &r->n_headers, "x-acs-content-sha256", r->content_sha256);
        if (c->security_token[0])
                add(r->headers, &r->n_headers, "x-acs-security-token", c->security_token);
        k = sign_v3_canonical("POST", "/", params, n_params, r->headers, r->n_headers,
                              r->content_sha256, &canonical, &names);
        if (k < 0)
                return k;
        k = sign_v3(canonical, c->access_key_secret, signature);
        if (k < 0)
                return k;
        buf_printf(&authorization, "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s",
                   c->access_key_id, names, signature);
        if (authorization.error)
                return authorization.error;
        r->authorization = TAKE_PTR(authorization.data);
        add(r->headers, &r->n_headers, "authorization", r->authorization);
        return 0;
}

/* RPC signature 1.0: everything in the query. */
static int make_v1(struct request *r, const struct endpoint *e, const char *action,
                   const struct sign_pair *params, size_t n_params, const struct credentials *c) {
        struct sign_pair all[REQUEST_PARAMS_MAX + 10];
        _cleanup_erase_ char *string = NULL;
        char signature[SIGN_BASE64_SIZE];
        size_t n = 0;
        int k;

        for (; n < n_params; n++)
                all[n] = params[n];
        add(all, &n, "Action", action);
        add(all, &n, "Version", versions[e->product]);
        add(all, &n, "Format", "JSON");
        add(all, &n, "AccessKeyId", c->access_key_id);
        add(all, &n, "SignatureMethod", "HMAC-SHA1");
        add(all, &n, "SignatureVersion", "1.0");
        add(all, &n, "SignatureNonce", r->nonce);
        add(all, &n, "Timestamp", r->date);
        if (c->security_token[0])
                add(all, &n, "SecurityToken", c->security_token);
        string = sign_rpc_string("POST", all, n);
        if (!string)
                return -ENOMEM;
        k = sign_rpc(string, c->access_key_secret, signature);
        if (k < 0)
                return k;
        add(all, &n, "Signature", signature);
        r->url = make_url(e, all, n);
        return r->url ? 0 : -ENOMEM;
}

int request_make(struct request *ret, enum signature signature, const struct endpoint *endpoint,
                 const char *action, const struct sign_pair *params, size_t n_params,
                 const struct credentials *credentials, int64_t now) {
        int r;

        *ret = (struct request){};
        if (n_params > REQUEST_PARAMS_MAX)
                return -E2BIG;
        r = make_nonce(ret->nonce);
        if (r < 0)
                return r;
        time_format(now, ret->date);
        if (signature == SIGNATURE_V1)
                r = make_v1(ret, endpoint, action, params, n_params, credentials);
        else
                r = make_v3(ret, endpoint, action, params, n_params, credentials);
        add_unsigned(ret);
        return r;
}

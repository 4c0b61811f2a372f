/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/sign.h>

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/secret.h"

#define CANONICAL_MAX (64u * 1024) /* a request of ours is below 8 KiB, its token included */
#define V3_ALGORITHM  "ACS3-HMAC-SHA256"

/* A name and value, both as they appear in the canonical form. */
struct pair {
        char *name, *value;
};

struct pairs {
        struct pair *list;
        size_t n;
};

/* Canonical forms carry the security token: wiped. */
static void pairs_done(struct pairs *p) {
        for (size_t i = 0; i < p->n; i++) {
                erase_and_free(p->list[i].name);
                erase_and_free(p->list[i].value);
        }
        free(p->list);
        *p = (struct pairs){};
}

static int pair_compare(const void *a, const void *b) {
        const struct pair *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r ? r : strcmp(x->value, y->value);
}

/* A raw text into its canonical form; malloc'ed. */
typedef char *(*canonical_fn)(const char *raw);

static int pairs_make(struct pairs *ret, const struct sign_pair *raw, size_t n, canonical_fn name,
                      canonical_fn value) {
        ret->list = calloc(n ? n : 1, sizeof(ret->list[0]));
        if (!ret->list)
                return -ENOMEM;
        for (ret->n = 0; ret->n < n;) {
                struct pair *p = &ret->list[ret->n];

                p->name = name(raw[ret->n].name);
                p->value = value(raw[ret->n].value);
                ret->n++;
                if (!p->name || !p->value)
                        return -ENOMEM;
        }
        qsort(ret->list, n, sizeof(ret->list[0]), pair_compare);
        return 0;
}

static char *text_of(struct buf *b) {
        return b->error ? NULL : TAKE_PTR(b->data);
}

static void add_encoded(struct buf *b, const char *raw) {
        static const char hex[] = "0123456789ABCDEF";
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_.~";

        for (; *raw; raw++) {
                unsigned char c = (unsigned char)*raw;
                char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

                if (strchr(plain, *raw))
                        buf_add(b, raw, 1);
                else
                        buf_add(b, escaped, sizeof(escaped));
        }
}

char *sign_encode(const char *raw) {
        _cleanup_buf_ struct buf b = BUF_SECRET(CANONICAL_MAX);

        buf_add(&b, "", 0);
        add_encoded(&b, raw);
        return text_of(&b);
}

char *sign_canonical_query(const struct sign_pair *params, size_t n) {
        _cleanup_(pairs_done) struct pairs pairs = {};
        _cleanup_buf_ struct buf b = BUF_SECRET(CANONICAL_MAX);

        if (pairs_make(&pairs, params, n, sign_encode, sign_encode) < 0)
                return NULL;
        buf_add(&b, "", 0);
        for (size_t i = 0; i < n; i++) {
                buf_puts(&b, i > 0 ? "&" : "");
                buf_puts(&b, pairs.list[i].name);
                buf_puts(&b, "=");
                buf_puts(&b, pairs.list[i].value);
        }
        return text_of(&b);
}

char *sign_rpc_string(const char *method, const struct sign_pair *params, size_t n) {
        _cleanup_erase_ char *query = sign_canonical_query(params, n);
        _cleanup_buf_ struct buf b = BUF_SECRET(CANONICAL_MAX);

        if (!query)
                return NULL;
        buf_puts(&b, method);
        buf_puts(&b, "&%2F&");
        add_encoded(&b, query);
        return text_of(&b);
}

static int hmac(const EVP_MD *md, const void *key, size_t key_len, const char *text,
                unsigned char ret[static EVP_MAX_MD_SIZE], unsigned *ret_len) {
        if (!HMAC(md, key, (int)key_len, (const unsigned char *)text, strlen(text), ret, ret_len))
                return -ENOMEM;
        return 0;
}

int sign_rpc(const char *string_to_sign, const char *secret, char ret[static SIGN_BASE64_SIZE]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        char key[ACCESS_SECRET_SIZE]; /* the secret without its NUL, and an '&' */
        size_t n = strlen(secret);
        unsigned len;
        int r;

        if (n + 1 > sizeof(key))
                return -E2BIG;
        memcpy(key, secret, n);
        key[n] = '&';
        r = hmac(EVP_sha1(), key, n + 1, string_to_sign, digest, &len);
        explicit_bzero(key, sizeof(key));
        if (r < 0)
                return r;
        EVP_EncodeBlock((unsigned char *)ret, digest, (int)len);
        return 0;
}

static char *header_name(const char *raw) {
        return strdup(raw);
}

/* Trimmed at both ends. */
static char *header_value(const char *raw) {
        size_t n;

        raw += strspn(raw, " \t");
        n = strlen(raw);
        while (n > 0 && (raw[n - 1] == ' ' || raw[n - 1] == '\t'))
                n--;
        return strndup(raw, n);
}

/* "name:value,value\n" each, and the names joined with ';'. */
static void add_headers(struct buf *canonical, struct buf *names, const struct pairs *headers) {
        for (size_t i = 0; i < headers->n; i++) {
                const struct pair *h = &headers->list[i];

                if (i > 0 && strcmp(h->name, h[-1].name) == 0) {
                        buf_puts(canonical, ",");
                        buf_puts(canonical, h->value);
                        continue;
                }
                buf_puts(canonical, i > 0 ? "\n" : "");
                buf_puts(canonical, h->name);
                buf_puts(canonical, ":");
                buf_puts(canonical, h->value);
                buf_puts(names, i > 0 ? ";" : "");
                buf_puts(names, h->name);
        }
        buf_puts(canonical, headers->n > 0 ? "\n" : "");
}

int sign_v3_canonical(const char *method, const char *path, const struct sign_pair *params,
                      size_t n_params, const struct sign_pair *headers, size_t n_headers,
                      const char *payload_sha256, char **ret_canonical, char **ret_signed) {
        _cleanup_erase_ char *query = sign_canonical_query(params, n_params);
        _cleanup_(pairs_done) struct pairs pairs = {};
        _cleanup_buf_ struct buf b = BUF_SECRET(CANONICAL_MAX);
        _cleanup_buf_ struct buf names = BUF(CANONICAL_MAX);

        if (!query || pairs_make(&pairs, headers, n_headers, header_name, header_value) < 0)
                return -ENOMEM;
        buf_puts(&b, method);
        buf_puts(&b, "\n");
        buf_puts(&b, path);
        buf_puts(&b, "\n");
        buf_puts(&b, query);
        buf_puts(&b, "\n");
        buf_puts(&names, "");
        add_headers(&b, &names, &pairs);
        buf_puts(&b, "\n");
        buf_puts(&b, buf_text(&names));
        buf_puts(&b, "\n");
        buf_puts(&b, payload_sha256);
        if (b.error || names.error)
                return b.error ? b.error : names.error;
        *ret_canonical = TAKE_PTR(b.data);
        *ret_signed = TAKE_PTR(names.data);
        return 0;
}

static void to_hex(const unsigned char *bytes, size_t n, char *ret) {
        static const char hex[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = hex[bytes[i] >> 4];
                ret[2 * i + 1] = hex[bytes[i] & 15];
        }
        ret[2 * n] = '\0';
}

int sign_sha256_hex(const void *data, size_t len, char ret[static SIGN_HEX_SIZE]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned n;

        if (EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        to_hex(digest, n, ret);
        return 0;
}

int sign_v3(const char *canonical, const char *secret, char ret[static SIGN_HEX_SIZE]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        char string[sizeof(V3_ALGORITHM "\n") + SIGN_HEX_SIZE] = V3_ALGORITHM "\n";
        unsigned n;
        int r;

        r = sign_sha256_hex(canonical, strlen(canonical), string + strlen(string));
        if (r < 0)
                return r;
        r = hmac(EVP_sha256(), secret, strlen(secret), string, digest, &n);
        if (r < 0)
                return r;
        to_hex(digest, n, ret);
        return 0;
}

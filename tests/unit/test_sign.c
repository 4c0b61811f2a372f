/* SPDX-License-Identifier: Apache-2.0 */
/* Both signature formats against every published vector. */
#include "unit.h"

#include <ecs-pubip/sign.h>

#include "sign_vectors.h"

#define SHUFFLED_MAX 16

/* The same pairs from last to first: the order given must not matter. */
static const struct sign_pair *backwards(const struct sign_pair *pairs, size_t n) {
        static struct sign_pair shuffled[SHUFFLED_MAX];

        assert_true(n <= SHUFFLED_MAX);
        for (size_t i = 0; i < n; i++)
                shuffled[i] = pairs[n - 1 - i];
        return shuffled;
}

static void check_rpc(const char *name, const char *method, const struct sign_pair *params,
                      size_t n, const char *secret, const char *want) {
        char signature[SIGN_BASE64_SIZE];
        char *string;

        if (!want)
                return;
        string = sign_rpc_string(method, params, n);
        assert_non_null(string);
        assert_int_equal(sign_rpc(string, secret, signature), 0);
        if (strcmp(signature, want) != 0)
                fail_msg("%s %s: %s", name, method, signature);
        free(string);
}

static void test_rpc(void **state) {
        (void)state;
        for (size_t i = 0; i < N(rpc_vectors); i++) {
                const struct sign_pair *params = rpc_vectors[i].params;
                size_t n = rpc_vectors[i].n;
                const char *method = rpc_vectors[i].empty ? "" : "GET";
                char *string = sign_rpc_string(method, params, n);

                assert_string_equal(string, rpc_vectors[i].string);
                free(string);
                string = sign_rpc_string(method, backwards(params, n), n);
                assert_string_equal(string, rpc_vectors[i].string);
                free(string);
                check_rpc(rpc_vectors[i].name, "GET", params, n, rpc_vectors[i].secret,
                          rpc_vectors[i].get);
                check_rpc(rpc_vectors[i].name, "POST", params, n, rpc_vectors[i].secret,
                          rpc_vectors[i].post);
                check_rpc(rpc_vectors[i].name, "", params, n, rpc_vectors[i].secret,
                          rpc_vectors[i].empty);
        }
}

static void test_v3(void **state) {
        (void)state;
        for (size_t i = 0; i < N(v3_vectors); i++) {
                char *canonical = NULL, *names = NULL;
                char sha256[SIGN_HEX_SIZE], signature[SIGN_HEX_SIZE];

                assert_int_equal(
                        sign_v3_canonical(v3_vectors[i].method, v3_vectors[i].path,
                                          v3_vectors[i].params, v3_vectors[i].n_params,
                                          backwards(v3_vectors[i].headers, v3_vectors[i].n_headers),
                                          v3_vectors[i].n_headers, v3_vectors[i].payload,
                                          &canonical, &names),
                        0);
                assert_string_equal(canonical, v3_vectors[i].canonical);
                assert_string_equal(names, v3_vectors[i].names);
                assert_int_equal(sign_sha256_hex(canonical, strlen(canonical), sha256), 0);
                assert_string_equal(sha256, v3_vectors[i].sha256);
                assert_int_equal(sign_v3(canonical, v3_vectors[i].secret, signature), 0);
                assert_string_equal(signature, v3_vectors[i].signature);
                free(canonical);
                free(names);
        }
}

static void test_values_are_trimmed(void **state) {
        static const struct sign_pair header = {"x-acs-test", " \t a b \t"};
        char *canonical = NULL, *names = NULL;

        (void)state;
        assert_int_equal(
                sign_v3_canonical("GET", "/", NULL, 0, &header, 1, "h", &canonical, &names), 0);
        assert_string_equal(canonical, "GET\n/\n\nx-acs-test:a b\n\nx-acs-test\nh");
        free(canonical);
        free(names);
}

static void test_encoding(void **state) {
        static const struct {
                const char *raw, *encoded;
        } cases[] = {
                {"", ""},
                {"AZaz09-_.~", "AZaz09-_.~"},
                {" +*/", "%20%2B%2A%2F"},
                {"\xc3\xa4\x7f\xff", "%C3%A4%7F%FF"},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                char *encoded = sign_encode(cases[i].raw);

                assert_string_equal(encoded, cases[i].encoded);
                free(encoded);
        }
}

/* Keys come from files: one that is too long is refused, never cut. */
static void test_long_secret(void **state) {
        char secret[ACCESS_SECRET_SIZE + 2], signature[SIGN_BASE64_SIZE];

        (void)state;
        memset(secret, 'a', sizeof(secret));
        secret[sizeof(secret) - 1] = '\0';
        assert_true(sign_rpc("GET", secret, signature) < 0);
        secret[ACCESS_SECRET_SIZE - 1] = '\0';
        assert_int_equal(sign_rpc("GET", secret, signature), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rpc),         cmocka_unit_test(test_v3),
                cmocka_unit_test(test_encoding),    cmocka_unit_test(test_values_are_trimmed),
                cmocka_unit_test(test_long_secret),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

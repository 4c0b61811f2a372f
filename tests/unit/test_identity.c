/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the metadata service: good ones, and everything else that may come instead. */
#include "unit.h"

#include <errno.h>

#include <ecs-pubip/identity.h>

#include "mutate.h"

#define TREE(addresses)                                                                            \
        "{\"disks\":{\"x\":{\"id\":\"d-1\",\"name\":\"\"}},"                                       \
        "\"dns-conf\":{\"nameservers\":[\"100.100.2.136\",\"100.100.2.138\"]}," addresses          \
        "\"instance-id\":\"i-bp1test\",\"mac\":\"00:16:3E:0a:0b:0C\","                             \
        "\"network\":{\"interfaces\":{\"macs\":{\"00:16:3e:0a:0b:0c\":{"                           \
        "\"primary-ip-address\":\"172.16.0.10\"}}}},\"network-type\":\"vpc\","                     \
        "\"owner-account-id\":\"1234567890123456\",\"private-ipv4\":\"172.16.0.10\","              \
        "\"region-id\":\"cn-hangzhou\",\"zone-id\":\"cn-hangzhou-b\"}"

static const char document[] =
        "{\"zone-id\":\"cn-hangzhou-b\",\"serial-number\":\"1\",\"instance-id\":\"i-bp1test\","
        "\"region-id\":\"cn-hangzhou\",\"private-ipv4\":\"172.16.0.10\","
        "\"owner-account-id\":\"1234567890123456\",\"mac\":\"00:16:3e:0a:0b:0c\","
        "\"image-id\":\"x\",\"instance-type\":\"ecs.g7.large\"}\n";

static const char role[] =
        "{\"AccessKeyId\":\"STS.L4aBSCSJVMuKg5U1vFDw\",\"AccessKeySecret\":\"wyLTSmsyPGP1ohvvw8xY\","
        "\"Expiration\":\"2017-11-01T09:44:50Z\",\"SecurityToken\":\"CAESrAIIARKAAShQquMnLIlbvEcI==\","
        "\"LastUpdated\":\"2017-11-01T03:44:50Z\",\"Code\":\"Success\"}";

static int parse_all(const char *text, struct identity *ret) {
        return identity_parse_all(text, strlen(text), ret);
}

static void test_all(void **state) {
        struct identity i;

        (void)state;
        assert_int_equal(parse_all(TREE(""), &i), 0);
        assert_string_equal(i.instance_id, "i-bp1test");
        assert_string_equal(i.region_id, "cn-hangzhou");
        assert_string_equal(i.account_id, "1234567890123456");
        assert_string_equal(i.mac, "00:16:3e:0a:0b:0c");
        assert_int_equal(i.private_ip, ip4("172.16.0.10"));
        assert_int_equal(i.network, NETWORK_VPC);
        assert_true(i.from_metadata);
        assert_string_equal(i.public.instance_id, "i-bp1test");
}

/* Law L6: absent is an item that is missing or empty; anything else that is no address is not. */
static void test_presence(void **state) {
        static const struct {
                const char *text;
                enum presence presence;
                const char *address;
        } cases[] = {
                {TREE(""), PRESENCE_ABSENT, NULL},
                {TREE("\"eipv4\":\"\","), PRESENCE_ABSENT, NULL},
                {TREE("\"eipv4\":\"\",\"public-ipv4\":\"\","), PRESENCE_ABSENT, NULL},
                {TREE("\"eipv4\":\"203.0.113.10\","), PRESENCE_PRESENT, "203.0.113.10"},
                {TREE("\"public-ipv4\":\"203.0.113.11\","), PRESENCE_PRESENT, "203.0.113.11"},
                {TREE("\"eipv4\":\"\",\"public-ipv4\":\"203.0.113.11\","), PRESENCE_PRESENT,
                 "203.0.113.11"},
                {TREE("\"public-ipv4\":\"203.0.113.11\",\"eipv4\":\"203.0.113.10\","),
                 PRESENCE_PRESENT, "203.0.113.10"},
                {TREE("\"eipv4\":[\"203.0.113.10\",\"203.0.113.12\"],"), PRESENCE_PRESENT,
                 "203.0.113.10"},
                {TREE("\"eipv4\":\"203.0.113\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"0.0.0.0\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"Internal Error\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":17,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":0,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":null,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":false,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":[],"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":[\"\"],"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":[[]],"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":{},"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":{\"x\":\"203.0.113.9\"},"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"EIPV4\":null,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"\",\"public-ipv4\":null,"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"public-ipv4\":[],"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"public-ipv4\":{},"), PRESENCE_UNKNOWN, NULL},
                /* The one that counts first is not understood: its own path may tell. */
                {TREE("\"eipv4\":null,\"public-ipv4\":\"203.0.113.11\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"not yet\",\"public-ipv4\":\"203.0.113.11\","), PRESENCE_UNKNOWN,
                 NULL},
                {TREE("\"eipv4\":\"203.0.113.10\",\"public-ipv4\":null,"), PRESENCE_PRESENT,
                 "203.0.113.10"},
                {TREE("\"eipv4\":\"203.0.113.10\\n\","), PRESENCE_PRESENT, "203.0.113.10"},
                {TREE("\"eipv4\":\"203.0.113.10\\n203.0.113.11\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":[\"203.0.113.10\",\"2001:db8::1\"],"), PRESENCE_PRESENT,
                 "203.0.113.10"},
                {TREE("\"eipv4\":[\"2001:db8::1\",\"203.0.113.10\"],"), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"127.0.0.1\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"224.0.0.251\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"255.255.255.255\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"0.1.2.3\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"100.100.100.200\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"public-ipv4\":\"169.254.1.1\","), PRESENCE_UNKNOWN, NULL},
                {TREE("\"eipv4\":\"10.1.2.3\","), PRESENCE_PRESENT, "10.1.2.3"},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                struct identity i;

                assert_int_equal(parse_all(cases[k].text, &i), 0);
                if (i.public.presence != cases[k].presence)
                        fail_msg("%s: %d", cases[k].text, i.public.presence);
                assert_int_equal(i.public.address, cases[k].address ? ip4(cases[k].address) : 0);
        }
}

static void test_all_refused(void **state) {
        static const char *const cases[] = {
                "",
                " ",
                "{}",
                "[]",
                "null",
                "i-bp1test",
                "{\"instance-id\":\"i-bp1test\"}",
                "{\"region-id\":\"cn-hangzhou\"}",
                "{\"instance-id\":\"i bp1\",\"region-id\":\"cn-hangzhou\"}",
                "{\"instance-id\":\"i-bp1\",\"region-id\":\"cn/hangzhou\"}",
                "{\"instance-id\":\"i-bp1test\",\"region-id\":\"cn-hangzhou\"",
                "{\"instance-id\":\"i-bp1test\",\"region-id\":\"cn-hangzhou\"} {}",
                "<html><body>404 - Not Found</body></html>",
        };
        struct identity i, before;

        (void)state;
        memset(&before, 0x5a, sizeof(before));
        i = before;
        for (size_t k = 0; k < N(cases); k++) {
                assert_int_equal(parse_all(cases[k], &i), -EBADMSG);
                assert_memory_equal(&i, &before, sizeof(i));
        }
        assert_int_equal(identity_parse_all(NULL, 0, &i), -EBADMSG);
}

static void test_long_id(void **state) {
        char text[512];
        struct identity i;

        (void)state;
        snprintf(text, sizeof(text), "{\"instance-id\":\"i-%0*d\",\"region-id\":\"r\"}",
                 INSTANCE_ID_SIZE - 3, 1);
        assert_int_equal(parse_all(text, &i), 0);
        assert_int_equal(strlen(i.instance_id), INSTANCE_ID_SIZE - 1);
        snprintf(text, sizeof(text), "{\"instance-id\":\"i-%0*d\",\"region-id\":\"r\"}",
                 INSTANCE_ID_SIZE - 2, 1);
        assert_int_equal(parse_all(text, &i), -EBADMSG);
}

static void test_document(void **state) {
        struct identity i;

        (void)state;
        assert_int_equal(identity_parse_document(document, strlen(document), &i), 0);
        assert_string_equal(i.instance_id, "i-bp1test");
        assert_int_equal(i.private_ip, ip4("172.16.0.10"));
        assert_int_equal(i.network, NETWORK_UNKNOWN);
        assert_int_equal(i.public.presence, PRESENCE_UNKNOWN);
        assert_string_equal(i.public.instance_id, "i-bp1test");
}

static void test_address(void **state) {
        static const struct {
                const char *text;
                int r;
                enum presence presence;
        } cases[] = {
                {"203.0.113.10", 0, PRESENCE_PRESENT},
                {"203.0.113.10\n", 0, PRESENCE_PRESENT},
                {"203.0.113.10 \r\n", 0, PRESENCE_PRESENT},
                {"", 0, PRESENCE_ABSENT},
                {"\n", 0, PRESENCE_ABSENT},
                {"203.0.113.10\n203.0.113.11", -EBADMSG, 0},
                {"203.0.113", -EBADMSG, 0},
                {"0.0.0.0", -EBADMSG, 0},
                {"<html>", -EBADMSG, 0},
                {"203.0.113.10                                                          x",
                 -EBADMSG, 0},
        };
        const struct addresses before = {.instance_id = "i-1", .address = 7};
        struct addresses a;

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                a = before;
                assert_int_equal(identity_parse_address(cases[k].text, strlen(cases[k].text), &a),
                                 cases[k].r);
                if (cases[k].r < 0)
                        assert_memory_equal(&a, &before, sizeof(a));
                else
                        assert_int_equal(a.presence, cases[k].presence);
                assert_string_equal(a.instance_id, "i-1");
        }
        assert_int_equal(identity_parse_address("203.0.113.10\0", 13, &a), -EBADMSG);
}

static void test_credentials(void **state) {
        char why[ROLE_WHY_SIZE];
        struct credentials c, zero = {};

        (void)state;
        assert_int_equal(identity_parse_credentials(role, strlen(role), &c, why), 0);
        assert_string_equal(c.access_key_id, "STS.L4aBSCSJVMuKg5U1vFDw");
        assert_string_equal(c.access_key_secret, "wyLTSmsyPGP1ohvvw8xY");
        assert_string_equal(c.security_token, "CAESrAIIARKAAShQquMnLIlbvEcI==");
        assert_int_equal(c.expiration, 1509529490);
        identity_erase_credentials(&c);
        assert_memory_equal(&c, &zero, sizeof(c));
        identity_erase_credentials(NULL);
}

/* The good document with one text replaced by another. */
static char *replaced(const char *from, const char *to) {
        const char *at = strstr(role, from);
        size_t size = sizeof(role) + strlen(to);
        char *text = malloc(size);

        assert_non_null(at);
        snprintf(text, size, "%.*s%s%s", (int)(at - role), role, to, at + strlen(from));
        return text;
}

static void test_credentials_refused(void **state) {
        static const struct {
                const char *from, *to;
        } cases[] = {
                {"Success", "Failed"},
                {"\"Code\"", "\"Kode\""},
                {"wyLTSmsyPGP1ohvvw8xY", ""},
                {"STS.L4aBSCSJVMuKg5U1vFDw", ""},
                {"CAESrAIIARKAAShQquMnLIlbvEcI==", ""},
                {"CAESrAII", "CAES\\r\\nEvil: header"}, /* never into a header line */
                {"wyLTSms", "wy LTSms"},
                {"STS.", "STS\\u00e4"},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                char *text = replaced(cases[k].from, cases[k].to);
                struct credentials c = {.expiration = 7};
                char why[ROLE_WHY_SIZE];

                if (identity_parse_credentials(text, strlen(text), &c, why) != -EBADMSG)
                        fail_msg("accepted: %s", text);
                assert_int_equal(c.expiration, 7);
                free(text);
        }
}

/* The form of Expiration is nothing that spoils keys. */
static void test_expiration_in_other_forms(void **state) {
        static const struct {
                const char *to;
                int64_t expiration;
        } cases[] = {
                {"2017-11-01T09:44:50.123Z", 1509529490},
                {"2017-11-01T17:44:50+08:00", 1509529490},
                {"2017-11-01T09:44:50+0000", 1509529490},
                {"1509529490", 1509529490},
                {"2017-11-01T09:44Z", 1509529440},
                {"soon", 0},
                {"", 0},
                {"2017-11-01T09:44:50 o'clock", 0},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                char *text = replaced("2017-11-01T09:44:50Z", cases[k].to);
                struct credentials c;
                char why[ROLE_WHY_SIZE];

                assert_int_equal(identity_parse_credentials(text, strlen(text), &c, why), 0);
                if (c.expiration != cases[k].expiration)
                        fail_msg("%s: %lld", cases[k].to, (long long)c.expiration);
                free(text);
        }
}

static void test_a_role_document_says_why(void **state) {
        static const struct {
                const char *document, *why;
        } cases[] = {
                {"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"not trusted\"}",
                 "AssumeRoleUnauthorizedAccess: not trusted"},
                {"{\"Code\":\"InvalidRole\"}", "InvalidRole"},
                {"{\"Code\":\"InvalidRole\",\"Message\":\"\\u001b[2J\"}", "InvalidRole: ?[2J"},
                {"{\"Code\":\"two words\",\"Message\":\"x\"}",
                 "the document's Code is not Success"},
                {"{\"AccessKeyId\":\"STS.x\"}", "the document has no Code"},
                {"{\"Code\":\"Success\",\"AccessKeyId\":\"STS.x\"}",
                 "the document has no AccessKeySecret"},
                {"<html>", ""},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                struct credentials c;
                char why[ROLE_WHY_SIZE];

                assert_int_equal(identity_parse_credentials(cases[k].document,
                                                            strlen(cases[k].document), &c, why),
                                 -EBADMSG);
                assert_string_equal(why, cases[k].why);
        }
}

/* A token of the greatest length fits; one byte more is refused, never cut. */
static void test_token_length(void **state) {
        char why[ROLE_WHY_SIZE];
        (void)state;
        for (size_t extra = 0; extra < 2; extra++) {
                size_t n = STS_TOKEN_SIZE - 1 + extra;
                char *token = malloc(n + 1), *text;
                struct credentials c;

                memset(token, 'a', n);
                token[n] = '\0';
                text = replaced("CAESrAIIARKAAShQquMnLIlbvEcI==", token);
                assert_int_equal(identity_parse_credentials(text, strlen(text), &c, why),
                                 extra ? -EBADMSG : 0);
                free(text);
                free(token);
        }
}

static void try_all(const char *text, size_t len) {
        char why[ROLE_WHY_SIZE];
        struct credentials c;
        struct addresses a;
        struct identity i;

        if (identity_parse_all(text, len, &i) == 0)
                assert_true(i.instance_id[0] && i.region_id[0]);
        identity_parse_document(text, len, &i);
        identity_parse_address(text, len, &a);
        identity_parse_credentials(text, len, &c, why);
}

static void test_mutations(void **state) {
        (void)state;
        mutate(TREE("\"eipv4\":\"203.0.113.10\","), try_all);
        mutate(document, try_all);
        mutate(role, try_all);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_presence),
                cmocka_unit_test(test_all_refused),
                cmocka_unit_test(test_long_id),
                cmocka_unit_test(test_document),
                cmocka_unit_test(test_address),
                cmocka_unit_test(test_credentials),
                cmocka_unit_test(test_credentials_refused),
                cmocka_unit_test(test_expiration_in_other_forms),
                cmocka_unit_test(test_a_role_document_says_why),
                cmocka_unit_test(test_token_length),
                cmocka_unit_test(test_mutations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

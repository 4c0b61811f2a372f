/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: every key's default, good and bad values; lines, sections and combinations. */
#include "unit.h"

#include <errno.h>

#include <ecs-pubip/config.h>
#include <ecs-pubip/verdict.h>

#include "util/buf.h"

#define MIN   UINT64_C(60000000)
#define HOUR  (60 * MIN)
#define TOLD  21 /* findings of a file: 20, and that there are more */
#define TEN48 "0123456789abcdef0123456789abcdef0123456789abcdef"

/* What was reported, one text per line: "E " or "W " and the problem. */
struct heard {
        char text[8192];
        int n_errors, n_warnings;
};

static void hear(const struct config_problem *p, void *userdata) {
        struct heard *h = userdata;
        size_t n = strlen(h->text);

        snprintf(h->text + n, sizeof(h->text) - n, "%c %s\n", p->is_error ? 'E' : 'W', p->text);
        if (p->is_error)
                h->n_errors++;
        else
                h->n_warnings++;
}

static struct heard read_text(struct config *c, struct config_origins *o, const char *text,
                              size_t len) {
        struct heard h = {};
        char *exact = malloc(len ? len : 1); /* not a byte more, for the sanitizer */
        int n_errors;

        memcpy(exact, text, len);
        config_defaults(c);
        n_errors = config_parse(c, "f.conf", exact, len, o, hear, &h);
        assert_int_equal(n_errors < TOLD ? n_errors : TOLD, h.n_errors);
        free(exact);
        return h;
}

static struct heard read_conf(struct config *c, const char *text) {
        return read_text(c, NULL, text, strlen(text));
}

static bool value_is(const struct config *c, const char *section, const char *key,
                     const char *want) {
        struct config_key_view view;
        char value[CONFIG_VALUE_SIZE];

        for (size_t i = 0; config_key(i, &view); i++)
                if (strcmp(view.section, section) == 0 && strcmp(view.key, key) == 0) {
                        config_value(c, i, value);
                        if (strcmp(value, want) != 0)
                                print_error("[%s] %s is \"%s\"\n", section, key, value);
                        return strcmp(value, want) == 0;
                }
        fail_msg("no key [%s] %s", section, key);
        return false;
}

/* Section, key, default as printed; then one good value as printed; then bad ones. */
static const struct {
        const char *section, *key, *standard;
        const char *good[6]; /* written, printed, written, printed, … */
        const char *bad[10];
} cases[] = {
        {"Address",
         "Strategy",
         "static",
         {"eip", "eip", "static eip", "static eip"},
         {"Static", "eip static", "elastic", "static,eip", "0"}},
        {"Address",
         "IpAddress",
         "",
         {"203.0.113.10", "203.0.113.10"},
         {"203.0.113", "203.0.113.256", "0.0.0.0", "::1", "host", "203.0.113.10/32"}},
        {"Address",
         "VlanId",
         "",
         {"vlan-1_a.b", "vlan-1_a.b"},
         {"a b", "a/b", "a&Action=X", TEN48 TEN48}},
        {"Address",
         "BandwidthOut",
         "0",
         {"1", "1", "200", "200"},
         {"201", "-1", "5M", "1.5", "0x10", "99999999999999999999"}},
        {"Address",
         "EipAllocationId",
         "",
         {"eip-bp1abc", "eip-bp1abc"},
         {"eip 1", "eip=1", TEN48 TEN48}},
        {"Address",
         "EipTag",
         "",
         {"pool=web", "pool=web", "k=", "k=", "a b=c=d", "a b=c=d"},
         {"pool", "=web"}},
        {"Address",
         "EipAllocate",
         "no",
         {"yes", "yes", "On", "yes", "0", "no"},
         {"maybe", "2", "yes please"}},
        {"Address",
         "EipInternetChargeType",
         "PayByTraffic",
         {"PayByBandwidth", "PayByBandwidth"},
         {"traffic", "paybytraffic"}},
        {"Address", "EipBandwidth", "5", {"1", "1", "500", "500"}, {"0", "501", "-1", "5M"}},
        {"Address", "EipIsp", "", {"BGP_PRO", "BGP_PRO"}, {"BGP PRO", TEN48}},
        {"Reboot", "Policy", "auto", {"always", "always", "never", "never"}, {"Auto", "no"}},
        {"Reboot",
         "Grace",
         "1min",
         {"0", "0", "1h", "1h", "1min 30s", "1min 30s"},
         {"1h 1us", "-5s", "5 parsecs", "soon", "infinity", "5min x"}},
        {"Reboot", "Limit", "2", {"0", "0", "10", "10"}, {"11", "-1", "two", "2.0"}},
        {"Reboot",
         "Patience",
         "30min",
         {"0", "0", "24h", "1d", "90", "1min 30s"},
         {"1d 1s", "infinity"}},
        {"Confirm",
         "Planes",
         "auto",
         {"kernel", "kernel", "control, kernel", "kernel control", "outside metadata",
          "metadata outside"},
         {"all", "auto kernel", ",", "kernel;control", "Kernel"}},
        {"Confirm",
         "Outside",
         "",
         {"https://ip.example.com/a?b=c", "https://ip.example.com/a?b=c", "http://192.0.2.1:8080",
          "http://192.0.2.1:8080"},
         {"ip.example.com", "ftp://ip.example.com/", "http://", "https:///x", "http://a b/",
          "http://-a.example/", "http://a..b/", "http://h:0/", "http://h:65536/",
          "http://user@h/"}},
        {"Confirm", "Timeout", "10min", {"10s", "10s", "1d", "1d"}, {"9s", "25h", "0", "infinity"}},
        {"Heal", "Policy", "reallocate", {"adopt", "adopt", "alert", "alert"}, {"never"}},
        {"Heal", "CheckInterval", "5min", {"10s", "10s", "1d", "1d"}, {"9999ms", "2d", "0"}},
        {"Heal", "Limit", "3", {"0", "0", "10", "10"}, {"11", "-1"}},
        {"Cloud",
         "Endpoint",
         "",
         {"ecs.example.com", "ecs.example.com", "h:8443", "h:8443"},
         {"https://ecs.example.com", "a b", "h:", "h:x", "h/path", "[::1]", "a_b", ".a", "a."}},
        {"Cloud",
         "VpcEndpoint",
         "",
         {"ecs-vpc.x.example.com", "ecs-vpc.x.example.com"},
         {"-", "a-", "h:99999"}},
        {"Cloud",
         "Region",
         "",
         {"cn-hangzhou", "cn-hangzhou"},
         {"cn hangzhou", "cn/hangzhou", TEN48}},
        {"Cloud",
         "Role",
         "",
         {"my_Role-1", "my_Role-1"},
         {"../x", "a b", TEN48 "01234567890123456"}},
        {"Cloud",
         "Metadata",
         "http://100.100.100.200",
         {"http://[fd00:100::100:200]", "http://[fd00:100::100:200]", "http://192.0.2.1:80",
          "http://192.0.2.1:80"},
         {"https://100.100.100.200", "http://100.100.100.200/", "100.100.100.200", "http://[x]",
          "http://[]", "http://[::1"}},
        {"Cloud", "TokenRequired", "no", {"true", "yes", "off", "no"}, {"required"}},
        {"Cloud", "Signature", "v3", {"v1", "v1"}, {"v2", "V3", "3"}},
        {"Cloud", "Credentials", "role", {"static", "static"}, {"keys", "Role"}},
        {"Instance", "Id", "", {"i-bp1abc", "i-bp1abc"}, {"i bp1", "i-1;drop", TEN48 TEN48}},
};

static void every_key_has_a_case(void **state) {
        struct config_key_view view;
        size_t n = 0;

        (void)state;
        for (; config_key(n, &view); n++) {
                assert_string_equal(view.section, cases[n].section);
                assert_string_equal(view.key, cases[n].key);
                assert_true(strlen(view.choices) > 5);
        }
        assert_int_equal(n, N(cases));
        assert_true(n <= CONFIG_KEYS_MAX);
}

static void defaults_are_those_of_the_contract(void **state) {
        struct config_key_view view;
        struct config c, again;

        (void)state;
        config_defaults(&c);
        for (size_t i = 0; i < N(cases); i++)
                assert_true(value_is(&c, cases[i].section, cases[i].key, cases[i].standard));
        /* The written default means the default. */
        for (size_t i = 0; config_key(i, &view); i++) {
                char text[256];
                struct heard h;

                snprintf(text, sizeof(text), "[%s]\n%s=%s\n", view.section, view.key,
                         view.fallback);
                h = read_conf(&again, text);
                assert_int_equal(h.n_errors + h.n_warnings, 0);
                assert_memory_equal(&again, &c, sizeof(c));
        }
        assert_int_equal(c.reboot_grace_usec, MIN);
        assert_int_equal(c.reboot_patience_usec, 30 * MIN);
        assert_int_equal(c.confirm_timeout_usec, 10 * MIN);
        assert_int_equal(c.heal_check_interval_usec, 5 * MIN);
        assert_int_equal(c.reboot_limit, 2);
        assert_int_equal(c.heal_limit, 3);
}

static void good_values_are_taken(void **state) {
        (void)state;
        for (size_t i = 0; i < N(cases); i++)
                for (size_t k = 0; k + 1 < N(cases[i].good) && cases[i].good[k]; k += 2) {
                        char text[512];
                        struct config c;
                        struct heard h;

                        snprintf(text, sizeof(text), "[%s]\n%s = %s\n", cases[i].section,
                                 cases[i].key, cases[i].good[k]);
                        h = read_conf(&c, text);
                        if (h.n_errors + h.n_warnings > 0)
                                fail_msg("%s -> %s", text, h.text);
                        assert_true(
                                value_is(&c, cases[i].section, cases[i].key, cases[i].good[k + 1]));
                }
}

static void bad_values_are_named_and_change_nothing(void **state) {
        struct config_key_view view;
        struct config standard, c;

        (void)state;
        config_defaults(&standard);
        for (size_t i = 0; i < N(cases); i++)
                for (size_t k = 0; k < N(cases[i].bad) && cases[i].bad[k]; k++) {
                        char text[512], want[512];
                        struct heard h;

                        assert_true(config_key(i, &view));
                        snprintf(text, sizeof(text), "\n[%s]\n%s = %s\n", cases[i].section,
                                 cases[i].key, cases[i].bad[k]);
                        snprintf(want, sizeof(want), "E f.conf:3: %s=%.80s: must be %s\n",
                                 cases[i].key, cases[i].bad[k], view.choices);
                        h = read_conf(&c, text);
                        assert_string_equal(h.text, want);
                        assert_memory_equal(&c, &standard, sizeof(c));
                }
}

static void an_empty_value_is_the_default(void **state) {
        struct config standard, c;
        struct heard h;

        (void)state;
        config_defaults(&standard);
        h = read_conf(&c, "[Reboot]\nLimit=7\nLimit=\n[Cloud]\nRole=r\nRole=\nMetadata=\n");
        assert_string_equal(h.text, "");
        assert_memory_equal(&c, &standard, sizeof(c));
}

static void later_lines_win(void **state) {
        struct config_origins o = {};
        const char *text = "[Heal]\nLimit=1\n[Reboot]\nLimit=4\n[Heal]\nLimit=2\n";
        struct config_key_view view;
        struct config c;

        (void)state;
        read_text(&c, &o, text, strlen(text));
        assert_int_equal(c.heal_limit, 2);
        assert_int_equal(c.reboot_limit, 4);
        for (size_t i = 0; config_key(i, &view); i++)
                if (strcmp(view.key, "Limit") != 0)
                        assert_string_equal(o.origin[i], "");
                else
                        assert_string_equal(o.origin[i], strcmp(view.section, "Heal") == 0
                                                                 ? "f.conf:6"
                                                                 : "f.conf:4");
}

static void a_second_file_is_laid_over_the_first(void **state) {
        struct config c;
        struct heard h = {};

        (void)state;
        read_conf(&c, "[Heal]\nLimit=1\n[Reboot]\nLimit=4\n");
        assert_int_equal(config_parse(&c, "g", "[Heal]\nLimit=5", 14, NULL, hear, &h), 0);
        assert_int_equal(c.heal_limit, 5);
        assert_int_equal(c.reboot_limit, 4);
}

static void what_is_no_key_is_said(void **state) {
        static const struct {
                const char *text, *heard;
        } lines[] = {
                {"", ""},
                {"\n\n  \n\t\n", ""},
                {"# comment\n; another\n   # indented\n", ""},
                {"[Heal]\nLimit=1 ; why\n", ""},
                {"[Heal] # why\nLimit=1\r\n", ""},
                {"\xef\xbb\xbf[Heal]\nLimit=1", ""},
                {"[Heal]\n  Limit = 1\n", ""},
                {"[Heal]\nlimit=1\n",
                 "W f.conf:2: unknown key \"limit\" in section [Heal] is ignored; there is Limit "
                 "in [Heal]\n"},
                {"[Heal]\nGrace=1\n",
                 "W f.conf:2: unknown key \"Grace\" in section [Heal] is ignored; there is Grace "
                 "in [Reboot]\n"},
                {"[Heal]\nColour=red\n",
                 "W f.conf:2: unknown key \"Colour\" in section [Heal] is ignored\n"},
                {"[Network]\nAny=1\nOther=2\n[Heal]\nLimit=1\n",
                 "W f.conf:1: unknown section [Network] is ignored with all its keys\n"},
                {"[heal]\n", "W f.conf:1: unknown section [heal] is ignored with all its keys\n"},
                {"[]\n", "W f.conf:1: unknown section [] is ignored with all its keys\n"},
                {"Limit=1\n", "E f.conf:1: a key must stand below a [Section]\n"},
                {"[Heal]\nLimit\n", "E f.conf:2: must be Key=value, [Section] or a comment\n"},
                {"[Heal]\nLimit: 1\n", "E f.conf:2: must be Key=value, [Section] or a comment\n"},
                {"[Cloud]\nMetadata http://192.0.2.1/?a=b\n",
                 "E f.conf:2: must be Key=value, [Section] or a comment\n"},
                {"[Heal]\n=1\n", "E f.conf:2: must be Key=value, [Section] or a comment\n"},
                {"[Heal\nLimit=1\n",
                 "E f.conf:1: a section must be written [Name], alone on its line\n"},
                {"[Heal] Limit=1\n",
                 "E f.conf:1: a section must be written [Name], alone on its line\n"},
                {"[Reboot]\n[Heal\nLimit=9\n", /* not Reboot.Limit */
                 "E f.conf:2: a section must be written [Name], alone on its line\n"},
                {"[Heal]\nLimit=1\x01\n",
                 "E f.conf:2: a control character: this is no text file of key=value lines\n"},
                {"[Heal]\rLimit=1\r",
                 "E f.conf:1: a control character: this is no text file of key=value lines\n"},
        };
        struct config standard;

        (void)state;
        config_defaults(&standard);
        for (size_t i = 0; i < N(lines); i++) {
                struct config c;
                struct heard h = read_conf(&c, lines[i].text);

                assert_string_equal(h.text, lines[i].heard);
                assert_int_equal(c.reboot_limit, standard.reboot_limit);
        }
}

/* inih would take an indented line for a second value of the key above. */
static void there_are_no_continuation_lines(void **state) {
        struct config c;
        struct heard h = read_conf(&c, "[Cloud]\nRegion=cn-hangzhou\n  cn-beijing\n");

        (void)state;
        assert_string_equal(h.text, "E f.conf:3: must be Key=value, [Section] or a comment\n");
        assert_string_equal(c.region, "cn-hangzhou");
}

static void long_lines_are_never_cut(void **state) {
        char text[70000];
        struct config c;
        struct heard h;
        size_t n;

        (void)state;
        /* 197 bytes are read whole; one more is an error with its line, not a shorter value. */
        n = (size_t)snprintf(text, sizeof(text), "[Confirm]\nOutside=http://h.example/");
        memset(text + n, 'x', 197 - (n - 10));
        text[10 + 197] = '\0';
        h = read_conf(&c, text);
        assert_string_equal(h.text, "");
        assert_int_equal(strlen(c.confirm_outside), 197 - strlen("Outside="));
        text[10 + 197] = 'x';
        text[10 + 198] = '\0';
        h = read_conf(&c, text);
        assert_string_equal(h.text, "E f.conf:2: the line is too long: at most 197 bytes can be "
                                    "read\n");
        assert_string_equal(c.confirm_outside, "");
        /* Comments may be as long as they like. */
        memset(text, 'c', sizeof(text));
        text[0] = '#';
        h = read_text(&c, NULL, text, sizeof(text));
        assert_string_equal(h.text, "");
        /* 64 KiB without a newline; a section name of 64 KiB. */
        memset(text, '=', sizeof(text));
        h = read_text(&c, NULL, text, 65536);
        assert_int_equal(h.n_errors, 1);
        text[0] = '[';
        h = read_text(&c, NULL, text, 65536);
        assert_int_equal(h.n_errors, 1);
}

static void a_nul_byte_has_its_line(void **state) {
        static const char nul[] = "[Heal]\n\nLimit=1\0\n# more\n";
        static const char binary[] = "\x7f"
                                     "ELF\x02\x01\x01\0\0\0\n\0\0";
        struct config c;
        struct heard h = read_text(&c, NULL, nul, sizeof(nul) - 1);

        (void)state;
        assert_string_equal(h.text, "E f.conf:3: a NUL byte: this is no text file\n");
        assert_int_equal(c.heal_limit, 3);
        h = read_text(&c, NULL, binary, sizeof(binary) - 1);
        assert_string_equal(h.text, "E f.conf:1: a NUL byte: this is no text file\n"
                                    "E f.conf:2: a NUL byte: this is no text file\n");
}

static void any_bytes_are_read_to_the_end(void **state) {
        uint64_t x = 88172645463325252u;
        static const char alphabet[] = "[]=;#: \t\n\n\nRebootLimitHeal019.\0\xff\r-";

        (void)state;
        for (int i = 0; i < 3000; i++) {
                char text[300];
                struct config c;

                for (size_t k = 0; k < sizeof(text); k++) {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        text[k] = alphabet[x % (sizeof(alphabet) - 1)];
                }
                read_text(&c, NULL, text, (size_t)(x % sizeof(text)));
        }
}

static void durations_are_systemds(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
                const char *written;
        } good[] = {
                {"0", 0, "0"},
                {"5", 5000000, "5s"},
                {"5s", 5000000, "5s"},
                {"5 sec", 5000000, "5s"},
                {"5second", 5000000, "5s"},
                {"2 seconds", 2000000, "2s"},
                {"1.5s", 1500000, "1s 500ms"},
                {"0.000001", 1, "1us"},
                {"0.0000009", 0, "0"},
                {"2min", 2 * MIN, "2min"},
                {"2m", 2 * MIN, "2min"},
                {"2 minutes", 2 * MIN, "2min"},
                {"1h 30min", 90 * MIN, "1h 30min"},
                {"1h30min", 90 * MIN, "1h 30min"},
                {"90min", 90 * MIN, "1h 30min"},
                {"1.5h", 90 * MIN, "1h 30min"},
                {"1hr", HOUR, "1h"},
                {"2 hours", 2 * HOUR, "2h"},
                {"1d", 24 * HOUR, "1d"},
                {"2 days 3h", 51 * HOUR, "2d 3h"},
                {"1week", 168 * HOUR, "7d"},
                {"  5min  ", 5 * MIN, "5min"},
                {"1ms 1us", 1001, "1ms 1us"},
                {"100 msec", 100000, "100ms"},
                {"7usec", 7, "7us"},
                {"4294967295s", UINT64_C(4294967295000000), "49710d 6h 28min 15s"},
        };
        static const char *const bad[] = {
                "",
                " ",
                "s",
                "-1",
                "+1",
                "1x",
                "1 min s",
                "1..5s",
                "1.",
                ".5",
                "1e3",
                "0x5",
                "infinity",
                "Infinity",
                "1,5s",
                "1h-",
                "five",
                "1S",
                "1MIN",
                "99999999999999",
                "4294967295weeks 4294967295weeks 4294967295weeks 4294967295weeks "
                "4294967295weeks 4294967295weeks 4294967295weeks 4294967295weeks",
                "1s\n",
                "1\xc2\xb5s",
                "1day2",
        };
        char text[CONFIG_VALUE_SIZE];

        (void)state;
        for (size_t i = 0; i < N(good); i++) {
                uint64_t usec = 77, again = 78;

                if (config_parse_duration(good[i].text, &usec) != 0)
                        fail_msg("refused: \"%s\"", good[i].text);
                assert_int_equal(usec, good[i].usec);
                config_format_duration(usec, text);
                assert_string_equal(text, good[i].written);
                assert_int_equal(config_parse_duration(text, &again), 0);
                assert_int_equal(again, usec);
        }
        for (size_t i = 0; i < N(bad); i++) {
                uint64_t usec = 77;

                if (strcmp(bad[i], "1day2") == 0) { /* a day and two seconds, as systemd has it */
                        assert_int_equal(config_parse_duration(bad[i], &usec), 0);
                        continue;
                }
                if (config_parse_duration(bad[i], &usec) == 0)
                        fail_msg("taken: \"%s\"", bad[i]);
                assert_int_equal(usec, 77);
        }
        config_format_duration(UINT64_MAX, text);
        assert_string_equal(text, "213503982d 8h 1min 49s 551ms 615us");
}

/* A file that is none fills no journal; and behind however many warnings an error is still told. */
static void findings_are_bounded(void **state) {
        _cleanup_buf_ struct buf text = BUF(CONFIG_FILE_MAX);
        struct heard h = {};
        struct config c;

        (void)state;
        for (unsigned i = 0; i < 10000; i++)
                buf_puts(&text, "[x]\n");
        config_defaults(&c);
        assert_int_equal(config_parse(&c, "f", text.data, text.len, NULL, hear, &h), 0);
        assert_int_equal(h.n_warnings, TOLD);
        assert_non_null(strstr(h.text, "W f:21: there is more of it"));
        for (unsigned i = 0; i < 10000; i++)
                buf_puts(&text, "x\n");
        h = (struct heard){};
        assert_int_equal(config_parse(&c, "f", text.data, text.len, NULL, hear, &h), 10000);
        assert_int_equal(h.n_errors, TOLD);
        assert_int_equal(h.n_warnings, TOLD);
        assert_non_null(strstr(h.text, "E f:10001: must be Key=value"));
}

/* Text of a file, how many errors and warnings the combination brings, and a word of the first. */
static const struct {
        const char *text;
        int n_errors, n_warnings;
        const char *word;
} combinations[] = {
        {"", 0, 0, ""},
        {"[Address]\nStrategy=eip\nEipTag=a=b\n", 0, 0, ""},
        {"[Address]\nStrategy=static eip\nEipAllocate=yes\n", 0, 0, ""},
        {"[Address]\nStrategy=static eip\nEipTag=a=b\nIpAddress=203.0.113.1\nVlanId=1\n", 0, 0, ""},
        {"[Address]\nStrategy=eip\n", 1, 0, "needs EipAllocationId"},
        {"[Address]\nStrategy=static eip\n", 1, 0, "needs EipAllocationId"},
        {"[Address]\nStrategy=eip\nEipTag=a=b\nEipAllocationId=e\n", 1, 0, "exclude each other"},
        {"[Address]\nStrategy=eip\nEipTag=a=b\nIpAddress=203.0.113.1\n", 1, 0, "IpAddress="},
        {"[Address]\nStrategy=eip\nEipTag=a=b\nVlanId=1\n", 1, 0, "VlanId="},
        {"[Address]\nEipTag=a=b\n", 0, 1, "do nothing with"},
        {"[Address]\nEipAllocate=yes\n", 0, 1, "do nothing with"},
        {"[Address]\nStrategy=eip\nEipTag=a=b\nBandwidthOut=5\n", 0, 1, "BandwidthOut="},
        {"[Address]\nStrategy=eip\nEipAllocationId=e\nEipAllocate=yes\n", 0, 1, "beside"},
        {"[Address]\nStrategy=eip\nEipAllocate=yes\nEipBandwidth=201\n", 1, 0, "above 200"},
        {"[Address]\nStrategy=eip\nEipAllocate=yes\nEipBandwidth=500\n"
         "EipInternetChargeType=PayByBandwidth\n",
         0, 0, ""},
        {"[Reboot]\nGrace=10min\n", 1, 0, "longer than [Reboot] Grace="},
        {"[Reboot]\nGrace=10min\nPolicy=always\n", 0, 0, ""},
        {"[Confirm]\nTimeout=30s\n", 1, 0, "longer than [Reboot] Grace="},
        {"[Reboot]\nGrace=10min\nPolicy=never\n", 0, 1, "the mark"},
        {"[Reboot]\nGrace=10min\nPolicy=never\n[Confirm]\nTimeout=11min\n", 0, 0, ""},
        {"[Reboot]\nLimit=0\n", 0, 1, "Policy=never"},
        {"[Reboot]\nLimit=0\nPolicy=never\n", 0, 0, ""},
        {"[Confirm]\nPlanes=kernel outside\n", 1, 0, "needs Outside=URL"},
        {"[Confirm]\nPlanes=outside\nOutside=http://h/\n", 0, 0, ""},
        {"[Instance]\nId=i-1\n", 1, 1, "Region="},
        {"[Instance]\nId=i-1\n[Cloud]\nRegion=r\n", 0, 1, "Credentials=static"},
        {"[Instance]\nId=i-1\n[Cloud]\nRegion=r\nCredentials=static\n", 0, 0, ""},
        {"[Cloud]\nCredentials=static\nRole=r\n", 0, 1, "Role="},
};

static void combinations_are_judged(void **state) {
        (void)state;
        for (size_t i = 0; i < N(combinations); i++) {
                struct config c;
                struct heard h = read_conf(&c, combinations[i].text);
                int n_errors;

                assert_string_equal(h.text, "");
                n_errors = config_check(&c, hear, &h);
                assert_int_equal(n_errors, h.n_errors);
                if (h.n_errors != combinations[i].n_errors ||
                    h.n_warnings != combinations[i].n_warnings ||
                    !strstr(h.text, combinations[i].word))
                        fail_msg("%s -> %s", combinations[i].text, h.text);
        }
}

static void past_the_last_key_is_nothing(void **state) {
        struct config_key_view view;
        char value[CONFIG_VALUE_SIZE] = "x";
        struct config c;

        (void)state;
        config_defaults(&c);
        assert_false(config_key(N(cases), &view));
        assert_false(config_key(SIZE_MAX, &view));
        config_value(&c, N(cases), value);
        assert_string_equal(value, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(findings_are_bounded),
                cmocka_unit_test(every_key_has_a_case),
                cmocka_unit_test(defaults_are_those_of_the_contract),
                cmocka_unit_test(good_values_are_taken),
                cmocka_unit_test(bad_values_are_named_and_change_nothing),
                cmocka_unit_test(an_empty_value_is_the_default),
                cmocka_unit_test(later_lines_win),
                cmocka_unit_test(a_second_file_is_laid_over_the_first),
                cmocka_unit_test(what_is_no_key_is_said),
                cmocka_unit_test(there_are_no_continuation_lines),
                cmocka_unit_test(long_lines_are_never_cut),
                cmocka_unit_test(a_nul_byte_has_its_line),
                cmocka_unit_test(any_bytes_are_read_to_the_end),
                cmocka_unit_test(durations_are_systemds),
                cmocka_unit_test(combinations_are_judged),
                cmocka_unit_test(past_the_last_key_is_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

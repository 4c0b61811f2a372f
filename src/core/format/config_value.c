/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the configuration by kind: text <-> a member of struct config. */
#include "core/format/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <ecs-pubip/usec.h>
#include <ecs-pubip/verdict.h>

#include "util/buf.h"
#include "util/ipv4.h"
#include "util/text.h"

#define WORD_ALSO "-_."
#define LABEL_MAX 63 /* one label of a host name: RFC 1035, 2.3.4 */
#define PORT_MAX  65535
#define BLANKS    " \t"

static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        /* systemd.time(7); the first of equal length is what is written */
        {"d", UINT64_C(86400000000)},
        {"h", UINT64_C(3600000000)},
        {"min", 60000000},
        {"s", 1000000},
        {"ms", 1000},
        {"us", 1},
        {"days", UINT64_C(86400000000)},
        {"day", UINT64_C(86400000000)},
        {"hours", UINT64_C(3600000000)},
        {"hour", UINT64_C(3600000000)},
        {"hr", UINT64_C(3600000000)},
        {"minutes", 60000000},
        {"minute", 60000000},
        {"m", 60000000},
        {"seconds", 1000000},
        {"second", 1000000},
        {"sec", 1000000},
        {"msec", 1000},
        {"usec", 1},
        {"weeks", UINT64_C(604800000000)},
        {"week", UINT64_C(604800000000)},
        {"w", UINT64_C(604800000000)},
};
#define UNITS_WRITTEN 6

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Takes the unit at *s; none means seconds. 0 when there is no such unit. */
static uint64_t take_unit(const char **s) {
        size_t n = 0;

        *s += strspn(*s, BLANKS);
        while (((*s)[n] >= 'a' && (*s)[n] <= 'z') || ((*s)[n] >= 'A' && (*s)[n] <= 'Z'))
                n++;
        if (n == 0)
                return 1000000;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (strlen(units[i].name) == n && memcmp(units[i].name, *s, n) == 0) {
                        *s += n;
                        return units[i].usec;
                }
        return 0;
}

/* Takes "12" or "1.5" at *s as (whole, fraction / scale). */
static bool take_number(const char **s, uint64_t *ret_whole, uint64_t *ret_part, uint64_t *ret_of) {
        uint64_t whole = 0, part = 0, of = 1;

        if (!is_digit(**s))
                return false;
        for (; is_digit(**s); (*s)++) {
                if (whole > UINT32_MAX)
                        return false;
                whole = whole * 10 + (uint64_t)(**s - '0');
        }
        if (**s == '.') {
                (*s)++;
                if (!is_digit(**s))
                        return false;
                for (; is_digit(**s); (*s)++)
                        if (of < 1000000) { /* finer than a microsecond counts for nothing */
                                part = part * 10 + (uint64_t)(**s - '0');
                                of *= 10;
                        }
        }
        *ret_whole = whole;
        *ret_part = part;
        *ret_of = of;
        return true;
}

int config_parse_duration(const char *text, uint64_t *ret) {
        uint64_t total = 0, whole, part, of, unit, more;
        const char *s = text + strspn(text, BLANKS);

        do {
                if (!take_number(&s, &whole, &part, &of))
                        return -EINVAL;
                unit = take_unit(&s);
                if (unit == 0)
                        return -EINVAL;
                if (__builtin_mul_overflow(whole, unit, &more) ||
                    __builtin_add_overflow(more, part * unit / of, &more) ||
                    __builtin_add_overflow(total, more, &total))
                        return -ERANGE;
                s += strspn(s, BLANKS);
        } while (*s);
        *ret = total;
        return 0;
}

void config_format_duration(uint64_t usec, char ret[static CONFIG_VALUE_SIZE]) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_VALUE_SIZE - 1);

        if (usec == 0)
                buf_puts(&b, "0");
        for (size_t i = 0; i < UNITS_WRITTEN; i++) {
                if (usec < units[i].usec)
                        continue;
                buf_printf(&b, "%s%" PRIu64 "%s", b.len > 0 ? " " : "", usec / units[i].usec,
                           units[i].name);
                usec %= units[i].usec;
        }
        text_copy(ret, CONFIG_VALUE_SIZE, buf_text(&b));
}

/* *ret is the index of the name that `text` is. */
static bool find_name(const char *text, const char *const *names, size_t n_names, unsigned *ret) {
        for (unsigned i = 0; i < n_names; i++)
                if (names[i] && strcmp(names[i], text) == 0) {
                        *ret = i;
                        return true;
                }
        return false;
}

static bool parse_bool(const char *text, bool *ret) {
        static const char *const words[] = {"no", "yes", "off", "on", "false", "true",
                                            "0",  "1",   "n",   "y",  "f",     "t"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcasecmp(text, words[i]) == 0) {
                        *ret = i % 2 == 1;
                        return true;
                }
        return false;
}

static bool find_plane(const char *text, size_t n, unsigned *ret) {
        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                const char *name = verdict_plane_name(p);

                if (strlen(name) == n && memcmp(name, text, n) == 0) {
                        *ret = p;
                        return true;
                }
        }
        return false;
}

/* "auto", or plane names with blanks or commas between. */
static bool parse_planes(const char *text, unsigned *ret) {
        unsigned planes = 0, one;
        size_t n;

        if (strcmp(text, "auto") == 0) {
                *ret = 0;
                return true;
        }
        for (const char *s = text; *s; s += n) {
                s += strspn(s, BLANKS ",");
                n = strcspn(s, BLANKS ",");
                if (n == 0)
                        break;
                if (!find_plane(s, n, &one))
                        return false;
                planes |= 1u << one;
        }
        if (planes == 0)
                return false;
        *ret = planes;
        return true;
}

/* Labels of letters, digits and '-' (not at their ends), dots between: RFC 1123, 2.1. */
static bool is_host(const char *s, size_t n) {
        size_t label = 0;

        for (size_t i = 0; i < n; i++) {
                char c = s[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);

                if (c == '.' && label > 0 && s[i - 1] != '-') {
                        label = 0;
                        continue;
                }
                if (!(letter || (c == '-' && label > 0)) || ++label > LABEL_MAX)
                        return false;
        }
        return label > 0 && s[n - 1] != '-';
}

/* "[fd00:100::100:200]": the address itself is curl's to judge. */
static bool is_bracketed(const char *s, size_t n) {
        if (n < 4 || s[0] != '[' || s[n - 1] != ']')
                return false;
        for (size_t i = 1; i < n - 1; i++)
                if (!strchr("0123456789abcdefABCDEF:.", s[i]))
                        return false;
        return true;
}

/* host[:port] of n bytes. */
static bool is_authority(const char *s, size_t n, bool brackets) {
        size_t end = n;
        uint64_t port;
        char digits[8];

        while (end > 0 && is_digit(s[end - 1]))
                end--;
        if (end > 0 && end < n && s[end - 1] == ':') {
                if (n - end >= sizeof(digits))
                        return false;
                memcpy(digits, s + end, n - end);
                digits[n - end] = '\0';
                if (!text_to_u64(digits, PORT_MAX, &port) || port == 0)
                        return false;
                n = end - 1;
        }
        return is_host(s, n) || (brackets && is_bracketed(s, n));
}

static bool is_printable(const char *s) {
        for (; *s; s++)
                if (*s <= 0x20 || *s > 0x7e)
                        return false;
        return true;
}

static bool is_url(const char *s, bool base_only) {
        size_t n;

        if (!is_printable(s))
                return false;
        if (strncmp(s, "http://", 7) == 0)
                s += 7;
        else if (!base_only && strncmp(s, "https://", 8) == 0)
                s += 8;
        else
                return false;
        n = strcspn(s, "/?#");
        if (base_only && s[n] != '\0')
                return false;
        return is_authority(s, n, true);
}

/* Key and value; a tag's value may be empty, its key may not. */
static bool is_tag(const char *s) {
        const char *equals = strchr(s, '=');

        return equals && equals > s;
}

static bool fits_kind(const struct key *key, const char *text) {
        size_t n = strlen(text);

        if (n >= key->size)
                return false;
        if (key->kind == VALUE_WORD)
                return text_is_word(text, key->size - 1, WORD_ALSO);
        if (key->kind == VALUE_HOST)
                return is_authority(text, n, false);
        if (key->kind == VALUE_TAG)
                return is_tag(text);
        return is_url(text, key->kind == VALUE_BASE);
}

static bool parse_number(const struct key *key, const char *text, uint64_t *ret) {
        uint64_t value, unit = key->kind == VALUE_DURATION ? USEC_PER_SEC : 1;

        if (key->kind == VALUE_DURATION) {
                if (config_parse_duration(text, &value) < 0)
                        return false;
        } else if (!text_to_u64(text, key->max, &value))
                return false;
        if (value < key->min * unit || value > key->max * unit)
                return false;
        *ret = value;
        return true;
}

static bool parse_text(const struct key *key, const char *text, char *to) {
        /* Only a key without a default can be empty here: config_value_parse() put the default in.
         */
        if (*text && !fits_kind(key, text))
                return false;
        return text_copy(to, key->size, text);
}

bool config_value_parse(const struct key *key, const char *text, struct config *c) {
        void *to = (char *)c + key->offset;
        in_addr_t address = 0;
        uint64_t number;
        unsigned u;
        bool yes;

        if (!*text)
                text = key->fallback;
        switch (key->kind) {
        case VALUE_CHOICE:
                if (!find_name(text, key->names, key->n_names, &u))
                        return false;
                memcpy(to, &u, sizeof(u));
                return true;
        case VALUE_PLANES:
                if (!parse_planes(text, &u))
                        return false;
                memcpy(to, &u, sizeof(u));
                return true;
        case VALUE_BOOL:
                if (!parse_bool(text, &yes))
                        return false;
                memcpy(to, &yes, sizeof(yes));
                return true;
        case VALUE_UINT:
                if (!parse_number(key, text, &number))
                        return false;
                u = (unsigned)number;
                memcpy(to, &u, sizeof(u));
                return true;
        case VALUE_DURATION:
                if (!parse_number(key, text, &number))
                        return false;
                memcpy(to, &number, sizeof(number));
                return true;
        case VALUE_IPV4:
                if (*text && !ipv4_parse(text, &address))
                        return false;
                memcpy(to, &address, sizeof(address));
                return true;
        case VALUE_WORD:
        case VALUE_HOST:
        case VALUE_URL:
        case VALUE_BASE:
        case VALUE_TAG:
                return parse_text(key, text, to);
        }
        return false;
}

static void format_planes(unsigned planes, struct buf *b) {
        if (planes == 0)
                buf_puts(b, "auto");
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                if (planes & 1u << p)
                        buf_printf(b, "%s%s", b->len > 0 ? " " : "", verdict_plane_name(p));
}

void config_value_format(const struct key *key, const struct config *c,
                         char ret[static CONFIG_VALUE_SIZE]) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_VALUE_SIZE - 1);
        const void *from = (const char *)c + key->offset;
        char address[IPV4_SIZE];
        in_addr_t ip;
        uint64_t usec;
        unsigned u;

        memcpy(&u, from, key->kind == VALUE_BOOL ? sizeof(bool) : sizeof(u));
        switch (key->kind) {
        case VALUE_CHOICE:
                buf_puts(&b, u < key->n_names && key->names[u] ? key->names[u] : "");
                break;
        case VALUE_PLANES:
                format_planes(u, &b);
                break;
        case VALUE_BOOL:
                buf_puts(&b, *(const bool *)from ? "yes" : "no");
                break;
        case VALUE_UINT:
                buf_printf(&b, "%u", u);
                break;
        case VALUE_DURATION:
                memcpy(&usec, from, sizeof(usec));
                config_format_duration(usec, ret);
                return;
        case VALUE_IPV4:
                memcpy(&ip, from, sizeof(ip));
                buf_puts(&b, ip ? ipv4_format(ip, address) : "");
                break;
        case VALUE_WORD:
        case VALUE_HOST:
        case VALUE_URL:
        case VALUE_BASE:
        case VALUE_TAG:
                buf_puts(&b, from);
                break;
        }
        text_copy(ret, CONFIG_VALUE_SIZE, buf_text(&b));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/text.h"

#define BLANKS       " \t\r\n"
#define DEFAULT_PORT "1080" /* as curl's */

static const char *const schemes[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};

static bool is_scheme(const char *name, size_t len) {
        for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
                if (strlen(schemes[i]) == len && strncasecmp(schemes[i], name, len) == 0)
                        return true;
        }
        return false;
}

/* One entry of no_proxy: the name itself or a domain that it is in; ".x" and "*.x" mean x. */
static bool entry_covers(const char *entry, size_t len, const char *host, size_t host_len) {
        if (len == 1 && *entry == '*')
                return true;
        if (len > 1 && entry[0] == '*' && entry[1] == '.')
                entry++, len--;
        while (len > 0 && *entry == '.')
                entry++, len--;
        while (len > 0 && entry[len - 1] == '.')
                len--;
        if (len == 0 || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
                return false;
        return len == host_len || host[host_len - len - 1] == '.';
}

static bool is_excepted(const char *host) {
        const char *list = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
        size_t host_len = strcspn(host, ":"), n;

        for (const char *p = list ? list : ""; *p; p += n) {
                p += strspn(p, "," BLANKS);
                n = strcspn(p, "," BLANKS);
                if (entry_covers(p, n, host, host_len))
                        return true;
        }
        return false;
}

static const char *find_variable(const char **ret_name) {
        static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                const char *value = getenv(names[i]);

                if (!value)
                        continue;
                *ret_name = names[i];
                return value + strspn(value, BLANKS);
        }
        return "";
}

static int hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What is no %XX stands for itself: a password may have a bare percent sign. */
static bool decode(const char *from, size_t len, char ret[static PROXY_SECRET_SIZE]) {
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                char c = from[i];

                if (c == '%' && i + 2 < len && hex(from[i + 1]) >= 0 && hex(from[i + 2]) >= 0) {
                        c = (char)(hex(from[i + 1]) * 16 + hex(from[i + 2]));
                        i += 2;
                }
                if (!c || c == '\r' || c == '\n' || n + 1 >= PROXY_SECRET_SIZE)
                        return false;
                ret[n++] = c;
        }
        ret[n] = '\0';
        return true;
}

static const char *take_secrets(struct proxy *p, const char *text, size_t len) {
        const char *colon = memchr(text, ':', len);
        size_t user = colon ? (size_t)(colon - text) : len;

        if (!decode(text, user, p->user) ||
            (colon && !decode(colon + 1, len - user - 1, p->password)))
                return "its user name or password is too long or has a control character";
        return NULL;
}

/* "host", "host:port", "[v6]:port"; what follows a '/' is no matter. */
static const char *take_host(struct proxy *p, const char *scheme, size_t scheme_len,
                             const char *text) {
        _cleanup_buf_ struct buf host = BUF(PROXY_HOST_SIZE - 16);
        size_t len = strcspn(text, "/?#" BLANKS), name = len;
        const char *port = memchr(text, ':', len);
        char digits[8];
        uint64_t number;

        if (*text == '[') {
                const char *end = memchr(text, ']', len);

                if (!end || (size_t)(end - text) + 1 > len)
                        return "its host is not understood";
                port = end + 1 < text + len ? end + 1 : NULL;
        }
        if (port)
                name = (size_t)(port - text);
        buf_add(&host, text, name);
        if (host.error || !text_is_word(buf_text(&host), PROXY_HOST_SIZE, "-._:[]"))
                return "its host is not understood";
        TEXT_SET(digits, DEFAULT_PORT);
        if (port) {
                if (*port != ':' || len - name - 1 >= sizeof(digits))
                        return "its port is not understood";
                memcpy(digits, port + 1, len - name - 1);
                digits[len - name - 1] = '\0';
        }
        if (!text_to_u64(digits, UINT16_MAX, &number) || number == 0)
                return "its port is not understood";
        buf_puts(&host, ":");
        buf_puts(&host, digits);
        TEXT_SET(p->host, buf_text(&host));
        for (size_t i = 0; i < scheme_len; i++)
                p->url[i] = (char)(scheme[i] | 0x20);
        text_copy(p->url + scheme_len, sizeof(p->url) - scheme_len, "://");
        text_copy(p->url + scheme_len + 3, sizeof(p->url) - scheme_len - 3, p->host);
        return NULL;
}

static const char *take_apart(struct proxy *p, const char *text) {
        const char *scheme = "http", *end = strstr(text, "://"), *at;
        size_t scheme_len = strlen(scheme);

        if (end) {
                scheme = text;
                scheme_len = (size_t)(end - text);
                text = end + 3;
        }
        if (!is_scheme(scheme, scheme_len))
                return "its scheme is none of http, https, socks4, socks4a, socks5, socks5h";
        /* The last one: a password may have an '@', a '/' or a '#' in it, a host has not. */
        at = strrchr(text, '@');
        if (at) {
                const char *why = take_secrets(p, text, (size_t)(at - text));

                if (why)
                        return why;
                text = at + 1;
        }
        return take_host(p, scheme, scheme_len, text);
}

void proxy_find(const char *host, struct proxy *ret) {
        const char *value;

        *ret = (struct proxy){};
        value = find_variable(&ret->variable);
        if (!*value || is_excepted(host))
                return;
        ret->why = take_apart(ret, value);
        ret->kind = ret->why ? PROXY_BAD : PROXY_USED;
}

void proxy_done(struct proxy *p) {
        explicit_bzero(p, sizeof(*p));
}

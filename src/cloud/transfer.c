/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <errno.h>
#include <linux/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <ecs-pubip/backoff.h>

#include "cloud/backstop.h"
#include "cloud/clock.h"
#include "cloud/link.h"
#include "cloud/sockets.h"
#include "util/text.h"

#define HEADERS_MAX      (32u * 1024)
#define STATE_CLOSE      7 /* TCP_CLOSE and TCP_CLOSE_WAIT of the C library's own header */
#define STATE_CLOSE_WAIT 8
#define TLS_HEADER       5 /* of a record: type, version, length */
#define TLS_FIRST        20
#define TLS_ALERT        21
#define TLS_LAST         23 /* what is not of TLS itself; and, since 1.3, all that is encrypted */
/* CURLOPT_PREREQFUNCTION and its kin, from 7.80 on. Older ones refuse the number. */
#define OPTION_PREREQFUNCTION ((CURLoption)(CURLOPTTYPE_FUNCTIONPOINT + 312))
#define OPTION_PREREQDATA     ((CURLoption)(CURLOPTTYPE_OBJECTPOINT + 313))
#define PREREQ_OK             0
#define PREREQ_ABORT          1

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        struct transfer *t = userdata;

        buf_add(&t->reply->body, data, size * n);
        if (t->reply->body.error == -E2BIG)
                t->too_large = true;
        return t->reply->body.error ? 0 : size * n;
}

/* The value of that header in a line as it came, into ret[64]; false if it is another one. */
static bool header_is(const char *line, size_t len, const char *name, char ret[static 64]) {
        size_t n = strlen(name);

        if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
                return false;
        for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++)
                ;
        while (len > n && strchr(" \t\r\n", line[len - 1]) && line[len - 1])
                len--;
        if (len - n >= 64)
                return false;
        memcpy(ret, line + n, len - n);
        ret[len - n] = '\0';
        return true;
}

static int64_t parse_date(const char *text) {
        time_t t = curl_getdate(text, NULL);

        return t > 0 ? t : 0;
}

/* Seconds, or a date that is compared with the same server's (its Date comes first). */
static uint32_t parse_retry_after(const char *text, int64_t date) {
        uint64_t seconds;
        int64_t until;

        if (!text_to_u64(text, UINT32_MAX, &seconds)) {
                until = parse_date(text);
                seconds = date > 0 && until > date ? (uint64_t)(until - date) : 0;
        }
        if (seconds > HINT_MAX_USEC / USEC_PER_SEC)
                seconds = HINT_MAX_USEC / USEC_PER_SEC;
        return (uint32_t)(seconds * 1000);
}

static void read_header(struct http_reply *r, const char *line, size_t len) {
        char value[64];
        uint64_t ms;

        if (header_is(line, len, "date", value)) {
                r->date = parse_date(value);
        } else if (header_is(line, len, "retry-after", value)) {
                r->hint_ms = parse_retry_after(value, r->date);
        } else if (header_is(line, len, "x-acs-retry-after", value)) {
                /* Milliseconds; 0, negative and other texts are no hint (ecs-api 5, 9.10). */
                if (text_to_u64(value, UINT64_MAX, &ms))
                        r->acs_hint_ms = (uint32_t)(ms < HINT_MAX_USEC / USEC_PER_MSEC
                                                            ? ms
                                                            : HINT_MAX_USEC / USEC_PER_MSEC);
        }
}

static size_t on_header(char *data, size_t size, size_t n, void *userdata) {
        struct transfer *t = userdata;
        size_t len = size * n;

        t->header_bytes += len;
        if (t->header_bytes > HEADERS_MAX) {
                t->too_large = true;
                return 0;
        }
        /* A status line begins anew: interim answers (1xx) have headers of their own. */
        if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
                t->reply->date = 0;
                t->reply->hint_ms = t->reply->acs_hint_ms = 0;
        }
        read_header(t->reply, data, len);
        return len;
}

/*
 * Asked by curl all the time, also in loops in which it forgets its own limits. A changing call
 * that has left is not given up: its answer is worth more than the time, even if nobody reads it
 * here; everything else ends with the agent.
 */
static int on_progress(void *userdata, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                       curl_off_t ulnow) {
        struct transfer *t = userdata;
        uint64_t now = clock_boottime_usec();

        (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
        t->late = now >= t->ends || (!t->reply->sent && now >= t->starts_until);
        t->gone = !(t->request->changing && t->reply->sent) && link_hung_up();
        return t->late || t->gone || t->withheld;
}

/*
 * The kernel must not deliver a changing call when nobody waits for it any more: it gives up at the
 * end of CALL_MAX, and what is unsent when the socket is closed, however this process ends, is
 * lost.
 */
static void limit_delivery(const struct transfer *t) {
        const struct linger drop = {.l_onoff = 1, .l_linger = 0};
        uint64_t now = clock_boottime_usec();
        unsigned ms = t->http->call_ends > now + USEC_PER_MSEC
                              ? (unsigned)((t->http->call_ends - now) / USEC_PER_MSEC)
                              : 1;

        setsockopt(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
}

void transfer_free_delivery(const struct transfer *t) {
        const struct linger none = {};
        const unsigned unlimited = 0;

        setsockopt(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unlimited, sizeof(unlimited));
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

/* The header of a record, as curl shows it, of TLS and not of some other protocol. */
static bool is_tls_record(const char *data, size_t size) {
        return size == TLS_HEADER && data[0] >= TLS_FIRST && data[0] <= TLS_LAST && data[1] == 3;
}

/* All is done but the sending. False: it must not leave. */
static bool pass_gate(struct transfer *t) {
        const char *detail = "";

        t->gated = true;
        t->withheld = gate_pass(&t->http->gate, t->http->deadline, &t->starts_until, &detail);
        if (!t->withheld)
                return true;
        t->http->is_last = true;
        TEXT_SET(t->reply->detail, detail);
        return false;
}

/* curl from 7.80 on asks here, when the connection with its TLS stands. */
static int on_ready(void *userdata, char *remote, char *local, int remote_port, int local_port) {
        (void)remote, (void)local, (void)remote_port, (void)local_port;
        return pass_gate(userdata) ? PREREQ_OK : PREREQ_ABORT;
}

/*
 * Before 7.80: OpenSSL shows each record just before it writes it. The first of the call's own data
 * comes when the handshake with the API's own host is over, behind a proxy after its CONNECT.
 */
static bool is_first_record(const struct transfer *t, const char *data, size_t size) {
        const struct proxy *p = t->request->proxy;
        struct curl_tlssessioninfo *tls = NULL;
        long tunnel = 0;

        if (!is_tls_record(data, size) || data[0] != TLS_LAST)
                return false;
        curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
        if (p && p->kind == PROXY_USED && text_starts(p->url, "https:") && tunnel == 0)
                return false;
        return curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK &&
               tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals &&
               SSL_is_init_finished(tls->internals);
}

/*
 * What tells that the request has left is its own header leaving. A count of bytes does not: curl
 * counts a proxy's CONNECT, too. Nothing that comes here is printed or kept.
 */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *userdata) {
        struct transfer *t = userdata;
        size_t n = strlen(t->request->method);

        (void)easy;
        if (type == CURLINFO_SSL_DATA_IN && is_tls_record(data, size)) {
                t->heard = true;
                t->alerted |= data[0] == TLS_ALERT;
        }
        if (type == CURLINFO_SSL_DATA_OUT && t->by_record && !t->gated &&
            is_first_record(t, data, size) && !pass_gate(t))
                sockets_shutdown(); /* it meets an end that takes nothing */
        if (type != CURLINFO_HEADER_OUT || size == 0 || t->reply->sent)
                return 0;
        if (memcmp(data, t->request->method, size < n ? size : n) != 0)
                return 0;
        t->reply->sent = true;
        if (!t->request->changing)
                return 0;
        backstop_move(t->ends + BACKSTOP_GRACE);
        limit_delivery(t);
        return 0;
}

/* For names only: takes the address down, and lets curl believe that there is no socket to be had.
 */
static curl_socket_t take_address(struct transfer *t, const struct curl_sockaddr *address) {
        if (address->family == AF_INET && t->n_addresses < t->max_addresses)
                memcpy(&t->addresses[t->n_addresses++], &address->addr, sizeof(struct sockaddr_in));
        return CURL_SOCKET_BAD;
}

/*
 * When a kept connection dies under a request, curl repeats it on a new one. A changing call must
 * not leave twice by itself: without a new socket there is no second time.
 */
static curl_socket_t on_open_socket(void *userdata, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
        struct transfer *t = userdata;
        int fd;

        (void)purpose;
        if (t->request->zone == HTTP_RESOLVE)
                return take_address(t, address);
        if (t->gated || (t->request->changing && t->reply->sent))
                return CURL_SOCKET_BAD;
        fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        if (fd < 0)
                return CURL_SOCKET_BAD;
        sockets_add(fd);
        if (t->request->changing) {
                t->fd = fd;
                limit_delivery(t);
        }
        return fd;
}

/*
 * Curl calls a handshake that was reset or cut off one that failed; the kernel knows better. What
 * is closed later, when no transfer runs, tells nothing.
 */
static int on_close_socket(void *userdata, curl_socket_t fd) {
        struct transfer *t = ((struct http *)userdata)->running;
        struct tcp_info info = {};
        socklen_t size = sizeof(info);

        sockets_remove(fd);
        if (t && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
                /* A FIN counts as a byte; of a proxy's bytes nobody knows what is TLS. */
                bool mute = info.tcpi_bytes_received <= 1 ||
                            (t->request->proxy && t->request->proxy->kind == PROXY_USED);

                t->broke = (info.tcpi_state == STATE_CLOSE && !t->alerted && (t->heard || mute)) ||
                           (info.tcpi_state == STATE_CLOSE_WAIT && !t->heard && mute);
        }
        return close(fd);
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *userdata) {
        const struct transfer *t = userdata;

        (void)easy;
        X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ssl_ctx), (time_t)t->request->verify_time);
        return CURLE_OK;
}

void transfer_hook(struct transfer *t) {
        static const CURLoption data[] = {CURLOPT_WRITEDATA,    CURLOPT_HEADERDATA,
                                          CURLOPT_XFERINFODATA, CURLOPT_OPENSOCKETDATA,
                                          CURLOPT_DEBUGDATA,    CURLOPT_SSL_CTX_DATA,
                                          OPTION_PREREQDATA};
        CURL *easy = t->easy;

        for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
                curl_easy_setopt(easy, data[i], t);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->http);
        curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
        if (t->request->changing)
                t->by_record = curl_easy_setopt(easy, OPTION_PREREQFUNCTION, on_ready) != CURLE_OK;
        if (t->request->verify_time > 0)
                curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
}

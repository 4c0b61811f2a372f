/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

/* CURLOPT_PROTOCOLS is deprecated since 7.85, but its successor is not in 7.61, our floor. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/budget.h>
#include <ecs-pubip/fault.h>

#include "cloud/clock.h"
#include "cloud/link.h"
#include "cloud/result.h"
#include "cloud/secret.h"
#include "util/cleanup.h"
#include "util/secret.h"
#include "util/text.h"

#define HEADERS_MAX     (32u * 1024)
#define HEADER_LINE_MAX (16u * 1024)          /* of ours: a security token may have 4 KiB */
#define BODY_FIRST      (16u * 1024)          /* credentials fit: their buffer never moves */
#define ATTEMPT_MIN     (100 * USEC_PER_MSEC) /* with less, a healthy host looks like a dead one */
#define USER_AGENT      "ecs-pubip/" ECS_PUBIP_VERSION
/*
 * A resolver that does not answer: curl waits for its resolving thread even after its own timeout,
 * and by the defaults of resolv.conf(5) that is 20 s. Two servers are asked once each, which ends
 * within the time for a connection; whoever sets RES_OPTIONS for the service is obeyed.
 */
#define RESOLVER_OPTIONS "timeout:2 attempts:1"
/* CURLOPT_QUICK_EXIT, from 7.87 on: leave that thread behind. Older ones refuse the number. */
#define OPTION_QUICK_EXIT ((CURLoption)(CURLOPTTYPE_LONG + 322))

static const struct {
        long protocols;
        const char *no_proxy; /* "*": none at all; NULL: as the environment says */
        unsigned connect_ms, total_ms;
        bool connect_only;
} zones[_HTTP_ZONE_MAX] = {
        [HTTP_METADATA] = {CURLPROTO_HTTP, "*", 2000, 5000, false},
        [HTTP_API] = {CURLPROTO_HTTPS, NULL, 5000, CALL_ATTEMPT_MS, false},
        [HTTP_OUTSIDE] = {CURLPROTO_HTTP | CURLPROTO_HTTPS, "*", 5000, 10000, false},
        [HTTP_TOUCH] = {CURLPROTO_HTTP, "*", 3000, 3000, true},
};

/* One transfer, as the callbacks see it. */
struct transfer {
        CURL *easy;
        const struct http_request *request;
        struct http_reply *reply;
        size_t header_bytes;
        bool too_large;
        char error[CURL_ERROR_SIZE];
};

DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)

int http_init(struct http *h) {
        setenv("RES_OPTIONS", RESOLVER_OPTIONS, false);
        if (curl_global_init_mem(CURL_GLOBAL_ALL, secret_malloc, secret_free, secret_realloc,
                                 secret_strdup, secret_calloc) != CURLE_OK)
                return -ENOMEM;
        h->easy = curl_easy_init();
        return h->easy ? 0 : -ENOMEM;
}

void http_done(struct http *h) {
        curl_easy_cleanup(h->easy);
        h->easy = NULL;
        curl_global_cleanup();
}

void http_reply_done(struct http_reply *r) {
        buf_done(&r->body);
}

static bool anything_sent(CURL *easy) {
        long bytes = 0;

        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
        return bytes > 0;
}

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
 * Asked by curl all the time. A changing call that has left is not given up: its answer is worth
 * more than the time, even if nobody reads it here; everything else ends with the agent.
 */
static int on_progress(void *userdata, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                       curl_off_t ulnow) {
        struct transfer *t = userdata;

        (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
        if (t->request->changing && anything_sent(t->easy))
                return 0;
        return link_hung_up();
}

/*
 * When a kept connection dies under a request, curl repeats it on a new one. A changing call must
 * not leave twice by itself: without a new socket there is no second time.
 */
static curl_socket_t on_open_socket(void *userdata, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
        struct transfer *t = userdata;

        (void)purpose;
        if (t->request->changing && anything_sent(t->easy))
                return CURL_SOCKET_BAD;
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *userdata) {
        const struct transfer *t = userdata;

        (void)easy;
        X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ssl_ctx), (time_t)t->request->verify_time);
        return CURLE_OK;
}

static void erase_headers(struct curl_slist *list) {
        for (; list; list = list->next)
                explicit_bzero(list->data, strlen(list->data));
}

/* "name: value" lines; an empty value makes curl leave out a header of its own. */
static int make_headers(const struct http_request *r, struct curl_slist **ret) {
        struct curl_slist *list = NULL, *longer;

        for (size_t i = 0; i < r->n_headers; i++) {
                _cleanup_buf_ struct buf line = BUF_SECRET(HEADER_LINE_MAX);

                buf_puts(&line, r->headers[i].name);
                buf_puts(&line, ": ");
                buf_puts(&line, r->headers[i].value);
                longer = line.error ? NULL : curl_slist_append(list, line.data);
                if (!longer) {
                        curl_slist_free_all(list);
                        return -ENOMEM;
                }
                list = longer;
        }
        *ret = list;
        return 0;
}

static void set_method(CURL *easy, const struct http_request *r) {
        curl_easy_setopt(easy, CURLOPT_URL, r->url);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
        if (strcmp(r->method, "GET") == 0)
                return;
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

/*
 * Nothing connects after the deadline. A changing call that has left then still gets its whole
 * time: its answer is worth more, and whoever asked waits for it (CALL_MAX_MS).
 */
static void set_limits(CURL *easy, const struct http_request *r, uint64_t left_ms) {
        unsigned total = r->total_ms ? r->total_ms : zones[r->zone].total_ms;
        unsigned connect = zones[r->zone].connect_ms;

        if (left_ms < connect)
                connect = (unsigned)left_ms;
        if (left_ms < total && !r->changing)
                total = (unsigned)left_ms;
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, OPTION_QUICK_EXIT, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)total);
}

static void set_zone(CURL *easy, const struct http_request *r) {
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS, zones[r->zone].protocols);
        curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, 0L);
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        if (zones[r->zone].no_proxy) {
                curl_easy_setopt(easy, CURLOPT_PROXY, "");
                curl_easy_setopt(easy, CURLOPT_NOPROXY, zones[r->zone].no_proxy);
        }
        curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, (long)zones[r->zone].connect_only);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_callbacks(CURL *easy, struct transfer *t) {
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
        if (t->request->verify_time > 0) {
                curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
                curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
        }
}

/* Time ran out before there was an address: the resolver is to blame, not the endpoint. */
static bool is_unresolved(const struct transfer *t, CURLcode result) {
        double resolved = 0;

        curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME, &resolved);
        return result == CURLE_OPERATION_TIMEDOUT && !t->reply->sent && resolved <= 0;
}

/* What a proxy answered to CONNECT; 0: there was none. */
static long tunnel_status(const struct transfer *t) {
        long status = 0;

        curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
        return status;
}

static const char *explain(const struct transfer *t, CURLcode result) {
        const char *text = t->error[0] ? t->error : curl_easy_strerror(result);

        text_copy_printable(t->reply->detail, sizeof(t->reply->detail), text);
        if (t->too_large) {
                TEXT_SET(t->reply->detail, "the answer is larger than any real one");
                return FAULT_TOO_LARGE;
        }
        if (is_unresolved(t, result))
                return FAULT_RESOLVE;
        if (tunnel_status(t) / 100 == 4) /* 5xx: it would, and cannot reach the host */
                return FAULT_PROXY;
        return result_code(result, t->reply->sent);
}

/*
 * curl counts a proxy's CONNECT as sent. It is not the request: where the tunnel was refused, or
 * no TLS came to be in it, nothing of the request has left.
 */
static bool request_sent(const struct transfer *t, CURLcode result) {
        long tunnel = tunnel_status(t);

        if (tunnel != 0 && tunnel / 100 != 2)
                return false;
        return !result_is_tls(result) && anything_sent(t->easy);
}

static const char *transfer_run(struct transfer *t) {
        long status = 0;
        CURLcode result = curl_easy_perform(t->easy);

        t->reply->sent = request_sent(t, result);
        curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &t->reply->verify_result);
        if (result != CURLE_OK)
                return explain(t, result);
        if (t->request->zone == HTTP_TOUCH)
                return NULL;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status < 100 || status > 999) {
                TEXT_SET(t->reply->detail, "the answer is not HTTP");
                return FAULT_NOT_API;
        }
        t->reply->status = (unsigned)status;
        return NULL;
}

static void reply_reset(struct http_reply *ret, size_t body_max) {
        buf_done(&ret->body);
        *ret = (struct http_reply){.body = BUF_SECRET(body_max)};
        /* Room at once: a credential is never moved. */
        buf_reserve(&ret->body, body_max < BODY_FIRST ? body_max : BODY_FIRST);
}

const char *http_perform(struct http *h, const struct http_request *r, struct http_reply *ret) {
        _cleanup_(curl_slist_free_all_p) struct curl_slist *headers = NULL;
        struct transfer t = {.easy = h->easy, .request = r, .reply = ret};
        uint64_t now = clock_boottime_usec();
        const char *code;

        reply_reset(ret, r->body_max);
        if (link_hung_up())
                return FAULT_CLOUD_GONE;
        if (now + ATTEMPT_MIN > h->deadline)
                return FAULT_DEADLINE;
        if (make_headers(r, &headers) < 0)
                return FAULT_CONNECT;
        set_method(h->easy, r);
        set_zone(h->easy, r);
        set_limits(h->easy, r, (h->deadline - now) / USEC_PER_MSEC);
        set_callbacks(h->easy, &t);
        curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers);
        code = transfer_run(&t);
        erase_headers(headers);
        /* Forgets pointers to this stack frame; connections stay. */
        curl_easy_reset(h->easy);
        return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/budget.h>
#include <ecs-pubip/fault.h>

#include "cloud/clock.h"
#include "cloud/link.h"
#include "cloud/result.h"
#include "cloud/secret.h"
#include "cloud/sockets.h"
#include "cloud/transfer.h"
#include "util/cleanup.h"
#include "util/secret.h"
#include "util/text.h"

#define HEADER_LINE_MAX (16u * 1024)          /* of ours: a security token may have 4 KiB */
#define BODY_FIRST      (16u * 1024)          /* credentials fit: their buffer never moves */
#define ATTEMPT_MIN     (100 * USEC_PER_MSEC) /* with less, a healthy host looks like a dead one */
#define URL_MAX         512                   /* of a name to resolve */
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
        const char *no_proxy; /* "*": none at all; NULL: as the request says */
        unsigned connect_ms, total_ms;
} zones[_HTTP_ZONE_MAX] = {
        [HTTP_METADATA] = {CURLPROTO_HTTP, "*", 2000, 5000},
        [HTTP_API] = {CURLPROTO_HTTPS, NULL, 5000, CALL_ATTEMPT_MS},
        [HTTP_OUTSIDE] = {CURLPROTO_HTTP | CURLPROTO_HTTPS, "*", 5000, 10000},
        [HTTP_RESOLVE] = {CURLPROTO_HTTP, "*", 3000, 3000},
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

/* What holds for every request. */
static const struct {
        CURLoption option;
        int value;
} always[] = {
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_NOSIGNAL, 1},
        {OPTION_QUICK_EXIT, 1},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_VERBOSE, 1},
        {CURLOPT_REDIR_PROTOCOLS, 0},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
};

static void set_always(CURL *easy) {
        for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
                curl_easy_setopt(easy, always[i].option, (long)always[i].value);
}

static void set_method(CURL *easy, const struct http_request *r) {
        curl_easy_setopt(easy, CURLOPT_URL, r->url);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
        if (strcmp(r->method, "GET") == 0)
                return;
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

/*
 * Nothing connects after the deadline. A changing call that has left then still gets its whole
 * time: its answer is worth more, and whoever asked waits for it until CALL_MAX_MS.
 */
static void set_limits(CURL *easy, struct transfer *t, uint64_t now) {
        const struct http_request *r = t->request;
        uint64_t left_ms = (t->http->deadline - now) / USEC_PER_MSEC;
        unsigned total = r->total_ms ? r->total_ms : zones[r->zone].total_ms;
        unsigned connect = zones[r->zone].connect_ms;

        if (left_ms < connect)
                connect = (unsigned)left_ms;
        if (left_ms < total && !r->changing)
                total = (unsigned)left_ms;
        if (total < connect)
                connect = total;
        t->starts_until = now + connect * USEC_PER_MSEC;
        t->ends = now + total * USEC_PER_MSEC;
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)total);
}

/*
 * Without a proxy names are asked for IPv4 alone: the API has no other addresses, and a resolver
 * that drops the question for them would cost the time for the connection.
 */
static void set_proxy(CURL *easy, const struct http_request *r) {
        const struct proxy *p = zones[r->zone].no_proxy ? NULL : r->proxy;
        bool used = p && p->kind == PROXY_USED;

        curl_easy_setopt(easy, CURLOPT_NOPROXY, used ? "" : "*");
        curl_easy_setopt(easy, CURLOPT_PROXY, used ? p->url : "");
        if (used && (p->user[0] || p->password[0])) {
                curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, p->user);
                curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, p->password);
        }
        if (!used && r->zone != HTTP_METADATA && r->zone != HTTP_OUTSIDE)
                curl_easy_setopt(easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
}

/*
 * A changing call has a connection of its own, in which no stray answer of an earlier one can
 * stand; its TLS session is resumed. Where a hint says what time it is no session is kept: to
 * resume one would be to trust, without a look at it, a certificate that only that hint made valid.
 */
static void set_connection(CURL *easy, const struct http_request *r) {
        if (r->changing)
                curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        else
                sockets_end_readable();
        if (r->verify_time > 0)
                curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

static void set_zone(CURL *easy, const struct http_request *r) {
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS, zones[r->zone].protocols);
        curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, (long)(r->zone == HTTP_RESOLVE));
}

/* Time ran out before there was an address: the resolver is to blame, not the endpoint. */
static bool is_unresolved(const struct transfer *t, CURLcode result) {
        double resolved = 0;

        curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME, &resolved);
        return (result == CURLE_OPERATION_TIMEDOUT || t->late || t->gone) && !t->reply->sent &&
               resolved <= 0;
}

/* What a proxy answered to CONNECT; 0: there was none. */
static long tunnel_status(const struct transfer *t) {
        long status = 0;

        curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
        return status;
}

/* The sentence that says most of a transfer that failed; no text of curl's or of the other side's.
 */
static const char *detail_of(const struct transfer *t, CURLcode result) {
        const char *text = NULL;

        if (result_is_tls(result))
                text = result_verify_text(t->reply->verify_result);
        else if (result == CURLE_COULDNT_CONNECT)
                text = result_errno_text(t->reply->os_error);
        if (!text)
                text = result_text(result, t->reply->sent);
        return text ? text : t->reply->sent ? "the connection failed" : "no connection came to be";
}

static void explain_proxy(struct transfer *t, long status) {
        _cleanup_buf_ struct buf text = BUF(HTTP_DETAIL_SIZE - 1);

        buf_printf(&text, "the proxy answered CONNECT with status %ld", status);
        TEXT_SET(t->reply->detail, buf_text(&text));
}

static const char *explain(struct transfer *t, CURLcode result) {
        if (t->withheld)
                return t->withheld; /* with its detail */
        if (t->too_large) {
                TEXT_SET(t->reply->detail, "the answer is larger than any real one");
                return FAULT_TOO_LARGE;
        }
        if (is_unresolved(t, result)) {
                t->http->is_last = true;
                TEXT_SET(t->reply->detail, "the resolver did not answer in time");
                return t->gone ? FAULT_CLOUD_GONE : FAULT_RESOLVE;
        }
        if (t->late)
                result = CURLE_OPERATION_TIMEDOUT;
        TEXT_SET(t->reply->detail, detail_of(t, result));
        if (!t->reply->sent && tunnel_status(t) / 100 == 4) { /* 5xx: it cannot reach the host */
                explain_proxy(t, tunnel_status(t));
                return FAULT_PROXY;
        }
        if (result == CURLE_SSL_CONNECT_ERROR && t->broke) {
                TEXT_SET(t->reply->detail, "the connection was closed in the TLS handshake");
                return FAULT_CONNECT;
        }
        return result_code(result, t->reply->sent);
}

static const char *transfer_run(struct transfer *t) {
        long status = 0, os_error = 0;
        CURLcode result;

        t->http->running = t;
        result = curl_easy_perform(t->easy);
        t->http->running = NULL;
        curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &t->reply->verify_result);
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_error);
        t->reply->os_error = result == CURLE_COULDNT_CONNECT ? (int)os_error : 0;
        if (result != CURLE_OK)
                return explain(t, result);
        if (t->fd >= 0)
                transfer_free_delivery(t);
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

static const char *perform(struct transfer *t) {
        _cleanup_(curl_slist_free_all_p) struct curl_slist *headers = NULL;
        const struct http_request *r = t->request;
        uint64_t now = clock_boottime_usec();
        const char *code;

        reply_reset(t->reply, r->body_max);
        if (link_hung_up())
                return FAULT_CLOUD_GONE;
        if (now + ATTEMPT_MIN > t->http->deadline)
                return FAULT_DEADLINE;
        if (make_headers(r, &headers) < 0)
                return FAULT_CONNECT;
        set_always(t->easy);
        set_method(t->easy, r);
        set_zone(t->easy, r);
        set_limits(t->easy, t, now);
        set_proxy(t->easy, r);
        set_connection(t->easy, r);
        transfer_hook(t);
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
        code = transfer_run(t);
        erase_headers(headers);
        /* Forgets pointers to the caller's stack frame; connections stay. */
        curl_easy_reset(t->easy);
        return code;
}

const char *http_perform(struct http *h, const struct http_request *r, struct http_reply *ret) {
        struct transfer t = {.easy = h->easy, .http = h, .request = r, .reply = ret, .fd = -1};

        return perform(&t);
}

const char *http_resolve(struct http *h, const char *host, struct sockaddr_in *ret, size_t max,
                         size_t *ret_n) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        _cleanup_buf_ struct buf url = BUF(URL_MAX);
        struct http_request request = {.zone = HTTP_RESOLVE, .method = "GET"};
        struct transfer t = {.easy = h->easy,
                             .http = h,
                             .request = &request,
                             .reply = &reply,
                             .fd = -1,
                             .addresses = ret,
                             .max_addresses = max};
        const char *code;

        buf_printf(&url, "http://%s/", host);
        request.url = buf_text(&url);
        code = perform(&t);
        *ret_n = t.n_addresses;
        return t.n_addresses > 0 ? NULL : code ? code : FAULT_RESOLVE;
}

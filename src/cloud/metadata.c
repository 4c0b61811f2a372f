/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <ecs-pubip/backoff.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define IPV4_HOST       "100.100.100.200"
#define IPV4_BASE       "http://" IPV4_HOST
#define IPV6_BASE       "http://[fd00:100::100:200]"
#define TOKEN_PATH      "api/token"
#define TOKEN_HEADER    "X-aliyun-ecs-metadata-token"
#define TTL_HEADER      TOKEN_HEADER "-ttl-seconds"
#define TOKEN_TTL       "600" /* seconds; this process seldom lives longer */
#define TOKEN_TTL_USEC  (600 * USEC_PER_SEC)
#define TOKEN_MS        2000 /* a lost answer (hop limit) must not cost the whole deadline */
#define TREE_MAX        (256u * 1024)
#define LEAF_MAX        4096u
#define PATH_ALL        "meta-data/all"
#define PATH_DOCUMENT   "dynamic/instance-identity/document"
#define PATH_ID         "meta-data/instance-id"
#define PATH_NETWORK    "meta-data/network-type"
#define PATH_EIPV4      "meta-data/eipv4"
#define PATH_PUBLIC_IP4 "meta-data/public-ipv4"

void metadata_init(struct metadata *m, struct http *http, struct clock *clock,
                   const struct config *config) {
        *m = (struct metadata){.http = http, .clock = clock, .config = config};
}

void metadata_done(struct metadata *m) {
        explicit_bzero(m->token, sizeof(m->token));
}

static bool refuse(struct fault *fault, const char *code, unsigned status, const char *message) {
        *fault = fault_own(code, message);
        fault->http_status = status;
        return false;
}

/* A configured address stands alone: the other one may be somebody else's there. */
static bool has_second_base(const struct metadata *m) {
        return strcmp(m->config->metadata, IPV4_BASE) == 0;
}

static const char *perform_at(struct metadata *m, struct http_request *r, const char *path,
                              struct http_reply *ret) {
        _cleanup_buf_ struct buf url = BUF(CONFIG_URL_SIZE + 512);
        const char *code;

        buf_puts(&url, m->ipv6 ? IPV6_BASE : m->config->metadata);
        buf_puts(&url, "/latest/");
        buf_puts(&url, path);
        if (url.error)
                return FAULT_CONNECT;
        r->url = url.data;
        code = http_perform(m->http, r, ret);
        r->url = NULL;
        if (!code)
                clock_hint(m->clock, ret->date);
        return code;
}

/*
 * One request at whichever address connects; a code of http.h when none does. Then the first one's
 * reason is told: nearly every machine has no way to the other address at all.
 */
static const char *perform(struct metadata *m, struct http_request *r, const char *path,
                           struct http_reply *ret) {
        const char *code = perform_at(m, r, path, ret), *other;
        char detail[HTTP_DETAIL_SIZE];
        int os_error;

        if (!code || ret->sent || !has_second_base(m) ||
            (strcmp(code, FAULT_CONNECT) != 0 && strcmp(code, FAULT_RESOLVE) != 0))
                return code;
        TEXT_SET(detail, ret->detail);
        os_error = ret->os_error;
        m->ipv6 = !m->ipv6;
        other = perform_at(m, r, path, ret);
        if (!other || ret->sent)
                return other;
        m->ipv6 = !m->ipv6;
        TEXT_SET(ret->detail, detail);
        ret->os_error = os_error;
        return code;
}

/*
 * Whether a route forbids the metadata address, as systemd-imdsd's does when it is locked: a UDP
 * connect() sends nothing and asks the routes, not the policies for TCP and not the packet filter.
 */
static bool is_locked(const struct metadata *m) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
        const char *host = strstr(m->config->metadata, "://");
        _cleanup_close_ int fd = -1;
        char name[IPV4_SIZE];

        if (!host || strcspn(host + 3, ":/") >= sizeof(name))
                return false;
        text_copy(name, strcspn(host + 3, ":/") + 1, host + 3);
        if (!ipv4_parse(name, &to.sin_addr.s_addr))
                return false;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 &&
               errno == EACCES;
}

/* Codes of http.h as what they mean for the metadata service. */
static bool refuse_transport(const struct metadata *m, struct fault *fault, const char *code,
                             const struct http_reply *r) {
        static const struct {
                const char *transport, *metadata;
        } names[] = {
                {FAULT_RESOLVE, FAULT_MD_UNREACHABLE}, {FAULT_CONNECT, FAULT_MD_UNREACHABLE},
                {FAULT_TIMEOUT, FAULT_MD_UNREACHABLE}, {FAULT_CLOSED, FAULT_MD_GARBLED},
                {FAULT_TOO_LARGE, FAULT_MD_GARBLED},   {FAULT_NOT_API, FAULT_MD_GARBLED},
        };
        _cleanup_buf_ struct buf text = BUF(FAULT_MESSAGE_SIZE - 1);

        if (r->os_error == EACCES || r->os_error == EPERM)
                return refuse(fault, is_locked(m) ? FAULT_MD_LOCKED : FAULT_MD_POLICY, 0,
                              r->detail);
        /* Which address it was, where it is the documented one: a configured URL is not shown. */
        if (has_second_base(m))
                buf_puts(&text, IPV4_HOST ": ");
        buf_puts(&text, r->detail);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (strcmp(names[i].transport, code) == 0)
                        return refuse(fault, names[i].metadata, 0, buf_text(&text));
        }
        return refuse(fault, code, 0, buf_text(&text));
}

/* Statuses other than 200, once token matters are settled. */
static const char *explain_status(const struct metadata *m, unsigned status) {
        if (status == 404)
                return FAULT_MD_NOT_FOUND;
        if (status == 401 || status == 403)
                return m->token_timed_out ? FAULT_MD_TOKEN : FAULT_MD_FORBIDDEN;
        if (status == 429)
                return FAULT_MD_THROTTLED;
        return status >= 500 ? FAULT_MD_SERVER : FAULT_MD_GARBLED;
}

/*
 * Without the Retry-After: it is nobody's quota of an account, the wait for which nothing may end.
 */
static bool refuse_status(struct metadata *m, struct fault *fault, const struct http_reply *r) {
        return refuse(fault, explain_status(m, r->status), r->status, "");
}

/* The token is sent as a header: visible ASCII only. */
static bool token_keep(struct metadata *m, const struct http_reply *r) {
        size_t n = r->body.len;

        while (n > 0 && strchr("\r\n", r->body.data[n - 1]) && r->body.data[n - 1])
                n--;
        if (n == 0 || n >= sizeof(m->token))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (r->body.data[i] <= 0x20 || r->body.data[i] > 0x7e)
                        return false;
        }
        memcpy(m->token, r->body.data, n);
        m->token[n] = '\0';
        m->token_state = TOKEN_HELD;
        m->token_until = clock_boottime_usec() + TOKEN_TTL_USEC / 2;
        return true;
}

/* Goes on without one, unless the configuration forbids that. */
static bool token_do_without(struct metadata *m, unsigned status, struct fault *fault) {
        if (m->config->token_required)
                return refuse(fault, status == 0 ? FAULT_MD_TOKEN : FAULT_MD_FORBIDDEN, status,
                              "no token was given, and TokenRequired=yes");
        m->token_state = TOKEN_REFUSED;
        return true;
}

static bool token_fetch(struct metadata *m, struct fault *fault) {
        static const struct sign_pair headers[] = {{TTL_HEADER, TOKEN_TTL}, {"Content-Type", ""}};
        struct http_request request = {
                .zone = HTTP_METADATA,
                .method = "PUT",
                .headers = headers,
                .n_headers = sizeof(headers) / sizeof(headers[0]),
                .body_max = LEAF_MAX,
                .total_ms = TOKEN_MS,
        };
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        const char *code = perform(m, &request, TOKEN_PATH, &r);

        if (code && strcmp(code, FAULT_TIMEOUT) == 0) {
                m->token_timed_out = true;
                return token_do_without(m, 0, fault);
        }
        if (code)
                return refuse_transport(m, fault, code, &r);
        if (r.status == 200 && token_keep(m, &r))
                return true;
        if (r.status == 200)
                return refuse(fault, FAULT_MD_GARBLED, r.status, "the token is not one");
        if (r.status == 429 || r.status >= 500)
                return refuse_status(m, fault, &r);
        return token_do_without(m, r.status, fault);
}

static bool token_ensure(struct metadata *m, struct fault *fault) {
        if (m->token_state == TOKEN_HELD && clock_boottime_usec() >= m->token_until)
                m->token_state = TOKEN_WANTED;
        return m->token_state != TOKEN_WANTED || token_fetch(m, fault);
}

bool metadata_get(struct metadata *m, const char *path, size_t max, struct http_reply *ret,
                  struct fault *fault) {
        for (bool renewed = false;; renewed = true) {
                struct sign_pair header = {TOKEN_HEADER, m->token};
                struct http_request request = {.zone = HTTP_METADATA,
                                               .method = "GET",
                                               .headers = &header,
                                               .body_max = max};
                const char *code;

                if (!token_ensure(m, fault))
                        return false;
                request.n_headers = m->token_state == TOKEN_HELD;
                code = perform(m, &request, path, ret);
                if (code)
                        return refuse_transport(m, fault, code, ret);
                if (ret->status == 200)
                        return true;
                if (ret->status != 401 || renewed || m->token_state != TOKEN_HELD)
                        return refuse_status(m, fault, ret);
                m->token_state = TOKEN_WANTED;
        }
}

static bool read_addresses(struct metadata *m, struct addresses *ret, struct fault *fault);

/* What the tree leaves open, as by a null, the item's own path may tell. */
static void settle_addresses(struct metadata *m, struct addresses *a) {
        struct addresses own = *a;
        struct fault ignored;

        if (a->presence == PRESENCE_UNKNOWN && read_addresses(m, &own, &ignored))
                *a = own;
}

/*
 * `all`: 1 when it was read, 0 when it is not served here, -1 with *fault. A reply that is none of
 * it is a fault now, and from then on this process reads the items one by one: a tree that never
 * parses must not keep the job from being done.
 */
static int read_all(struct metadata *m, struct identity *ret, struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;

        if (m->no_all)
                return 0;
        if (!metadata_get(m, PATH_ALL, TREE_MAX, &r, fault)) {
                m->no_all = strcmp(fault->code, FAULT_MD_NOT_FOUND) == 0 ||
                            strcmp(fault->code, FAULT_MD_GARBLED) == 0;
                if (strcmp(fault->code, FAULT_MD_NOT_FOUND) != 0)
                        return -1;
                *fault = (struct fault){};
                return 0;
        }
        if (identity_parse_all(buf_text(&r.body), r.body.len, ret) == 0) {
                settle_addresses(m, &ret->public);
                return 1;
        }
        m->no_all = true;
        refuse(fault, FAULT_MD_GARBLED, r.status, "meta-data/all is not what it should be");
        return -1;
}

static bool read_document(struct metadata *m, struct identity *ret, struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;

        if (!metadata_get(m, PATH_DOCUMENT, LEAF_MAX, &r, fault))
                return false;
        if (identity_parse_document(buf_text(&r.body), r.body.len, ret) == 0)
                return true;
        return refuse(fault, FAULT_MD_GARBLED, r.status, "the identity document is not one");
}

/* True with an absent address when the item is not there; false only for what is no answer. */
static bool read_address(struct metadata *m, const char *path, struct addresses *ret,
                         struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;

        if (!metadata_get(m, path, LEAF_MAX, &r, fault)) {
                if (strcmp(fault->code, FAULT_MD_NOT_FOUND) != 0)
                        return false;
                *fault = (struct fault){}; /* an absence is an answer */
                ret->presence = PRESENCE_ABSENT;
                ret->address = 0;
                return true;
        }
        if (identity_parse_address(buf_text(&r.body), r.body.len, ret) == 0)
                return true;
        return refuse(fault, FAULT_MD_GARBLED, r.status, "an address item is no public address");
}

static bool read_addresses(struct metadata *m, struct addresses *ret, struct fault *fault) {
        if (!read_address(m, PATH_EIPV4, ret, fault))
                return false;
        return ret->presence == PRESENCE_PRESENT || read_address(m, PATH_PUBLIC_IP4, ret, fault);
}

/* Only worth a request where it is the last of five: without an address control is asked anyway. */
static void read_network(struct metadata *m, enum network *ret) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        struct fault ignored;

        if (!metadata_get(m, PATH_NETWORK, LEAF_MAX, &r, &ignored))
                return;
        if (strncasecmp(buf_text(&r.body), "vpc", 3) == 0)
                *ret = NETWORK_VPC;
        else if (strncasecmp(buf_text(&r.body), "classic", 7) == 0)
                *ret = NETWORK_CLASSIC;
}

static bool identify(struct metadata *m, struct identity *ret, struct fault *fault) {
        struct identity identity;
        int r = read_all(m, ret, fault);

        if (r != 0)
                return r > 0;
        if (!read_document(m, &identity, fault) || !read_addresses(m, &identity.public, fault))
                return false;
        if (identity.public.presence == PRESENCE_PRESENT)
                read_network(m, &identity.network);
        *ret = identity;
        return true;
}

bool metadata_identify(struct metadata *m, struct identity *ret, struct fault *fault) {
        if (!identify(m, ret, fault))
                return false;
        ret->tokenless = m->token_state != TOKEN_HELD;
        return true;
}

static bool read_instance_id(struct metadata *m, char ret[static INSTANCE_ID_SIZE],
                             struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        char id[INSTANCE_ID_SIZE];

        if (!metadata_get(m, PATH_ID, LEAF_MAX, &r, fault))
                return false;
        while (r.body.len > 0 && strchr(" \r\n", r.body.data[r.body.len - 1]))
                r.body.data[--r.body.len] = '\0';
        if (!text_is_word(buf_text(&r.body), sizeof(id) - 1, "-._"))
                return refuse(fault, FAULT_MD_GARBLED, r.status, "the instance id is not one");
        text_copy(ret, INSTANCE_ID_SIZE, buf_text(&r.body));
        return true;
}

bool metadata_look(struct metadata *m, struct addresses *ret, struct fault *fault) {
        struct addresses a = {};
        struct identity identity;
        int r = read_all(m, &identity, fault);

        if (r < 0)
                return false;
        if (r > 0 && identity.public.presence == PRESENCE_UNKNOWN)
                return refuse(fault, FAULT_MD_GARBLED, 200, "an address item is no public address");
        if (r > 0) {
                *ret = identity.public;
                return true;
        }
        if (!read_instance_id(m, a.instance_id, fault) || !read_addresses(m, &a, fault))
                return false;
        *ret = a;
        return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <openssl/x509_vfy.h>
#include <string.h>
#include <strings.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/reply.h>

#include "cloud/proxy.h"
#include "cloud/withhold.h"
#include "util/cleanup.h"
#include "util/text.h"

#define BODY_MAX        (256u * 1024) /* one instance is 8 KiB, a page of 50 EIPs 80 KiB */
#define CLOCK_ERROR_SEC 60   /* a wall clock that is off by more than this is called wrong */
#define OTHER_MS        6000 /* of a look's time, kept for each endpoint that may be asked after it */
#define LOOK_MS         20000

/* What was tried already; each recovery happens once per call. */
struct recovered {
        bool clock, nonce, credentials, tls_time;
};

void openapi_init(struct openapi *o, struct http *http, struct clock *clock,
                  struct credential_cache *credential_cache, const struct config *config) {
        *o = (struct openapi){.http = http,
                              .clock = clock,
                              .credential_cache = credential_cache,
                              .config = config};
}

/* Who answered last is asked first: a connect timeout is paid once per process. */
static size_t list_endpoints(const struct openapi *o, const struct api_call *call,
                             const char *region, struct endpoint ret[static ENDPOINTS_MAX]) {
        const char *good = o->good_host[call->eip];
        size_t n = call->eip ? endpoint_list_eip(o->config, region, call->product, ret)
                             : endpoint_list_ecs(o->config, region, ret);

        for (size_t i = 1; i < n; i++) {
                struct endpoint e = ret[i];

                if (strcmp(e.host, good) != 0)
                        continue;
                memmove(ret + 1, ret, i * sizeof(e));
                ret[0] = e;
        }
        return n;
}

/* An answer of HTTP that is no success. True: it is the API's own, and not some gateway's page. */
static bool explain_answer(const struct api_call *call, const struct http_reply *r,
                           const struct credentials *c, const struct proxy *p,
                           struct fault *fault) {
        const char *const secrets[] = {c->access_key_secret, c->security_token, c->access_key_id,
                                       p->user, p->password};
        bool recognised;

        *fault = (struct fault){};
        recognised = reply_parse_error(buf_text(&r->body), r->body.len, fault) == 0;
        if (!recognised)
                *fault = fault_own(FAULT_NOT_API, "the answer is no envelope of this API");
        withhold(fault->message, sizeof(fault->message), secrets,
                 sizeof(secrets) / sizeof(secrets[0]));
        fault->http_status = r->status;
        fault->context = call->eip ? FAULT_OF_EIP : 0;
        fault->retry_after_ms = r->acs_hint_ms ? r->acs_hint_ms : r->hint_ms;
        fault_classify(fault, call->context);
        return recognised && fault->request_id[0];
}

static bool is_success(const struct http_reply *r) {
        struct fault error;

        return r->status >= 200 && r->status < 300 &&
               reply_parse_error(buf_text(&r->body), r->body.len, &error) < 0;
}

/* A page that somebody serves with 200 says nothing of the time. */
static bool is_of_api(const struct http_reply *r) {
        char request_id[REQUEST_ID_SIZE];

        return reply_parse_done(buf_text(&r->body), r->body.len, request_id) == 0;
}

static void explain_transport(const char *code, const struct endpoint *e, const struct proxy *p,
                              const struct http_reply *r, struct fault *fault) {
        _cleanup_buf_ struct buf message = BUF(FAULT_MESSAGE_SIZE * 2);

        buf_puts(&message, e->host);
        if (p->kind == PROXY_USED) {
                buf_puts(&message, " through the proxy ");
                buf_puts(&message, p->host);
        }
        if (r->detail[0]) {
                buf_puts(&message, ": ");
                buf_puts(&message, r->detail);
        }
        *fault = fault_own(code, buf_text(&message));
}

static bool refuse_proxy(const struct proxy *p, struct fault *fault) {
        _cleanup_buf_ struct buf message = BUF(FAULT_MESSAGE_SIZE);

        buf_printf(&message, "%s: %s", p->variable, p->why);
        *fault = fault_own(FAULT_PROXY_SETTING, buf_text(&message));
        return false;
}

int64_t openapi_verify_time(const struct openapi *o) {
        return o->verify_by_cloud_time ? clock_now(o->clock) : 0;
}

/*
 * How long a look may take where others can be asked after it: each of them gets the time for a
 * connection and a quick answer. 0: as long as ever; a change stays where it was sent.
 */
static unsigned look_ms(const struct openapi *o, const struct api_call *call, size_t n_others) {
        uint64_t now = clock_boottime_usec(), left, reserved = n_others * OTHER_MS;

        if (call->changing || n_others == 0 || now >= o->http->deadline)
                return 0;
        left = (o->http->deadline - now) / USEC_PER_MSEC;
        left = left > 2 * reserved ? left - reserved : left / 2;
        return left < LOOK_MS ? (unsigned)left : LOOK_MS;
}

/* Law L15: only an answer that is the API's tells the time, and how much so. */
static void learn_time(struct openapi *o, const struct http_reply *r, int64_t signed_at,
                       bool accepted, bool for_time) {
        if (accepted)
                clock_accept(o->clock, signed_at, r->date);
        else
                clock_try(o->clock, r->date, for_time);
}

/* One request to one endpoint, `n_others` after it. */
static bool attempt(struct openapi *o, const struct api_call *call, const struct endpoint *e,
                    size_t n_others, struct http_reply *ret, struct fault *fault) {
        _cleanup_(request_done) struct request request = {};
        _cleanup_(proxy_done) struct proxy proxy = {};
        const struct credentials *credentials;
        struct http_request h = {.zone = HTTP_API, .method = "POST", .body_max = BODY_MAX};
        const char *code;
        int64_t signed_at;

        ret->sent = false;
        proxy_find(e->host, &proxy);
        if (proxy.kind == PROXY_BAD)
                return refuse_proxy(&proxy, fault);
        if (!credential_cache_get(o->credential_cache, &credentials, fault))
                return false;
        signed_at = clock_now(o->clock);
        if (request_make(&request, o->config->signature, e, call->action, call->params,
                         call->n_params, credentials, signed_at) < 0) {
                *fault = fault_own(FAULT_CONNECT, "no memory or no random numbers to sign with");
                return false;
        }
        h.url = request.url;
        h.headers = request.headers;
        h.n_headers = request.n_headers;
        h.changing = call->changing;
        h.verify_time = openapi_verify_time(o);
        h.proxy = &proxy;
        h.total_ms = look_ms(o, call, n_others);
        code = http_perform(o->http, &h, ret);
        if (code) {
                explain_transport(code, e, &proxy, ret, fault);
                return false;
        }
        if (is_success(ret)) {
                if (is_of_api(ret))
                        learn_time(o, ret, signed_at, true, false);
                return true;
        }
        if (explain_answer(call, ret, credentials, &proxy, fault))
                learn_time(o, ret, signed_at, strcmp(fault->code, DRY_RUN_OK) == 0,
                           fault->class == FAULT_CLOCK);
        return false;
}

/*
 * A certificate that looks not yet valid, or expired, to a wrong clock. Metadata's Date is a hint
 * over plain HTTP, but from the same place that hands out our identity and our keys: whoever can
 * forge it needs no forged certificate. So with a role's keys it may say what time it is; the
 * chain is verified all the same. Static keys came from elsewhere: then the wait is of class
 * clock, until somebody sets it.
 */
bool openapi_recover_tls(struct openapi *o, const struct http_reply *r, struct fault *fault) {
        int64_t error = clock_wall_error(o->clock);
        bool off = error > CLOCK_ERROR_SEC || error < -CLOCK_ERROR_SEC;
        bool early = r->verify_result == X509_V_ERR_CERT_NOT_YET_VALID;

        if (!early && r->verify_result != X509_V_ERR_CERT_HAS_EXPIRED)
                return false;
        if (off && !o->verify_by_cloud_time && o->config->credentials == CREDENTIALS_ROLE) {
                o->verify_by_cloud_time = true;
                return true;
        }
        if (early && o->clock->trust != CLOCK_PROVEN) {
                char message[FAULT_MESSAGE_SIZE];

                TEXT_SET(message, fault->message);
                *fault = fault_own(FAULT_TLS_TIME, message);
        }
        return false;
}

static bool once(bool *done) {
        bool first = !*done;

        *done = true;
        return first;
}

/* True when the same endpoint should be asked again, with what was wrong put right. */
static bool recover(struct openapi *o, const struct api_call *call, struct recovered *done,
                    const struct http_reply *r, struct fault *fault) {
        bool refreshable = fault_explain(fault, call->context)->new_keys;

        if (strcmp(fault->code, FAULT_TLS) == 0)
                return once(&done->tls_time) && openapi_recover_tls(o, r, fault);
        /* From here on only what the gateway refused by a word of its own: not executed. */
        if (fault->http_status < 400 || fault->http_status >= 500)
                return false;
        if (fault->class == FAULT_CLOCK && r->date > 0)
                return once(&done->clock);
        /* A nonce of ours has been used because the request has arrived: perhaps it is executed. */
        if (strcmp(fault->code, "SignatureNonceUsed") == 0)
                return !call->changing && once(&done->nonce);
        return refreshable && once(&done->credentials) &&
               credential_cache_drop(o->credential_cache);
}

/* That endpoint answered that it is not the one for this call. */
static bool is_wrong_endpoint(const struct api_call *call, const struct endpoint *e,
                              const struct fault *fault) {
        if (strcmp(fault->code, "InvalidOperation.NotSupportedEndpoint") == 0)
                return true;
        return call->eip && e->product == PRODUCT_ECS && text_starts(fault->code, "InvalidAction");
}

static bool is_one_of(const struct fault *f, const char *const *codes) {
        while (*codes && strcmp(f->code, *codes) != 0)
                codes++;
        return *codes;
}

/* No answer of the API: a page, a reset, silence. A gateway that throttles would do so elsewhere.
 */
static bool is_no_answer(const struct fault *fault) {
        static const char *const codes[] = {FAULT_NOT_API, FAULT_TIMEOUT, FAULT_CLOSED,
                                            FAULT_TOO_LARGE, NULL};

        return fault->class != FAULT_THROTTLED && is_one_of(fault, codes);
}

/*
 * True when another endpoint may do better. A look moves wherever it got no answer; a changing call
 * only while no byte of it was sent: the look before it has found the endpoint that knows such
 * calls.
 */
static bool may_move(const struct api_call *call, const struct endpoint *e,
                     const struct http_reply *r, const struct fault *fault) {
        static const char *const unsent[] = {FAULT_RESOLVE, FAULT_CONNECT,  FAULT_PROXY,
                                             FAULT_TLS,     FAULT_TLS_TIME, NULL};

        if (r->sent)
                return !call->changing &&
                       (is_wrong_endpoint(call, e, fault) || is_no_answer(fault));
        return is_one_of(fault, unsent);
}

/* How far an attempt came that sent nothing: the farthest tells most about what is wrong. */
static size_t progress(const struct fault *f) {
        static const char *const steps[] = {FAULT_DEADLINE, FAULT_RESOLVE, FAULT_CONNECT};
        size_t i = 0;

        while (i < sizeof(steps) / sizeof(steps[0]) && strcmp(f->code, steps[i]) != 0)
                i++;
        return i;
}

/* What to report of several endpoints: what became of the call where it last was sent, if it was.
 */
static void keep_worst(struct fault *worst, bool *worst_sent, const struct fault *here,
                       bool here_sent) {
        if (here_sent || worst->class == FAULT_NONE ||
            (!*worst_sent && progress(here) > progress(worst))) {
                *worst = *here;
                *worst_sent = here_sent;
        }
}

bool openapi_call(struct openapi *o, const struct api_call *call, const char *region,
                  struct http_reply *ret, struct fault *fault) {
        struct endpoint endpoints[ENDPOINTS_MAX];
        struct recovered done = {};
        struct fault here, worst = {};
        bool worst_sent = false;
        size_t n = list_endpoints(o, call, region, endpoints);

        for (size_t i = 0; i < n;) {
                if (attempt(o, call, &endpoints[i], n - i - 1, ret, &here)) {
                        TEXT_SET(o->good_host[call->eip], endpoints[i].host);
                        o->answered = endpoints[i].product;
                        return true;
                }
                if (recover(o, call, &done, ret, &here))
                        continue;
                keep_worst(&worst, &worst_sent, &here, ret->sent);
                if (!may_move(call, &endpoints[i], ret, &here))
                        break;
                i++;
        }
        *fault = worst;
        return false;
}

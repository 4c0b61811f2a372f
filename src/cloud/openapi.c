/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <openssl/x509_vfy.h>
#include <string.h>
#include <strings.h>

#include <ecs-pubip/reply.h>

#include "util/cleanup.h"
#include "util/text.h"

#define BODY_MAX        (256u * 1024) /* one instance is 8 KiB, a page of 50 EIPs 80 KiB */
#define CLOCK_ERROR_SEC 60 /* a wall clock that is off by more than this is called wrong */
#define SECRET_HEAD     8  /* so much of a secret is recognised in a message */

/* What was tried already; each recovery happens once per call. */
struct recovered {
        bool clock, nonce, credentials, tls_time;
};

void openapi_init(struct openapi *o, struct http *http, struct clock *clock,
                  struct keyring *keyring, const struct config *config) {
        *o = (struct openapi){.http = http, .clock = clock, .keyring = keyring, .config = config};
}

/* Who answered last is asked first: a connect timeout is paid once per process. */
static size_t list_endpoints(const struct openapi *o, const struct api_call *call,
                             const char *region, struct endpoint ret[static ENDPOINTS_MAX]) {
        const char *good = o->good_host[call->eip];
        size_t n = call->eip ? endpoint_list_eip(o->config, region, call->only_vpc, ret)
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

/*
 * Some refusals repeat what was to be signed, the token included: such a message ends where that
 * begins (law L5).
 */
static void withhold_secrets(char *message, const struct credentials *c) {
        const char *const secrets[] = {c->access_key_secret, c->security_token, c->access_key_id};
        char *cut = strcasestr(message, "string to sign");

        for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
                char head[SECRET_HEAD + 1], *found;

                if (strlen(secrets[i]) < SECRET_HEAD)
                        continue;
                text_copy(head, sizeof(head), secrets[i]);
                found = strstr(message, head);
                if (found && (!cut || found < cut))
                        cut = found;
                explicit_bzero(head, sizeof(head));
        }
        if (cut)
                text_copy(cut, FAULT_MESSAGE_SIZE - (size_t)(cut - message), "(withheld)");
}

/* An answer of HTTP that is no success. */
static void explain_answer(const struct api_call *call, const struct http_reply *r,
                           const struct credentials *c, struct fault *fault) {
        *fault = (struct fault){};
        if (reply_parse_error(buf_text(&r->body), r->body.len, fault) < 0) {
                *fault = fault_own(FAULT_NOT_API, "the answer is no envelope of this API");
        }
        withhold_secrets(fault->message, c);
        fault->http_status = r->status;
        fault->retry_after_ms = r->acs_hint_ms ? r->acs_hint_ms : r->hint_ms;
        fault_classify(fault, call->context);
}

static bool is_success(const struct http_reply *r) {
        struct fault error;

        return r->status >= 200 && r->status < 300 &&
               reply_parse_error(buf_text(&r->body), r->body.len, &error) < 0;
}

static void explain_transport(const char *code, const struct endpoint *e,
                              const struct http_reply *r, struct fault *fault) {
        _cleanup_buf_ struct buf message = BUF(FAULT_MESSAGE_SIZE * 2);

        buf_puts(&message, e->host);
        buf_puts(&message, ": ");
        buf_puts(&message, r->detail);
        *fault = fault_own(code, buf_text(&message));
}

int64_t openapi_verify_time(const struct openapi *o) {
        return o->verify_by_cloud_time ? clock_now(o->clock) : 0;
}

/* One request to one endpoint. */
static bool attempt(struct openapi *o, const struct api_call *call, const struct endpoint *e,
                    struct http_reply *ret, struct fault *fault) {
        _cleanup_(request_done) struct request request = {};
        const struct credentials *credentials;
        struct http_request h = {.zone = HTTP_API, .method = "POST", .body_max = BODY_MAX};
        const char *code;

        ret->sent = false;
        if (!keyring_get(o->keyring, &credentials, fault))
                return false;
        if (request_make(&request, o->config->signature, e, call->action, call->params,
                         call->n_params, credentials, clock_now(o->clock)) < 0) {
                *fault = fault_own(FAULT_CONNECT, "no memory or no random numbers to sign with");
                return false;
        }
        h.url = request.url;
        h.headers = request.headers;
        h.n_headers = request.n_headers;
        h.changing = call->changing;
        h.verify_time = openapi_verify_time(o);
        code = http_perform(o->http, &h, ret);
        if (code) {
                explain_transport(code, e, ret, fault);
                return false;
        }
        clock_prove(o->clock, ret->date);
        if (is_success(ret))
                return true;
        explain_answer(call, ret, credentials, fault);
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
static bool recover(struct openapi *o, struct recovered *done, const struct http_reply *r,
                    struct fault *fault) {
        bool refreshable = fault_explain(fault, 0)->new_keys;

        if (strcmp(fault->code, FAULT_TLS) == 0)
                return once(&done->tls_time) && openapi_recover_tls(o, r, fault);
        /* From here on only what the gateway refused by a word of its own: not executed. */
        if (fault->http_status < 400 || fault->http_status >= 500)
                return false;
        if (fault->class == FAULT_CLOCK && r->date > 0)
                return once(&done->clock);
        if (strcmp(fault->code, "SignatureNonceUsed") == 0)
                return once(&done->nonce);
        return refreshable && once(&done->credentials) && keyring_drop(o->keyring);
}

/* That endpoint answered that it is not the one for this call. */
static bool is_wrong_endpoint(const struct api_call *call, const struct endpoint *e,
                              const struct fault *fault) {
        if (strcmp(fault->code, "InvalidOperation.NotSupportedEndpoint") == 0)
                return true;
        return call->eip && e->product == PRODUCT_ECS && text_starts(fault->code, "InvalidAction");
}

/*
 * True when another endpoint may do better. A changing call moves only while no byte of it was
 * sent: the look before it has found the endpoint that knows such calls.
 */
static bool may_move(const struct api_call *call, const struct endpoint *e,
                     const struct http_reply *r, const struct fault *fault) {
        static const char *const unsent[] = {FAULT_RESOLVE, FAULT_CONNECT, FAULT_PROXY, FAULT_TLS,
                                             FAULT_TLS_TIME};

        if (r->sent)
                return !call->changing && is_wrong_endpoint(call, e, fault);
        for (size_t i = 0; i < sizeof(unsent) / sizeof(unsent[0]); i++) {
                if (strcmp(fault->code, unsent[i]) == 0)
                        return true;
        }
        return false;
}

/* How far an attempt came that sent nothing: the farthest tells most about what is wrong. */
static int progress(const struct fault *f) {
        if (strcmp(f->code, FAULT_DEADLINE) == 0)
                return 0;
        if (strcmp(f->code, FAULT_RESOLVE) == 0)
                return 1;
        return strcmp(f->code, FAULT_CONNECT) == 0 ? 2 : 3;
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
                if (attempt(o, call, &endpoints[i], ret, &here)) {
                        TEXT_SET(o->good_host[call->eip], endpoints[i].host);
                        return true;
                }
                if (recover(o, &done, ret, &here))
                        continue;
                keep_worst(&worst, &worst_sent, &here, ret->sent);
                if (!may_move(call, &endpoints[i], ret, &here))
                        break;
                i++;
        }
        *fault = worst;
        return false;
}

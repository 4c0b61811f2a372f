/* SPDX-License-Identifier: Apache-2.0 */
/* Looks that change nothing: is the way out open, from where are we seen, may we call? */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ecs-pubip/backoff.h>
#include <ecs-pubip/identity.h>

#include "cloud/call.h"
#include "cloud/link.h"
#include "util/cleanup.h"
#include "util/text.h"

#define OUTSIDE_MAX 1024u

#define HOSTS         2
#define ADDRESSES_MAX 4 /* of a host */
#define SAMPLES       2
#define SAMPLE_USEC   (2 * USEC_PER_SEC) /* in which a SYN leaves twice */
#define SAMPLE_APART  USEC_PER_SEC
#define SLICE_MS      100 /* between looks whether the agent is still there */

/* One connection that is tried. */
struct try {
        int fd; /* -1: ended */
        uint64_t ends;
        enum wire_reach reach;
};

struct host {
        size_t n;
        struct sockaddr_in addresses[ADDRESSES_MAX];
        struct try tries[SAMPLES][ADDRESSES_MAX];
};

/* Only time that runs out and a way that is not there say that a host is not reached. */
static enum wire_reach reach_by_errno(int error) {
        if (error == 0)
                return REACH_YES;
        return error == ETIMEDOUT || error == ENETUNREACH || error == EHOSTUNREACH ? REACH_NO
                                                                                   : REACH_UNKNOWN;
}

static void try_end(struct try *t, enum wire_reach reach) {
        close(t->fd);
        t->fd = -1;
        t->reach = reach;
}

static void try_begin(struct try *t, const struct sockaddr_in *address, uint64_t now) {
        t->ends = now + SAMPLE_USEC;
        t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (t->fd < 0)
                return;
        if (connect(t->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
            errno != EINPROGRESS)
                try_end(t, reach_by_errno(errno));
}

static void try_look(struct try *t, uint64_t now) {
        struct pollfd p = {.fd = t->fd, .events = POLLOUT};
        int error = 0;
        socklen_t size = sizeof(error);

        if (t->fd < 0)
                return;
        if (poll(&p, 1, 0) > 0 && getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
                try_end(t, reach_by_errno(error));
        else if (now >= t->ends)
                try_end(t, REACH_NO);
}

static void host_begin(struct host *h, size_t sample, uint64_t now) {
        for (size_t i = 0; i < h->n; i++)
                try_begin(&h->tries[sample][i], &h->addresses[i], now);
}

/* True once nothing more is to be learnt of it. */
static bool host_look(struct host *h, uint64_t now) {
        bool open = false;

        for (size_t i = 0; i < SAMPLES * h->n; i++) {
                struct try *t = &h->tries[i / h->n][i % h->n];

                try_look(t, now);
                if (t->reach == REACH_YES)
                        return true;
                open |= t->fd >= 0;
        }
        return !open;
}

/* YES by one connection; NO by all of both samples; nothing by what is unknown. */
static enum wire_reach host_reach(const struct host *h) {
        enum wire_reach reach = h->n > 0 ? REACH_NO : REACH_UNKNOWN;

        for (size_t i = 0; i < SAMPLES * h->n; i++) {
                enum wire_reach one = h->tries[i / h->n][i % h->n].reach;

                if (one == REACH_YES)
                        return REACH_YES;
                if (one == REACH_UNKNOWN)
                        reach = REACH_UNKNOWN;
        }
        return reach;
}

static void host_done(struct host *h) {
        for (size_t i = 0; i < SAMPLES * h->n; i++) {
                struct try *t = &h->tries[i / h->n][i % h->n];

                if (t->fd >= 0)
                        try_end(t, REACH_UNKNOWN);
        }
}

/* Both samples of both hosts, the second begun when the first has had a second. */
static void take_samples(struct host hosts[static HOSTS], uint64_t deadline) {
        uint64_t begin = clock_boottime_usec(), now = begin;
        bool second = false;

        for (size_t i = 0; i < HOSTS; i++)
                host_begin(&hosts[i], 0, now);
        while (now < deadline && !link_hung_up()) {
                bool done = true, reached = false;

                poll(NULL, 0, SLICE_MS);
                now = clock_boottime_usec();
                for (size_t i = 0; i < HOSTS; i++) {
                        done &= host_look(&hosts[i], now);
                        reached |= host_reach(&hosts[i]) == REACH_YES;
                }
                if (reached || (second && done))
                        return;
                if (second || now < begin + SAMPLE_APART)
                        continue;
                second = true;
                for (size_t i = 0; i < HOSTS; i++)
                        host_begin(&hosts[i], 1, now);
        }
}

/*
 * The reachability witness: TCP connections to two public endpoints of the region, over IPv4 and
 * twice. "Unreachable" allows that a later success is called the effect of a change, so it takes
 * timeouts or missing routes of all of them: a name that does not resolve, a refusal, a lack of
 * memory or of time say nothing.
 */
static bool probe_reach(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        char names[HOSTS][CONFIG_HOST_SIZE];
        struct host hosts[HOSTS] = {};
        enum wire_reach a, b;

        (void)q;
        for (size_t i = 0; i < HOSTS * SAMPLES * ADDRESSES_MAX; i++)
                hosts[i / SAMPLES / ADDRESSES_MAX]
                        .tries[i / ADDRESSES_MAX % SAMPLES][i % ADDRESSES_MAX]
                        .fd = -1;
        endpoint_public(&s->config, s->identity.region_id, names[0]);
        endpoint_public_vpc(s->identity.region_id, names[1]);
        for (size_t i = 0; i < HOSTS; i++) {
                _cleanup_buf_ struct buf host = BUF(CONFIG_HOST_SIZE + 4);

                buf_printf(&host, "%s%s", names[i], strchr(names[i], ':') ? "" : ":443");
                http_resolve(&s->http, buf_text(&host), hosts[i].addresses, ADDRESSES_MAX,
                             &hosts[i].n);
        }
        take_samples(hosts, s->http.deadline);
        a = host_reach(&hosts[0]);
        b = host_reach(&hosts[1]);
        for (size_t i = 0; i < HOSTS; i++)
                host_done(&hosts[i]);
        if (link_hung_up()) {
                ret->fault = fault_own(FAULT_CLOUD_GONE, "");
                return false;
        }
        if (a == REACH_YES || b == REACH_YES)
                ret->reachable = REACH_YES;
        else
                ret->reachable = a == REACH_NO && b == REACH_NO ? REACH_NO : REACH_UNKNOWN;
        return true;
}

/* Confirm.Outside: a page that answers with the caller's IPv4 address and nothing else. */
static bool probe_outside(struct session *s, const struct wire_question *q,
                          struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct http_request request = {.zone = HTTP_OUTSIDE,
                                       .method = "GET",
                                       .url = s->config.confirm_outside,
                                       .body_max = OUTSIDE_MAX};
        struct addresses seen = {};
        const char *code;
        bool again;

        (void)q;
        if (!s->config.confirm_outside[0]) {
                ret->fault = fault_own(FAULT_CLOUD_CONFIG, "[Confirm] Outside= is not set");
                return false;
        }
        do {
                request.verify_time = openapi_verify_time(&s->openapi);
                code = http_perform(&s->http, &request, &reply);
                if (code)
                        ret->fault = fault_own(code, reply.detail);
                again = code && strcmp(code, FAULT_TLS) == 0 &&
                        openapi_recover_tls(&s->openapi, &reply, &ret->fault);
        } while (again);
        if (code)
                return false;
        if (reply.status != 200 ||
            identity_parse_address(buf_text(&reply.body), reply.body.len, &seen) < 0 ||
            seen.presence != PRESENCE_PRESENT) {
                ret->fault = fault_own(FAULT_NOT_API, "Confirm.Outside answers no IPv4 address");
                ret->fault.http_status = reply.status;
                return false;
        }
        ret->address = seen.address;
        return true;
}

/*
 * Permitted: reachable. Not to be told without doing it: neither reachable nor a fault. Of the
 * changing calls only a reboot can be tried dry (ecs-api 4).
 */
static bool probe_permission(struct session *s, const struct wire_question *q,
                             struct wire_answer *ret) {
        _cleanup_(http_reply_done) struct http_reply reply = HTTP_REPLY;
        struct api_call call = {.action = "RebootInstance"};

        if (q->permission != WIRE_REBOOT)
                return true;
        call_add(&call, "InstanceId", s->identity.instance_id);
        call_add(&call, "DryRun", "true");
        if (call_run(s, &call, &reply, &ret->fault))
                return call_garbled(&reply, &ret->fault);
        if (strcmp(ret->fault.code, DRY_RUN_OK) != 0)
                return false;
        TEXT_SET(ret->request_id, ret->fault.request_id);
        ret->reachable = REACH_YES;
        return true;
}

bool probe_run(struct session *s, const struct wire_question *q, struct wire_answer *ret) {
        switch (q->probe) {
        case PROBE_REACH:
                return probe_reach(s, q, ret);
        case PROBE_OUTSIDE:
                return probe_outside(s, q, ret);
        case PROBE_PERMISSION:
                return probe_permission(s, q, ret);
        case PROBE_NONE:
                break;
        }
        ret->fault = fault_own(FAULT_CLOUD_GARBLED, "a probe of nothing");
        return false;
}

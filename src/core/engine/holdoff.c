/* SPDX-License-Identifier: Apache-2.0 */
/* The fault that is waited for, how often it was met, and the wait that outlives a restart. */
#include "holdoff.h"

#include <string.h>

#include "clock.h"
#include "report.h"
#include "util/text.h"

#define WAIT_KEPT     (30 * USEC_PER_SEC) /* shorter waits are not worth a write to disk */
#define NETWORK_COMES (60 * USEC_PER_SEC) /* after a boot, until which its absence is no news */

/* Services start before the network is there: in a machine's first minute that is no news. */
static bool network_may_come(const struct turn *t, const struct fault *f) {
        const struct kernel_facts *k = &t->e->facts.kernel;

        return fault_explain(f, 0)->nobody && k->out == ANSWER_NO &&
               t->now.boot_usec < NETWORK_COMES;
}

/*
 * What a refusal for want of quota says of the crowd counts from the second in a row. Whoever came
 * at a hint's end came with all the others in one second, which says nothing.
 */
static void count_refusal(struct turn *t) {
        struct holdoff *h = &t->e->holdoff;
        int64_t now = clock_now(t);
        unsigned second = now > 0 ? (unsigned)(now % 60) : SECOND_UNKNOWN;

        if (h->attempt == 1 && h->fault.retry_after_ms > 0)
                return;
        if (h->attempt > 0)
                h->attempt = backoff_crowd(h->attempt, second, h->refused_second);
        h->refused_second = second;
}

void holdoff_count(struct turn *t, const struct fault *f) {
        struct holdoff *h = &t->e->holdoff;

        if (h->fault.class == f->class) {
                h->attempt++;
        } else {
                h->attempt = 0;
                h->since = clock_now(t);
                h->since_boot = t->now.boot_usec;
        }
        if (f->class == FAULT_THROTTLED)
                count_refusal(t);
        if (!network_may_come(t, f) && report_once(t, REPORTED_WAITING, f->code))
                report_notice(t, NOTICE_WAITING)->fault = *f;
        h->fault = *f;
}

void holdoff_clear(struct turn *t) {
        t->e->holdoff.fault = (struct fault){};
        t->e->holdoff.attempt = 0;
}

void holdoff_renew(struct turn *t) {
        t->e->holdoff.attempt = 0;
        t->e->holdoff.failed_looks = 0;
        t->e->holdoff.since_boot = t->now.boot_usec;
}

/*
 * Never more than its length, anew if the clock went back, or cannot or could not be trusted. The
 * cloud's time has whole seconds: one of them may not be over.
 */
uint64_t holdoff_left(const struct turn *t) {
        const struct ledger_wait *w = &t->e->ledger.wait;
        bool dated = w->started != 0 && clock_is_sure(t);
        int64_t gone = dated ? clock_now(t) - w->started - 1 : 0;
        uint64_t passed;

        if (strcmp(w->boot_id, t->e->given.boot_id) == 0 &&
            t->now.boot_usec >= w->started_boot_usec)
                passed = t->now.boot_usec - w->started_boot_usec;
        else
                passed = gone < 0 ? 0 : (uint64_t)gone * USEC_PER_SEC;
        return passed < w->length_usec ? w->length_usec - passed : 0;
}

uint64_t holdoff_server_left(const struct turn *t) {
        const struct engine *e = t->e;

        return !e->holdoff.kept_checked && e->ledger.wait.asked_by_server ? holdoff_left(t) : 0;
}

void holdoff_resume(struct turn *t) {
        struct holdoff *h = &t->e->holdoff;
        const struct ledger_wait *w = &t->e->ledger.wait;

        h->fault = w->fault;
        h->since = w->started ? w->started : clock_now(t);
        h->since_boot = t->now.boot_usec;
        h->attempt = w->attempt;
        h->refused_second = SECOND_UNKNOWN;
        h->by_server = w->asked_by_server;
}

static void write_wait(struct turn *t, uint64_t length, bool by_server, const struct fault *f) {
        struct ledger_wait *w = &t->e->ledger.wait;

        *w = (struct ledger_wait){
                .length_usec = length,
                .started = clock_is_sure(t) ? clock_now(t) : 0, /* a refusal's Date may lie */
                .started_boot_usec = t->now.boot_usec,
                .asked_by_server = by_server,
                .attempt = t->e->holdoff.attempt,
                .fault = *f,
        };
        TEXT_SET(w->boot_id, t->e->given.boot_id);
        turn_store(t);
}

void holdoff_keep(struct turn *t, uint64_t length) {
        struct holdoff *h = &t->e->holdoff;

        h->by_server = h->fault.class == FAULT_THROTTLED || h->fault.retry_after_ms > 0;
        if (holdoff_server_left(t) > 0)
                return; /* metadata fails meanwhile: what the server asked for counts more */
        h->kept_checked = true;
        if (h->by_server || length >= WAIT_KEPT)
                write_wait(t, length, h->by_server, &h->fault);
}

void holdoff_leave(struct turn *t, const struct fault *f) {
        t->e->holdoff.kept_checked = false;
        write_wait(t, holdoff_throttled(t, f), true, f);
}

void holdoff_forget(struct turn *t) {
        if (holdoff_server_left(t) == 0)
                t->e->ledger.wait = (struct ledger_wait){};
}

uint64_t holdoff_throttled(const struct turn *t, const struct fault *f) {
        struct engine *e = t->e;

        return backoff_wait(f, false, 0, e->facts.identity.instance_id, clock_now(t),
                            &e->given.rng);
}

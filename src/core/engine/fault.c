/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault leads to: by its class, a wait or `failed` (design 4.5). */
#include "fault.h"

#include <string.h>

#include "clock.h"
#include "holdoff.h"
#include "planes.h"
#include "report.h"
#include "wait.h"

#define NOT_ECS_AFTER (10 * USEC_PER_MIN) /* of silence at the metadata address */

unsigned engine_call_context(const struct config *c) {
        return (c->ip_address ? FAULT_WITH_IP_ADDRESS : 0) | (*c->vlan_id ? FAULT_WITH_VLAN_ID : 0);
}

const struct fault_row *fault_row_of(const struct engine *e, const struct fault *f) {
        return fault_explain(f, engine_call_context(&e->given.config));
}

static struct move fail(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        struct holdoff *h = &e->holdoff;

        if (e->phase != PHASE_FAILED || strcmp(h->fault.code, f->code) != 0)
                h->since = clock_now(t);
        if (report_once(t, REPORTED_FAILED, f->code))
                report_notice(t, NOTICE_FAILED)->fault = *f;
        h->fault = *f;
        return move_rest(PHASE_FAILED,
                         clock_from_now(t, backoff_failed(h->failed_looks++,
                                                          e->facts.identity.instance_id)));
}

struct move fault_fail(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        return fail(t, &f);
}

static bool is_first_boot(const struct engine *e) {
        return *e->given.boot_id && strcmp(e->ledger.first_boot_id, e->given.boot_id) == 0;
}

struct move fault_meet(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        struct holdoff *h = &e->holdoff;
        uint64_t patience = backoff_patience(f->class, is_first_boot(e));

        if (f->class == FAULT_ALREADY && h->fault.class != FAULT_ALREADY) {
                holdoff_count(t, f); /* at once, but once: control may not show it yet */
                return wait_or_inspect(t);
        }
        if (f->class == FAULT_OPERATOR || (e->phase == PHASE_FAILED && f->class != FAULT_THROTTLED))
                return fail(t, f);
        holdoff_count(t, f);
        if (patience && t->now.boot_usec - h->since_boot >= patience)
                return fail(t, f);
        return wait_for(t,
                        backoff_wait(f, fault_row_of(e, f)->slow, h->attempt,
                                     e->facts.identity.instance_id, clock_now(t), &e->given.rng));
}

struct move fault_raise(struct turn *t, const char *code, const char *message) {
        struct fault f = fault_own(code, message);

        return fault_meet(t, &f);
}

/* Nobody at the metadata address, and the firmware names another maker: not our machine. */
static bool is_not_ecs(const struct turn *t) {
        const struct engine *e = t->e;

        return e->given.dmi_known && !e->given.dmi_is_ecs && !*e->given.config.instance_id &&
               !e->facts.identified && t->now.boot_usec - e->facts.silent_since >= NOT_ECS_AFTER;
}

static struct move stop_elsewhere(struct turn *t) {
        report_notice(t, NOTICE_NOT_ECS);
        t->e->holdoff.fault = fault_own(FAULT_NOT_ECS, "");
        t->out->wants |= ACTION_EXIT;
        return move_rest(PHASE_STOPPED, ENGINE_NEVER);
}

/* The wait of a silence ends at the latest when it may tell that this is no ECS instance. */
struct move fault_of_identify(struct turn *t, const struct fault *f) {
        struct engine *e = t->e;
        uint64_t now = t->now.boot_usec, tells;
        struct move m;

        planes_forget_metadata(t);
        if (!fault_row_of(e, f)->nobody) {
                e->facts.silent_since = 0;
                return fault_meet(t, f);
        }
        if (e->facts.silent_since == 0)
                e->facts.silent_since = now;
        else if (is_not_ecs(t))
                return stop_elsewhere(t);
        m = fault_meet(t, f);
        tells = e->facts.silent_since + NOT_ECS_AFTER;
        if (m.phase == PHASE_WAITING && !e->facts.identified && e->holdoff.until > tells &&
            now < tells)
                return wait_until(t, tells);
        return m;
}

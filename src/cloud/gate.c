/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <errno.h>

#include <ecs-pubip/fault.h>
#include <ecs-pubip/usec.h>
#include <ecs-pubip/wire.h>

#include "cloud/clock.h"

/* For a write of the ledger between. It is the time of the call that is waited away. */
#define GO_WAIT (5 * USEC_PER_SEC)

/* A word of before the question, or of later than now, is nobody's honest one. */
static const char *why_not(const struct gate *g, const struct wire_step *go, uint64_t ready_ms) {
        uint64_t now = clock_boottime_usec() / USEC_PER_MSEC;

        if (go->at_ms < ready_ms || go->at_ms > now)
                return "the agent's word is not for this moment";
        if (now - go->at_ms >= WIRE_GO_MS)
                return "the agent's word came too late";
        return link_has_more(g->link) ? "the agent said more than one word" : NULL;
}

static const char *await_go(struct gate *g, uint64_t ready_ms, uint64_t until,
                            struct wire_step *ret, const char **ret_detail) {
        const char *line;
        size_t len;
        int r = link_read_until(g->link, until, &line, &len);

        if (r <= 0 && r != -ETIMEDOUT)
                return FAULT_CLOUD_GONE;
        if (r <= 0)
                *ret_detail = "the agent said nothing in time";
        else if (wire_go_parse(g->number, line, len, ret) < 0)
                *ret_detail = "the agent's word was not understood";
        else
                *ret_detail = why_not(g, ret, ready_ms);
        return *ret_detail ? FAULT_CLOUD_NO_GO : NULL;
}

const char *gate_pass(struct gate *g, uint64_t until, uint64_t *ret_leaves_until,
                      const char **ret_detail) {
        uint64_t now = clock_boottime_usec();
        struct wire_step step = {.number = ++g->number};
        char line[WIRE_STEP_SIZE];
        const char *code;

        *ret_detail = "the agent spoke before it was asked";
        if (link_has_more(g->link) || g->number > WIRE_SENDS_MAX)
                return link_hung_up() ? FAULT_CLOUD_GONE : FAULT_CLOUD_NO_GO;
        wire_step_format(&step, line);
        if (link_write(line) < 0)
                return FAULT_CLOUD_GONE;
        code = await_go(g, now / USEC_PER_MSEC, now + GO_WAIT < until ? now + GO_WAIT : until,
                        &step, ret_detail);
        if (!code)
                *ret_leaves_until = (step.at_ms + WIRE_GO_MS) * USEC_PER_MSEC;
        return code;
}

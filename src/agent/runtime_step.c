/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event at a time: what comes while the machine steps, or while its actions are done, waits
 * in a queue. There is one timer, for the engine's one deadline.
 */
#include "runtime_step.h"

#include <string.h>

#include "runtime_show.h"
#include "util/text.h"

static struct event dequeue(struct runtime *r) {
        struct event first = r->queue[0];

        memmove(r->queue, r->queue + 1, --r->n_queued * sizeof(first));
        return first;
}

static void step(struct runtime *r, struct event *event) {
        struct actions actions;

        event->now = runtime_now();
        engine_step(&r->engine, event, &actions);
        runtime_act(r, &actions);
        if (strcmp(r->hold_judged_for, r->engine.facts.identity.instance_id) != 0) {
                TEXT_SET(r->hold_judged_for, r->engine.facts.identity.instance_id);
                runtime_judge_hold(r);
        }
}

static void arm_timer(struct runtime *r) {
        uint64_t deadline = r->engine.deadline;

        (void)sd_event_source_set_time(r->timer, deadline);
        (void)sd_event_source_set_enabled(r->timer, deadline == ENGINE_NEVER ? SD_EVENT_OFF
                                                                             : SD_EVENT_ONESHOT);
}

void runtime_drain(struct runtime *r) {
        r->stepping = true;
        while (r->n_queued > 0) {
                struct event first = dequeue(r);

                step(r, &first);
        }
        r->stepping = false;
        arm_timer(r);
        runtime_publish_counters(r);
}

void runtime_feed(struct runtime *r, const struct event *event) {
        runtime_enqueue(r, event);
        if (!r->stepping)
                runtime_drain(r);
}

void runtime_judge_hold(struct runtime *r) {
        struct event e = {.type = EVENT_HOLD, .hold = runtime_hold(r)};

        if (e.hold != r->engine.given.hold)
                runtime_feed(r, &e);
}

/* The unit starts it again after a failure, and only then. */
void runtime_leave(struct runtime *r, int error) {
        runtime_feed(r, &(struct event){.type = EVENT_STOP});
        (void)sd_event_exit(r->event, error);
}

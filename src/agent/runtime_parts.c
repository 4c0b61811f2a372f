/* SPDX-License-Identifier: Apache-2.0 */
/* What every other file of the runtime stands on. */
#include "runtime_parts.h"

#include <stdio.h>

#include "host/clock.h"
#include "host/hold_file.h"
#include "journal.h"

struct engine_now runtime_now(void) {
        return (struct engine_now){clock_boot_usec(), clock_wall_sec()};
}

void runtime_say(const char *id, int priority, const char *text, const char *detail) {
        struct journal_entry e = {.id = id, .priority = priority};

        snprintf(e.message, sizeof(e.message), "%s%s%s", text, *detail ? ": " : "", detail);
        journal_send(&e);
}

void runtime_enqueue(struct runtime *r, const struct event *event) {
        unsigned i = 0;

        while (i < r->n_queued && r->queue[i].type != event->type)
                i++;
        r->queue[i] = *event;
        if (i == r->n_queued)
                r->n_queued++;
}

enum hold runtime_hold(const struct runtime *r) {
        char ignored[HOLD_WHY_SIZE];

        return hold_file_read(r->engine.facts.identity.instance_id, ignored);
}

void runtime_look_soon(struct runtime *r, uint64_t usec) {
        uint64_t now = 0, planned = 0;

        (void)sd_event_now(r->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_get_time(r->tick, &planned);
        if (now + usec < planned)
                (void)sd_event_source_set_time(r->tick, now + usec);
}

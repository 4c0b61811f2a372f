/* SPDX-License-Identifier: Apache-2.0 */
/* The brake, and the word to go on, as they come while the agent runs. */
#include <string.h>
#include <syslog.h>

#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "runtime_watch.h"
#include "util/paths.h"

static void on_hold(void *userdata) {
        runtime_judge_hold(userdata);
}

/* What a person does about a failure is often in the files, and this is the word to go on. */
static void on_resume(void *userdata) {
        if (runtime_leave_for_ledger(userdata))
                return;
        (void)runtime_read_config(userdata, false);
        runtime_judge_hold(userdata);
        runtime_feed(userdata, &(struct event){.type = EVENT_RESUME});
}

void runtime_watch_hold(struct runtime *r) {
        int k;

        r->hold_watch = hold_watch_free(r->hold_watch);
        k = hold_watch_new(r->event, HOLD_PATH, RESUME_PATH, on_hold, on_resume, r, &r->hold_watch);
        if (k < 0)
                runtime_say(MESSAGE_CANNOT_RUN, LOG_WARNING,
                            "The brake cannot be watched; it is looked at before each change all "
                            "the same",
                            strerror(-k));
}

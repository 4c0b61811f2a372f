/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In an image that has us inside, cloud-init may write our configuration after we have started: the
 * agent waits for nobody at boot, and user-data's write_files needs the network. To look and to
 * confirm under the image's configuration does no harm. A changing call cannot be taken back: the
 * first one of an instance waits, bounded, until those files are written and have been read.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "host/cloud_init.h"
#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "runtime_watch.h"

#define TIMEOUT  (300 * USEC_PER_SEC) /* cloud-init's own waits mostly end at 120 s */
#define ACCURACY USEC_PER_SEC

static void end_wait(struct runtime *r) {
        r->user_data_timer = sd_event_source_unref(r->user_data_timer);
        if (!r->awaits_user_data)
                return;
        r->awaits_user_data = false;
        runtime_judge_hold(r);
        runtime_publish(r); /* without the note, also where the brake is on */
}

/* Nothing was changed under another configuration: this ends as a start with these errors does. */
static void refuse(struct runtime *r, int error) {
        runtime_say(MESSAGE_USER_DATA, LOG_ERR,
                    "The configuration that cloud-init has written cannot be used",
                    error < 0 ? strerror(-error) : "");
        runtime_leave(r, error < 0 ? error : -EBADMSG);
}

static void on_written(void *userdata) {
        struct runtime *r = userdata;
        int k = runtime_read_config(r, false);

        if (k == -EBADMSG && runtime_is_new(r))
                refuse(r, k);
        else
                end_wait(r);
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        struct runtime *r = userdata;

        (void)source, (void)usec;
        if (r->awaits_user_data)
                runtime_say(MESSAGE_USER_DATA, LOG_WARNING,
                            "cloud-init has not written its files for 5 min: the agent goes on "
                            "with the configuration as it is",
                            "");
        r->cloud_init = cloud_init_watch_free(r->cloud_init);
        end_wait(r);
        return 0;
}

/* Where cloud-init is over, or is not there, nothing is waited for. */
int runtime_open_user_data(struct runtime *r) {
        uint64_t now;
        int k;

        if (!cloud_init_unfinished())
                return 0;
        k = sd_event_now(r->event, CLOCK_BOOTTIME, &now);
        if (k >= 0)
                k = sd_event_add_time(r->event, &r->user_data_timer, CLOCK_BOOTTIME, now + TIMEOUT,
                                      ACCURACY, on_late, r);
        if (k >= 0)
                k = cloud_init_watch_new(r->event, on_written, r, &r->cloud_init);
        return k;
}

void runtime_release_first_change(struct runtime *r) {
        if (r->awaits_user_data)
                end_wait(r);
}

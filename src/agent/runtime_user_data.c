/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In an image that has us inside, cloud-init may write our configuration after we have started: the
 * agent waits for nobody at boot, and user-data's write_files needs the network. The engine makes
 * the first change of an instance wait; here it is told the fact, after the files were read.
 */
#include <errno.h>
#include <syslog.h>

#include "host/cloud_init.h"
#include "message_ids.h"
#include "runtime_step.h"
#include "runtime_watch.h"

/* Nothing was changed under another configuration: this ends as a start with these errors does. */
static void refuse(struct runtime *r, int error) {
        runtime_say(MESSAGE_USER_DATA, LOG_ERR,
                    "The configuration that cloud-init has written cannot be used", "");
        runtime_leave(r, error);
}

static void on_written(void *userdata) {
        struct runtime *r = userdata;
        int k = runtime_read_config(r, false);

        if (k == -EBADMSG && engine_is_new(&r->engine))
                refuse(r, k);
        else
                runtime_feed(r, &(struct event){.type = EVENT_USER_DATA,
                                                .user_data = USER_DATA_SETTLED});
}

/* Where cloud-init is over, or is not there, nothing is waited for. */
int runtime_open_user_data(struct runtime *r) {
        return cloud_init_unfinished()
                       ? cloud_init_watch_new(r->event, on_written, r, &r->cloud_init)
                       : 0;
}

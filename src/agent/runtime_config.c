/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration under an agent that runs. What is wrong in the files keeps them from being in
 * force, and is shown for as long as it is there. What keeps them from being read (no descriptor, a
 * network file system that went) says nothing of them: nothing is changed until they are read.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "host/config_files.h"
#include "message_ids.h"
#include "runtime_show.h"
#include "runtime_step.h"
#include "runtime_watch.h"
#include "util/text.h"

#define PAUSE_MIN (2 * USEC_PER_SEC) /* before they are read again; doubling */
#define PAUSE_MAX USEC_PER_MIN
#define ACCURACY  (100 * USEC_PER_MSEC)

static void on_problem(const struct config_problem *p, void *userdata) {
        struct config_report *report = userdata;

        if (!report->quiet)
                runtime_say(p->is_error ? MESSAGE_CONFIG_ERROR : MESSAGE_CONFIG_WARNING,
                            p->is_error ? LOG_ERR : LOG_WARNING, p->text, "");
        if (!p->is_error)
                return;
        if (report->n_errors++ == 0)
                TEXT_SET(report->first, p->place);
        report->n_transient += p->is_transient;
}

int runtime_load_config(struct config *ret, struct config_report *report) {
        int k;

        *report = (struct config_report){.quiet = report->quiet};
        k = config_load(ret, NULL, on_problem, report);
        if (k < 0) { /* no memory */
                report->n_errors = report->n_transient = 1;
                TEXT_SET(report->first, strerror(-k));
        }
        if (report->n_errors == 0)
                return 0;
        return report->n_errors == report->n_transient ? -EAGAIN : -EBADMSG;
}

static void read_later(struct runtime *r) {
        uint64_t now = 0;

        r->config_pause = r->config_pause ? r->config_pause * 2 : PAUSE_MIN;
        if (r->config_pause > PAUSE_MAX)
                r->config_pause = PAUSE_MAX;
        (void)sd_event_now(r->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(r->config_timer, now + r->config_pause);
        (void)sd_event_source_set_enabled(r->config_timer, SD_EVENT_ONESHOT);
}

/* They cannot be read: whatever they say now, a change may be against it. */
static void become_unread(struct runtime *r) {
        if (!r->config_unread)
                runtime_say(MESSAGE_RELOADED, LOG_WARNING,
                            "The configuration cannot be read at this moment: nothing is changed "
                            "until it can, which is tried again",
                            "");
        r->config_unread = true;
        read_later(r);
}

static void become_read(struct runtime *r) {
        r->config_unread = false;
        r->config_pause = 0;
        (void)sd_event_source_set_enabled(r->config_timer, SD_EVENT_OFF);
}

static void refuse(struct runtime *r) {
        runtime_say(MESSAGE_RELOADED, LOG_WARNING,
                    "The new configuration cannot be used: the old one stays, and nothing is "
                    "changed until the files are right",
                    "");
        cloud_link_retire(r->link); /* the next process sees it, and refuses changes */
        if (r->config_unknown)
                runtime_leave(r, -EBADMSG);
}

static void take(struct runtime *r, struct event *e, bool always) {
        bool same = memcmp(&e->config, &r->engine.given.config, sizeof(e->config)) == 0;

        r->config_unknown = false;
        if (same && !always)
                return;
        runtime_say(MESSAGE_RELOADED, LOG_INFO, "The configuration was read again", "");
        cloud_link_retire(r->link); /* its process goes by the old one */
        runtime_feed(r, e);
}

void runtime_judge_config(struct runtime *r) {
        struct event e = {.type = EVENT_CONFIG, .config_unread = r->config_unread};

        if (e.config_unread != r->engine.given.config_unread)
                runtime_feed(r, &e);
}

int runtime_read_config(struct runtime *r, bool always) {
        struct event e = {.type = EVENT_RELOAD};
        int k;

        r->config_report.quiet = r->config_unread; /* logged when it began */
        k = runtime_load_config(&e.config, &r->config_report);
        if (k == -EAGAIN)
                become_unread(r);
        else
                become_read(r);
        if (k == 0)
                take(r, &e, always);
        else if (k != -EAGAIN)
                refuse(r);
        runtime_judge_config(r);
        runtime_publish(r);
        return k;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        (void)runtime_read_config(userdata, false);
        return 0;
}

int runtime_open_config(struct runtime *r) {
        int k = sd_event_add_time(r->event, &r->config_timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY,
                                  on_timer, r);

        if (k >= 0 && r->config_unread)
                read_later(r);
        return k;
}

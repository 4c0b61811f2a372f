/* SPDX-License-Identifier: Apache-2.0 */
/* By inotify on the two folders that tell, and a look now and then where it does not. */
#include "cloud_init_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "host/cloud_init.h"

#define LOOK_INTERVAL (10 * USEC_PER_SEC)
#define ACCURACY      USEC_PER_SEC
#define CHANGES       (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)

struct cloud_init_watch {
        sd_event *event;
        cloud_init_fn on_written;
        void *userdata;
        sd_event_source *timer, *links, *files; /* /run/cloud-init; where status.json leads */
};

static void look(struct cloud_init_watch *w);

static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        (void)source, (void)event;
        look(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct cloud_init_watch *w = userdata;
        uint64_t now = usec;

        (void)sd_event_now(w->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(source, now + LOOK_INTERVAL);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        look(w);
        return 0;
}

static void watch_folder(struct cloud_init_watch *w, const char *folder, sd_event_source **source) {
        if (!*source)
                (void)sd_event_add_inotify(w->event, source, folder, CHANGES | IN_ONLYDIR,
                                           on_inotify, w);
}

/* The file itself is replaced in its own folder, of which /run/cloud-init hears nothing. */
static void watch_files(struct cloud_init_watch *w) {
        char path[PATH_MAX];

        if (w->files || !realpath(CLOUD_INIT_STATUS, path))
                return;
        *strrchr(path, '/') = '\0';
        watch_folder(w, path, &w->files);
}

static void stop(struct cloud_init_watch *w) {
        w->timer = sd_event_source_unref(w->timer);
        w->links = sd_event_source_unref(w->links);
        w->files = sd_event_source_unref(w->files);
}

static void look(struct cloud_init_watch *w) {
        watch_folder(w, CLOUD_INIT_DIR, &w->links);
        watch_files(w);
        if (cloud_init_writes())
                return;
        stop(w);
        w->on_written(w->userdata);
}

int cloud_init_watch_new(sd_event *event, cloud_init_fn on_written, void *userdata,
                         struct cloud_init_watch **ret) {
        struct cloud_init_watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->event = sd_event_ref(event);
        w->on_written = on_written;
        w->userdata = userdata;
        /* The first look is the loop's: nobody is called from within this function. */
        r = sd_event_add_time(event, &w->timer, CLOCK_BOOTTIME, 0, ACCURACY, on_timer, w);
        if (r < 0) {
                cloud_init_watch_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

struct cloud_init_watch *cloud_init_watch_free(struct cloud_init_watch *w) {
        if (!w)
                return NULL;
        stop(w);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

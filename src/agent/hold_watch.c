/* SPDX-License-Identifier: Apache-2.0 */
/* Two files, each in a folder that may come, go and be replaced; inotify tells of changes. */
#include "hold_watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

#include "util/cleanup.h"
#include "util/text.h"

#define OF_FOLDER (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define CHANGES                                                                                    \
        (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ATTRIB |        \
         OF_FOLDER)
/* Our own files come into that folder by the same way: one event for each, and no more. */
#define ARRIVALS    (IN_MOVED_TO | OF_FOLDER)
#define FOLDER_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)

/* A file that is waited for in a folder that may not be there yet. */
struct awaited {
        struct hold_watch *owner;
        char folder[PATH_MAX];
        const char *path, *name;
        uint32_t events;
        sd_event_source *source;
        bool waits_for_folder;
        void (*changed)(struct awaited *a);
};

struct hold_watch {
        sd_event *event;
        hold_fn on_hold, on_resume;
        void *userdata;
        struct awaited hold, resume;
};

static int watch_folder(struct awaited *a);

static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        struct awaited *a = userdata;
        bool lost = event->mask & IN_Q_OVERFLOW;

        (void)source;
        if (a->waits_for_folder || (event->mask & FOLDER_GONE))
                (void)watch_folder(a);
        else if (!lost && event->len > 0 && strcmp(event->name, a->name) != 0)
                return 0;
        a->changed(a);
        return 0;
}

/* In place of what was watched until now; that stays if the folder cannot be watched. */
static int watch_itself(struct awaited *a) {
        sd_event_source *source = NULL;
        int r = sd_event_add_inotify(a->owner->event, &source, a->folder, a->events, on_inotify, a);

        if (r < 0)
                return r;
        sd_event_source_unref(a->source);
        a->source = source;
        a->waits_for_folder = false;
        return 0;
}

/* Where the folder is missing, or not to be read yet, its parent is watched until that changes. */
static int watch_folder(struct awaited *a) {
        char parent[PATH_MAX];
        int r;

        a->source = sd_event_source_unref(a->source);
        a->waits_for_folder = true;
        if (watch_itself(a) >= 0)
                return 0;
        text_copy(parent, sizeof(parent), a->folder);
        *strrchr(parent, '/') = '\0';
        r = sd_event_add_inotify(a->owner->event, &a->source, parent[0] ? parent : "/",
                                 IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR, on_inotify, a);
        if (r < 0)
                return r;
        (void)watch_itself(a); /* it may have come between the two */
        return 0;
}

static int await(struct hold_watch *w, struct awaited *a, const char *path, uint32_t events,
                 void (*changed)(struct awaited *a)) {
        a->owner = w;
        a->path = path;
        a->events = events;
        a->changed = changed;
        if (!text_copy(a->folder, sizeof(a->folder), path))
                return -ENAMETOOLONG;
        a->name = strrchr(path, '/') + 1;
        *strrchr(a->folder, '/') = '\0';
        return watch_folder(a);
}

static void hold_changed(struct awaited *a) {
        a->owner->on_hold(a->owner->userdata);
}

/* The file goes when the status says so: whoever waits for its end may ask for the status then. */
static void resume_changed(struct awaited *a) {
        if (access(a->path, F_OK) < 0)
                return;
        a->owner->on_resume(a->owner->userdata);
        (void)unlink(a->path);
}

int hold_watch_new(sd_event *event, const char *hold, const char *resume, hold_fn on_hold,
                   hold_fn on_resume, void *userdata, struct hold_watch **ret) {
        struct hold_watch *w = calloc(1, sizeof(*w));
        int r, k;

        if (!w)
                return -ENOMEM;
        w->event = sd_event_ref(event);
        w->on_hold = on_hold;
        w->on_resume = on_resume;
        w->userdata = userdata;
        r = await(w, &w->hold, hold, CHANGES, hold_changed);
        k = await(w, &w->resume, resume, ARRIVALS, resume_changed);
        resume_changed(&w->resume);
        *ret = w;
        return r < 0 ? r : k;
}

struct hold_watch *hold_watch_free(struct hold_watch *w) {
        if (!w)
                return NULL;
        sd_event_source_unref(w->hold.source);
        sd_event_source_unref(w->resume.source);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its systemd generator leaves /run/cloud-init/enabled or disabled early in each boot, each stage
 * its times in status.json, and the last one result.json. Where no generator ran, its units are
 * enabled by links, and /etc/cloud/cloud-init.disabled turns it off ("Disable cloud-init" and "Boot
 * stages" of its documentation). The kernel command line, which can do that too, is the generator's
 * to read: the unit's /proc has none.
 * status.json is a link, made anew in each boot, to a file that stays from boot to boot.
 */
#include "cloud_init.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/read.h"

#define STATUS_PATH   CLOUD_INIT_DIR "/status.json"
#define STATUS_MAX    (64u * 1024)                 /* one of a real boot has less than 1 KiB */
#define LOOK_INTERVAL (UINT64_C(10) * 1000 * 1000) /* µs; where inotify does not tell */
#define ACCURACY      (UINT64_C(1) * 1000 * 1000)
#define CHANGES       (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)

struct cloud_init_watch {
        sd_event *event;
        cloud_init_fn on_written;
        void *userdata;
        sd_event_source *timer, *links, *files; /* /run/cloud-init; where status.json leads */
};

DEFINE_CLEANUP(cJSON *, cJSON_Delete)

/* Also a link whose end is out of sight here. */
static bool exists(const char *path) {
        return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

/* How `systemctl mask` leaves a unit. */
static bool is_masked(const char *path) {
        char to[sizeof("/dev/null")] = "";

        return readlink(path, to, sizeof(to)) == sizeof(to) - 1 &&
               memcmp(to, "/dev/null", sizeof(to) - 1) == 0;
}

static bool any(bool (*test)(const char *path), const char *const paths[]) {
        for (size_t i = 0; paths[i]; i++)
                if (test(paths[i]))
                        return true;
        return false;
}

/* A package that was removed but not purged leaves its links, which then lead nowhere. */
static bool leads_somewhere(const char *path) {
        return access(path, F_OK) >= 0;
}

static bool is_masked_by_units(void) {
        static const char *const units[] = {
                "/etc/systemd/system/cloud-init.target",
                "/run/systemd/system/cloud-init.target",
                "/etc/systemd/system/cloud-final.service",
                "/run/systemd/system/cloud-final.service",
                NULL,
        };

        return any(is_masked, units);
}

static bool is_last_stage_linked(void) {
        static const char *const links[] = {
                "/etc/systemd/system/cloud-init.target.wants/cloud-final.service",
                "/etc/systemd/system/multi-user.target.wants/cloud-final.service",
                "/run/systemd/system/cloud-init.target.wants/cloud-final.service",
                "/usr/lib/systemd/system/cloud-init.target.wants/cloud-final.service",
                "/lib/systemd/system/cloud-init.target.wants/cloud-final.service",
                NULL,
        };

        return any(leads_somewhere, links);
}

static bool is_last_stage_installed(void) {
        static const char *const units[] = {
                "/usr/lib/systemd/system/cloud-final.service",
                "/lib/systemd/system/cloud-final.service",
                NULL,
        };

        return any(leads_somewhere, units);
}

static bool is_enabled(void) {
        if (is_masked_by_units())
                return false;
        /* The generator links the target, whether or not its stages were disabled. Where their
           units are somewhere else, there is only its word. */
        if (exists(CLOUD_INIT_DIR "/enabled"))
                return is_last_stage_linked() || !is_last_stage_installed();
        if (exists(CLOUD_INIT_DIR "/disabled") || exists("/etc/cloud/cloud-init.disabled"))
                return false;
        return is_last_stage_linked() ||
               leads_somewhere("/etc/systemd/system/multi-user.target.wants/cloud-init.target");
}

bool cloud_init_unfinished(void) {
        return !exists(CLOUD_INIT_DIR "/result.json") && is_enabled();
}

/* NULL if it is not there or cannot be read: then nobody has said that the stage is over. */
static cJSON *read_status(void) {
        _cleanup_close_ int fd = open(STATUS_PATH, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        _cleanup_buf_ struct buf text = BUF(STATUS_MAX);

        if (fd < 0 || read_all(fd, &text) < 0)
                return NULL;
        return cJSON_ParseWithLength(buf_text(&text), text.len);
}

/* {"v1": {"init": {"start": 1.5, "finished": 2.5}}}, null while it runs. */
static bool is_network_stage_over(void) {
        _cleanup_(cJSON_Delete_p) cJSON *status = read_status();
        const cJSON *v1 = cJSON_GetObjectItemCaseSensitive(status, "v1");
        const cJSON *init = cJSON_GetObjectItemCaseSensitive(v1, "init");

        return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(init, "finished"));
}

bool cloud_init_writes(void) {
        return cloud_init_unfinished() && !is_network_stage_over();
}

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

        if (w->files || !realpath(STATUS_PATH, path))
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its systemd generator leaves /run/cloud-init/enabled or disabled early in each boot, each stage
 * its times in status.json, and the last one result.json. Where no generator ran, its units are
 * enabled by links, and /etc/cloud/cloud-init.disabled turns it off ("Disable cloud-init" and "Boot
 * stages" of its documentation). The kernel command line, which can do that too, is the generator's
 * to read: the unit's /proc has none.
 * status.json is a link, made anew in each boot, to a file that stays from boot to boot.
 */
#include "host/cloud_init.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "util/cleanup.h"
#include "util/read.h"

#define CGROUP_MAX (16u * 1024)
#define STATUS_MAX (64u * 1024) /* one of a real boot has less than 1 KiB */

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
        _cleanup_close_ int fd = open(CLOUD_INIT_STATUS, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
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

/* By the unit: cloud-init-local, cloud-init, since 24.3 cloud-init-main for all of them. Later
 * stages have units of other names. */
bool cloud_init_runs_this(void) {
        _cleanup_free_ char *text = NULL;
        size_t len;

        return file_read("/proc/self/cgroup", CGROUP_MAX, &text, &len) >= 0 &&
               strstr(text, "/cloud-init") != NULL;
}

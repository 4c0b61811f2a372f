/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of `doctor` that ask nobody: files, folders, the agent's own words. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"
#include "host/boot_id.h"
#include "host/file.h"
#include "host/hold_file.h"
#include "machine.h"
#include "show.h"
#include "util/ipv4.h"
#include "util/paths.h"
#include "util/text.h"

#define AGENT_USER   "ecs-pubip"
#define FREE_MIN     (256u * 1024) /* bytes: the ledger and its successor fit many times */
#define SELINUX_PATH "/sys/fs/selinux/enforce"
#define SOCKET_UNIT  "/etc/systemd/system/ecs-pubip-cloud.socket"

static void check_config(struct doctor *d, struct finding *f) {
        if (d->config_finding.level != LEVEL_OK)
                *f = d->config_finding;
        else
                finding_set(f, LEVEL_OK, "the files are right");
}

static void check_agent(struct doctor *d, struct finding *f) {
        if (d->snapshot.alive) {
                finding_set(f, LEVEL_OK, "runs");
                return;
        }
        finding_say(f, LEVEL_FAIL, "does not run", SHOW_START_REMEDY);
        if (snapshot_ended(&d->snapshot)) {
                finding_set(f, LEVEL_FAIL, "has ended: %s", d->snapshot.status.sentence);
                finding_remedy(f, "%s", d->snapshot.status.remedy);
        }
}

/* True, with the finding set, if there are no words of a living agent. */
static bool says_nothing(const struct doctor *d, struct finding *f) {
        if (!d->snapshot.alive) {
                finding_set(f, LEVEL_SKIPPED, "the agent does not run");
                return true;
        }
        switch (d->snapshot.file) {
        case STATUS_FILE_READ:
                return false;
        case STATUS_FILE_ABSENT:
                finding_set(f, LEVEL_WARN, "the agent is starting");
                break;
        case STATUS_FILE_GARBLED:
        case STATUS_FILE_UNREADABLE:
                finding_say(f, LEVEL_FAIL, STATUS_PATH " is not one that can be read",
                            "sudo systemctl restart ecs-pubip writes it anew; update the "
                            "package as a whole if it does not help");
                break;
        }
        return true;
}

static void check_verdict(struct doctor *d, struct finding *f) {
        const struct status *s = &d->snapshot.status;
        struct conditions c = d->snapshot.conditions;
        enum exit_status outcome;
        char line[STATUS_LINE_SIZE];

        if (says_nothing(d, f))
                return;
        status_line(s, &c, line);
        outcome = snapshot_outcome(&d->snapshot);
        finding_set(f,
                    outcome == EXIT_DONE ? LEVEL_OK
                    /* a reboot may wait for a person, with Reboot.Policy=never */
                    : outcome == EXIT_FAILED || s->phase == PHASE_FAILED ? LEVEL_FAIL
                                                                         : LEVEL_WARN,
                    "%s", line);
        TEXT_SET(f->code, s->fault.code);
        TEXT_SET(f->request_id, s->fault.request_id);
        finding_remedy(f, "%s", s->remedy);
}

static void check_boot_id(struct doctor *d, struct finding *f) {
        const char *agents = d->snapshot.status.boot_id;
        char boot_id[BOOT_ID_SIZE];

        if (boot_id_read(NULL, boot_id) < 0) {
                finding_set(f, LEVEL_FAIL, "cannot be read from " BOOT_ID_PATH);
                finding_remedy(f, "without it no reboot can be counted, so nothing is changed; "
                                  "the agent takes it from --boot-id=%%b of its unit");
        } else if (!d->snapshot.alive) {
                finding_set(f, LEVEL_OK, "%s", boot_id);
        } else if (strcmp(agents, boot_id) != 0) {
                finding_set(f, LEVEL_FAIL, "the agent has '%s', the machine %s", agents, boot_id);
                finding_remedy(f, "start the agent by its unit, which passes --boot-id=%%b");
        } else {
                finding_set(f, LEVEL_OK, "%s, as the agent has it", boot_id);
        }
}

static void check_state(struct doctor *d, struct finding *f) {
        const struct passwd *user = getpwnam(AGENT_USER);
        struct statvfs fs;
        struct stat st;

        (void)d;
        if (stat(STATE_DIR, &st) < 0 || statvfs(STATE_DIR, &fs) < 0) {
                finding_set(f, LEVEL_FAIL, STATE_DIR ": %s", strerror(errno));
                finding_remedy(f, "sudo systemctl restart ecs-pubip makes it");
                return;
        }
        if (fs.f_flag & ST_RDONLY) {
                finding_say(f, LEVEL_FAIL, STATE_DIR " is on a read-only file system",
                            "mount it writable: no changing call is made without a ledger");
        } else if (fs.f_bavail * fs.f_frsize < FREE_MIN || (fs.f_files && fs.f_favail == 0)) {
                finding_say(f, LEVEL_FAIL, "the disk of " STATE_DIR " is full",
                            "make room: no changing call is made without a ledger");
        } else if (user && st.st_uid != user->pw_uid) {
                finding_say(f, LEVEL_FAIL, STATE_DIR " does not belong to " AGENT_USER,
                            "sudo chown -R " AGENT_USER ": " STATE_DIR);
        } else if ((st.st_mode & ACCESSPERMS) != S_IRWXU) { /* else others may hold its lock */
                finding_set(f, LEVEL_FAIL, STATE_DIR " has mode %04o", st.st_mode & 07777u);
                finding_remedy(f, "sudo chmod 0700 " STATE_DIR);
        } else {
                finding_set(f, LEVEL_OK, STATE_DIR " can be written");
        }
}

static void check_ledger(struct doctor *d, struct finding *f) {
        const char *id = d->snapshot.status.instance_id;
        _cleanup_free_ char *text = NULL;
        struct ledger ledger;
        size_t len;
        int r;

        r = file_read(LEDGER_PATH, LEDGER_TEXT_MAX, &text, &len);
        if (r == -ENOENT) {
                finding_set(f, LEVEL_OK, "none yet: nothing was changed on this instance");
                return;
        }
        if (r >= 0)
                r = ledger_parse(text, len, &ledger);
        if (r < 0) {
                finding_set(f, LEVEL_WARN, LEDGER_PATH ": %s",
                            r == -EBADMSG           ? "is damaged"
                            : r == -EPROTONOSUPPORT ? "is of a newer version"
                                                    : strerror(-r));
                finding_remedy(f, "the agent sets it aside at its next start and spends no budget "
                                  "for 24 hours");
        } else if (*id && *ledger.instance_id && strcmp(id, ledger.instance_id) != 0) {
                finding_set(f, LEVEL_WARN, "is of %s, not of this instance", ledger.instance_id);
                finding_remedy(f, "the agent sets it aside; seal images with `ecs-pubip seal`");
        } else {
                finding_set(f, LEVEL_OK, "%u change%s remembered", ledger.n_entries,
                            ledger.n_entries == 1 ? "" : "s");
        }
}

/* Root sees no brake: the agent holds itself, and says why. */
static void check_held(const struct snapshot *s, struct finding *f) {
        if (!s->alive || s->file != STATUS_FILE_READ || !s->status.held) {
                finding_set(f, LEVEL_OK, "not set");
                return;
        }
        finding_set(f, LEVEL_FAIL, "there is no " HOLD_PATH ", but the agent is held%s%s",
                    s->status.note[0] ? ": " : "", s->status.note);
        finding_remedy(f, "let the user " AGENT_USER " read " CONFIG_DIR
                          " (sudo chmod 0755 " CONFIG_DIR "), then sudo ecs-pubip resume");
}

static void check_hold(struct doctor *d, struct finding *f) {
        char why[HOLD_WHY_SIZE];

        switch (hold_file_read(d->snapshot.status.instance_id, why)) {
        case HOLD_OFF:
                check_held(&d->snapshot, f);
                break;
        case HOLD_ON: /* what somebody wants needs nobody */
                finding_set(f, *why ? LEVEL_FAIL : LEVEL_NOTE, "set: no changing call is made%s%s",
                            *why ? "; " HOLD_PATH " " : "", why);
                finding_remedy(f, "sudo ecs-pubip resume, once it is no longer wanted");
                break;
        case HOLD_FOREIGN:
                finding_say(f, LEVEL_NOTE, HOLD_PATH " names another instance and is ignored",
                            "remove it");
                break;
        }
}

/* Without the agent it is not known which address counts: any way out is asked for. */
static void check_way_out(struct finding *f) {
        struct kernel_facts k;

        machine_kernel(&(struct watch){.address = 0}, &k);
        switch (k.out) {
        case ANSWER_YES:
                finding_set(f, LEVEL_OK, "this machine has a way out");
                break;
        case ANSWER_NO:
                finding_set(f, LEVEL_FAIL, "%s", k.reason);
                break;
        case ANSWER_UNKNOWN:
                finding_set(f, LEVEL_SKIPPED, "%s", *k.reason ? k.reason : "cannot be asked");
                break;
        }
}

static void check_kernel(struct doctor *d, struct finding *f) {
        const struct status_plane *k = &d->snapshot.status.planes[PLANE_KERNEL];
        const struct condition *c = condition_find(&d->snapshot.conditions, CONDITION_KERNEL);
        char address[IPV4_SIZE] = "the address";

        if (!d->snapshot.alive || d->snapshot.file != STATUS_FILE_READ) {
                check_way_out(f);
                return;
        }
        if (k->address)
                ipv4_format(k->address, address);
        switch (k->verdict) {
        case PLANE_AGREES:
                finding_set(f, *k->reason ? LEVEL_NOTE : LEVEL_OK, "%s is on %s%s%s", address,
                            k->interface, *k->reason ? "; " : "", k->reason);
                return;
        case PLANE_NOT_REQUIRED:
                finding_set(f, LEVEL_NOTE, "not asked for (Confirm.Planes)");
                return;
        case PLANE_UNKNOWN:
                finding_set(f, LEVEL_WARN, "%s", *k->reason ? k->reason : "not asked yet");
                break;
        case PLANE_DISAGREES:
                finding_set(f, LEVEL_FAIL, "%s", *k->reason ? k->reason : "disagrees");
                break;
        }
        if (c)
                finding_remedy(f, "%s", c->remedy);
}

static void check_selinux(struct doctor *d, struct finding *f) {
        _cleanup_free_ char *text = NULL;
        size_t len;

        (void)d;
        if (file_read(SELINUX_PATH, 16, &text, &len) < 0)
                finding_set(f, LEVEL_OK, "not in use");
        else if (text[0] == '1')
                finding_set(f, LEVEL_NOTE,
                            "enforcing; refusals of both processes are in `ausearch -m avc -se "
                            "ecs_pubip`");
        else
                finding_set(f, LEVEL_OK, "permissive");
}

/* The start of the socket makes it as ecs-pubip.tmpfiles has it. */
static void check_run_folder(struct doctor *d, struct finding *f) {
        const struct passwd *user = getpwnam(AGENT_USER);
        struct stat st;

        (void)d;
        if (lstat(RUN_DIR, &st) < 0)
                finding_set(f, LEVEL_FAIL, RUN_DIR ": %s", strerror(errno));
        else if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
                 ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX)))
                finding_set(f, LEVEL_FAIL,
                            RUN_DIR " lets others than root replace the socket in it");
        else if (user && (st.st_gid != user->pw_gid || !(st.st_mode & S_IWGRP)))
                finding_set(f, LEVEL_FAIL, RUN_DIR " cannot be written by " AGENT_USER);
        else
                finding_set(f, LEVEL_OK, RUN_DIR " is root's, and the agent can write to it");
        if (f->level == LEVEL_FAIL)
                finding_remedy(f, "sudo systemctl restart ecs-pubip-cloud.socket ecs-pubip makes "
                                  "it anew");
}

/* How a unit is masked: by a link to the null device in its place. */
static bool socket_is_masked(void) {
        char target[16];
        ssize_t n = readlink(SOCKET_UNIT, target, sizeof(target));

        return n == 9 && memcmp(target, "/dev/null", 9) == 0;
}

static void check_socket(struct doctor *d, struct finding *f) {
        int r = asker_connect(&d->asker);

        if (r >= 0) {
                finding_set(f, LEVEL_OK, CLOUD_SOCKET " answers");
                return;
        }
        finding_set(f, LEVEL_FAIL, CLOUD_SOCKET ": %s", asker_strerror(r));
        TEXT_SET(f->code, FAULT_CLOUD_UNREACHABLE);
        if (r == ASKER_NOT_ROOT)
                finding_remedy(f, "find out who it is: sudo ss -xlp src " CLOUD_SOCKET "; then "
                                  "sudo systemctl restart ecs-pubip-cloud.socket");
        else if (socket_is_masked())
                finding_remedy(f, "it is masked: sudo systemctl unmask --now "
                                  "ecs-pubip-cloud.socket");
        else
                finding_remedy(f, "sudo systemctl restart ecs-pubip-cloud.socket; if it is "
                                  "failed, systemctl status ecs-pubip-cloud.socket says why");
}

/* clang-format off */
static const struct check checks[] = {
        {"configuration", check_config},
        {"agent", check_agent},
        {"verdict", check_verdict},
        {"boot-id", check_boot_id},
        {"state", check_state},
        {"ledger", check_ledger},
        {"hold", check_hold},
        {"kernel", check_kernel},
        {"selinux", check_selinux},
        {"run-folder", check_run_folder},
        {"cloud-socket", check_socket},
};
/* clang-format on */

const struct check *check_local_table(size_t *ret_n) {
        *ret_n = sizeof(checks) / sizeof(checks[0]);
        return checks;
}

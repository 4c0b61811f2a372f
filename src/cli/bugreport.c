/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ecs-pubip bugreport`: one file for a stranger to read. What goes in is listed, member by member
 * and field by field; texts that came from outside, and values that are free text, are not in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ecs-pubip/fault_text.h>
#include <ecs-pubip/history.h>

#include "command.h"
#include "host/clock.h"
#include "host/config_files.h"
#include "host/dmi.h"
#include "host/file.h"
#include "json.h"
#include "machine.h"
#include "out.h"
#include "snapshot.h"
#include "util/paths.h"
#include "util/read.h"
#include "util/text.h"
#include "util/time.h"

#define REPORT_MAX (1024u * 1024)
#define OUTPUT_MAX (512u * 1024)
#define FIELD_MAX  128
#define LEFT_OUT   "(left out)"
#define OS_RELEASE "/etc/os-release"

/* Fields of our own making, of our own units; MESSAGE can hold what a server said. */
static const char *const journal_fields[] = {
        "__REALTIME_TIMESTAMP", "_SYSTEMD_UNIT",   "SYSLOG_IDENTIFIER", "PRIORITY",
        "MESSAGE_ID",           "ECS_PUBIP_PHASE", "ECS_PUBIP_ADDRESS", "ECS_PUBIP_PREVIOUS",
        "ECS_INSTANCE_ID",      "ECS_REGION_ID",   "ECS_ACTION",        "ECS_REQUEST_ID",
        "ECS_ERROR_CODE",
};
static const char *const finding_members[] = {"check", "level", "code", "request_id"};

/* Keys whose value is one of a list, a number or a duration; what others hold is for nobody. */
static const char *const open_keys[] = {
        "Address.Strategy", "Address.BandwidthOut", "Address.EipAllocate", "Reboot.Policy",
        "Reboot.Grace",     "Reboot.Limit",         "Reboot.Patience",     "Confirm.Planes",
        "Confirm.Timeout",  "Heal.Policy",          "Heal.CheckInterval",  "Heal.Limit",
        "Cloud.Region",     "Cloud.TokenRequired",  "Cloud.Signature",     "Cloud.Credentials",
};

static void add_title(struct buf *out, const char *title) {
        buf_printf(out, "\n== %s ==\n", title);
}

/* The standard output of a command; false if it cannot be had. */
static bool read_command(char *const arguments[], struct buf *ret) {
        int ends[2], status;
        pid_t pid;
        int r;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return false;
        pid = fork();
        if (pid == 0) {
                if (dup2(ends[1], STDOUT_FILENO) >= 0)
                        execvp(arguments[0], arguments);
                _exit(127);
        }
        close(ends[1]);
        r = pid < 0 ? -errno : read_all(ends[0], ret);
        close(ends[0]);
        return pid > 0 && waitpid(pid, &status, 0) == pid && r >= 0 && status != 127 << 8;
}

static void add_versions(struct buf *out) {
        _cleanup_free_ char *os = NULL;
        struct utsname u;
        size_t len;
        bool is_ecs, known = dmi_read(&is_ecs);

        add_title(out, "versions");
        buf_puts(out, "ecs-pubip " ECS_PUBIP_VERSION "\n");
        if (uname(&u) == 0)
                buf_printf(out, "%s %s %s\n", u.sysname, u.release, u.machine);
        if (file_read(OS_RELEASE, FIELD_MAX * 64, &os, &len) >= 0) {
                const char *name = strstr(os, "PRETTY_NAME=");

                if (name)
                        buf_printf(out, "%.*s\n", (int)strcspn(name, "\n"), name);
        }
        buf_printf(out, "firmware: %s\n", !known ? "unknown" : is_ecs ? "ECS" : "another product");
}

static void add_status(struct buf *out) {
        _cleanup_free_ char *json = NULL;
        struct snapshot s;

        add_title(out, "status");
        if (snapshot_take(&s) < 0) {
                buf_puts(out, "not to be had\n");
                return;
        }
        buf_printf(out, "agent runs: %s, file: %d\n", s.alive ? "yes" : "no", s.file);
        if (s.file != STATUS_FILE_READ)
                return;
        if (*s.status.fault.message)
                TEXT_SET(s.status.fault.message, LEFT_OUT);
        if (*s.status.waits_for)
                TEXT_SET(s.status.waits_for, LEFT_OUT);
        if (*s.status.note)
                TEXT_SET(s.status.note, LEFT_OUT);
        TEXT_SET(s.status.sentence, fault_sentence(fault_explain(&s.status.fault, 0)));
        TEXT_SET(s.status.remedy, ""); /* `explain` has it */
        for (unsigned i = 0; i < s.conditions.n; i++) {
                TEXT_SET(s.conditions.list[i].sentence, LEFT_OUT);
                TEXT_SET(s.conditions.list[i].remedy, "");
        }
        if (status_format(&s.status, &s.conditions, &json) >= 0)
                buf_puts(out, json);
}

static void add_history(struct buf *out) {
        _cleanup_free_ struct history *h = calloc(1, sizeof(*h));
        _cleanup_free_ char *text = NULL, *again = NULL;
        size_t len;

        add_title(out, "history");
        if (!h || file_read(HISTORY_PATH, HISTORY_TEXT_MAX, &text, &len) < 0 ||
            history_parse(text, len, h) < 0 || history_format(h, &again) < 0)
                buf_puts(out, "not to be had\n");
        else
                buf_puts(out, again);
}

static bool is_open(const struct config_key_view *key) {
        char name[FIELD_MAX];

        snprintf(name, sizeof(name), "%s.%s", key->section, key->key);
        for (size_t i = 0; i < sizeof(open_keys) / sizeof(open_keys[0]); i++)
                if (strcmp(open_keys[i], name) == 0)
                        return true;
        return false;
}

static void count_problem(const struct config_problem *p, void *userdata) {
        unsigned *n = userdata;

        n[p->is_error]++;
}

static void add_config(struct buf *out) {
        struct config_origins origins;
        struct config_key_view key;
        struct config config;
        unsigned problems[2] = {};

        add_title(out, "configuration");
        if (config_load(&config, &origins, count_problem, problems) < 0) {
                buf_puts(out, "not to be had\n");
                return;
        }
        for (size_t i = 0; config_key(i, &key); i++) {
                char value[CONFIG_VALUE_SIZE];
                bool set = strcmp(origins.origin[i], "default") != 0;

                config_value(&config, i, value);
                buf_printf(out, "%s.%s=%s ; %s\n", key.section, key.key,
                           !set || is_open(&key) ? value : LEFT_OUT, set ? "set" : "default");
        }
        buf_printf(out, "%u errors, %u warnings\n", problems[1], problems[0]);
}

static void add_ledger(struct buf *out) {
        static const char *const outcomes[] = {"open", "done", "refused", "lost"};
        struct ledger ledger;
        enum ledger_state state = machine_ledger(&ledger);

        add_title(out, "ledger");
        buf_printf(out, "state %d\n", state);
        for (unsigned i = 0; state == LEDGER_READ && i < ledger.n_entries; i++) {
                const struct ledger_entry *e = &ledger.entries[i];
                char time[RFC3339_SIZE];

                buf_printf(out, "%s %s %s%s\n", time_format(e->time, time), wire_op_name(e->op),
                           outcomes[e->outcome], e->settled ? " settled" : "");
        }
}

static void add_folders(struct buf *out) {
        static const char *const paths[] = {RUN_DIR,     CLOUD_SOCKET, STATUS_PATH, STATE_DIR,
                                            LEDGER_PATH, CONFIG_DIR,   HOLD_PATH,   MARKS_DIR};

        add_title(out, "files");
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                struct stat st;

                if (lstat(paths[i], &st) < 0)
                        buf_printf(out, "%s: %s\n", paths[i], strerror(errno));
                else
                        buf_printf(out, "%s: mode %06o, owner %u:%u, %lld bytes\n", paths[i],
                                   st.st_mode, st.st_uid, st.st_gid, (long long)st.st_size);
        }
}

/* The members of that list of one object, on one line. */
static void add_members(struct buf *out, const cJSON *object, const char *const names[], size_t n) {
        for (size_t i = 0; i < n; i++) {
                const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, names[i]);
                char value[FIELD_MAX];

                if (!cJSON_IsString(item))
                        continue;
                text_copy_printable(value, sizeof(value), item->valuestring);
                buf_printf(out, "%s=%s ", names[i], value);
        }
        buf_puts(out, "\n");
}

static void add_doctor(struct buf *out) {
        char *const arguments[] = {(char *)"/proc/self/exe", (char *)"doctor", (char *)"--json",
                                   NULL};
        _cleanup_buf_ struct buf said = BUF(OUTPUT_MAX);
        _cleanup_json_ cJSON *json = NULL;
        const cJSON *finding;

        add_title(out, "doctor");
        if (read_command(arguments, &said))
                json = cJSON_Parse(buf_text(&said));
        if (!json)
                buf_puts(out, "not to be had\n");
        cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(json, "findings"))
                add_members(out, finding, finding_members,
                            sizeof(finding_members) / sizeof(finding_members[0]));
}

#define WORD(text) (char *)(text)

static void add_units(struct buf *out) {
        char *const arguments[] = {
                WORD("systemctl"),
                WORD("show"),
                WORD("--property=Id,LoadState,UnitFileState,ActiveState,SubState,Result,NRestarts,"
                     "ExecMainStatus,ExecMainCode,StateChangeTimestamp"),
                WORD("ecs-pubip.service"),
                WORD("ecs-pubip-cloud.socket"),
                WORD("ecs-pubip-online.path"),
                WORD("ecs-pubip-online.target"),
                WORD("ecs-pubip-hooks.path"),
                WORD("ecs-pubip-hooks.service"),
                NULL,
        };
        _cleanup_buf_ struct buf said = BUF(OUTPUT_MAX);

        add_title(out, "units");
        if (read_command(arguments, &said))
                buf_puts(out, buf_text(&said));
        else
                buf_puts(out, "not to be had\n");
}

static void add_journal(struct buf *out) {
        char *const arguments[] = {
                WORD("journalctl"),
                WORD("--quiet"),
                WORD("--no-pager"),
                WORD("--output=json"),
                WORD("--lines=500"),
                WORD("--unit=ecs-pubip.service"),
                WORD("--unit=ecs-pubip-hooks.service"),
                WORD("--unit=ecs-pubip-cloud@*.service"),
                NULL,
        };
        _cleanup_buf_ struct buf said = BUF(OUTPUT_MAX * 8);
        char *line, *save = NULL;

        add_title(out, "journal, without its texts");
        if (!read_command(arguments, &said) || said.len == 0) {
                buf_puts(out, "not to be had\n");
                return;
        }
        for (line = strtok_r(said.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_json_ cJSON *entry = cJSON_Parse(line);

                if (entry)
                        add_members(out, entry, journal_fields,
                                    sizeof(journal_fields) / sizeof(journal_fields[0]));
        }
}

static int write_report(const char *path, const struct buf *text) {
        _cleanup_close_ int fd =
                open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0 || fchmod(fd, 0600) < 0)
                return -errno;
        return file_write_all(fd, buf_text(text));
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(REPORT_MAX), said = BUF(OUT_MAX);
        char time[RFC3339_SIZE], path[PATH_MAX];
        int r;

        time_format(clock_wall_sec(), time);
        snprintf(path, sizeof(path), "ecs-pubip-bugreport-%s.txt", time);
        if (o->operand && !TEXT_SET(path, o->operand))
                return -ENAMETOOLONG;
        buf_printf(&text, "ecs-pubip bugreport, %s. Read it before you send it.\n", time);
        add_versions(&text);
        add_status(&text);
        add_history(&text);
        add_config(&text);
        add_ledger(&text);
        add_folders(&text);
        add_doctor(&text);
        add_units(&text);
        add_journal(&text);
        if (text.error < 0)
                return text.error;
        r = write_report(path, &text);
        if (r < 0) {
                out_complain("cannot write %s: %s", path, strerror(-r));
                return EXIT_FAILED;
        }
        buf_printf(&said, "%s is written, readable by root alone. Read it before you send it",
                   path);
        return out_line(buf_text(&said), EXIT_DONE);
}

const struct command command_bugreport = {
        .name = "bugreport",
        .operand = "FILE",
        .needs_root = true,
        .help = "Write one file that shows how it is here, without secrets",
        .more = "FILE must not exist; without one its name is made from the time.\nRead it "
                "before you send it.",
        .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: whose value counts, and what is an error instead of a hang. */
#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/config_files.h"

#define ETC      "/etc/ecs-pubip/ecs-pubip.conf"
#define D(where) where "/ecs-pubip/ecs-pubip.conf.d/"

struct seen {
        unsigned errors, warnings;
        char last[CONFIG_PROBLEM_SIZE];
};

static char root[64];

static void on_problem(const struct config_problem *p, void *userdata) {
        struct seen *seen = userdata;

        if (p->is_error)
                seen->errors++;
        else
                seen->warnings++;
        snprintf(seen->last, sizeof(seen->last), "%s", p->text);
}

static const char *in_root(const char *path) {
        static char whole[512];

        snprintf(whole, sizeof(whole), "%s%s", root, path);
        return whole;
}

/* With the folders above it. */
static void make_folders(const char *path) {
        char part[512];

        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                snprintf(part, sizeof(part), "%s%.*s", root, (int)(slash - path), path);
                if (mkdir(part, 0755) < 0)
                        assert_int_equal(errno, EEXIST);
        }
}

static void put(const char *path, const char *text, size_t len) {
        FILE *f;

        make_folders(path);
        f = fopen(in_root(path), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, len, f), len);
        fclose(f);
}

static void put_region(const char *path, const char *region) {
        char text[128];

        snprintf(text, sizeof(text), "[Cloud]\nRegion=%s\n", region);
        put(path, text, strlen(text));
}

static struct config load(struct seen *seen, struct config_origins *o) {
        struct config c;
        int r;

        *seen = (struct seen){};
        r = config_load_root(root, &c, o, on_problem, seen);
        assert_int_equal(r, seen->errors);
        return c;
}

static void expect_region(const char *region) {
        struct seen seen;
        struct config c = load(&seen, NULL);

        assert_int_equal(seen.errors, 0);
        assert_string_equal(c.region, region);
}

static void expect_error(const char *file, const char *words) {
        struct seen seen;

        load(&seen, NULL);
        assert_int_equal(seen.errors, 1);
        if (!strstr(seen.last, file) || !strstr(seen.last, words))
                fail_msg("%s", seen.last);
}

static int setup(void **state) {
        (void)state;
        TEXT_SET(root, "/tmp/test-conf-XXXXXX");
        return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static int teardown(void **state) {
        (void)state;
        return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_nothing_is_the_defaults(void **state) {
        struct config_origins origins;
        struct config defaults, c;
        struct seen seen;

        (void)state;
        config_defaults(&defaults);
        c = load(&seen, &origins);
        assert_int_equal(seen.errors + seen.warnings, 0);
        assert_memory_equal(&c, &defaults, sizeof(c));
        for (size_t i = 0; i < CONFIG_KEYS_MAX; i++)
                assert_string_equal(origins.origin[i], "default");
}

static void test_precedence(void **state) {
        (void)state;
        put_region(ETC, "main");
        expect_region("main");
        put_region(D("/usr/lib") "20-a.conf", "lib");
        expect_region("lib"); /* drop-ins count more than the main file, wherever they are */
        put_region(D("/run") "10-b.conf", "run");
        expect_region("lib"); /* the later name, not the stronger folder */
        put_region(D("/run") "20-a.conf", "run-20");
        expect_region("run-20"); /* the same name: the stronger folder */
        put_region(D("/etc") "20-a.conf", "etc-20");
        expect_region("etc-20");
        put_region(D("/usr/lib") "30-c.conf", "lib-30");
        expect_region("lib-30");
        put_region(D("/etc") "30-c.conf.bak", "bak");
        put_region(D("/etc") ".40-hidden.conf", "hidden");
        put_region(D("/etc") ".conf", "nameless");
        expect_region("lib-30");
}

static void test_mask(void **state) {
        (void)state;
        put_region(ETC, "main");
        put_region(D("/usr/lib") "20-a.conf", "lib");
        make_folders(D("/etc"));
        assert_int_equal(symlink("/dev/null", in_root(D("/etc") "20-a.conf")), 0);
        expect_region("main");
        unlink(in_root(D("/etc") "20-a.conf"));
        put(D("/etc") "20-a.conf", "", 0);
        expect_region("main");
}

static void test_origins(void **state) {
        struct config_origins origins;
        struct seen seen;
        unsigned found = 0;

        (void)state;
        put_region(D("/run") "20-a.conf", "r");
        load(&seen, &origins);
        for (size_t i = 0; i < CONFIG_KEYS_MAX; i++)
                found += strstr(origins.origin[i], "20-a.conf:2") != NULL;
        assert_int_equal(found, 1);
}

static void test_error_names_file_and_line(void **state) {
        static const char bad[] = "[Reboot]\n\nLimit=many\n";

        (void)state;
        put(D("/etc") "50-x.conf", bad, strlen(bad));
        expect_error("50-x.conf:3", "many");
}

static void test_other_kinds_of_files(void **state) {
        (void)state;
        make_folders(ETC);
        assert_int_equal(mkfifo(in_root(ETC), 0644), 0);
        expect_error(ETC, "not a regular file");
        unlink(in_root(ETC));
        assert_int_equal(mkdir(in_root(ETC), 0755), 0);
        expect_error(ETC, "not a regular file");
        rmdir(in_root(ETC));
        assert_int_equal(symlink("/dev/zero", in_root(ETC)), 0);
        expect_error(ETC, "not a regular file");
        unlink(in_root(ETC));
        assert_int_equal(symlink("ecs-pubip.conf", in_root(ETC)), 0);
        expect_error(ETC, "symbolic links");
        unlink(in_root(ETC));
        assert_int_equal(symlink("nowhere", in_root(ETC)), 0);
        expect_error(ETC, "No such file");
        unlink(in_root(ETC));
        put(D("/etc") "10-a.conf", "", 0);
        assert_int_equal(symlink("nowhere", in_root(D("/etc") "20-b.conf")), 0);
        expect_error("20-b.conf", "No such file");
}

/* By link option --wrap, under the name that it has with large files. */
int __real_openat64(int folder, const char *name, int flags, ...);
int __wrap_openat64(int folder, const char *name, int flags, ...);

int __wrap_openat64(int folder, const char *name, int flags, ...) {
        if (strcmp(name, "66-vanishes.conf") == 0)
                assert_int_equal(unlinkat(folder, name, 0), 0);
        return __real_openat64(folder, name, flags);
}

/* A package manager at work: what was listed is not there any more. */
static void test_a_drop_in_that_vanishes(void **state) {
        (void)state;
        put_region(D("/etc") "10-a.conf", "cn-hangzhou");
        put_region(D("/etc") "66-vanishes.conf", "cn-beijing");
        expect_region("cn-hangzhou");
        assert_int_equal(access(in_root(D("/etc") "66-vanishes.conf"), F_OK), -1);
}

static void test_folder_that_is_none(void **state) {
        (void)state;
        put("/etc/ecs-pubip/ecs-pubip.conf.d", "x", 1);
        expect_error("ecs-pubip.conf.d", "Not a directory");
}

static void test_size(void **state) {
        char *text = malloc(CONFIG_FILE_MAX + 1);
        struct seen seen;

        (void)state;
        memset(text, '\n', CONFIG_FILE_MAX + 1);
        put(ETC, text, CONFIG_FILE_MAX);
        load(&seen, NULL);
        assert_int_equal(seen.errors, 0);
        put(ETC, text, CONFIG_FILE_MAX + 1);
        expect_error(ETC, "larger");
        put(ETC, "[Cloud]\nRegion=a\0b\n", 19);
        expect_error(ETC, "NUL");
        free(text);
}

static void test_too_many(void **state) {
        char path[128];

        (void)state;
        for (int i = 0; i < 257; i++) {
                snprintf(path, sizeof(path), D("/etc") "%03d.conf", i);
                put(path, "", 0);
        }
        expect_error("ecs-pubip.conf.d", "too many");
}

/* What no single line shows is checked over all files together. */
static void test_whole_is_checked(void **state) {
        static const char id[] = "[Instance]\nId=i-1\n";
        struct seen seen;

        (void)state;
        put(ETC, id, strlen(id));
        load(&seen, NULL);
        assert_true(seen.errors > 0);
        put_region(D("/etc") "10-r.conf", "cn-hangzhou");
        load(&seen, NULL);
        assert_int_equal(seen.errors, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Its parent is the agent's: whoever can write there must not be able to say where to ask. */
static void test_a_run_folder_of_others_is_ignored(void **state) {
        struct seen seen;
        struct config c;

        (void)state;
        put_region(ETC, "cn-a");
        put_region(D("/run") "10.conf", "cn-evil");
        assert_int_equal(chmod(in_root("/run/ecs-pubip/ecs-pubip.conf.d"), 0777), 0);
        c = load(&seen, NULL);
        assert_int_equal(seen.errors, 0);
        assert_int_equal(seen.warnings, 1);
        assert_string_equal(c.region, "cn-a");
        assert_int_equal(chmod(in_root("/run/ecs-pubip/ecs-pubip.conf.d"), 0755), 0);
        expect_region("cn-evil");
        if (geteuid() != 0)
                return; /* ownership takes root to give away */
        assert_int_equal(chown(in_root("/run/ecs-pubip/ecs-pubip.conf.d"), 65534, 65534), 0);
        expect_region("cn-a");
}

static void test_a_run_folder_by_link_is_refused(void **state) {
        (void)state;
        put_region(D("/run/elsewhere") "10.conf", "cn-evil");
        make_folders(D("/run") "10.conf");
        assert_int_equal(rmdir(in_root("/run/ecs-pubip/ecs-pubip.conf.d")), 0);
        assert_int_equal(symlink("/run/elsewhere", in_root("/run/ecs-pubip/ecs-pubip.conf.d")), 0);
        expect_error("/run/ecs-pubip/ecs-pubip.conf.d", ": ");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_nothing_is_the_defaults),
                TEST(test_precedence),
                TEST(test_mask),
                TEST(test_origins),
                TEST(test_error_names_file_and_line),
                TEST(test_other_kinds_of_files),
                TEST(test_a_drop_in_that_vanishes),
                TEST(test_folder_that_is_none),
                TEST(test_size),
                TEST(test_too_many),
                TEST(test_whole_is_checked),
                TEST(test_a_run_folder_of_others_is_ignored),
                TEST(test_a_run_folder_by_link_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

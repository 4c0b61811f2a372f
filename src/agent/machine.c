/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define ECS_PRODUCT "Alibaba Cloud ECS"
#define LINE_MAX_   128
#define HEX_DIGITS  32
#define FAR_FUTURE                                                                                 \
        (INT64_C(1) << 40) /* seconds; a timer that only ever ends by being cancelled              \
                            */

/* The first line of a small file; false if it cannot be read. */
static bool read_line(const char *path, char ret[static LINE_MAX_]) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, ret, LINE_MAX_ - 1);

        if (n < 0)
                return false;
        ret[n] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        return true;
}

/* Hex digits with or without dashes to the kernel's form: 8-4-4-4-12, lower case. */
static bool normalise(const char *text, char ret[static BOOT_ID_SIZE]) {
        char id[BOOT_ID_SIZE] = "";
        size_t n = 0, digits = 0;

        for (; *text; text++) {
                if (*text == '-')
                        continue;
                if (!isxdigit((unsigned char)*text) || digits == HEX_DIGITS)
                        return false;
                if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
                        id[n++] = '-';
                id[n++] = (char)tolower((unsigned char)*text);
                digits++;
        }
        if (digits != HEX_DIGITS)
                return false;
        text_copy(ret, BOOT_ID_SIZE, id);
        return true;
}

int machine_boot_id(const char *option, char ret[static BOOT_ID_SIZE]) {
        char line[LINE_MAX_] = "";

        text_copy(ret, BOOT_ID_SIZE, "");
        if (!option && read_line(BOOT_ID_PATH, line))
                option = line;
        return option && normalise(option, ret) ? 0 : -EINVAL;
}

bool machine_dmi(bool *ret_is_ecs) {
        char line[LINE_MAX_];

        if (!read_line(DMI_PATH, line) || !line[0])
                return false;
        *ret_is_ecs = strcmp(line, ECS_PRODUCT) == 0;
        return true;
}

/* Only spreads waits over time: where the kernel has no entropy yet, the clock is chance enough. */
uint64_t machine_seed(void) {
        uint64_t seed = 0;

        if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
                seed = machine_boot_usec() ^ ((uint64_t)machine_wall_sec() << 20);
        return seed;
}

uint64_t machine_boot_usec(void) {
        struct timespec t = {0};

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int64_t machine_wall_sec(void) {
        struct timespec t = {0};

        clock_gettime(CLOCK_REALTIME, &t);
        return t.tv_sec;
}

struct machine_clock {
        int fd;
        sd_event_source *source;
        machine_clock_fn on_set;
        void *userdata;
};

static int arm(int fd) {
        const struct itimerspec far = {.it_value.tv_sec = FAR_FUTURE};

        if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) < 0)
                return -errno;
        return 0;
}

/* A cancelled timer reads as ECANCELED and has to be armed again; suspend cancels it too. */
static int on_timer_fd(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct machine_clock *c = userdata;
        uint64_t n;

        (void)source, (void)revents;
        if (read(fd, &n, sizeof(n)) < 0 && errno != ECANCELED)
                return 0;
        (void)arm(fd);
        c->on_set(c->userdata);
        return 0;
}

int machine_clock_new(sd_event *event, machine_clock_fn on_set, void *userdata,
                      struct machine_clock **ret) {
        struct machine_clock *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->on_set = on_set;
        c->userdata = userdata;
        c->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        r = c->fd < 0 ? -errno : arm(c->fd);
        if (r >= 0)
                r = sd_event_add_io(event, &c->source, c->fd, EPOLLIN, on_timer_fd, c);
        if (r < 0) {
                machine_clock_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

struct machine_clock *machine_clock_free(struct machine_clock *c) {
        if (!c)
                return NULL;
        sd_event_source_unref(c->source);
        close_p(&c->fd);
        free(c);
        return NULL;
}

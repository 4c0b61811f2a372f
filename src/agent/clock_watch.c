/* SPDX-License-Identifier: Apache-2.0 */
/* A timer that ends only by being cancelled: TFD_TIMER_CANCEL_ON_SET of timerfd_create(2). */
#include "clock_watch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

#include "util/cleanup.h"

#define FAR_FUTURE (INT64_C(1) << 40) /* seconds */

struct clock_watch {
        int fd;
        sd_event_source *source;
        clock_watch_fn on_set;
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
        struct clock_watch *c = userdata;
        uint64_t n;

        (void)source, (void)revents;
        if (read(fd, &n, sizeof(n)) < 0 && errno != ECANCELED)
                return 0;
        (void)arm(fd);
        c->on_set(c->userdata);
        return 0;
}

int clock_watch_new(sd_event *event, clock_watch_fn on_set, void *userdata,
                    struct clock_watch **ret) {
        struct clock_watch *c = calloc(1, sizeof(*c));
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
                clock_watch_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

struct clock_watch *clock_watch_free(struct clock_watch *c) {
        if (!c)
                return NULL;
        sd_event_source_unref(c->source);
        close_p(&c->fd);
        free(c);
        return NULL;
}

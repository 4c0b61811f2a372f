/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <time.h>

#include <ecs-pubip/usec.h>

#define SECOND ((int64_t)USEC_PER_SEC) /* a time before 1970, or before the boot, has a sign */

/* A Date outside of these years is a broken server's, not a time. */
#define SIGNATURE_SEC INT64_C(900)        /* so far a signature may be off (ecs-api 3) */
#define DATE_MIN      INT64_C(1420070400) /* 2015-01-01 */
#define DATE_MAX      INT64_C(7258118400) /* 2200-01-01 */

static int64_t read_usec(clockid_t id) {
        struct timespec ts;

        clock_gettime(id, &ts);
        return ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

uint64_t clock_boottime_usec(void) {
        return (uint64_t)read_usec(CLOCK_BOOTTIME);
}

static void clock_set(struct clock *c, enum clock_trust trust, int64_t cloud_seconds) {
        if (cloud_seconds < DATE_MIN || cloud_seconds > DATE_MAX)
                return;
        c->trust = trust;
        c->offset_usec = cloud_seconds * SECOND - read_usec(CLOCK_BOOTTIME);
}

void clock_hint(struct clock *c, int64_t cloud_seconds) {
        if (c->trust == CLOCK_UNKNOWN)
                clock_set(c, CLOCK_HINT, cloud_seconds);
}

void clock_try(struct clock *c, int64_t cloud_seconds, bool refused_for_time) {
        if (c->trust != CLOCK_PROVEN || refused_for_time)
                clock_set(c, CLOCK_TRIAL, cloud_seconds);
}

void clock_accept(struct clock *c, int64_t signed_at, int64_t cloud_seconds) {
        int64_t error = cloud_seconds - signed_at;

        if (error >= -SIGNATURE_SEC && error <= SIGNATURE_SEC)
                clock_set(c, CLOCK_PROVEN, cloud_seconds);
        else if (c->trust == CLOCK_UNKNOWN)
                clock_set(c, CLOCK_PROVEN, clock_now(c));
        else
                c->trust = CLOCK_PROVEN;
}

int64_t clock_server_time(const struct clock *c) {
        if (c->trust == CLOCK_UNKNOWN)
                return 0;
        return (read_usec(CLOCK_BOOTTIME) + c->offset_usec) / SECOND;
}

int64_t clock_now(const struct clock *c) {
        if (c->trust == CLOCK_UNKNOWN)
                return read_usec(CLOCK_REALTIME) / SECOND;
        return clock_server_time(c);
}

int64_t clock_wall_error(const struct clock *c) {
        if (c->trust == CLOCK_UNKNOWN)
                return 0;
        return read_usec(CLOCK_REALTIME) / SECOND - clock_server_time(c);
}

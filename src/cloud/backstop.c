/* SPDX-License-Identifier: Apache-2.0 */
#include "backstop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ecs-pubip/backoff.h>

#include "cloud/sockets.h"
#include "util/text.h"

#define LINE_SIZE  512
#define SHUT_GRACE 2 /* s, for curl to see that its sockets are shut */

static timer_t timer;
static volatile sig_atomic_t is_changing, is_shut;
static char answer[LINE_SIZE]; /* written while the timer is not set */
static size_t answer_len;

static void set_timer(time_t sec, long nsec, int flags) {
        const struct itimerspec when = {.it_value = {.tv_sec = sec, .tv_nsec = nsec}};

        timer_settime(timer, flags, &when, NULL);
}

static void on_alarm(int number) {
        (void)number;
        if (!is_changing || !sockets_any()) {
                ssize_t ignored = write(STDOUT_FILENO, answer, answer_len);

                (void)ignored;
                _exit(EXIT_SUCCESS);
        }
        if (is_shut)
                _exit(EXIT_FAILURE);
        is_shut = 1;
        sockets_shutdown();
        set_timer(SHUT_GRACE, 0, 0);
}

int backstop_init(void) {
        struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

        if (sigaction(SIGALRM, &action, NULL) < 0 ||
            timer_create(CLOCK_BOOTTIME, &event, &timer) < 0)
                return -errno;
        return 0;
}

void backstop_move(uint64_t when) {
        set_timer((time_t)(when / USEC_PER_SEC), (long)(when % USEC_PER_SEC * 1000), TIMER_ABSTIME);
}

void backstop_set(uint64_t when, bool changing, const char *line) {
        backstop_clear();
        is_changing = changing;
        is_shut = 0;
        TEXT_SET(answer, line);
        answer_len = strlen(answer);
        backstop_move(when);
}

void backstop_clear(void) {
        set_timer(0, 0, 0);
}

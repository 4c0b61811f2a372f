/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's kernel plane in a loop of its own, for test_kernel.py, and the truth to hold it
 * against:
 *   kernel_watch watch ADDRESS [MACHINE]  prints the facts whenever they change. For each line
 *                                         "settle MS" on standard input: once nothing has come for
 *                                         so long, what was told last, what a lookup says now, and
 *                                         how often the loop was woken since the last time
 *   kernel_watch once ADDRESS [MACHINE]   prints the facts of one lookup
 *   kernel_watch connect FROM TO...       prints for each whether a TCP connection reaches it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/netlink.h"
#include "host/kernel.h"
#include "util/ipv4.h"

#define CONNECT_MS      700
#define DESTINATIONS    16
#define USEC_PER_MS     1000u
#define DISCARD_SERVICE 9

static struct watch watch;
static struct kernel_facts told;
static struct netlink *netlink;
static unsigned woken;
static bool own; /* this turn of the loop is this program's, not the kernel plane's */
static uint64_t settle_usec, last_wake;
static sd_event_source *settle_timer;

static const char *answer_name(enum answer a) {
        return a == ANSWER_YES ? "yes" : a == ANSWER_NO ? "no" : "unknown";
}

static void print_facts(const char *word, const struct kernel_facts *f) {
        printf("%s|%s|local=%s|out=%s|in=%s|machine=%s|%s|%s\n", word,
               verdict_name(verdict_of_kernel(f)), answer_name(f->local), answer_name(f->out),
               answer_name(f->in), answer_name(f->machine), f->interface, f->reason);
        fflush(stdout);
}

static void on_facts(const struct kernel_facts *facts, void *userdata) {
        (void)userdata;
        told = *facts;
        print_facts("facts", facts);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata) {
        struct kernel_lookup k;

        (void)userdata;
        own = true;
        if (usec < last_wake + settle_usec) {
                sd_event_source_set_time(source, last_wake + settle_usec);
                return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        }
        print_facts("told", &told);
        kernel_lookup(&watch, &k);
        print_facts("now", &k.facts);
        printf("woken|%u|%llu\n", woken, (unsigned long long)netlink_counts(netlink).events);
        fflush(stdout);
        woken = 0;
        return 0;
}

static int on_line(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        sd_event *event = userdata;
        char line[64];
        ssize_t n = read(fd, line, sizeof(line) - 1);

        (void)source, (void)revents;
        own = true;
        if (n <= 0)
                return sd_event_exit(event, 0);
        line[n] = '\0';
        settle_usec = strtoull(line + strlen("settle "), NULL, 10) * USEC_PER_MS;
        sd_event_now(event, CLOCK_MONOTONIC, &last_wake);
        sd_event_source_set_time(settle_timer, last_wake + settle_usec);
        return sd_event_source_set_enabled(settle_timer, SD_EVENT_ONESHOT);
}

static int run_watch(void) {
        sd_event *event;

        if (sd_event_new(&event) < 0 ||
            sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_line, event) < 0 ||
            sd_event_add_time(event, &settle_timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_settled,
                              NULL) < 0 ||
            netlink_new(event, on_facts, NULL, &netlink) < 0)
                return 1;
        netlink_watch(netlink, &watch);
        while (sd_event_get_state(event) != SD_EVENT_FINISHED) {
                own = false;
                if (sd_event_run(event, UINT64_MAX) < 0)
                        return 1;
                if (!own) {
                        woken++;
                        sd_event_now(event, CLOCK_MONOTONIC, &last_wake);
                }
        }
        netlink_free(netlink);
        sd_event_unref(event);
        return 0;
}

static int run_once(void) {
        struct kernel_lookup k;

        kernel_lookup(&watch, &k);
        print_facts("now", &k.facts);
        return 0;
}

/* Refused is reached: somebody there has answered. */
static const char *result_of(int fd, short revents) {
        int error = 0;
        socklen_t size = sizeof(error);

        if (!revents)
                return "silence";
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        return error == 0 || error == ECONNREFUSED ? "reached" : strerrorname_np(error);
}

static int open_connection(const char *from, const char *to, const char **ret_result) {
        struct sockaddr_in here = {.sin_family = AF_INET},
                           there = {.sin_family = AF_INET, .sin_port = htons(DISCARD_SERVICE)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        inet_pton(AF_INET, from, &here.sin_addr);
        inet_pton(AF_INET, to, &there.sin_addr);
        if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
            (connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0 && errno != EINPROGRESS)) {
                *ret_result = errno == ECONNREFUSED ? "reached" : strerrorname_np(errno);
                close(fd);
                return -1;
        }
        return fd;
}

static uint64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int run_connect(const char *from, char *to[], int n) {
        struct pollfd fds[DESTINATIONS];
        const char *results[DESTINATIONS] = {NULL};
        uint64_t end = now_ms() + CONNECT_MS;
        int open = 0;

        for (int i = 0; i < n; i++) {
                fds[i] = (struct pollfd){open_connection(from, to[i], &results[i]), POLLOUT, 0};
                open += fds[i].fd >= 0;
        }
        while (open > 0 && now_ms() < end && poll(fds, (nfds_t)n, (int)(end - now_ms())) >= 0)
                for (int i = 0; i < n; i++) {
                        if (fds[i].fd < 0 || !fds[i].revents)
                                continue;
                        results[i] = result_of(fds[i].fd, fds[i].revents);
                        close(fds[i].fd);
                        fds[i].fd = -1;
                        open--;
                }
        for (int i = 0; i < n; i++)
                puts(results[i] ? results[i] : "silence");
        return 0;
}

int main(int argc, char *argv[]) {
        if (argc >= 4 && argc - 3 <= DESTINATIONS && strcmp(argv[1], "connect") == 0)
                return run_connect(argv[2], argv + 3, argc - 3);
        if (argc < 3)
                return 2;
        ipv4_parse(argv[2], &watch.address);
        if (argc > 3)
                ipv4_parse(argv[3], &watch.machine_ips[watch.n_machine_ips++]);
        return strcmp(argv[1], "once") == 0 ? run_once() : run_watch();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into the cloud process by test_gate.py. With $GATE_SHUT it has the connection of a
 * changing call up, and does not say `ready` before that file is gone; $GATE_AT says that it is
 * there. With $GATE_OLD libcurl is one that asks nobody before it sends (before 7.80).
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#undef curl_easy_setopt
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL(name)   ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define READY        "{\"ready\""
#define PREREQ       (CURLOPTTYPE_FUNCTIONPOINT + 312)
#define LOOK_EACH_MS 10

static void stand_at_the_gate(void) {
        const char *shut = getenv("GATE_SHUT"), *at = getenv("GATE_AT");

        if (!shut || !at)
                return;
        close(open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        while (access(shut, F_OK) == 0)
                usleep(LOOK_EACH_MS * 1000);
}

ssize_t write(int fd, const void *data, size_t size) {
        if (fd == STDOUT_FILENO && size > strlen(READY) && memcmp(data, READY, strlen(READY)) == 0)
                stand_at_the_gate();
        return REAL(write)(fd, data, size);
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...) {
        va_list args;
        void *value;

        if (getenv("GATE_OLD") && (int)option == PREREQ)
                return CURLE_UNKNOWN_OPTION;
        va_start(args, option);
        value = va_arg(args, void *);
        va_end(args);
        return REAL(curl_easy_setopt)(easy, option, value);
}

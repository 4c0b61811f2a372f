/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into the cloud process by test_crash.py. $CRASH_CALL is connect or send (over TCP),
 * answer (a write to the agent), or answered (the same, once it is out): the process is killed at
 * the $CRASH_NUMBERth of these, counted in the file $CRASH_COUNT over all processes and boots, so
 * that one dies and no more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int number_of_this_call(void) {
        int fd = open(getenv("CRASH_COUNT"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        struct stat st = {};

        if (fd < 0 || REAL(write)(fd, ".", 1) != 1 || fstat(fd, &st) < 0)
                abort(); /* an uncounted call would be a test that shows nothing */
        close(fd);
        return (int)st.st_size;
}

static void at(const char *call) {
        if (strcmp(call, getenv("CRASH_CALL")) != 0)
                return;
        if (number_of_this_call() == atoi(getenv("CRASH_NUMBER")))
                kill(getpid(), SIGKILL);
}

static int is_tcp(int fd) {
        int domain = 0, type = 0;
        socklen_t n = sizeof(domain), m = sizeof(type);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0 ||
            getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m) < 0)
                return 0;
        return type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6);
}

static void at_tcp(const char *call, int fd) {
        if (is_tcp(fd))
                at(call);
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
        at_tcp("connect", fd);
        return REAL(connect)(fd, address, len);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
        at_tcp("send", fd);
        return REAL(send)(fd, data, size, flags);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t len) {
        at_tcp("send", fd);
        return REAL(sendto)(fd, data, size, flags, to, len);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags) {
        at_tcp("send", fd);
        return REAL(sendmsg)(fd, m, flags);
}

ssize_t writev(int fd, const struct iovec *v, int n) {
        at_tcp("send", fd);
        return REAL(writev)(fd, v, n);
}

ssize_t write(int fd, const void *data, size_t size) {
        ssize_t n;

        at_tcp("send", fd);
        if (fd == STDOUT_FILENO)
                at("answer");
        n = REAL(write)(fd, data, size);
        if (fd == STDOUT_FILENO)
                at("answered");
        return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before each file of the core by the lint `core-pure`: clocks, descriptors, processes and logs
 * cannot be used there. Names that mean nothing else are poisoned; those that are also common words
 * (a member `time`, an attribute `printf`) may be written, but not called. The headers that the
 * core's own libraries bring along come first, since they declare some of these names.
 */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <expat.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#define NOT_IN_THE_CORE(function, why)                                                             \
        extern __typeof__(function) function __attribute__((deprecated(why)))

NOT_IN_THE_CORE(time, "times are arguments");
NOT_IN_THE_CORE(clock, "times are arguments");
NOT_IN_THE_CORE(open, "the core owns no descriptor");
NOT_IN_THE_CORE(read, "the core owns no descriptor");
NOT_IN_THE_CORE(write, "the core owns no descriptor");
NOT_IN_THE_CORE(pipe, "the core owns no descriptor");
NOT_IN_THE_CORE(dup, "the core owns no descriptor");
NOT_IN_THE_CORE(poll, "the core waits for nothing");
NOT_IN_THE_CORE(select, "the core waits for nothing");
NOT_IN_THE_CORE(socket, "the core owns no descriptor");
NOT_IN_THE_CORE(connect, "the core owns no descriptor");
NOT_IN_THE_CORE(bind, "the core owns no descriptor");
NOT_IN_THE_CORE(listen, "the core owns no descriptor");
NOT_IN_THE_CORE(accept, "the core owns no descriptor");
NOT_IN_THE_CORE(send, "the core owns no descriptor");
NOT_IN_THE_CORE(recv, "the core owns no descriptor");
NOT_IN_THE_CORE(stat, "the core sees no file");
NOT_IN_THE_CORE(access, "the core sees no file");
NOT_IN_THE_CORE(rename, "the core sees no file");
NOT_IN_THE_CORE(remove, "the core sees no file");
NOT_IN_THE_CORE(printf, "texts are made with util/buf.h");
NOT_IN_THE_CORE(puts, "texts are made with util/buf.h");
NOT_IN_THE_CORE(exit, "return a negative errno");
NOT_IN_THE_CORE(raise, "return a negative errno");
NOT_IN_THE_CORE(kill, "the core knows no process");
NOT_IN_THE_CORE(signal, "the core knows no process");
NOT_IN_THE_CORE(fork, "the core knows no process");
NOT_IN_THE_CORE(alarm, "the core waits for nothing");
NOT_IN_THE_CORE(sleep, "the core waits for nothing");
NOT_IN_THE_CORE(random, "seeds and nonces are arguments");
NOT_IN_THE_CORE(rand, "seeds and nonces are arguments");

#pragma GCC poison clock_gettime gettimeofday localtime localtime_r gmtime gmtime_r mktime timegm
#pragma GCC poison strftime strptime nanosleep usleep
#pragma GCC poison openat creat fopen fdopen freopen pread pwrite lseek ioctl fcntl mmap fsync
#pragma GCC poison unlink mkdir fstat lstat getaddrinfo ini_parse ini_parse_file
#pragma GCC poison sendto recvfrom sendmsg recvmsg
#pragma GCC poison fprintf vprintf vfprintf dprintf putchar perror stdout stderr stdin
#pragma GCC poison snprintf sprintf vsnprintf asprintf syslog sd_journal_send
#pragma GCC poison getenv secure_getenv setenv environ getpid getuid execve sigaction _exit atexit
#pragma GCC poison srandom srand getrandom RAND_bytes

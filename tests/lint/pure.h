/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before each file of the core by the lint `core-pure`: names of clocks, descriptors, processes
 * and logs do not compile. The headers that the core's own libraries bring along come first, since
 * a poisoned name may not be declared afterwards.
 */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <expat.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

/* clocks */
#pragma GCC poison time clock clock_gettime gettimeofday localtime localtime_r gmtime gmtime_r
#pragma GCC poison mktime timegm strftime strptime nanosleep sleep usleep alarm
/* descriptors and files */
#pragma GCC poison open openat creat fopen fdopen freopen read write pread pwrite lseek pipe dup
#pragma GCC poison ioctl fcntl poll select mmap rename unlink mkdir stat fstat lstat fsync access
#pragma GCC poison socket connect bind listen accept send recv sendto recvfrom sendmsg recvmsg
#pragma GCC poison getaddrinfo ini_parse ini_parse_file
/* output and logs: texts are made with util/buf.h */
#pragma GCC poison printf fprintf vprintf vfprintf dprintf puts putchar perror stdout stderr stdin
#pragma GCC poison snprintf sprintf vsnprintf asprintf syslog
/* the process around us, and chance: seeds and nonces are arguments */
#pragma GCC poison getenv secure_getenv setenv environ getpid getuid fork execve kill raise signal
#pragma GCC poison sigaction exit _exit atexit random srandom rand srand getrandom RAND_bytes

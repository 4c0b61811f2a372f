/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ceiling on a program's memory, set by the program itself. Not LimitDATA= of its unit: systemd
 * before 254 sets that in a fork of PID 1, which already holds 18 MiB on a small machine; its
 * allocations then fail before the program starts, and the fork crashes.
 */
#pragma once

#include <sys/resource.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMIT_SANITIZED 1
#endif
#endif

/* Allocations beyond MAX bytes fail. A sanitizer's own memory would count, so not with one. */
static inline void limit_data(rlim_t max) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(LIMIT_SANITIZED)
        const struct rlimit limit = {max, max};

        setrlimit(RLIMIT_DATA, &limit);
#else
        (void)max;
#endif
}

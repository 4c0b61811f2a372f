/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership made visible: what a scope owns is released when the scope is left. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hands a value over: the variable that owned it is left with `empty`. */
#define TAKE(x, empty)                                                                             \
        ({                                                                                         \
                __typeof__(x) taken_ = (x);                                                        \
                (x) = (empty);                                                                     \
                taken_;                                                                            \
        })
#define TAKE_PTR(p) TAKE(p, NULL)
#define TAKE_FD(fd) TAKE(fd, -1)

static inline void free_p(void *p) {
        free(*(void **)p);
}

/* Closes a descriptor held in a variable; negative means none. */
static inline void close_p(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

#define _cleanup_free_  _cleanup_(free_p)
#define _cleanup_close_ _cleanup_(close_p)

/* For libraries' own destructors: _cleanup_(cJSON_Delete_p) and the like. */
#define DEFINE_CLEANUP(type, destroy)                                                              \
        static inline void destroy##_p(type *p) {                                                  \
                if (*p)                                                                            \
                        destroy(*p);                                                               \
        }

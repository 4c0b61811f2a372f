/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors 0, 1 and 2 are there, whoever started the program. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * With a closed descriptor 0, 1 or 2 the next file opened would get its number, and the output
 * would go into that file. The wrong direction makes every use of it fail.
 */
static inline void descriptors_fill(int failure) {
        for (int fd = 0; fd <= 2; fd++)
                if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
                        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
                                _exit(failure);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of a file, into memory with a ceiling. */
#pragma once

#include "buf.h"

/* 0; -E2BIG where the file is larger than the buffer's ceiling, or another negative errno. */
int read_all(int fd, struct buf *ret);

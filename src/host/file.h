/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files: read with a ceiling, replaced and removed. Nothing blocks on a FIFO. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* malloc'ed and NUL-terminated; -EBADMSG if longer than `max` or no regular file. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len);

/* The first line of a small file of the kernel; -ERANGE if it does not fit. */
int file_first_line(const char *path, char *ret, size_t size);

struct file_write {
        const char *temporary; /* in the same folder; what a killed predecessor left there goes */
        mode_t mode;           /* set by hand: no umask counts */
        uid_t owner;           /* FILE_OWNER_SELF: who writes */
        bool durable;          /* file and folder are synced */
};
#define FILE_OWNER_SELF ((uid_t)-1)

/* The whole text, however often it takes. */
int file_write_all(int fd, const char *text);

/* Replaces a file of the folder in one step: readers see the old text or the new one, whole. */
int file_replace_at(int folder_fd, const char *name, const char *text,
                    const struct file_write *how);

/* Replaces folder/name durably, 0644, under a temporary name of this process's own. */
int file_replace(const char *folder, const char *name, const char *text);

/* The same; it is OWNER's from the moment that it is there. */
int file_replace_for(uid_t owner, const char *folder, const char *name, const char *text);

/* Removes folder/name durably, an empty folder too; 0 when there was one, -ENOENT when not. */
int file_remove(const char *folder, const char *name);

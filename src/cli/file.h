/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files: read with a ceiling, replaced and removed durably. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* malloc'ed and NUL-terminated; -EBADMSG if longer than `max` or no regular file. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len);

/* Replaces folder/name by the text, 0644: temporary file, fsync, rename, fsync of the folder. */
int file_replace(const char *folder, const char *name, const char *text);

/* The same; it is OWNER's from the moment that it is there. */
int file_replace_for(uid_t owner, const char *folder, const char *name, const char *text);

/* Removes folder/name durably; 0 when there was one, -ENOENT when not. */
int file_remove(const char *folder, const char *name);

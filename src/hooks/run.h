/* SPDX-License-Identifier: Apache-2.0 */
/* The executables of a folder, one after the other, by name. */
#pragma once

#define RUN_TIMEOUT_SEC 60 /* of each */

/*
 * Runs what is root's alone in `folder`, and tells on standard error what was skipped, and how each
 * ended. How many were run; a negative errno if the folder cannot be used, -ENOENT: there is none.
 */
int run_folder(const char *folder, char *const environment[]);

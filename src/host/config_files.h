/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the configuration files, for all three programs: the main file, then the drop-ins of the
 * three directories in order of their file names, as systemd does (ecs-pubip.conf(5)).
 */
#pragma once

#include <ecs-pubip/config.h>

#define CONF_MAIN "/etc/ecs-pubip/ecs-pubip.conf"

/*
 * Defaults, files and the check over all. Returns the number of errors, all of them reported and
 * naming their file, or -ENOMEM. *ret is set in either case, with the bad values left as they
 * were: whoever must not run with errors looks at the result. `o` may be NULL.
 */
int config_load(struct config *ret, struct config_origins *o, config_problem_fn report,
                void *userdata);

/* The same under another root directory, "" for the real one. */
int config_load_root(const char *root, struct config *ret, struct config_origins *o,
                     config_problem_fn report, void *userdata);

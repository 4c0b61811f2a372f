/* SPDX-License-Identifier: Apache-2.0 */
/* The brake as it lies on the disk. */
#pragma once

#include <ecs-pubip/engine.h>

#define HOLD_WHY_SIZE 128

/*
 * The brake, for that instance ("" : not known yet, and then each brake counts). Whatever is there
 * and is no note that names another instance holds. *ret_why is what is odd about one that holds,
 * as the end of a sentence: "is empty"; "" where nothing is.
 */
enum hold hold_file_read(const char *instance_id, char ret_why[static HOLD_WHY_SIZE]);

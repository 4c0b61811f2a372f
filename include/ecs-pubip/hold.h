/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the brake, /etc/ecs-pubip/hold: an instance id or "-", a blank, a time (RFC 3339). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ecs-pubip/identity.h>

/*
 * True if it is such a note, whole; *ret_id is "" for "-", which is every instance. What is no note
 * brakes every instance too: a part of an id would look like another one.
 */
bool hold_parse(const char *text, size_t len, char ret_id[static INSTANCE_ID_SIZE]);

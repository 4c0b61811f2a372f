/* SPDX-License-Identifier: Apache-2.0 */
/* Names of enums as the wire, status.json and the metrics write them; NULL where there is none. */
#pragma once

#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>
#include <ecs-pubip/reply.h>

extern const char *const fault_class_names[_FAULT_CLASS_MAX]; /* fault.c */
extern const char *const network_names[NETWORK_CLASSIC + 1];  /* wire.c */
extern const char *const product_names[PRODUCT_VPC + 1];      /* wire.c */

/* config_keys.c; the API writes them so, too. */
extern const char *const eip_charge_names[EIP_PAY_BY_BANDWIDTH + 1];

/* SPDX-License-Identifier: Apache-2.0 */
/* Where the APIs are to be found, best first (ecs-api 1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ecs-pubip/config.h>

struct endpoint {
        enum product product;
        char host[CONFIG_HOST_SIZE]; /* host[:port] */
};

#define ENDPOINTS_MAX 3

/* The public ECS endpoint: the one of the configuration, an odd region's own, or the formula. */
void endpoint_public(const struct config *c, const char *region, char ret[static CONFIG_HOST_SIZE]);

/* The VPC product's public endpoint. */
void endpoint_public_vpc(const char *region, char ret[static CONFIG_HOST_SIZE]);

/* The private endpoint, then the public one; 2. */
size_t endpoint_list_ecs(const struct config *c, const char *region,
                         struct endpoint ret[static ENDPOINTS_MAX]);

/* vpc-vpc, the ECS product's own EIP calls through ecs-vpc, the public one: those of that product.
 */
size_t endpoint_list_eip(const struct config *c, const char *region, enum product product,
                         struct endpoint ret[static ENDPOINTS_MAX]);

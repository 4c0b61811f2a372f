/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <string.h>

#include "util/buf.h"
#include "util/text.h"

#define DOMAIN ".aliyuncs.com"

/* Regions whose public ECS endpoint is not by the formula. Source: ecs-api 1.4. */
static const struct {
        const char *region, *host;
} odd_regions[] = {
        {"us-east-1", "ecs.aliyuncs.com"},
        {"us-west-1", "ecs-cn-hangzhou.aliyuncs.com"},
        {"cn-hangzhou-finance", "ecs.aliyuncs.com"},
        {"cn-north-2-gov-1", "ecs.aliyuncs.com"},
        {"cn-wuhan", "ecs.aliyuncs.com"},
};

/* prefix "ecs-vpc." -> "ecs-vpc.cn-hangzhou.aliyuncs.com" */
static void by_formula(const char *prefix, const char *region, char ret[static CONFIG_HOST_SIZE]) {
        _cleanup_buf_ struct buf host = BUF(CONFIG_HOST_SIZE - 1);

        buf_printf(&host, "%s%s" DOMAIN, prefix, region);
        text_copy(ret, CONFIG_HOST_SIZE, buf_text(&host));
}

void endpoint_public(const struct config *c, const char *region,
                     char ret[static CONFIG_HOST_SIZE]) {
        if (c->endpoint[0]) {
                text_copy(ret, CONFIG_HOST_SIZE, c->endpoint);
                return;
        }
        for (size_t i = 0; i < sizeof(odd_regions) / sizeof(odd_regions[0]); i++) {
                if (strcmp(odd_regions[i].region, region) == 0) {
                        text_copy(ret, CONFIG_HOST_SIZE, odd_regions[i].host);
                        return;
                }
        }
        by_formula("ecs.", region, ret);
}

void endpoint_public_vpc(const char *region, char ret[static CONFIG_HOST_SIZE]) {
        by_formula("vpc.", region, ret);
}

static void endpoint_private(const struct config *c, const char *region,
                             char ret[static CONFIG_HOST_SIZE]) {
        if (c->vpc_endpoint[0])
                text_copy(ret, CONFIG_HOST_SIZE, c->vpc_endpoint);
        else
                by_formula("ecs-vpc.", region, ret);
}

size_t endpoint_list_ecs(const struct config *c, const char *region,
                         struct endpoint ret[static ENDPOINTS_MAX]) {
        ret[0].product = ret[1].product = PRODUCT_ECS;
        endpoint_private(c, region, ret[0].host);
        endpoint_public(c, region, ret[1].host);
        return 2;
}

size_t endpoint_list_eip(const struct config *c, const char *region, enum product product,
                         struct endpoint ret[static ENDPOINTS_MAX]) {
        size_t n = 0;

        if (product != PRODUCT_ECS) {
                ret[n].product = PRODUCT_VPC;
                by_formula("vpc-vpc.", region, ret[n++].host);
        }
        if (product != PRODUCT_VPC) {
                ret[n].product = PRODUCT_ECS;
                endpoint_private(c, region, ret[n++].host);
        }
        if (product != PRODUCT_ECS) {
                ret[n].product = PRODUCT_VPC;
                endpoint_public_vpc(region, ret[n++].host);
        }
        return n;
}

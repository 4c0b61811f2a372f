/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest RAM policy for a configuration. Which action a call needs and on which resource:
 * the "Authorization" part of each API page.
 */
#include "ram.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

#define ARN_SIZE 256

enum resource {
        RESOURCE_ALL,      /* the API knows no narrower one, or refuses it */
        RESOURCE_INSTANCE, /* acs:ecs:…:instance/ID */
        RESOURCE_EIP,      /* acs:vpc:…:eip/ID, and the instance as the VPC product names it */
        _RESOURCE_MAX,
};

struct action {
        const char *name;
        enum resource resource;
        bool (*is_needed)(const struct config *c);
        const char *why;
        bool with_eip; /* also where an EIP came here by another hand: was it moved elsewhere? */
};

static bool always(const struct config *c) {
        (void)c;
        return true;
}

static bool takes_static(const struct config *c) {
        return c->strategy != STRATEGY_EIP;
}

static bool takes_eip(const struct config *c) {
        return c->strategy != STRATEGY_STATIC;
}

static bool buys_eip(const struct config *c) {
        return takes_eip(c) && c->eip_allocate && !*c->eip_allocation_id;
}

static bool may_reboot(const struct config *c) {
        return c->reboot_policy != REBOOT_NEVER;
}

static bool raises_bandwidth(const struct config *c) {
        return takes_static(c) && c->bandwidth_out > 0;
}

static const struct action actions[] = {
        {"ecs:DescribeInstances", RESOURCE_ALL, always,
         "looks before it asks; every changing call follows such a look"},
        {"ecs:AllocatePublicIpAddress", RESOURCE_INSTANCE, takes_static,
         "asks for the static address (Address.Strategy)"},
        {"ecs:RebootInstance", RESOURCE_INSTANCE, may_reboot,
         "makes a new address take effect; not needed with Reboot.Policy=never"},
        {"ecs:ModifyInstanceNetworkSpec", RESOURCE_INSTANCE, raises_bandwidth,
         "raises the bandwidth from 0 (Address.BandwidthOut); costs money"},
        {"ecs:AssociatePublicIpAddress", RESOURCE_INSTANCE, raises_bandwidth,
         "listed beside it by the API page"},
        {"vpc:DescribeEipAddresses", RESOURCE_ALL, takes_eip,
         "finds the EIP, and sees whether it was given to another instance", .with_eip = true},
        {"vpc:AssociateEipAddress", RESOURCE_EIP, takes_eip, "gives the EIP to this instance"},
        {"vpc:AllocateEipAddress", RESOURCE_ALL, buys_eip,
         "buys an EIP (Address.EipAllocate); costs money"},
};

#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const char *or_any(const char *text) {
        return *text ? text : "*";
}

/* The i-th name of a resource; false past the last one. */
static bool resource_name(enum resource r, size_t i, const struct config *c,
                          const struct ram_place *p, char ret[static ARN_SIZE]) {
        const char *region = or_any(p->region_id), *account = or_any(p->account_id);
        const char *id = or_any(p->instance_id);

        switch (r) {
        case RESOURCE_ALL:
                snprintf(ret, ARN_SIZE, "*");
                return i < 1;
        case RESOURCE_INSTANCE:
                snprintf(ret, ARN_SIZE, "acs:ecs:%s:%s:instance/%s", region, account, id);
                return i < 1;
        case RESOURCE_EIP:
                if (i == 0)
                        snprintf(ret, ARN_SIZE, "acs:vpc:%s:%s:eip/%s", region, account,
                                 or_any(c->eip_allocation_id));
                else
                        snprintf(ret, ARN_SIZE, "acs:vpc:%s:%s:instance/%s", region, account, id);
                return i < 2;
        case _RESOURCE_MAX:
                break;
        }
        return false;
}

static bool is_needed(const struct action *a, enum resource r, const struct config *c,
                      const struct ram_place *p) {
        return a->resource == r && (a->is_needed(c) || (a->with_eip && p->has_eip));
}

static bool add_text(cJSON *array, const char *text) {
        cJSON *item = cJSON_CreateString(text);

        if (item && cJSON_AddItemToArray(array, item))
                return true;
        cJSON_Delete(item);
        return false;
}

/* "StringEquals": {"acs:ResourceTag/ecs-pubip": ["yes"]} */
static bool add_condition(cJSON *statement) {
        cJSON *condition = cJSON_AddObjectToObject(statement, "Condition");
        cJSON *equals = cJSON_AddObjectToObject(condition, "StringEquals");
        cJSON *values = cJSON_AddArrayToObject(equals, "acs:ResourceTag/" RAM_TAG);

        return values && add_text(values, "yes");
}

/* One statement for the actions of a resource; none where no action needs it. */
static int add_statement(cJSON *statements, enum resource r, const struct config *c,
                         const struct ram_place *p) {
        cJSON *statement, *names, *resources;
        char arn[ARN_SIZE];
        bool any = false, ok = true;

        for (size_t i = 0; i < N_ACTIONS; i++)
                any = any || is_needed(&actions[i], r, c, p);
        if (!any)
                return 0;
        statement = cJSON_CreateObject();
        if (!statement || !cJSON_AddItemToArray(statements, statement))
                return -ENOMEM;
        ok = cJSON_AddStringToObject(statement, "Effect", "Allow");
        names = cJSON_AddArrayToObject(statement, "Action");
        resources = cJSON_AddArrayToObject(statement, "Resource");
        if (!ok || !names || !resources)
                return -ENOMEM;
        for (size_t i = 0; i < N_ACTIONS; i++)
                if (is_needed(&actions[i], r, c, p))
                        ok = add_text(names, actions[i].name) && ok;
        for (size_t i = 0; resource_name(r, i, c, p, arn); i++)
                ok = add_text(resources, arn) && ok;
        if (p->by_tag && r == RESOURCE_INSTANCE)
                ok = add_condition(statement) && ok;
        return ok ? 0 : -ENOMEM;
}

int ram_policy(struct buf *out, const struct config *c, const struct ram_place *place) {
        _cleanup_json_ cJSON *policy = cJSON_CreateObject();
        cJSON *statements;
        int r;

        if (!policy || !cJSON_AddStringToObject(policy, "Version", "1"))
                return -ENOMEM;
        statements = cJSON_AddArrayToObject(policy, "Statement");
        if (!statements)
                return -ENOMEM;
        for (enum resource i = 0; i < _RESOURCE_MAX; i++) {
                r = add_statement(statements, i, c, place);
                if (r < 0)
                        return r;
        }
        return json_add(out, policy, false);
}

void ram_explain(struct buf *out, const struct config *c, const struct ram_place *place) {
        char arn[ARN_SIZE];

        for (enum resource r = 0; r < _RESOURCE_MAX; r++) {
                bool any = false;

                for (size_t i = 0; i < N_ACTIONS; i++)
                        if (is_needed(&actions[i], r, c, place)) {
                                buf_printf(out, "  %-32s %s\n", actions[i].name, actions[i].why);
                                any = true;
                        }
                for (size_t i = 0; any && resource_name(r, i, c, place, arn); i++)
                        buf_printf(out, "      on %s\n", arn);
        }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What no single line of the configuration shows: values that contradict each other. */
#include <ecs-pubip/config.h>

#include <ecs-pubip/verdict.h>

#include "util/text.h"

struct checking {
        int n_errors;
        config_problem_fn report;
        void *userdata;
};

static void say(struct checking *k, bool is_error, const char *what) {
        struct config_problem p = {.is_error = is_error};

        TEXT_SET(p.text, what);
        TEXT_SET(p.place, "values that contradict each other");
        k->n_errors += is_error;
        k->report(&p, k->userdata);
}

static void error_if(struct checking *k, bool wrong, const char *what) {
        if (wrong)
                say(k, true, what);
}

static void warn_if(struct checking *k, bool odd, const char *what) {
        if (odd)
                say(k, false, what);
}

static void check_address(struct checking *k, const struct config *c) {
        bool static_too = c->strategy != STRATEGY_EIP, eip_too = c->strategy != STRATEGY_STATIC;
        bool by_id = *c->eip_allocation_id, by_tag = *c->eip_tag;

        error_if(
                k, by_id && by_tag,
                "[Address] EipAllocationId= and EipTag= exclude each other: name one EIP or a tag");
        error_if(k, eip_too && !by_id && !by_tag && !c->eip_allocate,
                 "[Address] Strategy= with eip needs EipAllocationId=, EipTag= or EipAllocate=yes");
        error_if(k, !static_too && c->ip_address,
                 "[Address] IpAddress= is for Strategy=static; with eip name EipAllocationId=");
        error_if(k, !static_too && *c->vlan_id,
                 "[Address] VlanId= is for Strategy=static; remove it or the strategy");
        warn_if(k, !eip_too && (by_id || by_tag || c->eip_allocate),
                "[Address] EipAllocationId=, EipTag= and EipAllocate= do nothing with "
                "Strategy=static");
        warn_if(k, !static_too && c->bandwidth_out,
                "[Address] BandwidthOut= does nothing with Strategy=eip: an EIP has its own");
        error_if(k, c->eip_charge == EIP_PAY_BY_TRAFFIC && c->eip_bandwidth > 200,
                 "[Address] EipBandwidth= above 200 needs EipInternetChargeType=PayByBandwidth");
        warn_if(k, by_id && c->eip_allocate,
                "[Address] EipAllocate=yes does nothing beside EipAllocationId=");
}

static void check_reboot(struct checking *k, const struct config *c) {
        bool may = c->reboot_policy != REBOOT_NEVER;
        bool too_short = c->confirm_timeout_usec <= c->reboot_grace_usec;

        error_if(
                k, c->reboot_policy == REBOOT_AUTO && too_short,
                "[Confirm] Timeout= must be longer than [Reboot] Grace=, or no reboot comes in time");
        warn_if(k, c->reboot_policy == REBOOT_NEVER && too_short,
                "[Confirm] Timeout= must be longer than [Reboot] Grace=, or the mark that a reboot "
                "is required is never left");
        warn_if(k, may && c->reboot_limit == 0,
                "[Reboot] Limit=0 never reboots: say Policy=never to have that reported");
}

static void check_cloud(struct checking *k, const struct config *c) {
        error_if(k, (c->confirm_planes & 1u << PLANE_OUTSIDE) && !*c->confirm_outside,
                 "[Confirm] Planes= with outside needs Outside=URL");
        error_if(k, *c->instance_id && !*c->region,
                 "[Instance] Id= needs [Cloud] Region=: without metadata nothing else tells it");
        warn_if(k, *c->instance_id && c->credentials == CREDENTIALS_ROLE,
                "[Instance] Id= is for machines without metadata, and there is no role there: "
                "[Cloud] Credentials=static");
        warn_if(k, c->credentials == CREDENTIALS_STATIC && *c->role,
                "[Cloud] Role= does nothing with Credentials=static");
}

int config_check(const struct config *c, config_problem_fn report, void *userdata) {
        struct checking k = {.report = report, .userdata = userdata};

        check_address(&k, c);
        check_reboot(&k, c);
        check_cloud(&k, c);
        return k.n_errors;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of `doctor` that ask through the cloud socket, so they see what the agent sees. */
#include <string.h>

#include "check.h"
#include "host/clock.h"
#include "host/dmi.h"
#include "machine.h"
#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"
#include "when.h"

#define CLOCK_OFF_SEC 60 /* what the agent reports, too */

static bool skip_without_socket(const struct doctor *d, struct finding *f) {
        if (d->asker.error == 0)
                return false;
        finding_set(f, LEVEL_SKIPPED, "not checked: the cloud socket does not answer");
        return true;
}

static bool skip_unidentified(const struct doctor *d, struct finding *f) {
        if (d->identified)
                return false;
        finding_set(f, LEVEL_SKIPPED, "not checked: metadata is unreachable");
        return true;
}

static void check_metadata(struct doctor *d, struct finding *f) {
        struct wire_question q = {.op = WIRE_IDENTIFY, .deadline_ms = ASKER_MS};
        struct wire_answer a;

        if (skip_without_socket(d, f))
                return;
        if (asker_ask(&d->asker, &q, &a) < 0) {
                finding_set(f, LEVEL_SKIPPED, "no memory");
                return;
        }
        if (a.fault.class != FAULT_NONE) {
                finding_fault(f, &a.fault);
                return;
        }
        d->identified = true;
        d->identity = a.identity;
        finding_set(f, LEVEL_OK, "%s answers",
                    a.identity.from_metadata ? d->config.metadata : "not in use: Instance.Id");
}

/* An instance that allows requests without a token is one setting away from refusing them. */
static void check_token(struct doctor *d, struct finding *f) {
        if (skip_unidentified(d, f))
                return;
        if (!d->identity.from_metadata) {
                finding_set(f, LEVEL_SKIPPED, "metadata is not in use");
        } else if (d->identity.tokenless) {
                finding_say(f, LEVEL_NOTE, "metadata gives no token and is read without one",
                            "nothing to do while it works; the reason is a lost PUT "
                            "(HttpPutResponseHopLimit) or something in between");
        } else {
                finding_set(f, LEVEL_OK, "metadata is read with a token");
        }
}

static void check_identity(struct doctor *d, struct finding *f) {
        const char *agents = d->snapshot.status.instance_id;
        bool is_ecs, odd;

        if (skip_unidentified(d, f))
                return;
        if (*agents && strcmp(agents, d->identity.instance_id) != 0) {
                finding_set(f, LEVEL_WARN, "this is %s, but the agent last said %s",
                            d->identity.instance_id, agents);
                finding_remedy(f, "sudo systemctl restart ecs-pubip");
                return;
        }
        odd = dmi_read(&is_ecs) && !is_ecs;
        finding_set(f, odd ? LEVEL_NOTE : LEVEL_OK, "%s in %s%s", d->identity.instance_id,
                    d->identity.region_id,
                    odd ? ", though the firmware does not name an ECS instance" : "");
}

/* What metadata shows of the address; whether that is right is the verdict's affair. */
static void check_address(struct doctor *d, struct finding *f) {
        char address[IPV4_SIZE];

        if (skip_unidentified(d, f))
                return;
        if (d->identity.public.presence == PRESENCE_PRESENT)
                finding_set(f, LEVEL_OK, "metadata shows %s",
                            ipv4_format(d->identity.public.address, address));
        else
                finding_say(f, LEVEL_NOTE,
                            d->identity.public.presence == PRESENCE_ABSENT
                                    ? "metadata shows no public address"
                                    : "metadata does not say whether there is one",
                            "");
}

/* One question tells about credentials, clock, endpoint, permission and instance. */
static const struct wire_answer *inspect(struct doctor *d, struct finding *f) {
        struct wire_question q = {.op = WIRE_INSPECT, .deadline_ms = ASKER_MS};

        if (skip_unidentified(d, f))
                return NULL;
        TEXT_SET(q.instance_id, d->identity.instance_id);
        if (!d->inspect_asked && asker_ask(&d->asker, &q, &d->inspection) < 0) {
                finding_set(f, LEVEL_SKIPPED, "no memory");
                return NULL;
        }
        d->inspect_asked = true;
        d->inspected = d->inspection.fault.class == FAULT_NONE;
        return &d->inspection;
}

enum stage { STAGE_CREDENTIALS, STAGE_CLOCK, STAGE_ENDPOINT, STAGE_PERMISSION, STAGE_THROUGH };

/* How far the question came. */
static enum stage stage_of(const struct fault *f) {
        const char *code = f->code;

        if (f->class == FAULT_NONE)
                return STAGE_THROUGH;
        if (text_starts(code, "Metadata.") || text_starts(code, "Credentials.") ||
            text_starts(code, "Cloud."))
                return STAGE_CREDENTIALS;
        if (f->class == FAULT_CLOCK)
                return STAGE_CLOCK;
        if (text_starts(code, "Transport."))
                return STAGE_ENDPOINT;
        return STAGE_PERMISSION;
}

/* What ended the question before it came to this. */
static const char *not_checked(const struct fault *f) {
        static const char *const texts[] = {
                [STAGE_CREDENTIALS] = "not checked: no credentials",
                [STAGE_CLOCK] = "not checked: the clock is wrong",
                [STAGE_ENDPOINT] = "not checked: the endpoint is unreachable",
                [STAGE_PERMISSION] = "not checked: the question was refused",
                [STAGE_THROUGH] = "not checked",
        };

        return texts[stage_of(f)];
}

/* True if the stage was passed; else the finding is set. */
static bool passed(struct doctor *d, struct finding *f, enum stage stage) {
        const struct wire_answer *a = inspect(d, f);

        if (!a)
                return false;
        if (stage_of(&a->fault) > stage)
                return true;
        if (stage_of(&a->fault) == stage)
                finding_fault(f, &a->fault);
        else
                finding_set(f, LEVEL_SKIPPED, "%s", not_checked(&a->fault));
        return false;
}

static void check_credentials(struct doctor *d, struct finding *f) {
        if (passed(d, f, STAGE_CREDENTIALS))
                finding_set(f, LEVEL_OK,
                            d->config.credentials == CREDENTIALS_ROLE
                                    ? "the instance role gives them"
                                    : "static, read from their files");
}

static void check_clock(struct doctor *d, struct finding *f) {
        int64_t off = clock_wall_sec() - d->inspection.server_time;
        char span[SPAN_SIZE];

        if (!passed(d, f, STAGE_CLOCK))
                return;
        if (d->inspection.server_time == 0) {
                finding_set(f, LEVEL_SKIPPED, "the cloud's time is not known");
        } else if (off > CLOCK_OFF_SEC || off < -CLOCK_OFF_SEC) {
                finding_set(f, LEVEL_WARN, "this machine's clock is %s %s",
                            time_format_span((uint64_t)(off < 0 ? -off : off), span),
                            off < 0 ? "behind" : "ahead");
                finding_remedy(f, "the agent uses the cloud's time, so this does not stop it; "
                                  "let chronyd or systemd-timesyncd set the clock");
        } else {
                finding_set(f, LEVEL_OK, "agrees with the cloud's within %d s", CLOCK_OFF_SEC);
        }
}

static void check_endpoint(struct doctor *d, struct finding *f) {
        if (passed(d, f, STAGE_ENDPOINT))
                finding_set(f, LEVEL_OK, "the ECS API answers over verified TLS");
}

static void check_permission(struct doctor *d, struct finding *f) {
        if (!passed(d, f, STAGE_PERMISSION))
                return;
        finding_set(f, LEVEL_OK, "DescribeInstances is allowed and shows this instance");
        TEXT_SET(f->request_id, d->inspection.request_id);
}

static bool skip_uninspected(const struct doctor *d, struct finding *f) {
        if (d->inspected)
                return false;
        finding_set(f, LEVEL_SKIPPED, "not checked: the ECS API has not answered");
        return true;
}

static void add_own(struct finding *f, const char *code, const char *message) {
        struct fault fault = fault_own(code, message);

        finding_fault(f, &fault);
}

static void check_instance(struct doctor *d, struct finding *f) {
        const struct instance *i = &d->inspection.instance;
        int64_t now = d->inspection.server_time ? d->inspection.server_time : clock_wall_sec();

        if (skip_uninspected(d, f))
                return;
        if (i->locks[0])
                add_own(f, FAULT_LOCKED, i->locks);
        else if (i->expires && i->expires < now)
                add_own(f, FAULT_EXPIRED, "");
        else if (strcmp(i->status, "Running") != 0)
                add_own(f, FAULT_NOT_RUNNING, i->status);
        else
                finding_set(f, LEVEL_OK, "running, not locked, not expired");
}

static void check_bandwidth(struct doctor *d, struct finding *f) {
        const struct instance *i = &d->inspection.instance;

        if (skip_uninspected(d, f))
                return;
        if (i->bandwidth_out > 0 || i->eip)
                finding_set(f, LEVEL_OK, "%d Mbit/s out", i->bandwidth_out);
        else if (d->config.strategy == STRATEGY_EIP)
                finding_set(f, LEVEL_OK, "0, as an EIP asks for");
        else if (d->config.bandwidth_out > 0)
                finding_set(f, LEVEL_NOTE,
                            "0; the agent may raise it to %u Mbit/s "
                            "(Address.BandwidthOut)",
                            d->config.bandwidth_out);
        else
                add_own(f, FAULT_NO_BANDWIDTH, "");
}

/* No trouble yet for `static eip` while there is a static address. */
static void add_eip(const struct doctor *d, struct finding *f, const char *code,
                    const char *message) {
        add_own(f, code, message);
        if (d->config.strategy == STRATEGY_STATIC_EIP && d->inspection.instance.public_ip)
                f->level = LEVEL_NOTE;
}

/* Which EIP the agent would take, and whether it may. */
static void check_eip(struct doctor *d, struct finding *f) {
        struct wire_question q = {.op = WIRE_EIP_FIND, .deadline_ms = ASKER_MS};
        struct wire_answer a;

        if (d->config.strategy == STRATEGY_STATIC) {
                finding_set(f, LEVEL_OK, "not needed: Address.Strategy=static");
                return;
        }
        if (skip_uninspected(d, f))
                return;
        TEXT_SET(q.instance_id, d->identity.instance_id);
        TEXT_SET(q.allocation_id, d->config.eip_allocation_id);
        if (asker_ask(&d->asker, &q, &a) < 0)
                finding_set(f, LEVEL_SKIPPED, "no memory");
        else if (a.fault.class != FAULT_NONE)
                finding_fault(f, &a.fault);
        else if (!a.eip.allocation_id[0] && d->config.eip_allocation_id[0])
                add_eip(d, f, FAULT_EIP_MISSING, d->config.eip_allocation_id);
        else if (!a.eip.allocation_id[0] && d->config.eip_allocate)
                finding_set(f, LEVEL_NOTE, "none is free; the agent may buy one");
        else if (!a.eip.allocation_id[0])
                add_eip(d, f, FAULT_EIP_NONE, "");
        else if (a.eip.locked)
                add_eip(d, f, FAULT_EIP_LOCKED, a.eip.allocation_id);
        else if (a.eip.bound_to[0] && !a.eip.bound_here)
                add_eip(d, f, FAULT_EIP_ELSEWHERE, a.eip.bound_to);
        else if (!a.eip.bound_here && a.eip.status != EIP_AVAILABLE)
                add_eip(d, f, FAULT_EIP_SETTLING, a.eip.allocation_id);
        else
                finding_set(f, LEVEL_OK, "%s is %s", a.eip.allocation_id,
                            a.eip.bound_here ? "bound to this instance" : "free");
}

/* AllocatePublicIpAddress has no dry run: what cannot be asked is said to be unknown. */
static void check_may_allocate(struct doctor *d, struct finding *f) {
        if (skip_uninspected(d, f))
                return;
        finding_set(f, LEVEL_NOTE,
                    "cannot be asked without doing it: the API has no dry run for "
                    "it");
        finding_remedy(f, "ecs-pubip policy prints what the role must allow");
}

static void check_may_reboot(struct doctor *d, struct finding *f) {
        struct wire_question q = {
                .op = WIRE_PROBE,
                .deadline_ms = ASKER_MS,
                .probe = PROBE_PERMISSION,
                .permission = WIRE_REBOOT,
        };
        struct wire_answer a;

        if (d->config.reboot_policy == REBOOT_NEVER) {
                finding_set(f, LEVEL_OK, "not needed: Reboot.Policy=never");
                return;
        }
        if (skip_uninspected(d, f))
                return;
        TEXT_SET(q.instance_id, d->identity.instance_id);
        if (asker_ask(&d->asker, &q, &a) < 0)
                finding_set(f, LEVEL_SKIPPED, "no memory");
        else if (a.fault.class != FAULT_NONE && a.fault.class != FAULT_ALREADY)
                finding_fault(f, &a.fault);
        else
                finding_set(f, LEVEL_OK, "RebootInstance is allowed (dry run)");
}

static void check_way_out(struct doctor *d, struct finding *f) {
        struct wire_question q = {
                .op = WIRE_PROBE,
                .deadline_ms = ASKER_MS,
                .probe = PROBE_REACH,
        };
        bool expected = d->inspection.instance.public_ip || d->inspection.instance.eip;
        struct wire_answer a;

        if (skip_unidentified(d, f))
                return;
        TEXT_SET(q.instance_id, d->identity.instance_id);
        if (asker_ask(&d->asker, &q, &a) < 0)
                finding_set(f, LEVEL_SKIPPED, "no memory");
        else if (a.fault.class != FAULT_NONE)
                finding_fault(f, &a.fault);
        else if (a.reachable == REACH_YES)
                finding_set(f, LEVEL_OK, "the region's public endpoint can be reached");
        else if (!d->inspected || !expected)
                finding_set(f, LEVEL_NOTE,
                            "the region's public endpoint cannot be reached, as is "
                            "usual without a public address");
        else {
                finding_set(f, LEVEL_WARN,
                            "the instance has a public address, but the region's "
                            "public endpoint cannot be reached");
                finding_remedy(f, "look at the security group's outbound rules and the route "
                                  "table; a new address may take effect with a reboot only");
        }
}

static void check_outside(struct doctor *d, struct finding *f) {
        struct wire_question q = {
                .op = WIRE_PROBE,
                .deadline_ms = ASKER_MS,
                .probe = PROBE_OUTSIDE,
        };
        const struct instance *i = &d->inspection.instance;
        struct wire_answer a;
        char seen[IPV4_SIZE];

        if (!d->config.confirm_outside[0]) {
                finding_set(f, LEVEL_OK, "not asked for (Confirm.Outside)");
                return;
        }
        if (skip_uninspected(d, f))
                return;
        TEXT_SET(q.instance_id, d->identity.instance_id);
        if (asker_ask(&d->asker, &q, &a) < 0) {
                finding_set(f, LEVEL_SKIPPED, "no memory");
        } else if (a.fault.class != FAULT_NONE) {
                finding_fault(f, &a.fault);
        } else if (a.address != i->public_ip && a.address != i->eip) {
                finding_set(f, LEVEL_WARN,
                            "seen from outside this machine has %s, which is not "
                            "its public address",
                            ipv4_format(a.address, seen));
                finding_remedy(f, "look for a NAT gateway or proxy on the way out");
        } else {
                finding_set(f, LEVEL_OK, "seen from outside this machine has %s",
                            ipv4_format(a.address, seen));
        }
}

/* In the order in which they rest on each other. */
/* clang-format off */
static const struct check checks[] = {
        {"metadata", check_metadata},
        {"token", check_token},
        {"identity", check_identity},
        {"address", check_address},
        {"credentials", check_credentials},
        {"clock", check_clock},
        {"endpoint", check_endpoint},
        {"may-describe", check_permission},
        {"instance", check_instance},
        {"bandwidth", check_bandwidth},
        {"eip", check_eip},
        {"may-allocate", check_may_allocate},
        {"may-reboot", check_may_reboot},
        {"way-out", check_way_out},
        {"outside", check_outside},
};
/* clang-format on */

const struct check *check_cloud_table(size_t *ret_n) {
        *ret_n = sizeof(checks) / sizeof(checks[0]);
        return checks;
}

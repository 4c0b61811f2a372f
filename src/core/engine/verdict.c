/* SPDX-License-Identifier: Apache-2.0 */
/* Three planes, one verdict. */
#include <ecs-pubip/verdict.h>

#include <stddef.h>

static const char *const plane_names[_PLANE_MAX] = {
        [PLANE_KERNEL] = "kernel",
        [PLANE_METADATA] = "metadata",
        [PLANE_CONTROL] = "control",
        [PLANE_OUTSIDE] = "outside",
};

static const char *const verdict_names[] = {
        [PLANE_NOT_REQUIRED] = "not-required",
        [PLANE_UNKNOWN] = "unknown",
        [PLANE_DISAGREES] = "disagrees",
        [PLANE_AGREES] = "agrees",
};

const char *verdict_plane_name(enum plane p) {
        return plane_names[p];
}

const char *verdict_name(enum plane_verdict v) {
        return verdict_names[v];
}

unsigned verdict_planes_auto(enum network network, bool on_nic, bool outside) {
        unsigned planes = 1u << PLANE_KERNEL;

        /* An address on a NIC of a VPC instance is a cut-through EIP: metadata does not show it. */
        if (network == NETWORK_VPC && !on_nic)
                planes |= 1u << PLANE_METADATA;
        if (outside)
                planes |= 1u << PLANE_OUTSIDE;
        return planes;
}

enum plane_verdict verdict_of_kernel(const struct kernel_facts *k) {
        if (!k->known || k->address == 0)
                return PLANE_UNKNOWN;
        if (k->local == ANSWER_NO || k->out == ANSWER_NO || k->in == ANSWER_NO)
                return PLANE_DISAGREES;
        return k->local == ANSWER_YES && k->out == ANSWER_YES && k->in == ANSWER_YES
                       ? PLANE_AGREES
                       : PLANE_UNKNOWN;
}

static enum plane_verdict judge_kernel(const struct verdict_input *in) {
        const struct kernel_facts *k = &in->kernel;

        /* Facts of an address that is no longer the one that counts say nothing. */
        if (in->on_nic && k->address != in->expected)
                return PLANE_UNKNOWN;
        return verdict_of_kernel(k);
}

static enum plane_verdict judge_plane(const struct plane_facts *facts, in_addr_t expected) {
        if (facts->presence == PRESENCE_UNKNOWN || expected == 0)
                return PLANE_UNKNOWN;
        return facts->address == expected ? PLANE_AGREES : PLANE_DISAGREES;
}

struct verdict verdict_judge(const struct verdict_input *in) {
        struct verdict v = {
                .planes =
                        {
                                [PLANE_KERNEL] = judge_kernel(in),
                                [PLANE_METADATA] = judge_plane(&in->metadata, in->expected),
                                [PLANE_CONTROL] = judge_plane(&in->control, in->expected),
                                [PLANE_OUTSIDE] = judge_plane(&in->outside, in->expected),
                        },
                .required = in->required,
                .confirmed = in->expected != 0 && in->required != 0,
                .who = _PLANE_MAX,
        };

        for (enum plane p = 0; p < _PLANE_MAX; p++) {
                if (!(in->required & (1u << p))) {
                        if (v.planes[p] == PLANE_UNKNOWN)
                                v.planes[p] = PLANE_NOT_REQUIRED;
                        continue;
                }
                if (v.planes[p] == PLANE_AGREES)
                        continue;
                v.confirmed = false;
                if (v.who == _PLANE_MAX || (v.planes[p] == PLANE_DISAGREES && !v.disagrees))
                        v.who = p;
                if (v.planes[p] == PLANE_DISAGREES)
                        v.disagrees = true;
        }
        return v;
}

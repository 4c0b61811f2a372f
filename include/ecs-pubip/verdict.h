/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planes of an address, and the verdict over them (design 1 and 4.1). Behind translation
 * (VPC) the public address is on no NIC: there the kernel plane is the primary private address on
 * a running link with a default route; on the classic network it is the public address itself.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <ecs-pubip/reply.h>

#define INTERFACE_SIZE 16 /* IFNAMSIZ */

enum plane { PLANE_KERNEL, PLANE_METADATA, PLANE_CONTROL, PLANE_OUTSIDE, _PLANE_MAX };
enum plane_verdict { PLANE_NOT_REQUIRED, PLANE_UNKNOWN, PLANE_DISAGREES, PLANE_AGREES };

/* What netlink is to look for. */
struct watch {
        in_addr_t address;  /* 0: nothing yet */
        char mac[MAC_SIZE]; /* breaks ties between links with that address; "" : unknown */
        in_addr_t witness_ips[INSTANCE_ADDRS]; /* for kernel_facts.machine_matches */
        char witness_macs[INSTANCE_ADDRS][MAC_SIZE];
        unsigned n_witness_ips, n_witness_macs;
};

/* What netlink shows of the watched address. */
struct kernel_facts {
        bool known;           /* false: no complete dump yet */
        in_addr_t address;    /* the watched address, as asked for */
        bool present;         /* on some link, neither tentative, deprecated nor dadfailed */
        bool running;         /* that link is up and has carrier (IFF_UP, IFF_RUNNING) */
        bool routed;          /* an IPv4 default route exists (over a running link) */
        bool machine_matches; /* a link has the MAC or address given as witness (law L4) */
        char interface[INTERFACE_SIZE]; /* "" : none */
};

/* What one plane says of the public address. */
struct plane_facts {
        enum presence presence;
        in_addr_t address;
};

struct verdict_input {
        enum network network;
        bool on_nic;        /* the public address itself is on a NIC: classic, cut-through EIP */
        in_addr_t expected; /* the public address that should work; 0: none known */
        unsigned required;  /* bits of enum plane */
        struct kernel_facts kernel;
        struct plane_facts metadata, control, outside;
};

struct verdict {
        enum plane_verdict planes[_PLANE_MAX]; /* judged also where not required, if known */
        unsigned required;
        bool confirmed; /* an address is expected and every required plane agrees */
        bool disagrees; /* some required plane disagrees (not merely unknown) */
        enum plane who; /* the first that disagrees, else is unknown; _PLANE_MAX: none */
};

/* Planes that count by themselves: vpc kernel and metadata, classic kernel (design 4.1). */
unsigned verdict_planes_auto(enum network network, bool on_nic, bool outside);

struct verdict verdict_judge(const struct verdict_input *in);

const char *plane_name(enum plane p);                 /* "kernel", … */
const char *plane_verdict_name(enum plane_verdict v); /* "agrees", "not-required", … */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planes of an address, and the verdict over them (design 1 and 4.1). Behind translation
 * (VPC) the public address is on no NIC: there the kernel plane is the primary private address; on
 * the classic network it is the public address itself.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <ecs-pubip/reply.h>

#define INTERFACE_SIZE     16 /* IFNAMSIZ */
#define KERNEL_REASON_SIZE 96
#define KERNEL_FOUND_SIZE  64
#define MACHINE_IPS        4

enum plane { PLANE_KERNEL, PLANE_METADATA, PLANE_CONTROL, PLANE_OUTSIDE, _PLANE_MAX };
enum plane_verdict { PLANE_NOT_REQUIRED, PLANE_UNKNOWN, PLANE_DISAGREES, PLANE_AGREES };

/* Three values wherever the outside is asked: unknown is not no. */
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* What the kernel is to be asked about. */
struct watch {
        in_addr_t address; /* 0: nothing yet */
        /* Addresses of the inspected instance that are its alone; for kernel_facts.machine. */
        in_addr_t machine_ips[MACHINE_IPS];
        unsigned n_machine_ips;
};

/* What a person has to mend, of what is missing. */
enum kernel_gap {
        KERNEL_GAP_NONE,    /* nothing, or what has no remedy of its own */
        KERNEL_GAP_DOWN,    /* the link was set down */
        KERNEL_GAP_CARRIER, /* nothing is at its other end */
        KERNEL_GAP_ROUTE,   /* a rule or the routes refuse the way out */
        KERNEL_GAP_REPLIES, /* they leave by another link */
        KERNEL_GAP_FILTER,  /* rp_filter drops what comes in */
        _KERNEL_GAP_MAX,
};

/* What the kernel says of the watched address (design 4.7). Compared as bytes. */
struct kernel_facts {
        bool known;          /* false: the kernel was not asked yet, or could not be */
        in_addr_t address;   /* the watched address, as asked for */
        enum answer local;   /* it is an address of this machine */
        enum answer out;     /* packets from it leave by its own link, in both halves of IPv4 */
        enum answer in;      /* packets to it that come by that link are taken in */
        enum answer machine; /* an address of the inspected instance is local here (law L13) */
        enum kernel_gap gap; /* what `reason` comes to */
        char interface[INTERFACE_SIZE];  /* with the watched address; "" : none */
        char found[KERNEL_FOUND_SIZE];   /* where `machine` is no: the addresses that are here */
        char reason[KERNEL_REASON_SIZE]; /* what is missing: "eth0: no carrier"; else a note, "" */
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

/* What the kernel plane comes to, of an address that counts. Unknown never becomes disagrees. */
enum plane_verdict verdict_of_kernel(const struct kernel_facts *k);

const char *verdict_plane_name(enum plane p);   /* "kernel", … */
const char *verdict_name(enum plane_verdict v); /* "agrees", "not-required", … */

/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the ECS and VPC APIs, JSON or XML whichever came, to structs. */
#pragma once

#include <ecs-pubip/fault.h>
#include <ecs-pubip/identity.h>

#define EIP_ID_SIZE    64
#define STATUS_SIZE    24
#define LOCKS_SIZE     128
#define BANDWIDTH_MAX  1000000 /* Mbit/s, above what anything is sold with */
#define INSTANCE_ADDRS 16      /* private addresses and MACs kept; more are counted as none */

enum charge { CHARGE_UNKNOWN, CHARGE_PREPAID, CHARGE_POSTPAID };

/* One instance of DescribeInstances. */
struct instance {
        char instance_id[INSTANCE_ID_SIZE];
        char status[STATUS_SIZE]; /* Running, Stopped, Starting, … */
        enum network network;
        in_addr_t public_ip; /* PublicIpAddress; 0: none */
        in_addr_t eip;       /* EipAddress.IpAddress; 0: none */
        char eip_id[EIP_ID_SIZE];
        char locks[LOCKS_SIZE]; /* lock reasons, lower case, ", " between; "" : not locked */
        int bandwidth_out;      /* Mbit/s, at most BANDWIDTH_MAX; -1: not known */
        enum charge charge;
        int64_t expires; /* ExpiredTime of a prepaid instance; 0: not known */
        unsigned n_private, n_macs;
        in_addr_t private_ips[INSTANCE_ADDRS]; /* of every NIC, the primary one first */
        char macs[INSTANCE_ADDRS][MAC_SIZE];   /* lower case */
};

enum eip_status { EIP_UNKNOWN, EIP_AVAILABLE, EIP_ASSOCIATING, EIP_IN_USE, EIP_UNASSOCIATING };
enum eip_mode { EIP_MODE_UNKNOWN, EIP_NAT, EIP_CUT_THROUGH }; /* ECS does not tell it */

/* One address of DescribeEipAddresses; allocation_id "" means that none fits. */
struct eip {
        char allocation_id[EIP_ID_SIZE];
        in_addr_t address;
        enum eip_status status;
        enum eip_mode mode;
        char bound_to[INSTANCE_ID_SIZE]; /* instance or network interface; "" : nothing */
        bool bound_here;                 /* bound_to is this instance or a NIC of it */
        bool locked;                     /* financial or security lock, BusinessStatus not Normal */
        bool tagged;                     /* it carries the tag that was asked for */
};

/*
 * Success replies. 0, -ENOENT when a list came and ours is not in it, -EBADMSG when it is not a
 * reply of that action. request_id may be NULL; it is set whenever the reply has one.
 */
int reply_parse_instance(const char *text, size_t len, const char *instance_id,
                         struct instance *ret, char request_id[static REQUEST_ID_SIZE]);
int reply_parse_allocate(const char *text, size_t len, in_addr_t *ret,
                         char request_id[static REQUEST_ID_SIZE]);
/* Calls that answer with a RequestId and little else: reboot, bandwidth, associate. */
int reply_parse_done(const char *text, size_t len, char request_id[static REQUEST_ID_SIZE]);
int reply_parse_eip_allocate(const char *text, size_t len, struct eip *ret,
                             char request_id[static REQUEST_ID_SIZE]);
/*
 * All addresses of a page, at most `max`; *ret_n is how many. tag: "key=value", or "". One that is
 * being made has no address yet. *ret_odd: the page has elements that are not understood, so that
 * what is not among the others is not known to be absent.
 */
int reply_parse_eips(const char *text, size_t len, const char *tag, struct eip *ret, size_t max,
                     size_t *ret_n, bool *ret_odd, char request_id[static REQUEST_ID_SIZE]);

/*
 * An error envelope: code, message, request_id of *ret are set, class is not. -EBADMSG when the
 * text is no envelope of this API (then class protocol is right). AccessDeniedDetail's
 * AuthAction, where present, is appended to the message as " (action: ecs:X)".
 */
int reply_parse_error(const char *text, size_t len, struct fault *ret);

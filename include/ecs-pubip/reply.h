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
/* ECS 2014-05-26, whose EIP calls know no names and tags, or VPC 2016-04-28. */
enum product { PRODUCT_ANY, PRODUCT_ECS, PRODUCT_VPC };
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
        bool named;                      /* and the name of a purchase of ours */
        enum product product;            /* that has told, also that there is none */
        int64_t allocated;               /* bought then, s; 0: not known */
};

/* InternetChargeType; UNSAID: the call does not name it, which means by bandwidth (ecs-api 4.5). */
enum eip_charge { EIP_CHARGE_UNSAID, EIP_PAY_BY_TRAFFIC, EIP_PAY_BY_BANDWIDTH };

#define EIP_ISP_SIZE 32
/* Before the instance id, the name of a purchase; before that and a number, its client token. */
#define EIP_NAME_PREFIX "ecs-pubip-"
#define EIP_NAME_SIZE   (sizeof(EIP_NAME_PREFIX) + INSTANCE_ID_SIZE)

/* What a purchase asks for. A call that repeats it must carry the same, or it is another one. */
struct eip_order {
        enum product product; /* ANY: of a ledger of version 1 */
        enum eip_charge charge;
        unsigned bandwidth;     /* Mbit/s; 0: the call does not name it, which means 5 */
        char isp[EIP_ISP_SIZE]; /* the line type, such as BGP_PRO; "" : not named, which means BGP
                                 */
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
/* Whom an address of the list belongs to: what makes it `tagged` ("key=value") and `named`; or "".
 */
struct eip_filter {
        const char *tag, *name;
};

/*
 * All addresses of a page, at most `max`; *ret_n is how many. One that is being made has no address
 * yet. *ret_odd: the page has elements that are not understood, so that what is not among the
 * others is not known to be absent.
 */
int reply_parse_eips(const char *text, size_t len, const struct eip_filter *filter, struct eip *ret,
                     size_t max, size_t *ret_n, bool *ret_odd,
                     char request_id[static REQUEST_ID_SIZE]);

/*
 * An error envelope: code, message, request_id of *ret are set, class is not. -EBADMSG when the
 * text is no envelope of this API (then class protocol is right). AccessDeniedDetail's
 * AuthAction, where present, is appended to the message as " (action: ecs:X)".
 */
int reply_parse_error(const char *text, size_t len, struct fault *ret);

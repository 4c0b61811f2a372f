/* SPDX-License-Identifier: Apache-2.0 */
/* The table of configuration keys; the manual page is generated from it. */
#include "core/api/names.h"
#include "core/format/config_value.h"

#define HOUR 3600 /* s */

static const char *const strategies[] = {
        [STRATEGY_STATIC] = "static", [STRATEGY_EIP] = "eip", [STRATEGY_STATIC_EIP] = "static eip"};
static const char *const reboot_policies[] = {
        [REBOOT_AUTO] = "auto", [REBOOT_ALWAYS] = "always", [REBOOT_NEVER] = "never"};
static const char *const heal_policies[] = {
        [HEAL_REALLOCATE] = "reallocate", [HEAL_ADOPT] = "adopt", [HEAL_ALERT] = "alert"};
static const char *const signatures[] = {[SIGNATURE_V3] = "v3", [SIGNATURE_V1] = "v1"};
static const char *const credentials_sources[] = {
        [CREDENTIALS_ROLE] = "role", [CREDENTIALS_STATIC] = "static"};

const char *const eip_charge_names[] = {
        [EIP_PAY_BY_TRAFFIC] = "PayByTraffic",
        [EIP_PAY_BY_BANDWIDTH] = "PayByBandwidth",
};

#define AT(member)                                                                                 \
        .offset = offsetof(struct config, member), .size = sizeof(((struct config *)NULL)->member)
/* Only the manual prints it: the programs do not carry it. */
#ifdef CONFIG_WITH_HELP
#define HELP(sentence) .help = (sentence),
#else
#define HELP(sentence)
#endif
#define NAMES(array) .names = (array), .n_names = sizeof(array) / sizeof((array)[0])

/* clang-format off */
const struct key config_keys[] = {
        {
                .section = "Address",
                .name = "Strategy",
                .fallback = "static",
                .choices = "static, eip or static eip",
                HELP("Which kind of public address to ask for: static by "
                     "AllocatePublicIpAddress, eip by AssociateEipAddress, static eip for an "
                     "EIP where a static address cannot be had")
                .kind = VALUE_CHOICE,
                AT(strategy),
                NAMES(strategies),
        },
        {
                .section = "Address",
                .name = "IpAddress",
                .fallback = "",
                .choices = "an IPv4 address such as 203.0.113.10, or empty",
                HELP("The address to ask AllocatePublicIpAddress for; only accounts on Alibaba "
                     "Cloud's allow list may name one")
                .kind = VALUE_IPV4,
                AT(ip_address),
        },
        {
                .section = "Address",
                .name = "VlanId",
                .fallback = "",
                .choices = "a VLAN id of letters, digits, '-', '_' and '.', or empty",
                HELP("The VLAN to ask AllocatePublicIpAddress for; classic network only")
                .kind = VALUE_WORD,
                AT(vlan_id),
        },
        {
                .section = "Address",
                .name = "BandwidthOut",
                .fallback = "0",
                .choices = "a number of Mbit/s from 0 to 200",
                HELP("Above 0, an instance whose outbound bandwidth is 0 is raised to it by "
                     "ModifyInstanceNetworkSpec, which costs money; 0 never raises it")
                .kind = VALUE_UINT,
                AT(bandwidth_out),
                .max = 200,
        },
        {
                .section = "Address",
                .name = "EipAllocationId",
                .fallback = "",
                .choices = "an EIP's id such as eip-bp1abc, or empty",
                HELP("The one EIP to associate")
                .kind = VALUE_WORD,
                AT(eip_allocation_id),
        },
        {
                .section = "Address",
                .name = "EipTag",
                .fallback = "",
                .choices = "a tag written key=value, shorter than 160 bytes, or empty",
                HELP("Associate any free EIP that carries this tag")
                .kind = VALUE_TAG,
                AT(eip_tag),
        },
        {
                .section = "Address",
                .name = "EipAllocate",
                .fallback = "no",
                .choices = "yes or no",
                HELP("Buy an EIP when none is free; costs money")
                .kind = VALUE_BOOL,
                AT(eip_allocate),
        },
        {
                .section = "Address",
                .name = "EipInternetChargeType",
                .fallback = "PayByTraffic",
                .choices = "PayByTraffic or PayByBandwidth",
                HELP("What is billed of an EIP that is bought: what it carries, or its "
                     "bandwidth by the hour, used or not, which international accounts are "
                     "not sold")
                .kind = VALUE_CHOICE,
                AT(eip_charge),
                NAMES(eip_charge_names),
        },
        {
                .section = "Address",
                .name = "EipBandwidth",
                .fallback = "5",
                .choices = "a number of Mbit/s from 1 to 200, with PayByBandwidth to 500",
                HELP("The bandwidth of an EIP that is bought")
                .kind = VALUE_UINT,
                AT(eip_bandwidth),
                .min = 1,
                .max = 500,
        },
        {
                .section = "Address",
                .name = "EipIsp",
                .fallback = "",
                .choices = "a line type such as BGP or BGP_PRO, or empty",
                HELP("The line type of an EIP that is bought; empty: BGP. cn-hangzhou-finance "
                     "needs BGP_FinanceCloud")
                .kind = VALUE_WORD,
                AT(eip_isp),
        },
        {
                .section = "Reboot",
                .name = "Policy",
                .fallback = "auto",
                .choices = "auto, always or never",
                HELP("auto reboots only if a new address does not work after Grace, always "
                     "after each change as the API page asks, never only reports")
                .kind = VALUE_CHOICE,
                AT(reboot_policy),
                NAMES(reboot_policies),
        },
        {
                .section = "Reboot",
                .name = "Grace",
                .fallback = "60s",
                .choices = "a duration from 0 to 1h, such as 60s",
                HELP("How long a new address may take to work before a reboot is due")
                .kind = VALUE_DURATION,
                AT(reboot_grace_usec),
                .max = HOUR,
        },
        {
                .section = "Reboot",
                .name = "Limit",
                .fallback = "2",
                .choices = "a number from 0 to 10",
                HELP("The most reboots of this instance in 24 hours")
                .kind = VALUE_UINT,
                AT(reboot_limit),
                .max = 10,
        },
        {
                .section = "Reboot",
                .name = "Patience",
                .fallback = "30min",
                .choices = "a duration from 0 to 24h, such as 30min",
                HELP("How long a due reboot waits for cloud-init and for inhibitor locks")
                .kind = VALUE_DURATION,
                AT(reboot_patience_usec),
                .max = 24 * HOUR,
        },
        {
                .section = "Confirm",
                .name = "Planes",
                .fallback = "auto",
                .choices = "auto, or a list of kernel, metadata, control and outside",
                HELP("Which planes must agree before the address counts as confirmed; auto is "
                     "kernel and metadata in a VPC, kernel on the classic network")
                .kind = VALUE_PLANES,
                AT(confirm_planes),
        },
        {
                .section = "Confirm",
                .name = "Outside",
                .fallback = "",
                .choices = "a URL such as https://ip.example.com/, or empty",
                HELP("A URL that answers with the caller's address; asked only when set")
                .kind = VALUE_URL,
                AT(confirm_outside),
        },
        {
                .section = "Confirm",
                .name = "Timeout",
                .fallback = "10min",
                .choices = "a duration from 10s to 24h, such as 10min",
                HELP("How long the planes may disagree after a change before it has failed")
                .kind = VALUE_DURATION,
                AT(confirm_timeout_usec),
                .min = 10,
                .max = 24 * HOUR,
        },
        {
                .section = "Heal",
                .name = "Policy",
                .fallback = "reallocate",
                .choices = "reallocate, adopt or alert",
                HELP("What to do when the address was taken away or replaced: reallocate asks "
                     "for a new one, adopt takes what it finds, alert only reports")
                .kind = VALUE_CHOICE,
                AT(heal_policy),
                NAMES(heal_policies),
        },
        {
                .section = "Heal",
                .name = "CheckInterval",
                .fallback = "5min",
                .choices = "a duration from 10s to 24h, such as 5min",
                HELP("How often metadata is asked for the address once it is confirmed")
                .kind = VALUE_DURATION,
                AT(heal_check_interval_usec),
                .min = 10,
                .max = 24 * HOUR,
        },
        {
                .section = "Heal",
                .name = "Limit",
                .fallback = "3",
                .choices = "a number from 0 to 10",
                HELP("The most allocations for this instance in 24 hours, the first included")
                .kind = VALUE_UINT,
                AT(heal_limit),
                .max = 10,
        },
        {
                .section = "Cloud",
                .name = "Endpoint",
                .fallback = "",
                .choices = "a host such as ecs.example.com or host:port, or empty",
                HELP("The public ECS endpoint; empty: by the region")
                .kind = VALUE_HOST,
                AT(endpoint),
        },
        {
                .section = "Cloud",
                .name = "VpcEndpoint",
                .fallback = "",
                .choices = "a host such as ecs-vpc.example.com or host:port, or empty",
                HELP("The ECS endpoint inside the VPC, tried first; empty: by the region")
                .kind = VALUE_HOST,
                AT(vpc_endpoint),
        },
        {
                .section = "Cloud",
                .name = "Region",
                .fallback = "",
                .choices = "a region id such as cn-hangzhou, or empty",
                HELP("The region; empty: as metadata says")
                .kind = VALUE_WORD,
                AT(region),
        },
        {
                .section = "Cloud",
                .name = "Role",
                .fallback = "",
                .choices = "a RAM role name of letters, digits, '-', '_' and '.', or empty",
                HELP("The instance RAM role; empty: the one that metadata lists")
                .kind = VALUE_WORD,
                AT(role),
        },
        {
                .section = "Cloud",
                .name = "Metadata",
                .fallback = "http://100.100.100.200",
                .choices = "a URL without a path, such as http://100.100.100.200",
                HELP("The metadata service; where the default does not connect, "
                     "http://[fd00:100::100:200] is tried")
                .kind = VALUE_BASE,
                AT(metadata),
        },
        {
                .section = "Cloud",
                .name = "TokenRequired",
                .fallback = "no",
                .choices = "yes or no",
                HELP("yes never reads metadata without a token")
                .kind = VALUE_BOOL,
                AT(token_required),
        },
        {
                .section = "Cloud",
                .name = "Signature",
                .fallback = "v3",
                .choices = "v3 or v1",
                HELP("How requests are signed: v3 is ACS3-HMAC-SHA256, v1 is RPC signature 1.0 "
                     "for gateways that know nothing else")
                .kind = VALUE_CHOICE,
                AT(signature),
                NAMES(signatures),
        },
        {
                .section = "Cloud",
                .name = "Credentials",
                .fallback = "role",
                .choices = "role or static",
                HELP("role takes them from metadata; static from $CREDENTIALS_DIRECTORY or "
                     "/etc/ecs-pubip/credentials (access-key-id, access-key-secret, "
                     "security-token), each root:ecs-pubip-cloud with mode 0640")
                .kind = VALUE_CHOICE,
                AT(credentials),
                NAMES(credentials_sources),
        },
        {
                .section = "Instance",
                .name = "Id",
                .fallback = "",
                .choices = "an instance id such as i-bp1abc, or empty",
                HELP("This instance, only where there is no metadata that names it")
                .kind = VALUE_WORD,
                AT(instance_id),
        },
};
/* clang-format on */
const size_t n_config_keys = sizeof(config_keys) / sizeof(config_keys[0]);
_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX,
               "config_origins has no room for every key");

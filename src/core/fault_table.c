/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of faults. Sources: the error tables of AllocatePublicIpAddress, RebootInstance,
 * ModifyInstanceNetworkSpec (ECS 2014-05-26), AssociateEipAddress and AllocateEipAddress (VPC
 * 2016-04-28 and the ECS calls of the same names), the common errors of the ECS API, and for the
 * codes of our own the place that sets them. Statuses differ between products and editions of the
 * pages, so that a row asks for one only where it decides.
 */
#include "core/fault_table.h"

/* What more than one row says. */
#define NOTHING "Nothing to do: the agent tries again by itself"
#define WAITS   "Nothing to do: the agent waits until the instance has settled"
#define RESUME  ", then run `ecs-pubip resume`"
#define PAY     "Pay what is due in the billing console of Alibaba Cloud" RESUME
#define GRANT                                                                                      \
        "Grant " FAULT_MISSING_ACTION " to the instance's role in the RAM console; `ecs-pubip "    \
        "policy` prints all that is needed"
#define REPORT                                                                                     \
        "Report this with code, message and request id: the agent sent what this call does not "   \
        "take"
#define KEYS                                                                                       \
        "With Credentials=role nothing to do, the agent fetches a new set; with "                  \
        "Credentials=static replace the files and run `systemctl restart ecs-pubip`"
#define CLOCK_SET                                                                                  \
        "Nothing to do: the agent signs by the cloud's time; set the clock with NTP all the same"
#define BANDWIDTH                                                                                  \
        "Raise InternetMaxBandwidthOut in the ECS console (Change Bandwidth), or set [Address] "   \
        "BandwidthOut= so that the agent does"
#define BANDWIDTH_VALUE                                                                            \
        "Set [Address] BandwidthOut= to a value that this instance and its billing method allow"
#define BANDWIDTH_CONSOLE                                                                          \
        "Change the bandwidth in the ECS console, which shows what is possible" RESUME
#define EIP_OR_STATIC                                                                              \
        "Decide for one: set the instance's bandwidth to 0 (this releases its static address) to " \
        "use an EIP, or set [Address] Strategy=static and keep the static address"
#define UNBIND                                                                                     \
        "Unbind what is bound to the instance in the VPC console, or name another EIP in "         \
        "[Address] EipAllocationId="
#define OTHER_EIP "Name an EIP of the instance's region in [Address] EipAllocationId="
#define ENI       "Use an EIP in NAT mode, or prepare the network interface as its page asks"
#define KMS                                                                                        \
        "Give the instance its disk key back in the KMS console: without it a reboot would not "   \
        "come up again"
#define REGION "Correct [Cloud] Region=, or remove it so that metadata tells the region"
#define ORDER  "Pay or cancel the open order in the billing console" RESUME

#define ROW(code_, class_, sentence_, remedy_, ...)                                                \
        {                                                                                          \
                .code = code_, .class = FAULT_##class_, .sentence = sentence_, .remedy = remedy_,  \
                __VA_ARGS__                                                                        \
        }
#define OWN(code_, class_, sentence_, remedy_, ...)                                                \
        ROW(code_, class_, sentence_, remedy_, .own = true, __VA_ARGS__)

/*
 * no_static_here: only codes by which the platform says that this very instance, as it is, gets no
 * static address: it is in a place that has none (VPC by older editions of the page, CloudBox,
 * dedicated region) or has no bandwidth for one, which is just how an EIP wants it. Shortages pass,
 * and refusals for money or permission would meet the EIP call too.
 */
const struct fault_row fault_rows[] = {
        /* Agent <-> cloud process. */
        OWN(FAULT_CLOUD_UNREACHABLE, RETRY, "The agent cannot reach its cloud process",
            "Run `systemctl status ecs-pubip-cloud.socket`; if it is masked, `systemctl unmask "
            "ecs-pubip-cloud.socket`, then `systemctl start ecs-pubip-cloud.socket`",
            .unsent = true),
        OWN(FAULT_CLOUD_GONE, RETRY, "The cloud process ended before it answered",
            "Look at `journalctl -u 'ecs-pubip-cloud@*'`; the agent tries again by itself"),
        OWN(FAULT_CLOUD_SILENT, RETRY, "The cloud process did not answer in time",
            "Look at `journalctl -u 'ecs-pubip-cloud@*'`; the agent tries again by itself"),
        OWN(FAULT_CLOUD_GARBLED, PROTOCOL, "The cloud process gave an answer that is none",
            "Make sure that ecs-pubip-agent and ecs-pubip-cloud are of one version; the agent "
            "tries again by itself"),
        OWN(FAULT_CLOUD_CONFIG, OPERATOR, "The cloud process found a bad configuration value",
            "Run `ecs-pubip config --check` and correct what it names, then `systemctl reload "
            "ecs-pubip`",
            .unsent = true),

        /* Transport to the API. */
        OWN(FAULT_RESOLVE, RETRY, "The name of the API endpoint cannot be resolved",
            "Check /etc/resolv.conf: in a VPC the resolvers are 100.100.2.136 and 100.100.2.138",
            .unsent = true),
        OWN(FAULT_CONNECT, RETRY, "No API endpoint accepts a connection",
            "Check that the route to 100.64.0.0/10 and the security group let the instance reach "
            "ecs-vpc.REGION.aliyuncs.com, port 443",
            .unsent = true),
        /* As `auth`: a certificate heals when somebody acts, and a person should hear of it. */
        OWN(FAULT_TLS, AUTH, "The API endpoint's certificate or TLS handshake was not accepted",
            "Install ca-certificates, and let no proxy or firewall break into TLS on the way; "
            "the agent never talks without verified TLS",
            .unsent = true),
        OWN(FAULT_TLS_TIME, CLOCK,
            "The endpoint's certificate looks not yet valid, so the clock "
            "is behind",
            "Set the clock (`timedatectl`, NTP server of the VPC: ntp.cloud.aliyuncs.com)",
            .unsent = true),
        OWN(FAULT_TIMEOUT, RETRY, "The API did not answer in time", NOTHING),
        OWN(FAULT_CLOSED, RETRY, "The API closed the connection before it answered", NOTHING),
        OWN(FAULT_TOO_LARGE, PROTOCOL, "The answer is larger than any answer of this API",
            "Check that [Cloud] Endpoint=, VpcEndpoint= and a proxy lead to the ECS API"),
        OWN(FAULT_NOT_API, THROTTLED, "A gateway before the API refuses: too many requests",
            NOTHING, .status = 429),
        OWN(FAULT_NOT_API, OPERATOR, "A proxy before the API wants a user name and password",
            "Let the proxy pass *.aliyuncs.com, or take it out of the environment of "
            "ecs-pubip-cloud@.service",
            .status = 407),
        OWN(FAULT_NOT_API, PROTOCOL, "What answered is not the ECS API",
            "Check that [Cloud] Endpoint=, VpcEndpoint= and a proxy lead to the ECS API"),
        OWN(FAULT_DEADLINE, RETRY, "The time for this question was over before it could be sent",
            NOTHING, .unsent = true),

        /* Metadata. */
        OWN(FAULT_MD_UNREACHABLE, RETRY, "The metadata service does not answer",
            "Check that a route to 100.100.100.200 exists and no firewall rule stops "
            "ecs-pubip-cloud; on a classic instance set [Instance] Id=, [Cloud] Region= and "
            "Credentials=static",
            .unsent = true),
        OWN(FAULT_MD_TOKEN, AUTH,
            "The metadata service answers, but not with a token: the answer "
            "does not travel far enough",
            "Raise HttpPutResponseHopLimit with ModifyInstanceMetadataOptions; in a container "
            "the limit must be at least 2",
            .unsent = true),
        OWN(FAULT_MD_FORBIDDEN, AUTH,
            "The metadata service refuses: it is disabled, or serves "
            "only with a token that it did not give",
            "Set HttpEndpoint=enabled with ModifyInstanceMetadataOptions; with "
            "HttpTokens=required see that PUT requests reach 100.100.100.200 without a proxy",
            .unsent = true),
        OWN(FAULT_MD_THROTTLED, THROTTLED, "The metadata service is asked too often",
            "Find what else on this machine asks 100.100.100.200 all the time; the agent tries "
            "again by itself",
            .unsent = true),
        OWN(FAULT_MD_NOT_FOUND, RETRY, "The metadata service does not know this instance yet",
            "Check that [Cloud] Metadata= is the metadata service of Alibaba Cloud ECS; the agent "
            "tries again by itself",
            .unsent = true),
        OWN(FAULT_MD_SERVER, RETRY, "The metadata service has an error of its own", NOTHING,
            .unsent = true),
        OWN(FAULT_MD_GARBLED, PROTOCOL, "The metadata service gave an answer that is none",
            "Check that nothing stands between this machine and 100.100.100.200, such as a "
            "proxy or another cloud's metadata",
            .unsent = true),
        OWN(FAULT_MD_NO_ROLE, AUTH, "The instance has no RAM role, so there are no credentials",
            "Attach a RAM role in the ECS console (Attach/Detach RAM Role), with the policy that "
            "`ecs-pubip policy` prints; it works a minute or two later",
            .unsent = true),
        OWN(FAULT_MD_CREDENTIALS, AUTH, "The role's credentials are expired or unreadable",
            "Detach the RAM role and attach it again in the ECS console if this lasts",
            .unsent = true),
        OWN(FAULT_CREDENTIALS, OPERATOR, "The static credentials are missing or not safe to use",
            "Put access-key-id and access-key-secret into /etc/ecs-pubip/credentials/, owned by "
            "root and not readable by others" RESUME,
            .unsent = true),

        /* The instance, as seen before a call. */
        OWN(FAULT_NOT_LISTED, AUTH, "The control plane does not list this instance",
            "Check [Instance] Id= and [Cloud] Region=; right after creation nothing to do, the "
            "agent asks again"),
        OWN(FAULT_WRONG_REGION, OPERATOR, "The instance is not in the configured region", REGION),
        OWN(FAULT_OTHER_INSTANCE, RETRY,
            "Metadata names another instance than the one meant, so "
            "nothing was asked",
            "Nothing to do: the agent identifies the instance again", .unsent = true),
        OWN(FAULT_NO_WITNESS, OPERATOR,
            "Instance.Id names another machine: neither its MAC nor "
            "its private address is here",
            "Correct [Instance] Id= to the id of this very instance" RESUME),
        OWN(FAULT_NOT_RUNNING, SETTLING, "The instance is between two states", WAITS),
        OWN(FAULT_LOCKED, OPERATOR, "The instance is locked for security reasons",
            "Read the notice in the Security Center or Anti-DDoS console and have the lock lifted "
            "there" RESUME,
            .message = "security"),
        OWN(FAULT_LOCKED, OPERATOR, "The instance is locked for an unpaid bill", PAY,
            .message = "financial"),
        OWN(FAULT_LOCKED, OPERATOR, "The instance is a preemptible one about to be released",
            "Nothing to do here: let the scaling group replace the instance",
            .message = "recycling"),
        OWN(FAULT_LOCKED, OPERATOR, "The instance is locked",
            "Look at the lock reason in the ECS console and have it lifted" RESUME),
        OWN(FAULT_NO_BANDWIDTH, OPERATOR,
            "The instance's outbound bandwidth is 0, so that it can "
            "have no static address",
            BANDWIDTH, .no_static_here = true),
        OWN(FAULT_EXPIRED, OPERATOR, "The subscription of the instance has expired",
            "Renew the instance in the ECS console" RESUME),
        OWN(FAULT_METADATA_LEADS, SETTLING,
            "Metadata shows a public address that the control "
            "plane does not show yet",
            "Nothing to do: the agent looks again until both agree"),
        OWN(FAULT_NOT_SHOWN, SETTLING,
            "The cloud has answered with an address that its control plane does not show yet",
            "Nothing to do: the agent looks again and asks for nothing in the meantime"),
        OWN(FAULT_NOT_ECS, OPERATOR, "This machine is no Alibaba Cloud ECS instance",
            "Remove ecs-pubip from this machine, or set [Instance] Id= if it is one after all"),

        /* Decisions of the engine. */
        OWN(FAULT_BOOT_ID, OPERATOR,
            "This boot has no id, so that a reboot could not be told "
            "from none",
            "Start the agent by its unit, which passes --boot-id=%b, or make "
            "/proc/sys/kernel/random/boot_id readable"),
        OWN(FAULT_LEDGER_WRITE, OPERATOR,
            "The ledger cannot be written, and without it nothing "
            "may be changed",
            "Make /var/lib/ecs-pubip writable and free some space there" RESUME, .unsent = true),
        OWN(FAULT_HEAL_LIMIT, OPERATOR,
            "The allocations of the last 24 hours have reached "
            "Heal.Limit",
            "Find out who takes the address away; raise [Heal] Limit= if that is as it should be"),
        OWN(FAULT_HEAL_RECLAIMED, OPERATOR,
            "The address was taken away, and Heal.Policy says not "
            "to ask for another",
            "Assign an address in the ECS console, or set [Heal] Policy=reallocate" RESUME),
        OWN(FAULT_HEAL_REPLACED, OPERATOR,
            "The address was replaced by another, and "
            "Heal.Policy=alert asks a person",
            "Run `ecs-pubip resume` to accept the new address, or give the old one back"),
        OWN(FAULT_REBOOT_LIMIT, OPERATOR,
            "A reboot is due, but Reboot.Limit is reached for these "
            "24 hours",
            "Restart the instance from the ECS console when it suits, or raise [Reboot] Limit="),
        OWN(FAULT_REBOOT_NEVER, OPERATOR,
            "A reboot is due, and Reboot.Policy=never leaves it to "
            "a person",
            "Restart the instance from the ECS console when it suits"),
        OWN(FAULT_REBOOT_NOT_DONE, OPERATOR,
            "The reboot was accepted ten minutes ago and never "
            "happened",
            "Restart the instance from the ECS console"),
        OWN(FAULT_REBOOT_LOST, RETRY,
            "No answer came to RebootInstance, so that the agent waits "
            "to see whether it was executed",
            "Nothing to do: the agent looks again after 5 minutes"),
        OWN(FAULT_CONFIRM_KERNEL, OPERATOR,
            "The machine's own network does not show what it "
            "should: address, running link or default route",
            "Look at `ip addr` and `ip route`; a classic instance gets its public address on eth1 "
            "only at a restart"),
        OWN(FAULT_CONFIRM_METADATA, OPERATOR,
            "Metadata does not show the address that the "
            "control plane shows",
            "Restart the instance from the ECS console: a reboot may help"),
        OWN(FAULT_CONFIRM_CONTROL, OPERATOR,
            "The control plane does not show the address that "
            "was assigned",
            "Look at the instance in the ECS console; the agent looks again"),
        OWN(FAULT_CONFIRM_OUTSIDE, OPERATOR,
            "From outside this machine is seen under another "
            "address, or not at all",
            "Check the security group's outbound rules, a NAT gateway's SNAT entry and [Confirm] "
            "Outside="),
        OWN(FAULT_EIP_ELSEWHERE, OPERATOR,
            "The EIP is bound to another instance, and the agent "
            "never takes it away",
            UNBIND),
        OWN(FAULT_EIP_NONE, OPERATOR, "No free EIP fits",
            "Free or buy an EIP and give it the tag of [Address] EipTag=, or set EipAllocate=yes"),
        OWN(FAULT_EIP_LOCKED, OPERATOR, "The EIP is locked, or in arrears", PAY),
        OWN(FAULT_EIP_SETTLING, SETTLING, "The EIP is between two states",
            "Nothing to do: the agent waits until the EIP has settled"),

        /* Already there: the three documented forms, their EIP sibling, and a dry run's success. */
        ROW("AllocatedAlready", ALREADY, "The instance has a public address already",
            "Nothing to do: the agent adopts the address"),
        ROW("OperationDenied", ALREADY, "The instance has a public address already",
            "Nothing to do: the agent adopts the address", .message = "already has a public IP"),
        ROW("InvalidAssociation.Duplicated", ALREADY, "The EIP is bound to this instance already",
            "Nothing to do: the agent adopts the address"),
        ROW("DryRunOperation", ALREADY, "The dry run says that the call would be allowed",
            "Nothing to do"),

        /* AllocatePublicIpAddress. */
        ROW("InvalidInstanceId.NotFound", AUTH, "The control plane does not know this instance",
            "Check [Instance] Id= and [Cloud] Region=; right after creation nothing to do, the "
            "agent asks again"),
        ROW("Forbidden.InstanceNotFound", AUTH, "The control plane does not know this instance",
            "Check [Instance] Id= and [Cloud] Region=; right after creation nothing to do, the "
            "agent asks again"),
        ROW("InvalidIpAddress.Malformed", OPERATOR, "The IpAddress asked for is not valid",
            "Correct or remove [Address] IpAddress="),
        ROW("InvalidIpAddress.NotFound", OPERATOR, "The IpAddress asked for is not in that VLAN",
            "Correct or remove [Address] IpAddress= and VlanId="),
        ROW("InvalidIpAddress.NotPublic", OPERATOR, "The IpAddress asked for is not a public one",
            "Correct or remove [Address] IpAddress="),
        ROW("IpInUse", OPERATOR, "The IpAddress asked for is in use already",
            "Ask for another in [Address] IpAddress=, or remove it to get any",
            .context = FAULT_WITH_IP_ADDRESS),
        ROW("IpInUse", RETRY, "The address that the cloud picked was in use already", NOTHING),
        ROW("InvalidVlanId.NotFound", OPERATOR, "The VlanId asked for does not exist",
            "Correct or remove [Address] VlanId="),
        ROW("InstanceLockedForSecurity", OPERATOR, "The instance is locked for security reasons",
            "Read the notice in the Security Center or Anti-DDoS console and have the lock lifted "
            "there" RESUME),
        ROW("InstanceExpiredOrInArrears", OPERATOR, "The instance has expired or is in arrears",
            "Renew the instance, or pay what is due in the billing console" RESUME),
        ROW("OperationDenied", OPERATOR,
            "AllocatePublicIpAddress is denied because the instance "
            "is in a VPC",
            "Set [Address] Strategy=eip, or assign an address in the ECS console (Change "
            "Bandwidth)",
            .message = "instance is in VPC", .no_static_here = true),
        ROW("OperationDenied", OPERATOR,
            "The VlanId asked for is not valid or has no address "
            "left",
            "Correct or remove [Address] VlanId=", .message = "VlanId",
            .context = FAULT_WITH_VLAN_ID),
        ROW("OperationDenied", RETRY, "The cloud has no address left in the instance's VLAN",
            "Nothing to do: the agent tries again slowly; an EIP may be had at once",
            .message = "VlanId", .slow = true),
        ROW("InsufficientPublicIp", OPERATOR, "The IpAddress asked for cannot be had",
            "Ask for another in [Address] IpAddress=, or remove it to get any",
            .context = FAULT_WITH_IP_ADDRESS),
        ROW("InsufficientPublicIp", RETRY, "The cloud has no public address left here",
            "Nothing to do: the agent tries again slowly; an EIP may be had at once", .slow = true),
        ROW("AllocateIpInvalidInstanceBandwidth", OPERATOR,
            "The instance's outbound bandwidth is "
            "0, so that it can have no static "
            "address",
            BANDWIDTH, .no_static_here = true),
        ROW("NAT_PUBLIC_IP_BINDING_FAILED", RETRY, "The gateway could not bind the address",
            NOTHING),
        ROW("NAT_PUBLIC_IP_ALLOCATE_FAILED", RETRY, "The gateway could not allocate the address",
            NOTHING),
        ROW("InvalidOperation.AllocateFailed", RETRY,
            "The cloud could not allocate the address "
            "just now",
            NOTHING),
        ROW("AllocateIp.Fail", RETRY, "The cloud could not allocate the address just now", NOTHING),
        ROW("OperationDenied.CloudboxNotSupport", OPERATOR,
            "Instances in a CloudBox get no "
            "static public address",
            "Set [Address] Strategy=eip, or remove ecs-pubip", .no_static_here = true),
        ROW("OperationDenied.DedicatedRegionNotSupported", OPERATOR,
            "Instances in a dedicated region get no static public address",
            "Set [Address] Strategy=eip, or remove ecs-pubip", .no_static_here = true),

        /* RebootInstance. */
        ROW("DiskError", OPERATOR, "A disk of the instance is in error, so that it cannot restart",
            "Look at the instance's disks in the ECS console" RESUME),
        ROW("InvalidParameter.KMSKeyId.CMKUnauthorized", OPERATOR,
            "ECS may not use the key of an encrypted disk", KMS),
        ROW("InvalidParameter.KMSKeyId.CMKNotEnabled", OPERATOR,
            "The key of an encrypted disk is not enabled", KMS),
        ROW("InvalidParameter.KMSKeyId.KMSUnauthorized", OPERATOR,
            "ECS may not use KMS, which holds the key of an encrypted disk", KMS),
        ROW("InvalidParameter.KMSKeyId.NotFound", OPERATOR,
            "The key of an encrypted disk does not exist", KMS),

        /* ModifyInstanceNetworkSpec: it makes an order and pays it. */
        ROW("InvalidInternetMaxBandwidthIn.ValueNotSupported", OPERATOR,
            "The inbound bandwidth asked for is not supported", BANDWIDTH_VALUE),
        ROW("InvalidInternetMaxBandwidthOut.ValueNotSupported", OPERATOR,
            "The outbound bandwidth asked for is not supported", BANDWIDTH_VALUE),
        ROW("InvalidBandwidth.ValueNotSupported", OPERATOR,
            "The bandwidth asked for is not supported", BANDWIDTH_VALUE),
        ROW("InvalidBandwidthOut.LessThanZero", OPERATOR, "The bandwidth asked for is below 0",
            BANDWIDTH_VALUE),
        ROW("InvalidParameter.Bandwidth", OPERATOR, "The bandwidth asked for is not supported",
            BANDWIDTH_VALUE),
        ROW("InvalidParameter.BandwidthBiggerThanBaseBandwidth", OPERATOR,
            "The bandwidth asked for is above what this instance type may have", BANDWIDTH_VALUE),
        ROW("QuotaExceeded.InternetBandwidth", OPERATOR,
            "The account's quota of internet bandwidth is used up",
            "Ask for a higher quota in the Quota Center console, or set a smaller [Address] "
            "BandwidthOut="),
        ROW("DecreasedBandwidthNotAllowed", OPERATOR, "The bandwidth may not be lowered",
            BANDWIDTH_CONSOLE),
        ROW("BandwidthUpgradeDenied.EipBoundInstance", OPERATOR,
            "An EIP is bound to the instance, whose own bandwidth then stays 0", EIP_OR_STATIC),
        ROW("InvalidInstance.EipNotSupport", OPERATOR,
            "An EIP is bound to the instance, whose own bandwidth then stays 0", EIP_OR_STATIC),
        ROW("InvalidInstance.InstanceNotSupported", OPERATOR,
            "An EIP is bound to the instance, which needs no bandwidth of its own", EIP_OR_STATIC),
        ROW("InvalidInstance.NatPortMapNotSupport", OPERATOR,
            "The instance has port mappings on a NAT gateway, which exclude its own bandwidth",
            "Remove the DNAT entries of this instance in the VPC console" RESUME),
        ROW("InvalidParameter.Conflict", OPERATOR,
            "The bandwidth asked for does not go with the instance's other settings",
            BANDWIDTH_CONSOLE),
        ROW("ChargeTypeViolation", OPERATOR,
            "The instance's billing method does not allow this change", BANDWIDTH_CONSOLE),
        ROW("InvalidInternetChargeType.ValueNotSupported", OPERATOR,
            "The instance's bandwidth billing does not allow this change", BANDWIDTH_CONSOLE),
        ROW("InvalidInstanceChargeType.ValueNotSupported", OPERATOR,
            "The instance's billing method does not allow this change", BANDWIDTH_CONSOLE),
        ROW("InvalidNetworkType.ValueNotSupported", OPERATOR,
            "The instance's network type does not allow this change", BANDWIDTH_CONSOLE),
        ROW("UnsupportedIspNetworkChargeType", OPERATOR,
            "The instance's line type does not go with its bandwidth billing", BANDWIDTH_CONSOLE),
        ROW("InvalidOperation.StarterPackage", OPERATOR,
            "Instances of a starter package cannot change their bandwidth", BANDWIDTH_CONSOLE),
        ROW("InvalidAction.WithActiveElasticUpgrade", OPERATOR,
            "A temporary bandwidth upgrade of the instance is running",
            "Wait until the temporary upgrade ends, or end it in the ECS console" RESUME),
        ROW("InstanceDowngrade.QuotaExceed", OPERATOR,
            "The instance was downgraded as often as is allowed", BANDWIDTH_CONSOLE),
        ROW("InvalidStartTime*", OPERATOR, "The start time of the change is not valid", REPORT),
        ROW("InvalidEndTime*", OPERATOR, "The end time of the change is not valid", REPORT),
        ROW("InvalidParam.AllocatePublicIp", OPERATOR,
            "AllocatePublicIp does not go with this instance", BANDWIDTH_CONSOLE),
        ROW("InvalidPayMethod.SyncPaymentNotSupport", OPERATOR,
            "The account cannot pay the order at once", ORDER),
        ROW("InvalidInstance.UnPaidOrder", OPERATOR, "An order for this instance is not paid",
            ORDER),
        ROW("OperationDenied.UnpaidOrder", OPERATOR, "An order for this instance is not paid",
            ORDER),
        ROW("Account.Arrearage", OPERATOR, "The account is in arrears", PAY),
        ROW("InvalidAccountStatus.NotEnoughBalance", OPERATOR, "The account's balance is too low",
            PAY),
        ROW("InsufficientBalance", OPERATOR, "The account's balance is too low", PAY),
        ROW("OperationDenied.ImageNotValid", OPERATOR,
            "The instance's marketplace image does not allow this change", BANDWIDTH_CONSOLE),
        ROW("SecurityRisk.3DVerification", OPERATOR,
            "The account's credit card wants to be verified",
            "Verify the card in the billing console" RESUME),
        ROW("InvalidParameter.CloudboxNotSupported", OPERATOR,
            "Instances in a CloudBox get no public bandwidth",
            "Set [Address] Strategy=eip, or remove ecs-pubip", .no_static_here = true),
        ROW("InvalidParameter.DedicatedRegionNotSupported", OPERATOR,
            "Instances in a dedicated region get no public bandwidth",
            "Set [Address] Strategy=eip, or remove ecs-pubip", .no_static_here = true),
        ROW("InvalidOperation.PublicIpAddressNoStock", RETRY,
            "The cloud has no public address left here",
            "Nothing to do: the agent tries again slowly; an EIP may be had at once", .slow = true),
        ROW("IpAllocationError", RETRY, "The cloud could not allocate the address just now",
            NOTHING),
        ROW("Image.OrderFailed", RETRY, "The order for the instance's image failed just now",
            NOTHING),
        ROW("Mayi.InternalError", RETRY, "The billing system has an error of its own", NOTHING),
        ROW("InvalidInstanceStatus.NotStopped", OPERATOR,
            "A classic instance can change its bandwidth only while it is stopped",
            "Stop the instance, raise its bandwidth and start it in the ECS console"),

        /* EIP calls. */
        ROW("EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP", OPERATOR,
            "The instance has a static address, which excludes an EIP", EIP_OR_STATIC),
        ROW("Forbidden.InstanceBandwidthNotZero", OPERATOR,
            "The instance has bandwidth of its own, which excludes an EIP", EIP_OR_STATIC),
        ROW("InvalidStatus.InstanceHasBandWidth", OPERATOR,
            "The instance has bandwidth of its own, which excludes an EIP", EIP_OR_STATIC),
        ROW("BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP", OPERATOR,
            "The instance has an EIP or port mappings already", UNBIND),
        ROW("OperationDenied.Ipv4GatewayExist", OPERATOR,
            "The VPC has an IPv4 gateway, which decides about its EIPs",
            "Let the vSwitch's route table lead to the IPv4 gateway in the VPC console" RESUME),
        ROW("InvalidAllocationId.NotFound", OPERATOR, "The EIP does not exist", OTHER_EIP),
        ROW("InvalidInstanId.NotFound", AUTH, "The VPC service does not know this instance",
            "Check [Instance] Id= and [Cloud] Region=; right after creation nothing to do, the "
            "agent asks again"),
        ROW("InvalidParameter.Mismatch", OPERATOR, "The EIP is not in the instance's region",
            OTHER_EIP),
        ROW("Forbidden.RegionNotFound", OPERATOR, "The region does not exist", REGION),
        ROW("InvalidRegion.NotSupport", OPERATOR, "This region has no such EIP",
            "Set [Address] Strategy=static"),
        ROW("Forbidden.FinancialLocked", OPERATOR, "The EIP is locked for an unpaid bill", PAY),
        ROW("InvalidEIPStatus.BizDisabled", OPERATOR, "The EIP has expired or is in arrears", PAY),
        ROW("Eni.Attached", OPERATOR,
            "A cut-through EIP binds only to an interface that is not "
            "attached",
            ENI),
        ROW("Eni.HasSubIp", OPERATOR,
            "A cut-through EIP binds only to an interface without "
            "secondary addresses",
            ENI),
        ROW("Invalid.DirectEip.BindType", OPERATOR,
            "A cut-through EIP does not bind to an "
            "instance itself",
            ENI),
        ROW("QuotaExceeded.Eip", OPERATOR, "The account's quota of EIPs is used up",
            "Release an EIP, or ask for a higher quota in the Quota Center console" RESUME),
        ROW("InvalidBandwidth.Malformed", OPERATOR, "The EIP's bandwidth is not valid", REPORT),
        ROW("ReserveIpFail", RETRY, "The cloud could not reserve an EIP just now", NOTHING),
        ROW("OperationFailed.SystemBusy", RETRY, "The VPC service is busy", NOTHING),
        ROW("SystemBusy", RETRY, "The VPC service is busy", NOTHING),

        /* Between two states. */
        ROW("IncorrectInstanceStatus*", SETTLING, "The instance is between two states", WAITS),
        ROW("InvalidInstanceStatus*", SETTLING, "The instance is between two states", WAITS),
        ROW("InvalidOperation.InstanceStatusUnsupported", SETTLING,
            "The instance is between two states", WAITS),
        ROW("InvalidStatus.EcsStatusNotSupport", SETTLING, "The instance is between two states",
            WAITS),
        ROW("OperationFailed.EcsMigrating", SETTLING, "The instance is being migrated", WAITS),
        ROW("InvalidStatus.EniStatusNotSupport", SETTLING,
            "The network interface is between two states", WAITS),
        ROW("IncorrectEipStatus*", SETTLING, "The EIP is between two states",
            "Nothing to do: the agent waits until the EIP has settled"),
        ROW("InvalidBindingStatus", SETTLING, "The EIP's binding is between two states",
            "Nothing to do: the agent waits until the EIP has settled"),
        ROW("IncorrectStatus*", SETTLING, "What the call needs is between two states", WAITS),
        ROW("InvalidStatus*", SETTLING, "What the call needs is between two states", WAITS),
        ROW("TaskConflict", SETTLING, "Another task is running on the instance or its address",
            WAITS),
        ROW("LastOrderProcessing", SETTLING, "The order before this one is still being processed",
            WAITS),
        ROW("LastRequestProcessing", SETTLING,
            "The request before this one is still being "
            "processed",
            WAITS),

        /* Over the quota. */
        ROW("Throttling.User", THROTTLED, "The account's calls per minute are used up", NOTHING),
        ROW("Throttling.Api", THROTTLED, "All calls of this API per minute are used up", NOTHING),
        ROW("Throttling*", THROTTLED, "Too many calls of this account in this minute", NOTHING),

        /* Soon again. */
        ROW("InternalError*", RETRY, "The cloud has an error of its own", NOTHING),
        ROW("ServiceUnavailable.RegionMaintaining", RETRY, "The region is under maintenance",
            NOTHING),
        ROW("ServiceUnavailable*", RETRY, "The service is not available just now", NOTHING),
        ROW("LimitedOperation.ServiceUnavailable", RETRY, "The service is not available just now",
            NOTHING),
        ROW("UnknownError", RETRY, "The cloud has an error of its own", NOTHING),
        ROW("OperationConflict", RETRY, "Another call on the same thing is running", NOTHING),
        ROW("LastTokenProcessing", RETRY, "The call before this one is still being processed",
            NOTHING),
        ROW("SignatureNonceUsed", RETRY, "The request's nonce was seen before", NOTHING),
        ROW("NAT_PUBLIC_IP_*", RETRY, "The gateway could not set the address up", NOTHING),
        ROW("OperationFailed*", RETRY, "The operation failed just now", NOTHING),

        /* Time. */
        ROW("InvalidTimeStamp.Expired", CLOCK, "The request's time was too far from the cloud's",
            CLOCK_SET),
        ROW("InvalidTimeStamp*", CLOCK, "The cloud did not accept the request's time", CLOCK_SET),
        ROW("IllegalTimestamp", CLOCK, "The cloud did not accept the request's time", CLOCK_SET),

        /* Who we are, and what we may. */
        ROW("InvalidAccessKeyId.NotFound", AUTH, "The access key does not exist", KEYS),
        ROW("InvalidAccessKeyId.Inactive", AUTH, "The access key is disabled", KEYS),
        ROW("InvalidAccessKeyId*", AUTH, "The access key is not accepted", KEYS),
        ROW("InvalidSecurityToken.Expired", AUTH, "The temporary credentials have expired", KEYS),
        ROW("InvalidSecurityToken*", AUTH, "The temporary credentials are not accepted", KEYS),
        ROW("MissingSecurityToken", AUTH, "The temporary credentials lack their security token",
            KEYS),
        ROW("SignatureDoesNotMatch", AUTH,
            "The signature is wrong: the secret does not belong to "
            "the access key",
            KEYS),
        ROW("IncompleteSignature", AUTH, "The signature is not accepted",
            "Try [Cloud] Signature=v1 if the endpoint is an old gateway, otherwise report this"),
        ROW("Forbidden.AccessKeyDisabled", AUTH, "The access key is disabled",
            "Enable the access key in the RAM console, or use Credentials=role"),
        ROW("Forbidden.RiskControl", AUTH, "Risk control has stopped the account",
            "Ask Alibaba Cloud support to lift the restriction" RESUME),
        ROW("Forbidden.NotSupportRAM", AUTH, "This call cannot be made by a RAM role",
            "Use Credentials=static with keys that may make it"),
        ROW("Forbidden.RAM", AUTH, "The role is not allowed to do this", GRANT),
        ROW("Forbidden.SubUser", AUTH, "The role is not allowed to do this", GRANT),
        ROW("Forbidden.Unauthorized", AUTH, "The role is not allowed to do this", GRANT),
        ROW("Forbidden*", AUTH, "The cloud forbids this to the role", GRANT),
        ROW("NoPermission.Price", AUTH, "The role may not look up prices, which the order needs",
            "Grant bss:PayOrder and price queries to the instance's role in the RAM console, or "
            "raise the bandwidth in the ECS console"),
        ROW("NoPermission.Refund", AUTH, "The role may not make refunds, which the order needs",
            "Grant refunds to the instance's role in the RAM console, or change the bandwidth in "
            "the ECS console"),
        ROW("NoPermission*", AUTH, "The role is not allowed to do this", GRANT),

        /* A person must act: the account, the region, or the request itself. */
        ROW("RealNameAuthenticationError", OPERATOR, "The account's owner is not verified",
            "Complete real-name verification in the account centre" RESUME),
        ROW("InvalidRegionId.NotFound", OPERATOR, "The region does not exist", REGION),
        ROW("InvalidOperation.NotSupportedEndpoint", OPERATOR,
            "This endpoint does not serve the instance's region",
            "Correct or remove [Cloud] Endpoint= and VpcEndpoint="),
        ROW("IdempotentParameterMismatch", OPERATOR,
            "The client token was used before with other parameters",
            "Undo the change of [Address] made while a call was under way, or wait a day"),
        ROW("InvalidIdempotenceParameter.Mismatch", OPERATOR,
            "The client token was used before with other parameters",
            "Undo the change of [Address] made while a call was under way, or wait a day"),
        ROW("InvalidClientToken.ValueNotSupported", OPERATOR, "The client token is not accepted",
            REPORT),
        ROW("UnsupportedHTTPMethod", OPERATOR, "The API does not take this HTTP method", REPORT),
        ROW("InvalidAction.NotFound", OPERATOR, "The endpoint does not know this call",
            "Correct or remove [Cloud] Endpoint= and VpcEndpoint="),
        ROW("InvalidAction*", OPERATOR, "The instance does not allow this call",
            "Look at the instance in the ECS console, which shows what is possible"),
        ROW("MissingParameter*", OPERATOR, "The API misses a parameter", REPORT),
        ROW("UnsupportedParameter*", OPERATOR, "The API does not take a parameter", REPORT),
        ROW("InvalidOwner*", OPERATOR, "The account named is not the instance's owner", REPORT),
        ROW("InvalidParameter*", OPERATOR, "The API does not accept a parameter's value", REPORT),
        /* So spelled in the common errors, for SignatureMethod and SignatureVersion. */
        ROW("InvalidParamater*", OPERATOR, "The API does not accept a parameter's value",
            "Try [Cloud] Signature=v1 if the endpoint is an old gateway, otherwise report this"),
        ROW("QuotaExceed*", OPERATOR, "A quota of the account is used up",
            "Ask for a higher quota in the Quota Center console" RESUME),
        ROW("OperationDenied*", OPERATOR, "The cloud denies this call for this instance",
            "Look at the message and at the instance in the ECS console" RESUME),

        /* By status alone: codes that nobody has documented yet. */
        ROW(NULL, THROTTLED, "Too many calls of this account in this minute", NOTHING,
            .status = 429),
        ROW(NULL, RETRY, "The cloud has an error of its own", NOTHING, .status = 500),
        ROW(NULL, OPERATOR, "The cloud refuses with a code that this version does not know",
            "Look at code and message, and at the instance in the ECS console" RESUME,
            .status = 400),
        ROW(NULL, PROTOCOL, "The answer is none that this API should give", NOTHING),
};
const size_t n_fault_rows = sizeof(fault_rows) / sizeof(fault_rows[0]);

# SPDX-License-Identifier: Apache-2.0
"""The actions of ECS 2014-05-26 that an instance may want to call about itself."""

import ipaddress
import json

from . import vpc
from .action import Action, allow, boolean, once, whole_number
from .fault import VARIANTS, Fault

RUNNING_OR_STOPPED = ("Running", "Stopped")


def _find(cloud, identity):
    """The instance, unless the control plane does not know it (yet)."""
    instance = cloud.instances.get(identity)
    if not instance:
        return None
    if instance.not_found_looks:
        instance.not_found_looks -= 1
        return None
    return instance


def _must_find(cloud, params):
    instance = _find(cloud, params["InstanceId"])
    if not instance:
        raise Fault("InvalidInstanceId.NotFound")
    return instance


def _allow(cloud, action, instance):
    allow(cloud, "ecs:" + action, instance.arn(cloud.account.id))


def _locked(instance):
    return any(reason.lower() == "security" for reason in instance.locks)


# describing

def _view(cloud, instance):
    """An item of DescribeInstances."""
    eip = cloud.eip_of(instance)
    public_ip = instance.control_lag.look(instance.public_ip)
    classic = instance.network == "classic"
    private = [instance.private_ip]
    return {
        "InstanceId": instance.id,
        "InstanceName": "sim",
        "HostName": "sim",
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "Status": instance.status,
        "StoppedMode": instance.stopped_mode,
        "InstanceNetworkType": instance.network,
        "InstanceType": "ecs.g7.large",
        "InstanceChargeType": instance.charge_type,
        "InternetChargeType": instance.internet_charge_type,
        "InternetMaxBandwidthOut": instance.bandwidth_out,
        "InternetMaxBandwidthIn": instance.bandwidth_in,
        "CreationTime": "2026-01-01T00:00Z",
        "ExpiredTime": instance.expired_time or (
            "2020-01-01T00:00Z" if instance.expired else "2099-12-31T15:59Z"),
        "SerialNumber": "sim",
        "PublicIpAddress": {"IpAddress": [public_ip] if public_ip else []},
        "InnerIpAddress": {"IpAddress": private if classic else []},
        "EipAddress": {
            "AllocationId": eip.id if eip else "",
            "IpAddress": eip.address if eip else "",
            "InternetChargeType": eip.internet_charge_type if eip else "",
            "Bandwidth": int(eip.bandwidth) if eip else 0,
            "IsSupportUnassociate": bool(eip)},
        "VpcAttributes": {
            "VpcId": "" if classic else "vpc-bp1sim000000000000001",
            "VSwitchId": "" if classic else "vsw-bp1sim000000000000001",
            "PrivateIpAddress": {"IpAddress": [] if classic else private},
            "NatIpAddress": ""},
        "OperationLocks": {"LockReason": [{"LockReason": r, "LockMsg": ""}
                                          for r in instance.locks]},
        "MetadataOptions": {"HttpTokens": "required" if cloud.metadata.mode == "required"
                            else "optional", "HttpEndpoint": "enabled"},
        "NetworkInterfaces": {"NetworkInterface": [] if classic else [{
            "Type": "Primary",
            "NetworkInterfaceId": "eni-bp1sim000000000000001",
            "MacAddress": instance.mac,
            "PrimaryIpAddress": instance.private_ip,
            "PrivateIpSets": {"PrivateIpSet": [
                {"Primary": True, "PrivateIpAddress": instance.private_ip}]}}]},
    }


def _id_list(params):
    """InstanceIds is the text of a JSON array."""
    if "InstanceIds" not in params:
        return None
    try:
        ids = json.loads(params["InstanceIds"])
    except ValueError:
        ids = None
    if not isinstance(ids, list) or len(ids) > 100 or any(not isinstance(i, str) for i in ids):
        raise Fault("InvalidParameter", message='The specified parameter "InstanceIds" is not '
                    "valid.")
    return ids


def describe_instances(cloud, params):
    ids = _id_list(params)
    wanted = list(cloud.instances) if ids is None else ids
    known = [i for i in wanted if i in cloud.instances]
    arns = ([cloud.instances[i].arn(cloud.account.id) for i in known]
            or ["acs:ecs:%s:%s:instance/*" % (params["RegionId"], cloud.account.id)])
    permitted = cloud.account.may("ecs:DescribeInstances", arns)
    if boolean(params, "DryRun"):
        if not permitted:
            raise cloud.account.denial_fault("ecs:DescribeInstances")
        raise Fault("DryRunOperation")
    found = []
    if permitted:       # without permission: an empty list and 200, as documented
        found = [_find(cloud, i) for i in known]
        found = [i for i in found if i and i.region == params["RegionId"]]
    return {"TotalCount": len(found), "PageNumber": 1, "PageSize": 10, "NextToken": "",
            "Instances": {"Instance": [_view(cloud, i) for i in found]}}


def describe_instance_attribute(cloud, params):
    instance = _must_find(cloud, params)
    _allow(cloud, "DescribeInstanceAttribute", instance)
    return _view(cloud, instance)


def describe_instance_status(cloud, params):
    wanted = [v for k, v in sorted(params.items()) if k.startswith("InstanceId.")]
    found = [_find(cloud, i) for i in (wanted or list(cloud.instances))]
    found = [i for i in found if i and i.region == params["RegionId"]]
    for instance in found:
        _allow(cloud, "DescribeInstanceStatus", instance)
    return {"TotalCount": len(found), "PageNumber": 1, "PageSize": 10,
            "InstanceStatuses": {"InstanceStatus": [
                {"InstanceId": i.id, "Status": i.status} for i in found]}}


def describe_regions(cloud, _params):
    return {"Regions": {"Region": [
        {"RegionId": r, "LocalName": r, "RegionEndpoint": "ecs.%s.aliyuncs.com" % r,
         "Status": "available"} for r in cloud.regions]}}


def describe_eip_addresses(cloud, params):
    """As VPC's, but items have fewer members."""
    reply = vpc.describe_eip_addresses(cloud, params)
    for item in reply["EipAddresses"]["EipAddress"]:
        for member in ("Mode", "Tags", "Name"):
            del item[member]
    return reply


# changing

def _preconditions(instance):
    if _locked(instance):
        raise Fault("InstanceLockedForSecurity")
    if instance.expired:
        raise Fault("InstanceExpiredOrInArrears")


def _already(instance):
    """The three documented answers to a second allocation."""
    if instance.already == "existing":
        return {"IpAddress": instance.public_ip}
    if instance.already == "AllocatedAlready":
        raise Fault("AllocatedAlready")
    if instance.already == "AllocatedAlready2":
        raise Fault("AllocatedAlready", message=VARIANTS["AllocatedAlready"][0])
    raise Fault("OperationDenied", message=VARIANTS["OperationDenied"][1])


def _wished_address(cloud, params):
    """IpAddress of AllocatePublicIpAddress, checked; None without."""
    text = params.get("IpAddress")
    if "VlanId" in params and not params["VlanId"].isdigit():
        raise Fault("InvalidVlanId.NotFound")
    if text is None:
        return None
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise Fault("InvalidIpAddress.Malformed") from None
    if address in ipaddress.ip_network("10.0.0.0/8"):
        raise Fault("InvalidIpAddress.NotPublic")
    if any(i.public_ip == text for i in cloud.instances.values()):
        raise Fault("IpInUse")
    return text


def allocate_public_ip_address(cloud, params):
    instance = _must_find(cloud, params)
    _allow(cloud, "AllocatePublicIpAddress", instance)
    _preconditions(instance)
    if instance.status not in RUNNING_OR_STOPPED:
        raise Fault("IncorrectInstanceStatus")
    if instance.public_ip:
        return _already(instance)
    if cloud.eip_of(instance):
        raise Fault("OperationDenied")
    if instance.bandwidth_out <= 0:
        raise Fault("AllocateIpInvalidInstanceBandwidth")
    address = _wished_address(cloud, params) or cloud.next_static()
    instance.set_public_ip(address)
    return {"IpAddress": address}


def modify_instance_network_spec(cloud, params):
    return once(cloud, "ModifyInstanceNetworkSpec", params,
                lambda: _modify_network_spec(cloud, params))


def _modify_network_spec(cloud, params):
    instance = _must_find(cloud, params)
    _allow(cloud, "ModifyInstanceNetworkSpec", instance)
    _preconditions(instance)
    if instance.status not in RUNNING_OR_STOPPED:
        raise Fault("IncorrectInstanceStatus")
    if cloud.eip_of(instance):
        raise Fault("BandwidthUpgradeDenied.EipBoundInstance")
    out = whole_number(params, "InternetMaxBandwidthOut")
    if out is not None:
        if not 0 <= out <= 200:
            raise Fault("InvalidInternetMaxBandwidthOut.ValueNotSupported")
        before, instance.bandwidth_out = instance.bandwidth_out, out
        if out == 0 and instance.network == "vpc":
            instance.set_public_ip("")
        elif not instance.public_ip and out > 0 and (
                boolean(params, "AllocatePublicIp")
                or (before == 0 and instance.charge_type == "PrePaid")):
            instance.set_public_ip(cloud.next_static())
    cloud.orders += 1
    return {"OrderId": "20%013d" % cloud.orders}


def reboot_instance(cloud, params):
    instance = _must_find(cloud, params)
    _allow(cloud, "RebootInstance", instance)
    _preconditions(instance)
    if instance.status != "Running":
        raise Fault("IncorrectInstanceStatus")
    force = boolean(params, "ForceStop")
    if boolean(params, "DryRun"):
        raise Fault("DryRunOperation")
    cloud.reboot_asked(instance, force)
    return {}


def convert_nat_public_ip_to_eip(cloud, params):
    instance = _must_find(cloud, params)
    _allow(cloud, "ConvertNatPublicIpToEip", instance)
    _preconditions(instance)
    if not instance.public_ip or cloud.eip_of(instance):
        raise Fault("InvalidInstance.InstanceNotSupported")
    eip = cloud.new_eip(address=instance.public_ip)
    eip.status, eip.instance_id, eip.instance_type = "InUse", instance.id, "EcsInstance"
    instance.public_ip = ""
    return {}


ACTIONS = {
    "DescribeInstances": Action(
        describe_instances,
        "!RegionId InstanceIds DryRun PageSize PageNumber MaxResults NextToken Status VpcId "
        "InstanceNetworkType AdditionalAttributes.N"),
    "DescribeInstanceAttribute": Action(describe_instance_attribute, "!InstanceId"),
    "DescribeInstanceStatus": Action(
        describe_instance_status, "!RegionId InstanceId.N PageSize PageNumber"),
    "DescribeRegions": Action(
        describe_regions, "AcceptLanguage InstanceChargeType ResourceType"),
    "AllocatePublicIpAddress": Action(
        allocate_public_ip_address, "!InstanceId IpAddress VlanId", changes=True),
    "ModifyInstanceNetworkSpec": Action(
        modify_instance_network_spec,
        "!InstanceId InternetMaxBandwidthOut InternetMaxBandwidthIn NetworkChargeType "
        "AllocatePublicIp AutoPay StartTime EndTime ISP ClientToken", changes=True),
    "RebootInstance": Action(reboot_instance, "!InstanceId ForceStop DryRun", changes=True),
    "ConvertNatPublicIpToEip": Action(
        convert_nat_public_ip_to_eip, "!InstanceId !RegionId", changes=True),
    # The deprecated ones of this product, which ecs-vpc serves: without tags, modes, dry runs.
    "DescribeEipAddresses": Action(
        describe_eip_addresses,
        "!RegionId AllocationId EipAddress AssociatedInstanceType AssociatedInstanceId Status "
        "PageSize PageNumber ChargeType LockReason Filter.N.Key Filter.N.Value", ignores=True),
    "AllocateEipAddress": Action(
        vpc.allocate_eip_address, "!RegionId Bandwidth ISP InternetChargeType ClientToken",
        changes=True, ignores=True),
    "AssociateEipAddress": Action(
        vpc.associate_eip_address, "!AllocationId !InstanceId RegionId InstanceType",
        changes=True, ignores=True),
    "UnassociateEipAddress": Action(
        vpc.unassociate_eip_address, "!AllocationId !InstanceId RegionId InstanceType",
        changes=True, ignores=True),
}

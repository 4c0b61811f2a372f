# SPDX-License-Identifier: Apache-2.0
"""The EIP actions of VPC 2016-04-28; ECS 2014-05-26 has older ones of the same names."""

import re

from .action import Action, allow, boolean, once, whole_number
from .fault import Fault


def _find(cloud, params):
    eip = cloud.eips.get(params["AllocationId"])
    if not eip:
        raise Fault("InvalidAllocationId.NotFound")
    return eip


def _tags(params):
    """{key: value} from Tag.N.Key and Tag.N.Value."""
    found = {}
    for name, key in params.items():
        match = re.match(r"Tag\.(\d+)\.Key\Z", name)
        if match:
            found[key] = params.get("Tag.%s.Value" % match.group(1), "")
    return found


def describe_eip_addresses(cloud, params):
    allow(cloud, "vpc:DescribeEipAddresses",
          "acs:vpc:%s:%s:eip/*" % (params["RegionId"], cloud.account.id))
    if boolean(params, "DryRun"):
        raise Fault("DryRunOperation")
    found = [e for e in cloud.eips.values() if e.region == params["RegionId"]]
    if params.get("AllocationId"):
        wanted = params["AllocationId"].split(",")
        found = [e for e in found if e.id in wanted]
    if params.get("EipAddress"):
        wanted = params["EipAddress"].split(",")
        found = [e for e in found if e.address in wanted]
    if params.get("AssociatedInstanceId"):
        found = [e for e in found if e.instance_id == params["AssociatedInstanceId"]]
    if params.get("Status"):
        found = [e for e in found if e.status == params["Status"]]
    if params.get("EipName"):
        found = [e for e in found if e.name == params["EipName"]]
    tags = _tags(params)
    found = [e for e in found if all(e.tags.get(k) == v for k, v in tags.items())]
    total = len(found)
    number = whole_number(params, "PageNumber") or 1
    size = min(whole_number(params, "PageSize") or 10, 100)
    found = found[(number - 1) * size:number * size]
    return {"TotalCount": total, "PageNumber": number, "PageSize": size,
            "EipAddresses": {"EipAddress": [e.view() for e in found]}}


def allocate_eip_address(cloud, params):
    return once(cloud, "AllocateEipAddress", params, lambda: _allocate(cloud, params))


def _allocate(cloud, params):
    allow(cloud, "vpc:AllocateEipAddress",
          "acs:vpc:%s:%s:eip/*" % (params["RegionId"], cloud.account.id))
    charge = params.get("InternetChargeType", "PayByBandwidth")
    if charge == "PayByBandwidth" and cloud.account.international:
        raise Fault("COMMODITY.INVALID_COMPONENT")
    eip = cloud.new_eip(region=params["RegionId"])
    eip.bandwidth, eip.internet_charge_type = params.get("Bandwidth", "5"), charge
    eip.isp, eip.name = params.get("ISP", "BGP"), params.get("Name", "")
    cloud.orders += 1
    return {"AllocationId": eip.id, "EipAddress": eip.address,
            "ResourceGroupId": "rg-sim", "OrderId": "20%013d" % cloud.orders}


def associate_eip_address(cloud, params):
    return once(cloud, "AssociateEipAddress", params, lambda: _associate(cloud, params))


def _associate(cloud, params):
    eip = _find(cloud, params)
    allow(cloud, "vpc:AssociateEipAddress", eip.arn(cloud.account.id))
    kind = params.get("InstanceType", "EcsInstance")
    mode = params.get("Mode", "NAT")
    if mode != "NAT" and kind != "NetworkInterface":
        raise Fault("Invalid.DirectEip.BindType")
    if eip.locks:
        raise Fault("Forbidden.FinancialLocked")
    if eip.instance_id == params["InstanceId"]:
        raise Fault("InvalidAssociation.Duplicated")
    if eip.status != "Available":
        raise Fault("IncorrectEipStatus")
    if kind == "EcsInstance":
        _check_instance(cloud, eip, params)
    eip.status, eip.instance_id, eip.instance_type = "Associating", params["InstanceId"], kind
    eip.mode = mode
    cloud.later(cloud.eip.seconds, _settle, cloud, eip, "InUse")
    return {}


def _check_instance(cloud, eip, params):
    instance = cloud.instances.get(params["InstanceId"])
    if not instance:
        raise Fault("InvalidInstanId.NotFound")
    if instance.network != "vpc":
        raise Fault("OperationDenied", message="The instance is not in a VPC.")
    if instance.region != eip.region:
        raise Fault("InvalidParameter.Mismatch")
    if instance.status not in ("Running", "Stopped"):
        raise Fault("IncorrectInstanceStatus", 400)
    if any(e.instance_id == instance.id and e.mode == "NAT" for e in cloud.eips.values()):
        raise Fault("BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP")
    if instance.public_ip:
        raise Fault("EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP")


def unassociate_eip_address(cloud, params):
    return once(cloud, "UnassociateEipAddress", params, lambda: _unassociate(cloud, params))


def _unassociate(cloud, params):
    eip = _find(cloud, params)
    allow(cloud, "vpc:UnassociateEipAddress", eip.arn(cloud.account.id))
    if eip.status != "InUse":
        raise Fault("IncorrectEipStatus")
    if params.get("InstanceId") not in (None, eip.instance_id):
        raise Fault("InvalidInstanId.NotFound")
    eip.status = "Unassociating"
    cloud.later(cloud.eip.seconds, _settle, cloud, eip, "Available")
    return {}


def _settle(cloud, eip, status):
    eip.status = status
    if status == "Available":
        eip.instance_id, eip.instance_type, eip.mode = "", "", "NAT"
    cloud.events.record("eip", id=eip.id, status=status, instance=eip.instance_id)
    cloud.refresh()


ACTIONS = {
    "DescribeEipAddresses": Action(
        describe_eip_addresses,
        "!RegionId AllocationId EipAddress AssociatedInstanceType AssociatedInstanceId Status "
        "DryRun PageSize PageNumber Tag.N.Key Tag.N.Value ChargeType ISP EipName"),
    "AllocateEipAddress": Action(
        allocate_eip_address,
        "!RegionId Bandwidth ISP InternetChargeType InstanceChargeType ClientToken Name "
        "Description", changes=True),
    "AssociateEipAddress": Action(
        associate_eip_address,
        "!AllocationId !InstanceId RegionId InstanceType Mode PrivateIpAddress VpcId ClientToken",
        changes=True),
    "UnassociateEipAddress": Action(
        unassociate_eip_address,
        "!AllocationId InstanceId InstanceType PrivateIpAddress RegionId Force ClientToken",
        changes=True),
}

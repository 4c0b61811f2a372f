# SPDX-License-Identifier: Apache-2.0
"""Elastic IP addresses."""


class Eip:
    def __init__(self, allocation_id, address, region, allocated):
        self.id = allocation_id
        self.address = address
        self.region = region
        self.status = "Available"  # Associating, InUse, Unassociating, Available
        self.instance_id = ""
        self.instance_type = ""
        self.mode = "NAT"          # NAT, MULTI_BINDED, BINDED
        self.bandwidth = "5"
        self.business_status = "Normal"
        self.charge_type = "PostPaid"
        self.internet_charge_type = "PayByTraffic"
        self.isp = "BGP"
        self.name = ""
        self.allocated = allocated  # as the API writes it
        self.locks = []
        self.tags = {}

    def arn(self, account):
        return "acs:vpc:%s:%s:eip/%s" % (self.region, account, self.id)

    def view(self):
        """The item of DescribeEipAddresses; "Descritpion" is spelled so there."""
        return {
            "AllocationId": self.id,
            "IpAddress": self.address,
            "Status": self.status,
            "InstanceId": self.instance_id,
            "InstanceType": self.instance_type,
            "Mode": self.mode,
            "Bandwidth": self.bandwidth,
            "InternetChargeType": self.internet_charge_type,
            "ChargeType": self.charge_type,
            "BusinessStatus": self.business_status,
            "RegionId": self.region,
            "ISP": self.isp,
            "AllocationTime": self.allocated,
            "Descritpion": "",
            "Name": self.name,
            "OperationLocks": {"LockReason": [{"LockReason": reason} for reason in self.locks]},
            "Tags": {"Tag": [{"Key": k, "Value": v} for k, v in self.tags.items()]},
        }

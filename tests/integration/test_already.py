# SPDX-License-Identifier: Apache-2.0
"""An address that is there already, in the three documented forms (ecs-api 9.4), and late ones."""

import pytest

# Both planes lag behind: neither shows the address at the first look.
IDENTITY = ('{"instance-id":"%s","region-id":"cn-hangzhou","network-type":"vpc",'
            '"mac":"00:16:3e:0a:0b:0c","private-ipv4":"172.16.0.10"}')
NOTHING = ('{"RequestId":"R","TotalCount":1,"Instances":{"Instance":[{"InstanceId":"%s",'
           '"Status":"Running","InstanceNetworkType":"vpc","InternetMaxBandwidthOut":5,'
           '"InstanceChargeType":"PostPaid","PublicIpAddress":{"IpAddress":[]},'
           '"EipAddress":{"IpAddress":"","AllocationId":""},"OperationLocks":{"LockReason":[]}}]}}')
FORMS = ["existing", "AllocatedAlready", "AllocatedAlready2", "OperationDenied"]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("already", FORMS)
def test_already_there_is_adopted(make_world, already, form):
    """Control did not show it at the first look; the call says so; the next look adopts it."""
    w = make_world(mode="vpc-immediate", config="[Cloud]\nSignature=%s\n"
                   % ("v1" if form == "xml" else "v3"))
    w.sim.set("instance.already", already)
    w.sim.give_address()
    w.sim.rule("DescribeInstances", times=1, 
               answer={"status": 200, "body": NOTHING % w.sim.get("instance.id")})
    w.sim.rule("meta-data/all", times=1, 
               answer={"status": 200, "body": IDENTITY % w.sim.get("instance.id")})
    if form == "xml" and already != "existing":
        code, status, message = {
            "AllocatedAlready": ("AllocatedAlready", 403, "There is an IpAddress allocated "
                                 "already for the specified instance."),
            "AllocatedAlready2": ("AllocatedAlready", 403, "An IpAddress has been assigned to "
                                  "the specified instance."),
            "OperationDenied": ("OperationDenied", 400, "The specified instance already has a "
                                "public IP."),
        }[already]
        w.sim.fail("AllocatePublicIpAddress", code, status=status, message=message, form="xml")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert w.sim.actions() == ["DescribeInstances", "AllocatePublicIpAddress", "DescribeInstances"]
    assert w.machine.status()["public_ip"] == w.sim.get("instance.public_ip")
    assert w.machine.status()["reboots"] == 0


def test_address_at_boot_costs_no_api_call(make_world):
    """A fleet that reboots costs the account's quota nothing: metadata and kernel are enough."""
    w = make_world(mode="vpc-immediate")
    w.sim.give_address()
    w.sim.set("account.role.attached", False)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=10)
    assert w.sim.actions() == []
    assert len(w.sim.log(plane="metadata")) <= 3
    assert not [r for r in w.sim.log(plane="metadata") if "security-credentials" in r["item"]]


def test_already_while_control_never_shows_it_is_paced(make_world):
    """"Already" again and again, and no address by control: no loop at network speed."""
    w = make_world(mode="vpc-immediate")
    w.sim.fail("AllocatePublicIpAddress", "AllocatedAlready", times=None)
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["class"] == "already"
                                 and s["phase"] == "waiting", timeout=20)
    assert w.sim.wait_request("AllocatePublicIpAddress", count=4, timeout=60)
    times = [e["time"] for e in w.sim.api() if e["action"] == "AllocatePublicIpAddress"]
    # the first is followed by a look at once, and by a second one when that shows nothing
    assert all(b - a >= 0.1 for a, b in zip(times[1:], times[2:])), times
    w.sim.clear()
    assert w.machine.wait_phase("confirmed", timeout=90)

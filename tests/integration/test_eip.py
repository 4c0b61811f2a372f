# SPDX-License-Identifier: Apache-2.0
"""Strategy=eip and static eip: by id, by tag, bought; bound once, taken from nobody."""

import pytest

EIP = "[Address]\nStrategy=eip\n%s\n[Reboot]\nGrace=2s\n"


def calls(w, action):
    return [e for e in w.sim.api() if e["action"] == action]


def confirmed(w, timeout=60):
    assert w.machine.wait_phase("confirmed", timeout=timeout)
    s = w.machine.status()
    assert s["kind"] == "eip" and s["reboots"] == 0
    assert w.sim.executed("AllocatePublicIpAddress") == []
    return s


def test_by_id(make_world):
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    w.sim.new_eip(tags={})
    w.sim.set("eip.seconds", 1)
    w.machine.configure(EIP % ("EipAllocationId=" + eip["id"]))
    w.start()
    assert confirmed(w)["public_ip"] == eip["address"]
    bound = calls(w, "AssociateEipAddress")
    assert len(bound) == 1 and bound[0]["params"]["AllocationId"] == eip["id"]
    assert bound[0]["params"]["ClientToken"] and bound[0]["params"]["RegionId"] == "cn-hangzhou"


def test_by_tag(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge")
    w.sim.new_eip(tags={"role": "other"})
    eip = w.sim.new_eip(tags={"role": "edge"})
    w.start()
    assert confirmed(w)["public_ip"] == eip["address"]


def test_one_that_is_bound_here_already(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge")
    eip = w.sim.new_eip(tags={"role": "edge"})
    w.sim.bind_eip(eip=eip["id"], instance=w.sim.get("instance.id"))
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert w.machine.status()["public_ip"] == eip["address"]
    assert w.sim.executed() == []


def test_bought_once(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.start()
    confirmed(w, 100)
    assert len(calls(w, "AllocateEipAddress")) == 1


def test_bought_once_although_the_reply_was_lost(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.lose_reply("AllocateEipAddress")
    w.start()
    confirmed(w, 120)
    assert len({c["params"]["ClientToken"] for c in calls(w, "AllocateEipAddress")}) == 1
    assert len(w.sim.snapshot()["eips"]) == 1


def test_bought_once_although_the_agent_was_killed(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.hold("AllocateEipAddress")
    w.start()
    assert w.sim.wait_arrival("AllocateEipAddress", timeout=20)
    w.machine.kill_agent()
    w.sim.release()
    w.machine.start_agent()
    confirmed(w, 150)
    assert len({c["params"]["ClientToken"] for c in calls(w, "AllocateEipAddress")}) == 1
    assert len(w.sim.snapshot()["eips"]) == 1


def test_none_free(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge")
    w.start()
    assert w.machine.wait_phase("failed", timeout=30)
    assert w.machine.status()["fault"]["code"] == "Eip.NoneFree"
    assert w.sim.executed() == []


def test_on_another_instance_is_never_taken(make_world):
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    other = w.sim.add_instance(fields={})
    w.sim.bind_eip(eip=eip["id"], instance=other["id"] if isinstance(other, dict) else other)
    w.machine.configure(EIP % ("EipAllocationId=" + eip["id"]))
    w.start()
    assert w.machine.wait_phase("failed", timeout=30)
    assert w.machine.status()["fault"]["code"] == "Eip.Elsewhere"
    assert w.sim.executed() == []


@pytest.mark.parametrize("strategy", ["eip", "static"])
def test_given_to_another_instance_is_not_replaced(make_world, strategy):
    """Found by its tag, or bound by hand: who moved it wants it there, and no other is taken."""
    w = make_world(mode="vpc-immediate", config="[Address]\nStrategy=%s\nEipTag=role=edge\n"
                   "[Confirm]\nPlanes=kernel metadata control\n" % strategy)
    eip = w.sim.new_eip(tags={"role": "edge"})
    if strategy == "static":
        w.sim.bind_eip(eip=eip["id"], instance=w.sim.get("instance.id"))
    w.start()
    assert w.machine.wait_status(lambda s: s["phase"] == "confirmed" and s["kind"] == "eip",
                                 timeout=60)
    w.machine.kill_agent()
    w.sim.new_eip(tags={"role": "edge"})
    before = w.sim.executed()
    other = w.sim.add_instance(fields={})
    w.sim.bind_eip(eip=eip["id"], instance=other["id"] if isinstance(other, dict) else other)
    w.machine.start_agent()
    assert w.machine.wait_phase("failed", timeout=120)
    assert w.machine.status()["fault"]["code"] == "Eip.Elsewhere"
    assert w.sim.executed() == before


def test_excluded_by_a_static_address(make_world):
    """The instance has bandwidth of its own: the platform refuses, the remedy says which of both."""
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    w.machine.configure(EIP % ("EipAllocationId=" + eip["id"]))
    w.sim.fail("AssociateEipAddress", "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP", status=400)
    w.start()
    assert w.machine.wait_phase("failed", timeout=30)
    assert "bandwidth" in w.machine.status()["fault"]["remedy"]


@pytest.mark.parametrize("private", ["vpc-vpc", "ecs-vpc"])
def test_endpoints_in_order(make_world, private):
    """vpc-vpc, then the ECS product's own EIP calls through ecs-vpc."""
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    w.machine.configure(EIP % ("EipAllocationId=" + eip["id"]))
    if private == "ecs-vpc":
        w.sim.endpoint("vpc-vpc", "blackhole")
    w.start()
    confirmed(w, 90)
    assert calls(w, "AssociateEipAddress")[0]["endpoint"] == private


def test_one_without_the_tag_is_not_taken(make_world):
    """Where only the ECS product is in reach, which knows no tags, the list is everybody's."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge\nEipAllocate=yes")
    w.sim.new_eip(tags={"role": "other"})
    w.sim.endpoint("vpc-vpc", "refuse")
    w.sim.set("network.public", "refuse")
    w.start()
    assert w.machine.wait_status(
        lambda s: s["fault"] and s["fault"]["code"] == "Transport.Connect", timeout=30)
    assert w.sim.executed() == []


CANNOT = [("OperationDenied", 400, "Specified operation is denied as your instance is in VPC."),
          ("AllocateIpInvalidInstanceBandwidth", 400, None)]
WILL = [("InstanceExpiredOrInArrears", 403, None), ("InstanceLockedForSecurity", 403, None)]


@pytest.mark.parametrize("code, status, message", CANNOT)
def test_static_eip_goes_on(make_world, code, status, message):
    w = make_world(mode="vpc-immediate", config="[Address]\nStrategy=static eip\nEipTag=a=b\n")
    eip = w.sim.new_eip(tags={"a": "b"})
    w.sim.fail("AllocatePublicIpAddress", code, status=status, message=message)
    w.start()
    assert confirmed(w)["public_ip"] == eip["address"]


@pytest.mark.parametrize("code, status, message", WILL)
def test_static_eip_does_not_go_on(make_world, code, status, message):
    """What would meet the EIP call too, or passes, is no reason to spend an EIP."""
    w = make_world(mode="vpc-immediate", config="[Address]\nStrategy=static eip\nEipTag=a=b\n")
    w.sim.new_eip(tags={"a": "b"})
    w.sim.fail("AllocatePublicIpAddress", code, status=status, message=message, times=None)
    w.start()
    assert w.machine.wait_phase("failed", timeout=30)
    assert "AssociateEipAddress" not in w.sim.actions()


def test_cut_through(make_world):
    """Neither metadata nor DescribeInstances shows it: eip-find does, and netlink on any link."""
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    w.sim.bind_eip(eip=eip["id"], instance=w.sim.get("instance.id"), mode="BINDED")
    w.machine.configure(EIP % ("EipAllocationId=" + eip["id"]))
    w.start()
    assert w.machine.wait_status(lambda s: s["public_ip"] == eip["address"]
                                 and s["phase"] == "confirming", timeout=20)
    w.machine.ip("link add eni1 type veth peer name eni1p", "link set eni1p up", "link set eni1 up",
                 "addr add %s/24 dev eni1" % eip["address"])
    # replies leave by eth0 until the policy routes that such a link needs are there
    assert w.machine.wait_status(lambda s: s["planes"]["kernel"]["verdict"] == "unknown"
                                 and s["planes"]["kernel"]["interface"] == "eni1", timeout=10)
    w.machine.ip("route add default dev eni1 table 100",
                 "rule add from %s lookup 100" % eip["address"])
    assert w.machine.wait_phase("confirmed", timeout=10), w.machine.status()
    s = w.machine.status()
    assert s["planes"]["kernel"]["interface"] == "eni1"
    assert s["planes"]["kernel"]["address"] == eip["address"]

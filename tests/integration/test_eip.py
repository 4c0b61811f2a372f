# SPDX-License-Identifier: Apache-2.0
"""Strategy=eip and static eip: by id, by tag, bought; bound once, taken from nobody."""

import json
import re
import signal

import pytest

from agent import LEDGER

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


OWN = "ecs-pubip-"


def purchases(w):
    return [c["params"] for c in calls(w, "AllocateEipAddress")]


def test_the_order(make_world):
    """By traffic, which both sites of the cloud sell; with a name by which it is found again."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.set("account.international", True)
    w.start()
    confirmed(w, 100)
    (bought,) = purchases(w)
    assert bought["InternetChargeType"] == "PayByTraffic" and bought["Bandwidth"] == "5"
    assert bought["Name"] == OWN + w.sim.get("instance.id") and "ISP" not in bought


def test_another_order(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % (
        "EipAllocate=yes\nEipInternetChargeType=PayByBandwidth\nEipBandwidth=300\nEipIsp=BGP_PRO"))
    w.start()
    confirmed(w, 100)
    (bought,) = purchases(w)
    assert (bought["InternetChargeType"], bought["Bandwidth"], bought["ISP"]) == (
        "PayByBandwidth", "300", "BGP_PRO")


def forget_everything(w):
    """The disk is lost: another ledger, the same instance."""
    w.machine.kill_agent()
    w.machine.run(["rm", "-f", LEDGER])


def lost_purchase(w):
    """It was executed and its answer lost, and no list shows it by its name."""
    w.sim.lose_reply("AllocateEipAddress")
    w.start()
    assert w.sim.wait(60, event="request", action="AllocateEipAddress")
    (eip,) = w.sim.snapshot()["eips"]
    w.sim.set("eips.%s.name" % eip, "")


def test_found_by_its_name_although_the_ledger_was_lost(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.fail("AssociateEipAddress", "Throttling.User", status=400)
    w.start()
    assert w.sim.wait_arrival("AssociateEipAddress", timeout=60)
    forget_everything(w)
    w.machine.start_agent()
    confirmed(w, 150)
    assert len(purchases(w)) == 1 and len(w.sim.snapshot()["eips"]) == 1


def test_the_same_token_although_the_ledger_was_lost(make_world):
    """Before the list shows it, only the token can tell that it was bought."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    lost_purchase(w)
    forget_everything(w)
    w.machine.start_agent()
    confirmed(w, 150)
    assert len({p["ClientToken"] for p in purchases(w)}) == 1
    assert len(w.sim.snapshot()["eips"]) == 1


def test_a_repeat_is_the_same_order(make_world):
    """Whatever the configuration says by then: another order would be another EIP, or a refusal."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    lost_purchase(w)
    w.machine.configure(EIP % "EipAllocate=yes\nEipBandwidth=100")
    w.machine.agent.send_signal(signal.SIGHUP)
    confirmed(w, 150)
    assert len(purchases(w)) > 1
    assert all(p == purchases(w)[0] for p in purchases(w))
    assert len(w.sim.snapshot()["eips"]) == 1


def test_a_repeat_goes_to_the_same_product(make_world):
    """The ECS product knows neither the name nor the token."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    lost_purchase(w)
    w.sim.endpoint("vpc-vpc", "refuse")
    w.sim.set("network.public", "refuse")
    assert w.machine.wait_status(
        lambda s: s["fault"] and s["fault"]["code"] == "Transport.Connect", timeout=90)
    w.sim.endpoint("vpc-vpc", None)
    confirmed(w, 200)
    assert {c["endpoint"] for c in calls(w, "AllocateEipAddress")} == {"vpc-vpc"}
    assert len(w.sim.snapshot()["eips"]) == 1


def test_the_number_of_another_order(make_world):
    """The ledger was lost, and the first number's token has bought something else: a person says."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes\nEipBandwidth=9")
    w.start()
    confirmed(w, 100)
    (first,) = w.sim.snapshot()["eips"]
    forget_everything(w)
    w.sim.bind_eip(eip=first, instance="")
    w.sim.set("eips.%s.name" % first, "renamed-by-a-person")
    w.machine.configure(EIP % "EipAllocate=yes")
    w.machine.start_agent()
    assert w.machine.wait_phase("failed", timeout=60)
    assert w.machine.status()["fault"]["code"] == "IdempotentParameterMismatch"
    assert w.machine.cli("resume").returncode == 0
    assert w.machine.wait_status(lambda s: s["phase"] == "confirmed" and len(purchases(w)) > 2, 200)
    assert [p["ClientToken"].rsplit("-", 1)[1] for p in purchases(w)] == ["1", "1", "2"]


def test_ours_on_another_instance_is_told_and_not_replaced(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.start()
    confirmed(w, 100)
    (first,) = w.sim.snapshot()["eips"]
    forget_everything(w)
    other = w.sim.add_instance(fields={})
    w.sim.bind_eip(eip=first, instance=other["id"] if isinstance(other, dict) else other)
    w.machine.start_agent()
    assert w.machine.wait_phase("failed", timeout=120)
    assert w.machine.status()["fault"]["code"] == "Eip.Elsewhere"
    assert len(purchases(w)) == 1
    assert w.machine.cli("resume").returncode == 0      # a person's word: another will do
    confirmed(w, 150)
    assert len(w.sim.snapshot()["eips"]) == 2


def test_a_pool_is_drawn_from(make_world):
    """A fleet that reads one list does not all take the same one."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge")
    w.machine.start_socket()
    for _ in range(8):
        w.sim.new_eip(tags={"role": "edge"})
    plans = [json.loads(w.machine.cli("plan", "--json").stdout)["text"] for _ in range(12)]
    drawn = {re.search(r"eip-\w+", plan).group() for plan in plans}
    assert len(drawn) > 1       # all alike: once in eight thousand million runs


def test_an_empty_list_of_who_may_not_list(make_world):
    """A policy that leaves nothing of the list says nothing about the EIP that was bought."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.fail("AssociateEipAddress", "Throttling.User", status=400)
    w.start()
    assert w.sim.wait_arrival("AssociateEipAddress", timeout=60)
    (ours,) = w.sim.snapshot()["eips"]
    w.sim.rule("DescribeEipAddresses", params={"AllocationId": ours}, times=50, answer={
        "status": 200, "body": json.dumps({"RequestId": "R", "TotalCount": 0,
                                           "EipAddresses": {"EipAddress": []}})})
    w.sim.fail("DescribeEipAddresses", "Forbidden.RAM", times=50, params={"DryRun": "true"})
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] == "Forbidden.RAM", 90)
    assert len(purchases(w)) == 1


def test_plan_prints_the_order(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes\nEipBandwidth=20")
    w.machine.start_socket()
    plan = json.loads(w.machine.cli("plan", "--json").stdout)
    assert plan["call"] == "AllocateEipAddress"
    assert plan["order"] == "PayByTraffic, 20 Mbit/s, line type BGP, named %s" % (
        OWN + w.sim.get("instance.id"))
    assert "Order     PayByTraffic" in plan["text"] and w.sim.executed() == []
    w.sim.endpoint("vpc-vpc", "refuse")
    w.sim.set("network.public", "refuse")
    assert "without a name" in json.loads(w.machine.cli("plan", "--json").stdout)["order"]


def audit(w, code=0):
    done = w.machine.cli("audit", "--json")
    assert done.returncode == code, done.stderr
    page = w.machine.cli("audit")
    assert page.returncode == code and page.stderr == ""
    return json.loads(done.stdout), page.stdout


def test_audit(make_world):
    """Bought and used; bought before the ledger was lost, and free; bound by hand; a stranger's."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.machine.start_socket()
    found, page = audit(w)
    assert found["eips"] == [] and found["complete"] and "0 bought or held" in page
    w.start()
    confirmed(w, 100)
    (ours,) = w.sim.snapshot()["eips"]
    free = w.sim.new_eip(tags={})["id"]
    w.sim.set("eips.%s.name" % free, OWN + w.sim.get("instance.id"))
    w.sim.new_eip(tags={})
    w.sim.set("eips.%s.name" % w.sim.new_eip(tags={})["id"], OWN + w.sim.get("instance.id") + "x")
    found, page = audit(w)
    uses = {e["allocation_id"]: e for e in found["eips"]}
    assert set(uses) == {ours, free} and found["unused"] == 1 and found["lost_purchases"] == 0
    assert uses[ours]["use"] == "here" and uses[ours]["release"] == ""
    assert uses[ours]["bought_at"] and uses[ours]["confirmed_at"]
    assert uses[free]["use"] == "none" and uses[free]["confirmed_at"] is None
    release = "aliyun vpc ReleaseEipAddress --RegionId cn-hangzhou --AllocationId " + free
    assert uses[free]["release"] == release
    assert "\n  %s\n" % release in page
    assert max(len(line) for line in page.splitlines() if "aliyun" not in line) <= 80
    w.sim.set("eips.%s.name" % ours, "")     # the ledger knows it all the same
    assert {e["allocation_id"] for e in audit(w)[0]["eips"]} == {ours, free}


def test_an_audit_that_cannot_be_whole(make_world):
    w = make_world(mode="vpc-immediate", config=EIP % "EipAllocate=yes")
    w.sim.endpoint("vpc-vpc", "refuse")
    w.sim.set("network.public", "refuse")
    w.machine.start_socket()
    found, page = audit(w, code=3)
    assert not found["complete"] and found["code"] == "Transport.Connect"
    assert "may not be whole: Transport.Connect" in page


def test_a_pool_is_read_to_its_end(make_world):
    """Those on the first page are locked; the last of 230 is the only one to take."""
    w = make_world(mode="vpc-immediate", config=EIP % "EipTag=role=edge")
    for _ in range(229):
        w.sim.set("eips.%s.locks" % w.sim.new_eip(tags={"role": "edge"})["id"], ["financial"])
    eip = w.sim.new_eip(tags={"role": "edge"})
    w.start()
    assert confirmed(w)["public_ip"] == eip["address"]


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

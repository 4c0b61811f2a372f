# SPDX-License-Identifier: Apache-2.0
"""What forbids a change: said with its remedy, and no changing call is made."""

import pytest

FUTURE, PAST = "2099-01-01T00:00Z", "2017-12-10T04:04Z"


def failed(w, code, timeout=20):
    assert w.machine.wait_status(lambda s: s["phase"] == "failed" and s["fault"]["code"] == code,
                                 timeout=timeout)
    s = w.machine.status()
    assert s["fault"]["class"] == "operator" and s["fault"]["remedy"]
    assert w.sim.executed() == [] and "AllocatePublicIpAddress" not in w.sim.actions()
    assert w.machine.cli("status").returncode == 3
    assert w.machine.cli("wait", "--timeout=1s").returncode == 3
    return s["fault"]


@pytest.mark.parametrize("locks", [["security"], ["financial"], ["Recycling"], ["SECURITY", "refunded"]])
def test_operation_lock(world, locks):
    world.sim.set("instance.locks", locks)
    world.start()
    fault = failed(world, "Instance.Locked")
    for lock in locks:
        assert lock.lower() in fault["message"]


def test_lock_is_lifted(world):
    """Failed is looked at again, and `resume` looks at once."""
    world.sim.set("instance.locks", ["security"])
    world.start()
    failed(world, "Instance.Locked")
    world.sim.update({"instance.locks": [], "instance.takes_effect": "immediate"})
    assert world.machine.cli("resume").returncode == 0
    assert world.machine.wait_phase("confirmed", timeout=20)


def test_no_bandwidth(world):
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    assert "BandwidthOut" in failed(world, "Instance.NoBandwidth")["remedy"]


def test_prepaid_and_expired(world):
    world.sim.rule("DescribeInstances", times=None, answer={"status": 200, "body": (
        '{"RequestId":"R","TotalCount":1,"Instances":{"Instance":[{"InstanceId":"%s",'
        '"Status":"Running","InstanceNetworkType":"vpc","InternetMaxBandwidthOut":5,'
        '"InstanceChargeType":"PrePaid","ExpiredTime":"%s","PublicIpAddress":{"IpAddress":[]},'
        '"EipAddress":{"IpAddress":"","AllocationId":""},"OperationLocks":{"LockReason":[]}}]}}'
        % (world.sim.get("instance.id"), PAST)), "content_type": "application/json"})
    world.start()
    failed(world, "Instance.Expired")


@pytest.mark.parametrize("status", ["Starting", "Stopping", "Pending"])
def test_not_settled_waits(make_world, status):
    """Between two states: waited for, nothing is changed, and done when it has settled."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.status", status)
    w.start()
    assert w.machine.wait_status(lambda s: s["phase"] == "waiting"
                                 and s["fault"]["code"] == "Instance.NotSettled", timeout=20)
    assert w.sim.executed() == []
    assert w.machine.status()["fault"]["class"] == "settling"
    w.sim.set("instance.status", "Running")
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_eip_present_is_the_address(make_world):
    """An EIP and a static address exclude each other: the EIP is adopted, nothing is allocated."""
    w = make_world(mode="vpc-immediate")
    eip = w.sim.new_eip(tags={})
    w.sim.bind_eip(eip=eip["id"] if isinstance(eip, dict) else eip,
                   instance=w.sim.get("instance.id"))
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert w.sim.executed() == []


def test_arrears(world):
    """In arrears the inspection still works; the call is refused, and says so."""
    world.sim.set("instance.expired", True)
    world.start()
    assert world.machine.wait_status(lambda s: s["phase"] == "failed", timeout=20)
    fault = world.machine.status()["fault"]
    assert fault["code"] == "InstanceExpiredOrInArrears" and "illing" in fault["remedy"]
    assert world.sim.executed() == []


def test_reachability_witness_spares_the_reboot(make_world):
    """Metadata lags behind, but the address works: confirmed without a reboot, and said so."""
    w = make_world(mode="vpc-immediate", config="[Reboot]\nGrace=2s\n")
    w.sim.set("network.no_way", "blackhole")
    w.sim.set("instance.metadata_lag.looks", 10000)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)
    s = w.machine.status()
    assert s["reboots"] == 0 and w.sim.executed("RebootInstance") == []
    assert s["planes"]["metadata"]["verdict"] == "disagrees"
    assert "unreachable-before=yes" in w.machine.read("/var/lib/ecs-pubip/ledger")


@pytest.mark.parametrize("before", ["refused", "no name"])
def test_witness_that_was_unknown_before_proves_nothing(make_world, before):
    """A refusal, or a resolver's error, is no "unreachable before": only a reboot can help."""
    w = make_world(mode="vpc", config="[Reboot]\nGrace=1s\n")
    hosts = w.machine.read("/etc/hosts")
    if before == "no name":
        w.machine.write("/etc/hosts", "".join(line for line in hosts.splitlines(True)
                                              if " ecs.cn-hangzhou" not in line))
        w.sim.set("network.public", "open")
    w.sim.hold("AllocatePublicIpAddress")
    w.start()
    assert w.sim.wait_arrival("AllocatePublicIpAddress", timeout=30)
    w.machine.write("/etc/hosts", hosts)
    w.sim.set("network.public", "open")
    w.sim.release()
    assert w.machine.wait_phase("confirmed", timeout=40)
    assert len(w.sim.executed("RebootInstance")) == 1
    assert "unreachable-before=yes" not in w.machine.read("/var/lib/ecs-pubip/ledger")


def test_witness_that_was_reachable_before_proves_nothing(make_world):
    """Reachable before the allocation (a NAT gateway): then reaching it afterwards is no witness."""
    w = make_world(mode="vpc", config="[Reboot]\nGrace=1s\n")
    w.sim.set("network.public", "open")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)
    assert len(w.sim.executed("RebootInstance")) == 1

# SPDX-License-Identifier: Apache-2.0
"""Raising the bandwidth from 0: costs money, so never twice."""

import pytest

CONFIG = "[Address]\nBandwidthOut=7\n[Reboot]\nGrace=1s\n"


def modified(w):
    return [e for e in w.sim.api() if e["action"] == "ModifyInstanceNetworkSpec"]


@pytest.mark.parametrize("charge", ["PostPaid", "PrePaid"])
def test_raised_from_zero(make_world, charge):
    w = make_world(mode="vpc-immediate", config=CONFIG)
    w.sim.update({"instance.bandwidth_out": 0, "instance.charge_type": charge})
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)
    calls = modified(w)
    assert len(calls) == 1
    params = calls[0]["params"]
    assert params["InternetMaxBandwidthOut"] == "7" and 0 < len(params["ClientToken"]) <= 64
    assert params.get("AllocatePublicIp", "false") == ("true" if charge == "PostPaid" else "false")
    # the inspection after it shows the address: nothing else is asked for
    assert w.sim.actions()[:3] == ["DescribeInstances", "ModifyInstanceNetworkSpec",
                                   "DescribeInstances"]
    assert w.sim.executed("AllocatePublicIpAddress") == []


def test_not_without_leave(world):
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    assert world.machine.wait_phase("failed", timeout=20)
    assert modified(world) == []


def test_same_token_after_a_lost_reply(make_world):
    """No answer, and no effect at two looks: repeated with the same token, paid once."""
    w = make_world(mode="vpc-immediate", config=CONFIG)
    w.sim.set("instance.bandwidth_out", 0)
    w.sim.lose_reply("ModifyInstanceNetworkSpec", executed=False)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=120)
    assert len(modified(w)) == 2
    assert len({c["params"]["ClientToken"] for c in modified(w)}) == 1


def test_same_token_after_a_crash(make_world):
    """Killed while the call is on its way; the next process repeats it with the ledger's token."""
    w = make_world(mode="vpc-immediate", config=CONFIG)
    w.sim.set("instance.bandwidth_out", 0)
    w.sim.hold("ModifyInstanceNetworkSpec", damage="close", execute=False, times=1)
    w.start()
    assert w.sim.wait_arrival("ModifyInstanceNetworkSpec", timeout=20)
    w.machine.kill_agent()
    ledger = w.machine.read("/var/lib/ecs-pubip/ledger")
    assert "call=bandwidth outcome=open" in ledger
    w.sim.release()
    w.machine.start_agent()
    assert w.machine.wait_phase("confirmed", timeout=120)
    calls = modified(w)
    assert len({c["params"]["ClientToken"] for c in calls}) == 1
    assert calls[0]["params"]["ClientToken"] in ledger

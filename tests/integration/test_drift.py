# SPDX-License-Identifier: Apache-2.0
"""The address of a confirmed instance is taken away: noticed, told, and what Heal.Policy says."""

import pytest

from agent import MESSAGE, arrivals, assert_confirmed, assert_failed, executed

ABSENCE = 150   # s: metadata is given a minute to change its mind, and so is control


def lose_address(make_world, policy):
    """Confirmed, then without its address; a person's word makes the agent look at once."""
    world = make_world(mode="vpc-immediate", config="[Heal]\nPolicy=%s\n" % policy).start()
    assert_confirmed(world)
    old = world.sim.get("instance.public_ip")
    mark = world.sim.mark()
    world.sim.take_address()
    assert world.machine.cli("resume").returncode == 0
    return world, old, mark


def test_address_taken_away_is_told_and_replaced(make_world):
    world, old, mark = lose_address(make_world, "reallocate")
    told = world.machine.wait_journal(MESSAGE_ID=MESSAGE["RECLAIMED"], timeout=ABSENCE)
    assert told, world.machine.status()
    assert told["MESSAGE"] == (
        "The public address %s is gone: the control plane shows none" % old)
    assert told["PRIORITY"] == "4"
    assert world.sim.wait_request("AllocatePublicIpAddress", since=mark, timeout=ABSENCE)
    new = world.sim.get("instance.public_ip")
    assert new and new != old
    assert_confirmed(world, public_ip=new)
    assert executed(world) == ["AllocatePublicIpAddress"] * 2
    # the first look alone is no proof
    looks = [e["time"] for e in world.sim.api(mark) if e["action"] == "DescribeInstances"]
    assert world.sim.executed("AllocatePublicIpAddress")[-1]["time"] - looks[0] >= 55


@pytest.mark.parametrize("policy", ["alert", "adopt"])
def test_address_taken_away_and_a_person_must_act(make_world, policy):
    world, old, mark = lose_address(make_world, policy)
    status = assert_failed(world, "Heal.Reclaimed", timeout=ABSENCE)
    assert status["phase"] == "failed"
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["FAILED"])
    told = world.machine.journal.find(MESSAGE_ID=MESSAGE["RECLAIMED"])
    assert len(told) == 1 and old in told[0]["MESSAGE"]
    assert arrivals(world, "AllocatePublicIpAddress", since=mark) == 0
    # the console's remedy: an address that a person gives
    new = world.sim.give_address()
    assert world.machine.cli("resume").returncode == 0
    if policy == "alert":       # it is another one than was known
        assert_failed(world, "Heal.Replaced")
        assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world, public_ip=new)
    assert arrivals(world, "AllocatePublicIpAddress", since=mark) == 0

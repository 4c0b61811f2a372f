# SPDX-License-Identifier: Apache-2.0
"""Nothing blocks the loop: journald or the service manager stops reading, and the agent goes on.

What it would have said comes later, as far as it matters; the brake counts at every moment.
"""

import time

import pytest

from agent import ALWAYS, MESSAGE, arrivals, assert_confirmed, assert_held

HOLD = "/etc/ecs-pubip/hold"


def stop_quickly(world):
    """SIGTERM ends the agent within a second."""
    begun = time.monotonic()
    assert world.machine.stop_agent(timeout=10) == 0
    assert time.monotonic() - begun < 1


@pytest.fixture
def inspecting(make_world):
    """The inspection before the first change is on its way, and waits for release()."""
    world = make_world(mode="vpc-immediate")
    world.sim.hold("DescribeInstances")
    world.start()
    assert world.sim.wait_arrival("DescribeInstances", timeout=20)
    return world


def test_an_allocation_under_a_stalled_journal(inspecting):
    """The call leaves straight after its inspection, and what was said of it is not lost."""
    machine = inspecting.machine
    machine.journal.stall()
    inspecting.sim.release()
    assert inspecting.sim.wait_arrival("AllocatePublicIpAddress", timeout=5)
    assert_confirmed(inspecting)
    assert not machine.journal.find(MESSAGE_ID=MESSAGE["ASKING"])
    machine.journal.drain()
    for name in ("ASKING", "CHANGED", "CONFIRMED"):
        assert machine.wait_journal(MESSAGE_ID=MESSAGE[name]), name
    assert not machine.journal.find(MESSAGE_ID=MESSAGE["ENTRIES_LOST"])


def test_the_brake_under_a_stalled_journal(inspecting):
    machine = inspecting.machine
    machine.journal.stall()
    machine.write(HOLD, "- x\n")
    inspecting.sim.release()
    assert_held(inspecting)
    assert arrivals(inspecting, "AllocatePublicIpAddress") == 0
    stop_quickly(inspecting)


@pytest.mark.parametrize("held", [True, False], ids=["held", "free"])
def test_a_reboot_under_a_stalled_journal(make_world, held):
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.rule("DescribeInstances", hold="gate", after=1)
    world.sim.hold("RebootInstance", may_miss=held)
    world.start()
    assert world.sim.wait_arrival("DescribeInstances", timeout=20, count=2)
    world.machine.journal.stall()
    if held:
        world.machine.write(HOLD, "- x\n")
    world.sim.release("gate")
    if held:
        assert_held(world)
        assert arrivals(world, "RebootInstance") == 0
    else:
        assert world.sim.wait_arrival("RebootInstance", timeout=5)
        assert world.machine.status()["busy"]
    stop_quickly(world)


def test_ready_is_not_lost(make_world):
    """Nor mixed up with a reload; of the rest the newest counts."""
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    machine.notifications.stall()
    mark = machine.notifications.mark()
    world.start()
    assert_confirmed(world)
    machine.reload()
    assert machine.wait_journal(MESSAGE_ID=MESSAGE["RELOADED"])
    machine.notifications.drain()
    assert machine.wait_notified(lambda n: n.get("STATUS", "").startswith("Confirmed"))
    told = [n for n in machine.notifications.find(since=mark) if "FILLER" not in n]
    reloading = next(i for i, n in enumerate(told) if "RELOADING" in n)
    assert "READY" not in told[reloading] and int(told[reloading]["MONOTONIC_USEC"]) > 0
    assert any("READY" in n for n in told[reloading + 1:])
    assert len([n for n in told if "STATUS" in n]) == 1


def test_sign_of_life_after_a_stall(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.agent_environment = {"WATCHDOG_USEC": "4000000"}
    world.start()
    assert_confirmed(world)
    assert world.machine.wait_notified(WATCHDOG="1")
    world.machine.notifications.stall()
    mark = world.machine.notifications.mark()
    time.sleep(2.5)     # one is due every two seconds
    world.machine.notifications.drain()
    assert world.machine.wait_notified(WATCHDOG="1", since=mark, timeout=1.5)


def test_both_stalled(make_world):
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    world.machine.journal.stall()
    world.machine.notifications.stall()
    stop_quickly(world)


def test_what_is_dropped_is_told_once(inspecting):
    """Of a journald that does not read for long the agent keeps what it said of changing calls."""
    machine = inspecting.machine
    machine.journal.stall()
    inspecting.sim.release()
    assert_confirmed(inspecting)
    for _ in range(40):
        mark = machine.notifications.mark()
        machine.reload()
        assert machine.wait_notified(READY="1", since=mark)
    machine.journal.drain()
    told = machine.wait_journal(MESSAGE_ID=MESSAGE["ENTRIES_LOST"])
    assert told and int(told["MESSAGE"].split()[0]) > 5
    assert machine.journal.find(MESSAGE_ID=MESSAGE["ASKING"])
    assert machine.journal.find(MESSAGE_ID=MESSAGE["CONFIRMED"])
    mark = machine.journal.mark()
    machine.reload()
    assert machine.wait_journal(MESSAGE_ID=MESSAGE["RELOADED"], since=mark)
    assert len(machine.journal.find(MESSAGE_ID=MESSAGE["ENTRIES_LOST"])) == 1

# SPDX-License-Identifier: Apache-2.0
"""The agent is restarted, or killed, in each phase: the job goes on, and nothing is done twice."""

import pytest

from agent import (ALWAYS, MESSAGE, arrivals, asked_changes, assert_confirmed, assert_failed,
                   assert_fails_again, assert_held, assert_inspected_before_each_change, executed,
                   ledger_entries)


def restart(world, how):
    if how == "stop":
        assert world.machine.stop_agent() == 0
    else:
        world.machine.kill_agent()
    world.machine.start_agent()


# (phase, what request is held while the agent is in it)
HELD_IN = [
    ("identifying", "path", "meta-data/all"),
    ("inspecting", "action", "DescribeInstances"),
    ("allocating", "action", "AllocatePublicIpAddress"),
    ("rebooting", "action", "RebootInstance"),
]


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("phase, of, held", HELD_IN)
def test_restart_while_a_question_is_open(make_world, how, phase, of, held):
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.hold(held)
    world.start()
    assert world.sim.wait(event="arrival", **{of: held})
    assert world.machine.wait_phase(phase)
    restart(world, how)
    # the call of the agent that is gone is unexecuted in the simulator, which drops it
    world.sim.release()
    assert_confirmed(world, timeout=90)
    assert executed(world).count("AllocatePublicIpAddress") == 1
    assert executed(world).count("RebootInstance") == 1
    assert_inspected_before_each_change(world)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_while_confirming(make_world, how):
    world = make_world(mode="vpc", config="[Reboot]\nGrace=4s\n")
    world.start()
    assert world.machine.wait_phase("confirming")
    restart(world, how)
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_while_confirmed(make_world, how):
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    mark = world.sim.mark()
    restart(world, how)
    assert world.sim.wait_request(plane="metadata", since=mark)
    assert_confirmed(world)
    assert asked_changes(world, since=mark) == []


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_while_failed(make_world, how):
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.locks", ["financial"])
    world.start()
    assert_failed(world, "Instance.Locked")
    mark = world.sim.mark()
    restart(world, how)
    assert world.sim.wait_request("DescribeInstances", since=mark)      # a killed one's status stays
    assert_failed(world, "Instance.Locked")
    assert asked_changes(world) == []


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_while_held(make_world, how):
    world = make_world(mode="vpc-immediate")
    world.machine.write("/etc/ecs-pubip/hold", "-\n")
    world.start()
    assert_held(world)
    mark = world.sim.mark()
    restart(world, how)
    assert world.sim.wait_request("DescribeInstances", since=mark)
    assert_held(world)
    assert asked_changes(world) == []
    world.machine.remove("/etc/ecs-pubip/hold")
    assert_confirmed(world)


def test_killed_after_the_allocation_left(make_world):
    """Executed, never answered, and the agent is gone: the ledger and a look tell, no second call."""
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.hold("AllocatePublicIpAddress")
    world.start()
    assert world.sim.wait_arrival("AllocatePublicIpAddress")
    assert [e["outcome"] for e in ledger_entries(world)] == ["open"]     # law L2: durable before
    world.machine.kill_agent()
    world.sim.give_address(effective=False)     # as if it had been executed just then
    mark = world.sim.mark()
    world.sim.release()
    world.machine.start_agent()
    assert_confirmed(world, timeout=90)
    arrived = [e["action"] for e in world.sim.events(since=mark, event="arrival", plane="api")]
    assert arrived[0] == "DescribeInstances"
    assert "AllocatePublicIpAddress" not in arrived


def test_lost_reply_is_looked_up(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.lose_reply("AllocatePublicIpAddress")
    world.start()
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress"]
    assert asked_changes(world) == ["AllocatePublicIpAddress"]
    assert_inspected_before_each_change(world)


def test_accepted_restart_that_never_happens_is_not_repeated(make_world):
    """Law L3: answered with success is never repeated under the same boot id.

    Its ten minutes are in the cloud's time, which the test moves on.
    """
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.set("reboot.mode", "never")
    world.start()
    assert world.sim.wait_request("RebootInstance", timeout=30)
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOTING"])
    for how in ("stop", "kill"):
        restart(world, how)
        assert world.machine.wait_notified(READY="1")
        assert world.sim.wait(event="request", plane="metadata", timeout=10)
    assert world.machine.wait_phase("rebooting"), world.machine.status()
    world.sim.set("clock.offset", 11 * 60)
    restart(world, "kill")
    status = world.machine.wait_phase("failed", timeout=30)
    assert status, world.machine.status()
    assert status["fault"]["code"] == "Reboot.NotDone"
    assert status["fault"]["sentence"] == (
        "The reboot was accepted ten minutes ago and never happened")
    assert status["fault"]["remedy"] == "Restart the instance from the ECS console"
    assert_fails_again(world, "Reboot.NotDone")
    assert arrivals(world, "RebootInstance") == 1
    world.machine.reboot()      # the person does as told
    assert_confirmed(world, boot_id=world.machine.boot_id)
    assert arrivals(world, "RebootInstance") == 1


def test_one_restart_is_all_that_a_change_gets(make_world):
    """Law L12: metadata shows nothing after it either; below Limit, and still a person's turn."""
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=always\nGrace=1s\nLimit=2\n"
                                          "[Confirm]\nTimeout=15s\n")
    world.sim.set("instance.takes_effect", "never")
    world.start()
    assert world.machine.wait_boot(2, timeout=60)
    status = world.machine.wait_status(lambda s: s["phase"] == "failed", timeout=60)
    assert status, world.machine.status()
    assert (status["fault"]["code"], status["fault"]["message"]) == ("Reboot.NoCure", "metadata")
    assert status["fault"]["remedy"].startswith("Do not restart it again")
    assert arrivals(world, "RebootInstance") == executed(world).count("RebootInstance") == 1
    assert len(world.machine.boots.entries) == 2
    mark = world.machine.notifications.mark()
    world.machine.reboot()
    assert world.machine.wait_notified(READY="1", since=mark)
    status = world.machine.wait_status(lambda s: s["phase"] == "failed", timeout=60,
                                       boot_id=world.machine.boot_id)
    assert status, world.machine.status()
    assert arrivals(world, "RebootInstance") == 1

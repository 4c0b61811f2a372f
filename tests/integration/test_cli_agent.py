# SPDX-License-Identifier: Apache-2.0
"""The command line tool beside the real agent."""

import os
import re
import signal
import subprocess
import time

import pytest

from agent import assert_held

CHANGING = ("AllocatePublicIpAddress", "RebootInstance")


def begin(machine, *arguments):
    return machine.popen([machine.program("src/ecs-pubip"), *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)


def changes(world):
    return [a for a in world.sim.actions() if a in CHANGING]


def test_wait_from_power_on_to_confirmed(make_world):
    """Begun before the agent is there, in a VPC where the address takes effect at once."""
    world = make_world(mode="vpc-immediate")
    process = begin(world.machine, "wait", "--timeout=1min")
    world.start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert out == "Confirmed %s (static)\n" % world.sim.get("instance.public_ip")


def test_status_after_sigkill(make_world):
    world = make_world(mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    assert world.machine.cli("status").returncode == 0
    world.machine.kill_agent()
    done = world.machine.cli("status")
    assert done.returncode == 4 and "What it said last" in done.stdout
    world.machine.start_agent()
    assert world.machine.cli("wait").returncode == 0
    assert world.machine.cli("status").returncode == 0


def test_words_of_an_earlier_agent_are_not_this_ones(make_world):
    """Between its lock and its first words the agent is starting, whatever the last one said."""
    world = make_world(mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    world.machine.kill_agent()
    world.sim.set("metadata.available", False)      # this one cannot confirm
    world.machine.start_agent(strace=["-e", "trace=bind", "-e", "inject=bind:delay_enter=500000"])
    code = 4
    while code == 4:
        code = world.machine.cli("status").returncode
    assert code == 1
    assert world.machine.cli("wait", "--timeout=1s").returncode == 1


def test_failure_and_repair(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    done = world.machine.cli("wait", "--timeout=1min")
    assert done.returncode == 3 and "Remedy" in done.stdout
    assert changes(world) == []
    world.sim.set("instance.bandwidth_out", 5)
    assert world.machine.cli("resume").returncode == 0      # or it would look in 5 min only
    assert world.machine.cli("wait", "--timeout=1min").returncode == 0


def test_hold_before_the_first_start(make_world):
    world = make_world(mode="vpc-immediate")
    assert world.machine.cli("hold").returncode == 0
    world.start()
    assert world.sim.wait_request("DescribeInstances", timeout=30)
    assert_held(world, timeout=30)
    done = world.machine.cli("status")
    assert done.returncode == 1 and "no changing call is made until" in done.stdout
    assert world.machine.cli("hold").returncode == 0
    assert changes(world) == []
    assert world.machine.cli("resume").returncode == 0
    assert world.machine.wait_phase("confirmed", timeout=60)


def test_hold_on_a_clone_that_does_not_know_itself_yet(make_world):
    """Its ledger is the first instance's: a brake on that one would hold nobody."""
    world = make_world(mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    world.machine.stop_agent()
    same = {name: world.sim.get("instance." + name) for name in ("private_ip", "mac")}
    other = world.sim.add_instance(fields={"takes_effect": "immediate", **same})
    other = other["id"] if isinstance(other, dict) else other
    world.sim.become(identity=other)
    world.machine.remove("/run/ecs-pubip/status.json")      # of an earlier boot, elsewhere
    world.sim.hold("meta-data/all")
    mark = world.sim.mark()
    world.machine.start_agent()
    assert world.sim.wait(event="arrival", path="meta-data/all", since=mark)
    assert world.machine.cli("hold").returncode == 0
    assert world.machine.read("/etc/ecs-pubip/hold").startswith("- ")
    world.sim.release()
    assert world.machine.wait_status(lambda s: s["instance_id"] == other and s["phase"] == "held",
                                     timeout=30)
    assert not [r for r in world.sim.executed() if r["seq"] > mark]


def test_hold_never_lets_a_call_slip(make_world):
    """Begun at any moment of the job: after `hold` has returned, no changing call leaves."""
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
        world = make_world(mode="vpc-immediate")
        world.sim.set("network.public", "refuse")       # the witness is quick
        world.start()
        time.sleep(delay)       # the moment is what the test varies
        for again in (False, True):
            if again:
                assert world.machine.cli("resume").returncode == 0
            assert world.machine.cli("hold").returncode == 0
            before = changes(world)
            assert len(before) <= 1
            assert_held(world)      # it has got to where the next call would leave
            assert changes(world) == before
        world.close()


def test_times_on_a_machine_whose_clock_is_wrong(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.set("clock.offset", -8 * 3600)        # the machine is 8 h ahead
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    page = world.machine.cli("status").stdout
    assert "8 h ahead of the cloud's" in page
    assert len(re.findall(r" \d+ s ago$", page, re.M)) >= 2, page


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_waiting_hold_hears_of_the_agents_end(make_world, number):
    world = make_world(mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    os.kill(world.machine.agent.pid, signal.SIGSTOP)     # it will not answer
    process = begin(world.machine, "hold")
    assert world.machine.wait_file("/etc/ecs-pubip/hold")
    os.kill(world.machine.agent.pid, signal.SIGKILL if number == signal.SIGKILL else signal.SIGCONT)
    if number == signal.SIGTERM:
        world.machine.stop_agent()
    out, err = process.communicate(timeout=55)
    assert process.returncode == 0, out + err


def killed_in_a_call(make_world):
    """A world whose agent is gone while the cloud still has its allocation before it."""
    world = make_world(mode="vpc-immediate")
    world.sim.set("network.public", "refuse")
    world.sim.hold("AllocatePublicIpAddress")
    world.start()
    assert world.sim.wait_arrival("AllocatePublicIpAddress")
    world.machine.kill_agent()
    return world


def test_hold_waits_for_the_call_of_the_agent_before(make_world):
    """Killed in the middle and started again: the new agent is idle, the old one's call is not."""
    world = killed_in_a_call(make_world)
    world.machine.start_agent()
    assert world.machine.wait_status(lambda s: s["phase"] in ("inspecting", "waiting"), timeout=20)
    process = begin(world.machine, "hold")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.kill()
    assert "waiting for a call" in process.communicate()[1]
    world.sim.release()


def test_hold_waits_for_a_reboot_that_was_accepted(make_world):
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=always\n")
    world.sim.set("reboot.mode", "never")
    world.start()
    assert world.sim.wait_request("RebootInstance", timeout=60)
    process = begin(world.machine, "hold")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.kill()
    assert "waiting for the reboot that was accepted" in process.communicate()[1]
    world.machine.reboot()
    assert world.machine.cli("hold").returncode == 0


def test_hold_waits_for_the_call_of_an_agent_that_was_killed(make_world):
    """Nobody answers for it any more, but its cloud process may still be at it."""
    world = killed_in_a_call(make_world)
    process = begin(world.machine, "hold")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.kill()
    world.sim.release()
    world.machine.start_agent()         # the brake is set all the same
    assert world.machine.wait_status(lambda s: s["held"] and not s["busy"], timeout=60)
    assert len(world.sim.executed("AllocatePublicIpAddress")) <= 1

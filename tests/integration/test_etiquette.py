# SPDX-License-Identifier: Apache-2.0
"""A due reboot waits for those who must not be cut off, and says for whom."""

from agent import ALWAYS, assert_confirmed, executed

CONFIG = ALWAYS + "Patience=%s\n"


def start_with_inhibitor(make_world, patience="30min", **inhibitor):
    world = make_world(config=CONFIG % patience)
    world.machine.start_logind().inhibit(**inhibitor)
    world.start()
    return world


def test_a_block_inhibitor_is_waited_for(make_world):
    world = start_with_inhibitor(make_world, who="apt", why="package transaction")
    status = world.machine.wait_status(
        lambda s: s["next"] and s["next"].get("waits_for"), timeout=20)
    assert "apt" in status["next"]["waits_for"]
    assert world.machine.wait_notified(lambda n: "apt" in n.get("STATUS", ""), timeout=5)
    done = world.machine.cli("wait", "--timeout=10s")
    assert done.returncode == 5 and "apt" in done.stdout + done.stderr
    assert executed(world) == ["AllocatePublicIpAddress"]
    world.machine.logind.inhibitors.clear()
    assert world.machine.wait_boot(2, timeout=30)
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


def test_a_delay_inhibitor_is_not(make_world):
    world = start_with_inhibitor(make_world, mode="delay")
    assert world.machine.wait_boot(2, timeout=20)


def test_an_inhibitor_of_something_else_is_not(make_world):
    world = start_with_inhibitor(make_world, what="sleep:idle")
    assert world.machine.wait_boot(2, timeout=20)


def test_patience_ends(make_world):
    world = start_with_inhibitor(make_world, patience="3s", who="forgotten")
    asked = world.sim.wait_request("AllocatePublicIpAddress", timeout=20)["time"]
    assert world.machine.wait_boot(2, timeout=30)
    assert world.sim.log(action="RebootInstance")[0]["time"] - asked >= 2.5


def test_a_silent_logind_is_bounded_too(make_world):
    world = make_world(config=CONFIG % "3s")
    world.machine.start_logind().silent = True
    world.start()
    assert world.machine.wait_boot(2, timeout=60)


def test_cloud_init_is_waited_for(make_world):
    """Where it is enabled, until its result is there; a second boot has it anew."""
    world = make_world(config=CONFIG % "30min")
    machine = world.machine
    machine.write("/run/cloud-init/enabled", "")
    machine.write("/run/cloud-init/status.json", '{"v1": {"init": {"finished": 1.5}}}')
    world.start()
    status = machine.wait_status(lambda s: s["next"] and s["next"].get("waits_for"), timeout=20)
    assert "cloud-init" in status["next"]["waits_for"]
    assert machine.cli("wait", "--timeout=10s").returncode == 5
    assert not world.sim.wait_arrival("RebootInstance", timeout=1)
    assert executed(world) == ["AllocatePublicIpAddress"]
    machine.write("/run/cloud-init/result.json", '{"v1": {"errors": []}}')
    assert machine.wait_boot(2, timeout=30)
    assert_confirmed(world)

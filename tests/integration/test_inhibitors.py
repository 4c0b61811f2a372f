# SPDX-License-Identifier: Apache-2.0
"""A due reboot waits for those who must not be cut off, and says for whom."""

import os
import socket

import pytest

from agent import ALWAYS, MESSAGE, assert_confirmed, executed

CONFIG = ALWAYS + "Patience=%s\n"
REFUSED = "org.freedesktop.DBus.Error."


def start_with_inhibitor(make_world, patience="30min", **inhibitor):
    world = make_world(config=CONFIG % patience)
    world.machine.start_logind().inhibit(**inhibitor)
    world.start()
    return world


def test_a_block_inhibitor_is_waited_for(make_world):
    """The one of several that blocks is named."""
    world = make_world(config=CONFIG % "30min")
    logind = world.machine.start_logind()
    logind.inhibit(who="someone", what="sleep")
    logind.inhibit(who="other", mode="delay")
    logind.inhibit(who="apt", why="package transaction")
    world.start()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOT_WAITS"], timeout=20)
    assert "apt" in entry["MESSAGE"] and "package transaction" in entry["MESSAGE"]
    status = world.machine.wait_status(
        lambda s: s["next"] and s["next"].get("waits_for"), timeout=20)
    assert "apt" in status["next"]["waits_for"]
    assert world.machine.wait_notified(lambda n: "apt" in n.get("STATUS", ""), timeout=20)
    done = world.machine.cli("wait", "--timeout=10s")
    assert done.returncode == 5 and "apt" in done.stdout + done.stderr
    assert executed(world) == ["AllocatePublicIpAddress"]
    world.machine.logind.inhibitors.clear()
    assert world.machine.wait_boot(2, timeout=30)
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


@pytest.mark.parametrize("inhibitor", [
    {"mode": "delay"}, {"what": "sleep:idle"}, {"what": "handle-power-key:sleep"}])
def test_what_does_not_block(make_world, inhibitor):
    world = start_with_inhibitor(make_world, **inhibitor)
    assert world.machine.wait_boot(2, timeout=20)
    assert world.machine.logind.asked.find(member="ListInhibitors")
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])


@pytest.mark.parametrize("name", ["ServiceUnknown", "NameHasNoOwner"])
def test_without_logind_nothing_blocks(make_world, name):
    world = make_world(config=CONFIG % "30min")
    world.machine.start_logind().refusal = REFUSED + name
    world.start()
    assert world.machine.wait_boot(2, timeout=40)
    assert world.machine.logind.asked.find(member="ListInhibitors")


@pytest.mark.parametrize("fields, says", [
    ({"silent": True}, "it is silent"),
    ({"refusal": REFUSED + "AccessDenied"}, "Permission denied"),
    ({"refusal": "org.example.Odd"}, "Input/output error"),
    ({"hangs_up": True}, "it hung up"),
    ({"strange": True}, "its answer is malformed"),
    ({"hostile": "mute"}, "it is silent"),
    ({"hostile": "garbage"}, ""),
    ({"hostile": "endless"}, ""),
], ids=["silent", "refused", "odd error", "hangs up", "strange", "mute", "garbage", "endless"])
def test_a_bus_without_an_answer_is_waited_for(make_world, fields, says):
    """Who cannot be asked may be holding something: it is named, and waited for within Patience."""
    world = make_world(config=CONFIG % "30min")
    machine = world.machine
    vars(machine.start_logind()).update(fields)
    world.start()
    status = machine.wait_status(lambda s: s["next"] and s["next"].get("waits_for"), timeout=30)
    assert "cannot ask logind: " + says in status["next"]["waits_for"]
    assert not world.sim.wait_arrival("RebootInstance", timeout=1)
    machine.logind.refusal, machine.logind.hostile = "", ""
    machine.logind.silent = machine.logind.hangs_up = machine.logind.strange = False
    assert machine.wait_boot(2, timeout=40)     # it is asked again, and says that nothing blocks


def test_a_dead_bus_is_waited_for(make_world):
    """Its socket is there, and nobody listens."""
    world = make_world(config=CONFIG % "8s")
    with socket.socket(socket.AF_UNIX) as dead:
        path = world.machine.path("/run/dbus/system_bus_socket")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        dead.bind(path)
    world.start()
    status = world.machine.wait_status(
        lambda s: s["next"] and s["next"].get("waits_for"), timeout=20)
    assert "cannot ask logind: Connection refused" in status["next"]["waits_for"]
    assert world.machine.wait_boot(2, timeout=40)       # Patience has an end


def test_patience_ends(make_world):
    world = start_with_inhibitor(make_world, patience="3s", who="forgotten")
    asked = world.sim.wait_request("AllocatePublicIpAddress", timeout=20)["time"]
    assert world.machine.wait_boot(2, timeout=30)
    assert world.sim.log(action="RebootInstance")[0]["time"] - asked >= 2.5


def test_a_silent_logind_is_bounded_too(make_world):
    world = make_world(config=CONFIG % "3s")
    world.machine.start_logind().silent = True
    world.start()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOT_WAITS"], timeout=20)
    assert "logind" in entry["MESSAGE"]
    assert world.machine.wait_boot(2, timeout=60)
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


def test_cloud_init_is_waited_for(make_world):
    """Where it is enabled, until its result is there; a second boot has it anew."""
    world = make_world(config=CONFIG % "30min")
    machine = world.machine
    machine.write("/run/cloud-init/enabled", "")
    machine.write("/run/cloud-init/status.json", '{"v1": {"init": {"finished": 1.5}}}')
    world.start()
    status = machine.wait_status(lambda s: s["next"] and s["next"].get("waits_for"), timeout=20)
    assert "cloud-init" in status["next"]["waits_for"]
    assert machine.wait_notified(lambda n: "cloud-init" in n.get("STATUS", ""))
    done = machine.cli("wait", "--timeout=10s")     # inside a step of cloud-init it must end
    assert done.returncode == 5, done.stdout
    assert "cloud-init" in done.stdout and "at the latest in 2" in done.stdout     # of 30 min
    assert machine.cli("status").returncode == 5
    assert not world.sim.wait_arrival("RebootInstance", timeout=1)
    assert executed(world) == ["AllocatePublicIpAddress"]
    # cloud-init leaves a link at its end
    os.symlink("../../var/lib/cloud/data/result.json",
               machine.path("/run/cloud-init/result.json"))
    assert machine.wait_boot(2, timeout=30)
    assert_confirmed(world)

# SPDX-License-Identifier: Apache-2.0
"""Only what is wrong stops: an error of reading says nothing of the files, and is shown."""

import pytest

from agent import MESSAGE, asked_changes, assert_confirmed

CONF = "/etc/ecs-pubip/ecs-pubip.conf"


def failing(call, error, when):
    return ["-P", CONF, "-e", "trace=" + call, "-e", "inject=%s:error=%s:when=%s"
            % (call, error, when)]


@pytest.mark.parametrize("call, error", [
    ("openat", "EMFILE"), ("openat", "ENOMEM"), ("openat", "EINTR"), ("openat", "ESTALE"),
    ("openat", "EACCES"), ("read", "EIO")])
def test_an_error_that_passes(make_world, call, error):
    """The agent runs, changes nothing, says so, and reads again."""
    world = make_world(mode="vpc-immediate", config="[Reboot]\nLimit=2\n")
    world.machine.agent_strace = failing(call, error, 1)
    world.start()
    status = world.machine.wait_status(lambda s: s["config_problem"])
    assert status["config_problem"] == CONF and "configuration" in status["note"]
    assert asked_changes(world) == []
    status = assert_confirmed(world)
    assert status["config_problem"] is None
    assert len(world.machine.journal.find(MESSAGE_ID=MESSAGE["CONFIG_ERROR"])) == 1


def test_an_error_that_stays(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.agent_strace = failing("openat", "EIO", "1+")
    world.start()
    assert world.machine.wait_status(
        lambda s: s["config_problem"] == CONF and s["fault"] and not s["busy"]
        and s["fault"]["code"] == "Config.Unread" and s["next"], phase="waiting", timeout=20)
    assert not world.sim.wait_arrival("AllocatePublicIpAddress", timeout=3)     # read once more
    assert len(world.machine.journal.find(MESSAGE_ID=MESSAGE["CONFIG_ERROR"])) == 1


def test_a_bad_value_after_it_ends_the_agent(make_world):
    """There is nothing of before that would be in force."""
    world = make_world(mode="vpc-immediate", config="[Reboot]\nLimit=lots\n")
    world.machine.agent_strace = failing("openat", "EIO", 1)
    world.start()
    assert world.machine.wait_agent(timeout=20) == 78
    assert asked_changes(world) == []


def test_a_bad_file_is_shown_while_it_is_there(make_world):
    """With its place, without its value."""
    world = make_world(mode="vpc-immediate", config="[Reboot]\nLimit=2\n").start()
    machine = world.machine
    assert assert_confirmed(world)["config_problem"] is None
    machine.configure("[Reboot]\nPolicy=auto\nLimit=secretvalue\n")
    machine.reload()
    status = machine.wait_status(lambda s: s["config_problem"])
    assert status["config_problem"] == CONF + ":3 Reboot.Limit"
    assert status["phase"] == "confirmed" and "secretvalue" not in str(status)
    line = machine.wait_notified(lambda n: "configuration" in n.get("STATUS", ""))
    assert CONF + ":3 Reboot.Limit" in line["STATUS"]
    machine.configure("[Reboot]\nPolicy=auto\n")
    machine.reload()
    assert machine.wait_status(lambda s: s["config_problem"] is None)

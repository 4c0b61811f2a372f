# SPDX-License-Identifier: Apache-2.0
"""The whole job under real systemd: first boot, the call, a real reboot, confirmed."""

import pytest

from system.container import REBOOTED

STARTUP_FINISHED = "eed00a68ffd84e31882105fd973abdd1"   # systemd's, in a container
ALWAYS = """
[Reboot]
Policy=always
"""


def changing(instance):
    return [e["action"] for e in instance.sim.executed()]


@pytest.mark.parametrize("mode", ["vpc", "classic"])
def test_first_boot_to_confirmed(instance, mode):
    """Allocate, RebootInstance, the machine goes down in order and comes back, confirmed."""
    one = instance(mode, ALWAYS)
    one.boot()
    one.wait_boot(2)
    machine = one.machine
    done = machine.cli("wait", "--timeout=60s")
    assert done.returncode == 0, done.stdout
    status = machine.status()
    assert changing(one) == ["AllocatePublicIpAddress", "RebootInstance"]
    assert machine.exits == [REBOOTED]
    assert status["phase"] == "confirmed" and status["kind"] == "static"
    assert status["public_ip"] == one.sim.get("instance.public_ip")
    assert (status["allocations"], status["reboots"]) == (1, 1)
    kernel = status["planes"]["kernel"]
    assert kernel["interface"] == ("eth1" if mode == "classic" else "eth0")
    assert machine.system_state() == "running"
    # two boots, by what the machine itself wrote down
    boots = machine.journal("MESSAGE_ID=" + STARTUP_FINISHED, boot=False)
    assert len({entry["_BOOT_ID"] for entry in boots}) == 2
    assert machine.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip() == status["boot_id"]


def test_without_a_reboot(instance):
    one = instance("vpc-immediate")
    machine = one.boot()
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert changing(one) == ["AllocatePublicIpAddress"]
    assert one.boots == 1


def test_next_boot_asks_nothing(instance):
    """An instance that has its address costs the account no API call when it boots."""
    one = instance("vpc-immediate")
    machine = one.boot()
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    before = one.sim.mark()
    one.reboot()
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert [e["action"] for e in one.sim.api(before)] == []
    assert one.sim.events(before, event="request", plane="metadata")

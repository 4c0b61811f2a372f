# SPDX-License-Identifier: Apache-2.0
"""What the agent's marks start, and the folders that it needs: nothing of it fails for good, or in a loop."""

import os
import subprocess
import time

import pytest

from system import release
from system.test_service import AGENT, SOCKET, asks_after, failed_units, finding, wait_for

MARKS = "/run/ecs-pubip/marks/"
HOOKS = "/usr/libexec/ecs-pubip-hooks"
NEVER = "[Reboot]\nPolicy=never\nGrace=1s\n"
REQUIRED = "ecs-pubip-reboot-required.service"
WATCHED = (SOCKET, "ecs-pubip-hooks.path", "ecs-pubip-online.path", "ecs-pubip-reboot-required.path")
OFTEN = 8       # more than the five starts in ten seconds that systemd allows
LONG = 8        # seconds in which a loop makes thousands of starts
STATE = "/var/lib/ecs-pubip"
BEFORE_LOCAL_FS = """[Unit]
DefaultDependencies=no
Before=local-fs.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '%s'
[Install]
WantedBy=local-fs.target
"""


def mark(machine, name):
    return os.path.lexists(machine.path(MARKS + name))


def required(machine, name="reboot-required"):
    try:
        with open(machine.path("/run/" + name), encoding="ascii") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def starts(machine, unit):
    """How often it was started in this boot; a start that could not be made counts as well."""
    return len([e for e in machine.journal("UNIT=" + unit)
                if e["MESSAGE"].startswith(("Starting ", "Started "))])


def usec(machine, unit):
    return int(machine.show(unit, "ActiveEnterTimestampMonotonic"))


def boot_id(machine):
    return machine.run("cat", "/proc/sys/kernel/random/boot_id").stdout


def another(machine, invocation):
    """Another start of the agent than INVOCATION; who asks between two userspaces gets no answer."""
    try:
        text = machine.run("systemctl", "show", "--property=InvocationID,ActiveState", AGENT, check=False,
                           timeout=5).stdout
    except subprocess.TimeoutExpired:
        return False
    seen = dict(line.partition("=")[::2] for line in text.splitlines())
    return seen.get("ActiveState") == "active" and seen.get("InvocationID") not in ("", invocation)


def rate(machine, unit):
    """Starts a second, while nothing is done about it."""
    before, begin = starts(machine, unit), time.monotonic()
    time.sleep(LONG)
    return (starts(machine, unit) - before) / (time.monotonic() - begin)


def test_no_start_limit_ends_a_watch(confirmed):
    one, machine = confirmed()
    for unit in WATCHED:
        for _ in range(OFTEN):
            machine.systemctl("restart", unit)
        assert machine.show(unit, "ActiveState") == "active", unit
    asks_after(one, machine, "restart", AGENT)
    assert failed_units(machine) == ""


def test_the_metrics_say_that_the_agent_has_ended(confirmed):
    """By ExecStopPost=, in the sandbox of the agent, in which hardly anything can be executed."""
    _one, machine = confirmed()
    page = machine.path("/run/ecs-pubip/metrics.prom")
    with open(page, encoding="ascii") as f:
        assert "\necs_pubip_up 1\n" in f.read()
    machine.systemctl("stop", AGENT)
    with open(page, encoding="ascii") as f:
        assert "\necs_pubip_up 0\n" in f.read()


def first_hooks_done(machine):
    """The run for the first address is over: it takes no mark away that a test leaves."""
    wait_for(lambda: starts(machine, "ecs-pubip-hooks.service") > 0 and not mark(machine, "changed")
             and machine.show("ecs-pubip-hooks.service", "ActiveState") == "inactive")
    return starts(machine, "ecs-pubip-hooks.service")


@pytest.mark.parametrize("what", [
    "chmod 0644 " + HOOKS,                                              # cannot be executed
    "ln -s /nowhere/at/all /var/lib/ecs-pubip-hooks; "                  # cannot remember
    "printf '#!/bin/sh\n' >/etc/ecs-pubip/changed.d/one; chmod 0755 /etc/ecs-pubip/changed.d/one",
    "rm -f {0}changed; mkdir -p {0}changed/full",                       # cannot remove the mark
])
def test_hooks_that_cannot_be_run(confirmed, what):
    _one, machine = confirmed()
    before = first_hooks_done(machine)
    machine.sh(what.format(MARKS))
    machine.sh("[ -e {0}changed ] || touch {0}changed".format(MARKS))
    wait_for(lambda: starts(machine, "ecs-pubip-hooks.service") > before)
    assert rate(machine, "ecs-pubip-hooks.service") < 1
    assert machine.show("ecs-pubip-hooks.path", "ActiveState") == "active"
    assert failed_units(machine) == ""


def test_hooks_are_run_again_once_they_can_be(confirmed):
    _one, machine = confirmed()
    before = first_hooks_done(machine)
    machine.sh("chmod 0644 %s; touch %schanged" % (HOOKS, MARKS))
    wait_for(lambda: starts(machine, "ecs-pubip-hooks.service") > before + 1)
    machine.sh("chmod 0755 " + HOOKS)
    wait_for(lambda: not mark(machine, "changed"), 30)


@pytest.mark.parametrize("what", [
    "mkdir -p /run/reboot-required/full /run/reboot-required.pkgs/full",
    "mkdir -p /etc/systemd/system/{0}.d; printf '[Service]\\nExecStart=\\nExecStart=-/nowhere/at/all\\n' "
    ">/etc/systemd/system/{0}.d/90-test.conf; systemctl daemon-reload",  # cannot be executed
])
def test_a_reboot_that_cannot_be_told(instance, what):
    one = instance("vpc", NEVER)
    one.sim.hold("AllocatePublicIpAddress", name="gate")
    machine = one.boot()
    machine.sh(what.format(REQUIRED))
    one.sim.release("gate")
    wait_for(lambda: mark(machine, "reboot-required") and starts(machine, REQUIRED) > 0)
    assert rate(machine, REQUIRED) < 1
    assert machine.show("ecs-pubip-reboot-required.path", "ActiveState") == "active"
    assert failed_units(machine) == ""


@pytest.mark.parametrize("others", ["", "linux-image\n"])
def test_reboot_required_is_taken_back(instance, others):
    """The address works after all: what we have said goes, what others have said stays."""
    one = instance("vpc", NEVER)
    machine = one.boot()
    wait_for(lambda: "ecs-pubip" in required(machine, "reboot-required.pkgs"))
    assert "restart required" in required(machine)
    if others:
        machine.sh("printf '%s' >>/run/reboot-required.pkgs" % others)
    one.sim.set("instance.effective_ip", one.sim.get("instance.public_ip"))
    machine.cli("resume")
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    machine.wait_unit(REQUIRED, ActiveState="inactive", timeout=30)
    assert not mark(machine, "reboot-required")
    assert required(machine, "reboot-required.pkgs") == others
    assert bool(required(machine)) == bool(others)
    assert [e["action"] for e in one.sim.executed()] == ["AllocatePublicIpAddress"]


def test_reboot_required_of_others_stays(instance):
    """Also where it is nobody's by name."""
    one = instance("vpc", NEVER)
    one.sim.hold("AllocatePublicIpAddress", name="gate")
    machine = one.boot()
    machine.sh("echo theirs >/run/reboot-required")
    one.sim.release("gate")
    wait_for(lambda: "ecs-pubip" in required(machine, "reboot-required.pkgs"))
    machine.systemctl("stop", "ecs-pubip-reboot-required.path", REQUIRED)
    assert (required(machine), required(machine, "reboot-required.pkgs")) == ("theirs\n", "")


def test_what_a_boot_clears(confirmed):
    """What systemd-tmpfiles-setup.service does in each boot, also in a soft-reboot, which keeps /run."""
    _one, machine = confirmed()
    machine.systemctl("stop", AGENT, "ecs-pubip-online.path")
    assert mark(machine, "online")
    machine.run("systemd-tmpfiles", "--create", "--remove", "--boot", "--exclude-prefix=/dev", "ecs-pubip.conf")
    assert not mark(machine, "online")
    machine.systemctl("start", AGENT, "ecs-pubip-online.path")
    wait_for(lambda: mark(machine, "online"))


@pytest.mark.skipif(release.SYSTEMD < 254, reason="systemd from 254 on has soft-reboot")
def test_online_does_not_outlive_a_soft_reboot(confirmed):
    one, machine = confirmed()
    entered = usec(machine, "ecs-pubip-online.target")
    boot, agent = boot_id(machine), machine.show(AGENT, "InvocationID")
    one.sim.hold("DescribeInstances", name="gate")
    try:
        machine.run("systemctl", "soft-reboot", check=False, timeout=10)
    except subprocess.TimeoutExpired:
        pass    # it ends with the old userspace
    wait_for(lambda: another(machine, agent))
    assert boot_id(machine) == boot
    assert not mark(machine, "online")
    assert machine.show("ecs-pubip-online.target", "ActiveState") == "inactive"
    one.sim.release("gate")
    machine.wait_unit("ecs-pubip-online.target", ActiveState="active", timeout=60)
    assert usec(machine, "ecs-pubip-online.target") > entered


@pytest.mark.parametrize("script", [
    "rm -rf {0}; ln -s /nowhere/at/all {0}",
    "rm -rf {0}; echo >{0}",
    "rm -rf {0}; mount -t tmpfs -o size=64k,nr_inodes=1 none /var/lib",
    "mount --bind /var/lib /var/lib; mount -o remount,ro,bind /var/lib",
], ids=["link", "file", "no-inode", "read-only"])
def test_a_state_folder_that_cannot_be(instance, script):
    """The agent runs and says so, with what helps; and changes nothing."""
    one = instance("vpc")
    one.layer.write("etc/systemd/system/spoil.service", BEFORE_LOCAL_FS % script.format(STATE))
    one.layer.run("systemctl", "enable", "spoil.service")
    machine = one.boot()
    wait_for(lambda: "Ledger." in machine.cli("status").stdout)
    assert machine.show(AGENT, "ActiveState") == "active"
    assert machine.show(AGENT, "NRestarts") == "0"
    assert finding(machine, "state")["level"] != "ok"
    assert one.sim.executed() == []


def test_a_state_folder_that_is_a_link(instance):
    """To a disk of its own, say."""
    one = instance("vpc-immediate")
    one.layer.run("sh", "-c", "mkdir -m 0700 /data; chown ecs-pubip: /data; rm -rf {0}; ln -s /data {0}"
                  .format(STATE))
    machine = one.boot()
    assert machine.cli("wait", "--timeout=60s").returncode == 0, machine.cli("status").stdout
    assert os.path.exists(machine.path("/data/ledger"))


def test_a_state_folder_that_is_gone_is_made_at_the_start(confirmed):
    one, machine = confirmed()
    machine.systemctl("stop", AGENT)
    machine.sh("rm -r " + STATE)
    asks_after(one, machine, "start", AGENT)
    assert machine.run("stat", "--format=%U %a", STATE).stdout.strip() == "ecs-pubip 700"

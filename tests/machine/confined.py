# SPDX-License-Identifier: Apache-2.0
"""A package's life under a kernel that enforces its AppArmor profiles: none of it is denied."""

import shutil

NEWER = "/var/tmp/newer.deb"
DENIED = "journalctl --no-pager -b -o short-monotonic --grep 'apparmor=\"?DENIED.*ecs-pubip' || true"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y "


def bring(layer, newer):
    """The next version, onto the disk."""
    shutil.copy(newer, layer.inside(NEWER))


def profiles(machine):
    return machine.vm.run("grep -o 'ecs-pubip-.*' /sys/kernel/security/apparmor/profiles || true").split("\n")


def under_its_profile(machine):
    label = "cat /proc/$(systemctl show -P MainPID ecs-pubip)/attr/current"
    assert machine.vm.run(label).strip() == "ecs-pubip-agent (enforce)"


def nothing_denied(machine):
    denied = machine.vm.run(DENIED)
    assert "DENIED" not in denied, denied


def works(machine):
    """Confirmed, confined, heard by the journal; and its cloud process was asked by this one."""
    machine.vm.run("ecs-pubip wait --timeout=5min", 400)
    under_its_profile(machine)
    pid = machine.vm.run("systemctl show -P MainPID ecs-pubip").strip()
    assert machine.vm.run("journalctl --no-pager -o cat _PID=%s" % pid).strip(), "no word in the journal"
    nothing_denied(machine)


def live(machine):
    """Running already: reload, restart, upgrade, purge."""
    assert {"ecs-pubip-agent (enforce)", "ecs-pubip-cloud (enforce)"} <= set(profiles(machine))
    works(machine)
    machine.vm.run("systemctl reload ecs-pubip")
    machine.vm.run("systemctl restart ecs-pubip")
    works(machine)
    executed = machine.sim.executed()
    machine.vm.run(APT + "install " + NEWER, 300)
    assert machine.vm.run("dpkg-query -W -f '${Version}' ecs-pubip") == "9999"
    works(machine)
    assert machine.sim.executed() == executed
    machine.vm.run(APT + "purge ecs-pubip", 300)
    machine.vm.until("! pgrep -x 'ecs-pubip.*'", 60)
    nothing_denied(machine)

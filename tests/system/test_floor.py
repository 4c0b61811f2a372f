# SPDX-License-Identifier: Apache-2.0
"""systemd 239 as far as a newer one can play it: the units alone, and the system calls of its sets."""

import os

from system import base, release

UNITS = ("ecs-pubip.service", "ecs-pubip-cloud@.service")
# From 2.34 on glibc makes threads by clone3(), which 239 would refuse; the RHEL 8 class has 2.28, Alibaba
# Cloud Linux 3 has 2.32, Debian 11 2.31.
OLD_GLIBC = release.NAME == "bullseye"


def syscalls():
    with open(os.path.join(base.TOP, "tests/system/syscalls-239"), encoding="ascii") as f:
        return [name for line in f if not line.startswith("#") for name in line.split()]


def like_239(layer):
    """No drop-in of ours, and sets of system calls as long as they were."""
    for unit in UNITS:
        folder = layer.inside("etc/systemd/system/%s.d" % unit)
        os.makedirs(folder, exist_ok=True)
        os.symlink("/dev/null", os.path.join(folder, "50-hardening.conf"))
        if OLD_GLIBC:
            layer.write("etc/systemd/system/%s.d/90-239.conf" % unit,
                        "[Service]\nSystemCallFilter=\nSystemCallFilter=%s\n" % " ".join(syscalls()))


def test_the_job_under_the_units_alone(instance):
    one = instance("vpc")
    like_239(one.layer)
    machine = one.boot()
    for unit in UNITS:
        text = machine.systemctl("cat", unit.replace("@", "@x"))
        assert "ProtectClock" not in text
    one.wait_boot(2)
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert [e["action"] for e in one.sim.executed()] == ["AllocatePublicIpAddress", "RebootInstance"]
    machine.systemctl("reload", "ecs-pubip.service")
    machine.systemctl("restart", "ecs-pubip.service")
    assert machine.cli("wait", "--timeout=30s").returncode == 0
    refused = [e["MESSAGE"] for e in machine.journal("SYSLOG_IDENTIFIER=ecs-pubip-agent", boot=False)
               + machine.journal("SYSLOG_IDENTIFIER=ecs-pubip-cloud", boot=False)
               if "not permitted" in e["MESSAGE"]]
    assert refused == []
    assert machine.system_state() == "running"

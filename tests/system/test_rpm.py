# SPDX-License-Identifier: Apache-2.0
"""The .rpm's life on a machine: its scriptlets, its configuration file, what erasing leaves."""

import os
import re
import shutil
import stat

import pytest

from system import base

UNITS = ("ecs-pubip.service", "ecs-pubip-cloud.socket", "ecs-pubip-online.path")
CONF = "/etc/ecs-pubip/ecs-pubip.conf"
SPEC = os.path.join(base.TOP, "packaging/rpm/ecs-pubip.spec")
MACROS = os.path.join(base.TOP, "packaging/rpm/macros.debian")
SECTION = re.compile(r"(?m)^%(?=(?:prep|build|install|check|pre|post|preun|postun|posttrans|files|"
                     r"changelog|package|description)\b)")


@pytest.fixture(scope="module")
def rpm(packages):
    return base.find(packages, ".rpm", but=("selinux",))


@pytest.fixture(scope="module")
def newer_rpm(packages, tmp_path_factory):
    """The next version, with another configuration file: our spec as it is, but with the programs of
    the present packages instead of a build."""
    folder = str(tmp_path_factory.mktemp("newer"))
    payload = os.path.join(folder, "payload")
    os.makedirs(payload)
    for name in os.listdir(packages):
        if name.endswith(".rpm"):
            base.run(["sh", "-c", 'rpm2cpio "$1" | cpio -idm --quiet', "sh",
                      os.path.join(packages, name)], cwd=payload)
    for leftover in ("usr/share/doc", "usr/share/licenses", "usr/lib/.build-id"):
        shutil.rmtree(os.path.join(payload, leftover))  # made anew
    base.run(["sh", "-c", "find usr/share/man -name '*.gz' -exec gunzip {} +"], cwd=payload)
    with open(payload + CONF, "a", encoding="utf-8") as f:
        f.write("# of the next version\n")
    base.run(["rpmbuild", "-bb", "--load=" + MACROS, "--nodeps", "--define", "_topdir " + folder,
              "--define", "debug_package %{nil}", packed_spec(folder, payload)])
    return base.find(os.path.join(folder, "RPMS", os.uname().machine), ".rpm")


def packed_spec(folder, payload):
    with open(SPEC, encoding="utf-8") as f:
        head, *sections = SECTION.split(f.read())
    head = re.sub(r"(?m)^(Version: +).*", r"\g<1>9999", head)
    kept = [s for s in sections if s.split()[0] not in ("prep", "build", "install", "check")]
    path = os.path.join(folder, "newer.spec")
    with open(path, "w", encoding="utf-8") as f:
        f.write(head + "%%install\ncp -a %s/. %%{buildroot}\n" % payload
                + "(cd %s; cp -a --parents LICENSE README.md packaging "
                  "\"$OLDPWD\")\n" % base.TOP
                + "".join("%" + section for section in kept))
    return path


def put(machine, package, name):
    shutil.copy(package, machine.path("/var/tmp/" + name))
    return "/var/tmp/" + name


def test_life_of_the_rpm(instance, debian, rpm, newer_rpm):
    """Into an image, a boot, an upgrade over a changed configuration, erased."""
    one = instance("vpc-immediate", lower=[debian])
    one.layer.write("etc/cloud/cloud-init.disabled", "")
    image(one.layer, rpm)
    machine = one.boot()
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    upgrade(one, machine, newer_rpm)
    erase(machine)


def image(layer, rpm):
    """No systemd runs: users, folders and presets, nothing started."""
    shutil.copy(rpm, layer.inside("/tmp/ours.rpm"))
    layer.run("rpm", "--install", "--nodeps", "/tmp/ours.rpm")
    for unit in UNITS:
        assert layer.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled", unit
    off = layer.run("systemctl", "is-enabled", "ecs-pubip-wait-online.service", check=False)
    assert off.stdout.strip() == "disabled"
    groups = {line.split(":")[0]: int(line.split(":")[2])
              for line in layer.read("etc/group").splitlines()}
    credentials = os.stat(layer.inside("/etc/ecs-pubip/credentials"))
    assert stat.S_IMODE(credentials.st_mode) == 0o750
    assert (credentials.st_uid, credentials.st_gid) == (0, groups["ecs-pubip-cloud"])
    state = os.stat(layer.inside("/var/lib/ecs-pubip"))
    assert stat.S_IMODE(state.st_mode) == 0o700 and state.st_gid == groups["ecs-pubip"]
    assert os.listdir(layer.inside("/var/lib/ecs-pubip")) == []
    assert layer.run("rpm", "--verify", "--nodeps", "ecs-pubip").stdout == ""


def upgrade(one, machine, newer):
    """The new agent runs, finds its ledger, and what the administrator wrote stays in force."""
    old, executed = machine.main_pid(), one.sim.executed()
    machine.sh("echo '# mine' >>" + CONF)
    machine.run("rpm", "--upgrade", "--nodeps", put(machine, newer, "newer.rpm"))
    assert machine.main_pid() not in (0, old)
    assert machine.cli("wait", "--timeout=30s").returncode == 0
    assert one.sim.executed() == executed
    assert machine.status()["allocations"] == 1
    assert "# mine" in machine.sh("cat " + CONF).stdout
    assert "# of the next version" in machine.sh("cat %s.rpmnew" % CONF).stdout
    assert machine.system_state() == "running"


def erase(machine):
    """Stopped and disabled; the ledger and the changed configuration are kept."""
    machine.run("rpm", "--erase", "ecs-pubip")
    for unit in UNITS:
        assert machine.show(unit, "ActiveState") == "inactive", unit
        assert machine.show(unit, "LoadState") == "not-found", unit
    assert machine.sh("pgrep -x 'ecs-pubip.*'", check=False).stdout == ""
    assert machine.sh("find /etc/systemd -name '*ecs-pubip*' -not -path '*90-test*'").stdout == ""
    assert "# mine" in machine.sh("cat %s.rpmsave" % CONF).stdout
    machine.sh("test -s /var/lib/ecs-pubip/ledger")
    assert machine.system_state() == "running"

# SPDX-License-Identifier: Apache-2.0
"""The package's life: into an image, onto a running machine, upgraded, removed, purged."""

import os
import shutil

from system import release
from system.layer import Layer

OURS = r"find / -xdev \( -path /proc -o -path /sys \) -prune -o -name '*ecs-pubip*' -print"
# cloud-init 20.4, of Debian 11, had it among the things for developers
SCHEMA = ["cloud-init", *(["devel"] if release.NAME == "bullseye" else []), "schema", "--config-file"]
PIECES = ("ecs-pubip.service", "ecs-pubip-cloud.socket", "ecs-pubip-online.path")


def test_image_build_starts_nothing(installed):
    """apt in a chroot: users and folders are there, units enabled, nothing ran."""
    for unit in PIECES:
        assert installed.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled"
    for user in ("ecs-pubip", "ecs-pubip-cloud"):
        assert user + ":" in installed.read("etc/passwd")
    assert not os.path.exists(installed.inside("var/lib/ecs-pubip/ledger"))
    credentials = os.stat(installed.inside("etc/ecs-pubip/credentials"))
    assert credentials.st_mode & 0o777 == 0o750 and credentials.st_uid == 0
    group = next(line.split(":")[2] for line in installed.read("etc/group").splitlines()
                 if line.startswith("ecs-pubip-cloud:"))
    assert credentials.st_gid == int(group)


def test_presets_agree_with_the_package(installed):
    """What `systemctl preset` makes is what the package made."""
    listed = installed.run("systemctl", "preset", *PIECES, "ecs-pubip-wait-online.service",
                           "ecs-pubip-reboot-required.path").stdout
    assert "Created" not in listed and "Removed" not in listed


def put(machine, deb, name):
    target = machine.path("/var/tmp/" + name)
    shutil.copy(deb, target)
    return "/var/tmp/" + name


def apt(machine, *arguments):
    return machine.sh("DEBIAN_FRONTEND=noninteractive apt-get -y %s" % " ".join(arguments), timeout=120)


def test_install_on_a_running_machine(debian, deb, instance):
    """With policy-rc.d nothing starts; without it apt install is all that is to be done."""
    one = instance("vpc-immediate", lower=[debian])
    one.layer.write("etc/cloud/cloud-init.disabled", "")
    one.layer.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    machine = one.boot()
    name = put(machine, deb, "ecs-pubip.deb")
    apt(machine, "install", name)
    for unit in PIECES:
        assert machine.show(unit, "ActiveState") == "inactive", unit
        assert machine.systemctl("is-enabled", unit) == "enabled"
    assert one.sim.log() == []
    machine.sh("rm /usr/sbin/policy-rc.d")
    apt(machine, "install", "--reinstall", name)
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert machine.system_state() == "running"


def test_upgrade_keeps_its_place(confirmed, newer_deb):
    """The new agent is another process, finds the ledger, and asks for nothing a second time."""
    one, machine = confirmed()
    old, executed = machine.main_pid(), one.sim.executed()
    machine.sh("echo '# mine' >>/etc/ecs-pubip/ecs-pubip.conf")
    apt(machine, "install", put(machine, newer_deb, "newer.deb"))
    assert machine.main_pid() not in (0, old)
    assert machine.cli("wait", "--timeout=30s").returncode == 0
    assert machine.status()["allocations"] == 1
    assert one.sim.executed() == executed
    assert "# mine" in machine.sh("cat /etc/ecs-pubip/ecs-pubip.conf").stdout
    mark = one.sim.mark()
    machine.systemctl("restart", "ecs-pubip.service")
    assert one.sim.wait_request(timeout=15, since=mark, plane="metadata")
    assert machine.system_state() == "running"


def test_upgrade_in_the_middle_of_a_call(instance, newer_deb):
    """The allocation is executed, its answer never comes, and the agent is replaced meanwhile."""
    one = instance("vpc-immediate")
    one.sim.damage("AllocatePublicIpAddress", "stall")
    machine = one.boot()
    assert one.sim.wait_request("AllocatePublicIpAddress", timeout=30)
    apt(machine, "install", put(machine, newer_deb, "newer.deb"))
    done = machine.cli("wait", "--timeout=120s", timeout=150)
    assert done.returncode == 0, machine.log("ecs-pubip.service")
    assert len(one.sim.executed("AllocatePublicIpAddress")) == 1


# Asks nothing, and keeps its connection.
TALKER = """
import socket, subprocess, time
talk = socket.socket(socket.AF_UNIX)
talk.connect("/run/ecs-pubip/cloud.sock")
while subprocess.run(["pgrep", "-x", "ecs-pubip-cloud"]).returncode:
    time.sleep(0.1)
subprocess.run(["systemd-notify", "--ready"])
time.sleep(999)
"""


def test_remove_and_purge(confirmed):
    """Removed: stopped, state and configuration kept. Purged: not a trace, although somebody talked
    to a cloud process, whose user is in use while it lives."""
    one, machine = confirmed()
    machine.sh("ecs-pubip hold")
    machine.run("systemd-run", "--quiet", "--collect", "--unit=talker", "--service-type=notify",
                "--property=NotifyAccess=all", "python3", "-c", TALKER)
    apt(machine, "remove", "ecs-pubip")
    for unit in PIECES + ("ecs-pubip-online.target",):
        assert machine.show(unit, "ActiveState") == "inactive", unit
    assert machine.sh("pgrep -x 'ecs-pubip.*'", check=False).stdout == ""
    machine.sh("test -e /var/lib/ecs-pubip/ledger && test -e /etc/ecs-pubip/ecs-pubip.conf")
    apt(machine, "purge", "ecs-pubip")
    machine.systemctl("stop", "talker.service", check=False)
    machine.sh("rm -rf /etc/systemd/system/ecs-pubip.service.d")    # a test's own
    left = machine.sh(OURS).stdout.split()
    # what others keep about every package that has been there
    left = [path for path in left if not path.startswith(("/var/log/", "/var/cache/apt/"))]
    assert left == []
    assert "ecs-pubip" not in machine.sh("cat /etc/passwd /etc/group /etc/shadow").stdout
    assert machine.system_state() == "running"


def inventory(layer):
    """Every path of the layer with its mode and owner, and who there is; logs and caches apart."""
    apart = "/proc /dev /tmp /var/log /var/cache /var/lib/dpkg".split()
    prune = [word for path in apart for word in ("-o", "-path", path)][1:]
    listed = layer.run("find", "/", "-xdev", "(", *prune, ")", "-prune", "-o", "-not", "-name", "*-",
                       "-printf", "%p %m %U %G\\n").stdout.splitlines()
    return set(listed), [layer.read("etc/" + name) for name in ("passwd", "group", "shadow", "gshadow")]


def test_a_chroot_without_proc(debian, deb, newer_deb):
    """Installed, upgraded, purged there: nothing fails, and what is left is what was before."""
    layer = Layer("/run/system/no-proc", [debian])
    layer.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    for name, package in (("deb", deb), ("newer", newer_deb)):
        shutil.copy(package, layer.inside("tmp/%s.deb" % name))
    before = inventory(layer)
    for name in ("deb", "newer"):
        layer.run("dpkg", "--install", "/tmp/%s.deb" % name, proc=False)
        credentials = os.stat(layer.inside("etc/ecs-pubip/credentials"))
        assert credentials.st_mode & 0o777 == 0o750
        assert "ecs-pubip-cloud:x:%d:" % credentials.st_gid in layer.read("etc/group")
        assert "ecs-pubip:x:" in layer.read("etc/passwd")
    layer.run("dpkg", "--purge", "ecs-pubip", proc=False)
    left = inventory(layer)
    layer.close()
    assert left[0] - before[0] == set()
    # dh_apparmor takes that folder away where it is empty
    assert {line.split()[0] for line in before[0] - left[0]} <= {"/etc/apparmor.d/disable"}
    assert left[1] == before[1]


def test_image_is_sealed(confirmed, installed, tmp_path):
    """`seal` refuses while the agent lives, then forgets the instance."""
    _, machine = confirmed()
    assert machine.cli("seal").returncode != 0
    machine.systemctl("stop", "ecs-pubip.service")
    assert machine.cli("seal").returncode == 0
    assert machine.sh("ls -A /var/lib/ecs-pubip").stdout.strip() == ""


def test_each_program_says_its_own_name(installed):
    for program in ("/usr/bin/ecs-pubip", "/usr/libexec/ecs-pubip-agent", "/usr/libexec/ecs-pubip-cloud"):
        said = installed.run(program, "--version").stdout.split()
        assert said[0] == os.path.basename(program), said


def test_user_data_is_what_cloud_init_accepts(installed):
    """The schema of a cloud-init that nobody here wrote."""
    folder = "/usr/share/doc/ecs-pubip/examples/"
    for name in ("user-data.yaml", "user-data-rpm.yaml"):
        done = installed.run(*SCHEMA, folder + name, check=False)
        assert done.returncode == 0 and "Valid" in done.stdout, (name, done.stdout)
    broken = "runcmd: {a: 1}\n#cloud-config"
    layer = Layer("/run/system/schema", installed.lower)
    layer.write("tmp/broken.yaml", "#cloud-config\n" + broken)
    done = layer.run(*SCHEMA, "/tmp/broken.yaml", check=False)
    layer.close()
    assert done.returncode != 0

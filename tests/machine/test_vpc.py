# SPDX-License-Identifier: Apache-2.0
"""A new VPC instance whose user-data installs the package: unmodified cloud-init, a real reboot.

One machine, two boots; the tests look at it in this order.
"""

import datetime
import json
import os
import time

import pytest

from machine import disk, repository
from machine.instance import REPOSITORY
from system.base import TOP
from system.layer import Layer

FIRST_BOOT = 900    # seconds; 45 on an idle machine
SECOND_BOOT = 600
KEY = """        -----BEGIN PGP PUBLIC KEY BLOCK-----
        THE KEY OF YOUR REPOSITORY
        -----END PGP PUBLIC KEY BLOCK-----
"""


def user_data(key):
    """The template as it is shipped, with the two things that its head asks to change; and less
    patience, since a test has none."""
    with open(os.path.join(TOP, "packaging/cloud-init/user-data.yaml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in (("http://REPOSITORY", "http://" + REPOSITORY),
                     (KEY, "".join("        %s\n" % line for line in key.splitlines())),
                     ("      Policy=auto\n", "      Policy=auto\n      Grace=5s\n")):
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def machine(instance, debian, deb, scratch):
    """Ready when the second boot has answered."""
    one = instance("vpc", "vpc")
    key = repository.make(os.path.join(scratch, "repository"), deb)
    layer = Layer("/run/machine-vpc", [debian])
    disk.furnish(layer, one.cloud.ca_file)
    disk.pack(layer, one.folder)
    layer.close()
    one.sim.set("metadata.user_data", user_data(key))
    one.serve(os.path.join(scratch, "repository"))
    one.boot()
    one.wait_boot(2, FIRST_BOOT)
    one.vm.until("systemctl -q is-active ecs-pubip", SECOND_BOOT)   # the shell answers before it
    return one


def test_cloud_init_took_it_for_aliyun(machine):
    """It crawled the simulator's metadata, found the user-data and was content."""
    agents = {e["agent"] for e in machine.sim.log(plane="metadata", item="meta-data/instance-id")}
    assert any(agent and agent.startswith("Cloud-Init/") for agent in agents), agents
    machine.vm.until("test -e /run/cloud-init/result.json", SECOND_BOOT)
    result = json.loads(machine.vm.run("cat /run/cloud-init/result.json"))
    assert result["v1"] == {"datasource": "DataSourceAliYun", "errors": []}


def test_first_boot_finished_before_the_reboot(machine):
    """The due reboot waited for cloud-init, `wait` said so, and nothing of user-data was cut off."""
    first = machine.vm.run("journalctl --no-pager -b -1 -o short-monotonic -u cloud-final "
                           "-u ecs-pubip | grep -E 'finished at|About to ask|ecs-pubip: a reboot'")
    order = [word for line in first.splitlines()
             for word in ("AllocatePublicIpAddress", "a reboot follows", "finished at", "RebootInstance")
             if word in line]
    assert order == ["AllocatePublicIpAddress", "a reboot follows", "finished at", "RebootInstance"], first
    assert "DataSourceAliYun" in first


def test_confirmed_in_the_second_boot(machine):
    status = machine.vm.run("ecs-pubip wait --timeout=3min && ecs-pubip status --json", SECOND_BOOT)
    status = json.loads(status[status.index("{"):])
    assert status["phase"] == "confirmed"
    assert status["public_ip"] == machine.sim.get("instance.public_ip")
    assert [e["action"] for e in machine.sim.executed()] == ["AllocatePublicIpAddress", "RebootInstance"]
    assert status["boot_id"] == machine.vm.run("cat /proc/sys/kernel/random/boot_id").strip()


def test_what_needed_the_address_ran_then(machine):
    """The fleet's own unit: after the reboot, by the online target, although runcmd was long over."""
    machine.vm.until("test -s /var/lib/fleet-ready.json", SECOND_BOOT)
    assert json.loads(machine.vm.run("cat /var/lib/fleet-ready.json"))["phase"] == "confirmed"
    assert "confirmed" not in machine.vm.run(
        "journalctl --no-pager -b -1 -u fleet-ready | grep -c Finished || true")
    assert machine.vm.run("systemctl show -P ActiveState fleet-ready").strip() == "active"


def test_the_system_is_well(machine):
    machine.vm.until("test \"$(systemctl is-system-running)\" != starting", SECOND_BOOT)
    assert machine.vm.run("systemctl is-system-running; systemctl --failed --no-legend",
                          check=False).split()[0] == "running"


def test_critical_chain(machine, record_property):
    """On a whole machine: the agent started before the network was there and before cloud-init."""
    chain = machine.vm.run("systemd-analyze critical-chain --no-pager ecs-pubip.service")
    record_property("critical_chain", chain)
    for late in ("network", "cloud-init", "sysinit.target"):
        assert late not in chain, chain
    at = "systemctl show -P ActiveEnterTimestampMonotonic "
    assert int(machine.vm.run(at + "ecs-pubip")) < int(machine.vm.run(at + "cloud-init"))


@pytest.mark.parametrize("name", ["agent", "cloud"])
def test_apparmor_confines(machine, name):
    """Loaded by the package, in force for the process that runs, and in nobody's way."""
    profiles = machine.vm.run("cat /sys/kernel/security/apparmor/profiles")
    assert "ecs-pubip-%s (enforce)" % name in profiles
    if name == "agent":
        assert machine.vm.run("cat /proc/$(systemctl show -P MainPID ecs-pubip)/attr/current").strip() \
            == "ecs-pubip-agent (enforce)"
    denied = machine.vm.run("journalctl --no-pager -k -o cat --grep 'apparmor=.DENIED.*ecs-pubip-%s' "
                            "|| true" % name)
    assert "DENIED" not in denied, denied


CGROUP = "/sys/fs/cgroup/system.slice/ecs-pubip.service"
REACH = 'timeout 4 bash -c "exec 3<>/dev/tcp/%s"' % REPOSITORY.replace(":", "/")


def test_ip_address_deny_holds(machine):
    """From the agent's own control group, without its other barriers, nothing is reached."""
    assert machine.vm.run(REACH + "; echo $?").strip().endswith("0")
    outcome = machine.vm.run("bash -c 'echo $$ >%s/cgroup.procs; %s; echo $?'" % (CGROUP, REACH))
    assert outcome.split()[-1] != "0", outcome


FORKS = """
import os, signal
pids = []
try:
    while len(pids) < 20:
        pids.append(os.fork() or signal.pause())
except OSError as error:
    print(error)
for pid in pids:
    os.kill(pid, signal.SIGKILL)
"""


def test_tasks_are_limited(machine):
    assert machine.vm.run("cat %s/pids.max" % CGROUP).strip() == "8"
    outcome = machine.vm.run("bash -c 'echo $$ >%s/cgroup.procs; exec timeout 60 python3 -c \"$0\"' '%s'"
                             % (CGROUP, FORKS))
    assert "Resource temporarily unavailable" in outcome, outcome
    assert machine.vm.run("systemctl is-active ecs-pubip").strip() == "active"


def test_memory_is_limited_and_the_agent_comes_back(machine):
    """A leak in its control group ends there; the service is started again and finds its place."""
    assert machine.vm.run("cat %s/memory.max" % CGROUP).strip() == str(32 << 20)
    machine.vm.run("bash -c 'echo $$ >%s/cgroup.procs; exec python3 -c \"x = bytearray(200 << 20)\"' "
                   "|| true" % CGROUP, 120)
    assert "emory cgroup out of memory" in machine.vm.run("journalctl -k --no-pager -o cat | tail -n 50")
    machine.vm.until("systemctl -q is-active ecs-pubip", 60)
    assert "onfirmed" in machine.vm.run("ecs-pubip wait --timeout=2min; ecs-pubip status", 200)
    assert len(machine.sim.executed()) == 2


TALKER = "import socket, time; s = socket.socket(1); s.connect('/run/ecs-pubip/cloud.sock'); time.sleep(999)"


def test_a_cloud_process_over_its_limit_leaves_nothing(machine):
    """What outgrows its control group is ended with its unit, which is collected: nothing is degraded."""
    machine.vm.run("systemctl stop ecs-pubip")      # whose own questions would come between
    machine.vm.until("! pgrep -x ecs-pubip-cloud", 60)
    machine.vm.run('systemd-run --quiet --collect --unit=talker python3 -c "%s"' % TALKER)
    machine.vm.until("pgrep -x ecs-pubip-cloud", 60)
    unit = machine.vm.run("systemctl list-units --plain --no-legend 'ecs-pubip-cloud@*'").split()[0]
    group = "/sys/fs/cgroup" + machine.vm.run("systemctl show -P ControlGroup " + unit).strip()
    assert machine.vm.run("cat '%s/memory.max' '%s/memory.swap.max'" % (group, group)).split() == [
        str(64 << 20), "0"]
    machine.vm.run("bash -c 'echo $$ >\"$0\"/cgroup.procs; exec python3 -c \"x = bytearray(200 << 20)\"' "
                   "'%s' || true" % group, 120)
    machine.vm.until("! systemctl list-units --all --plain --no-legend | grep -q '%s'" % unit, 60)
    assert "oom-kill" in machine.vm.run("journalctl --no-pager -u %s" % unit)
    machine.vm.run("systemctl stop talker; systemctl start ecs-pubip")
    assert machine.vm.run("systemctl is-system-running; systemctl --failed --no-legend",
                          check=False).split()[0] == "running"


AT_LEAST = 8   # seconds that a wait must have left, so that its own end is no wake-up


def wait_for_the_clock(machine):
    """The agent waits since a certificate is not valid yet; until when, by the cloud's time."""
    deadline = time.monotonic() + SECOND_BOOT
    while time.monotonic() < deadline:
        status = json.loads(machine.vm.run("ecs-pubip status --json", check=False))
        if status["phase"] == "waiting" and status["fault"]["class"] == "clock":
            at = datetime.datetime.fromisoformat(status["next"]["at"].replace("Z", "+00:00")).timestamp()
            if at - time.time() > AT_LEAST:
                return at
        time.sleep(1)
    raise AssertionError(machine.story())


def test_setting_the_clock_ends_the_wait_for_it(machine):
    """Two years slow, and with keys that came from elsewhere no metadata may say what time it is: no
    certificate is valid yet. Whoever sets the clock wakes the agent, long before its wait is over."""
    identity, secret = next(iter(machine.sim.get("account.keys").items()))
    machine.vm.run("cd /etc/ecs-pubip; "
                   "printf '[Cloud]\\nCredentials=static\\n' >ecs-pubip.conf.d/90-clock.conf; umask 027; "
                   "echo %s >credentials/access-key-id; echo %s >credentials/access-key-secret; "
                   "chgrp ecs-pubip-cloud credentials/*"
                   % (identity, secret))
    machine.sim.take_address()
    machine.vm.run("date -s '2 years ago'; systemctl restart ecs-pubip")
    mark = machine.sim.mark()
    until = wait_for_the_clock(machine)
    assert machine.sim.actions(since=mark) == []
    machine.vm.run("date -s @%d" % time.time())
    assert machine.sim.wait_request("DescribeInstances", timeout=until - time.time() - AT_LEAST / 4,
                                    since=mark), machine.story()

# SPDX-License-Identifier: Apache-2.0
"""The boot: what waits for the address, what does not, and what the agent itself waits for."""

import time

NEEDS = """[Unit]
Description=Needs the address
Requires=ecs-pubip-online.target
After=ecs-pubip-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ecs-pubip status --json >/run/needs.json'
[Install]
WantedBy=ecs-pubip-online.target
"""
# What pulls the target into the boot, long before there is an address.
HASTY = """[Unit]
Description=Thinks that Wants= is a gate
Wants=ecs-pubip-online.target
After=ecs-pubip-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
"""
AFTER_NETWORK = """[Unit]
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
"""


def enable(layer, unit, text=None, target=None):
    if text:
        layer.write("etc/systemd/system/" + unit, text)
    layer.run("systemctl", "enable", unit)


def usec(machine, unit, key):
    return int(machine.show(unit, key))


def test_online_target_comes_with_the_address(instance):
    """A unit after it starts when the address is confirmed, and holds nothing up until then."""
    one = instance("vpc-immediate")
    enable(one.layer, "needs.service", NEEDS)
    one.sim.hold("DescribeInstances", name="gate")
    machine = one.boot()    # which is finished although nothing is confirmed
    assert machine.system_state() == "running"
    assert machine.show("multi-user.target", "ActiveState") == "active"
    assert machine.show("needs.service", "ActiveState") == "inactive"
    assert machine.show("ecs-pubip-online.target", "ActiveState") == "inactive"
    one.sim.release("gate")
    machine.wait_unit("needs.service", ActiveState="active", timeout=30)
    assert '"phase":"confirmed"' in machine.sh("cat /run/needs.json").stdout.replace(": ", ":")
    assert (usec(machine, "needs.service", "ActiveEnterTimestampMonotonic")
            > usec(machine, "multi-user.target", "ActiveEnterTimestampMonotonic"))
    assert machine.system_state() == "running"


def test_online_target_comes_in_the_next_boot_too(instance):
    one = instance("vpc-immediate")
    enable(one.layer, "needs.service", NEEDS)
    machine = one.boot()
    machine.wait_unit("needs.service", ActiveState="active", timeout=30)
    one.reboot()
    machine.wait_unit("needs.service", ActiveState="active", timeout=30)


def test_online_target_cannot_be_had_early(instance):
    """Not by a hasty unit's Wants= in the boot, nor by hand; and what Requires= it does not run."""
    one = instance("vpc-immediate")
    enable(one.layer, "needs.service", NEEDS)
    enable(one.layer, "hasty.service", HASTY)
    one.sim.hold("DescribeInstances", name="gate")
    machine = one.boot()
    # the warning of ecs-pubip-agent(8)
    assert machine.show("hasty.service", "ActiveState") == "active"
    assert machine.show("ecs-pubip-online.target", "AssertResult") == "no"
    assert machine.show("needs.service", "ActiveState") == "inactive"
    assert machine.show("needs.service", "ExecMainStartTimestampMonotonic") == "0"
    done = machine.run("systemctl", "start", "ecs-pubip-online.target", check=False)
    assert done.returncode != 0 and "ssert" in done.stdout
    assert machine.run("systemctl", "start", "needs.service", check=False).returncode != 0
    assert machine.show("needs.service", "ExecMainStartTimestampMonotonic") == "0"
    assert machine.system_state() == "running"
    one.sim.release("gate")
    machine.wait_unit("needs.service", ActiveState="active", timeout=30)
    assert machine.show("ecs-pubip-online.target", "ActiveState") == "active"


def test_boot_is_not_held_up(instance, record_property):
    """The agent is in the boot, early, and nobody's boot waits for it."""
    one = instance("vpc-immediate")
    machine = one.boot()
    chain = machine.run("systemd-analyze", "critical-chain", "--no-pager").stdout
    record_property("critical_chain", chain)
    assert "ecs-pubip" not in chain.replace("ecs-pubip-cloud.socket", ""), chain
    before = usec(machine, "ecs-pubip.service", "ExecMainStartTimestampMonotonic")
    assert before < usec(machine, "basic.target", "ActiveEnterTimestampMonotonic")
    # nothing of the network, of names or of cloud-init stands before it
    chain = machine.run("systemd-analyze", "critical-chain", "--no-pager", "ecs-pubip.service").stdout
    record_property("agent_chain", chain)
    for late in ("network", "resolved", "cloud-init", "sysinit.target", "nss-lookup", "time-sync"):
        assert late not in chain, chain


def test_agent_comes_before_a_network_that_hangs(instance):
    """A network that never comes up (as with cloud-init and wait-online without a limit)."""
    one = instance("vpc-immediate")
    one.layer.write("etc/systemd/system/hangs.service",
                    "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n"
                    "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n"
                    "[Install]\nWantedBy=sysinit.target\n")
    one.layer.run("systemctl", "enable", "hangs.service")
    machine = one.boot(wait=False)
    wait_until(lambda: phase(machine) == "confirmed", 40)
    assert machine.run("systemctl", "is-active", "sysinit.target", check=False).stdout.strip() == "inactive"


def test_no_cycles(instance):
    one = instance("vpc-immediate")
    machine = one.boot()
    assert "ordering cycle" not in machine.log().lower()
    # with everything that may be enabled enabled
    machine.systemctl("enable", "ecs-pubip-wait-online.service")
    machine.sh("rm -f /etc/cloud/cloud-init.disabled")
    done = machine.run("systemd-analyze", "verify", "--man=no", "default.target", check=False)
    assert "cycle" not in done.stdout.lower()


def test_wait_online_holds_the_network_target(instance):
    """For those who enabled it: network-online.target waits, and gets through by itself."""
    one = instance("vpc-immediate")
    one.layer.write("etc/systemd/system/after-network.service", AFTER_NETWORK)
    for unit in ("ecs-pubip-wait-online.service", "after-network.service"):
        one.layer.run("systemctl", "enable", unit)
    machine = one.boot()
    assert machine.show("ecs-pubip-wait-online.service", "Result") == "success"
    assert machine.status()["phase"] == "confirmed"
    assert (usec(machine, "after-network.service", "ExecMainStartTimestampMonotonic")
            >= usec(machine, "ecs-pubip-wait-online.service", "ActiveEnterTimestampMonotonic"))


def test_wait_online_of_a_first_boot_before_its_reboot(instance):
    """All is well and a reboot is due: the boot goes on, and nothing is degraded."""
    one = instance("vpc", "[Reboot]\nPolicy=never\nGrace=1s\n")
    one.layer.write("etc/systemd/system/after-network.service", AFTER_NETWORK)
    for unit in ("ecs-pubip-wait-online.service", "after-network.service"):
        one.layer.run("systemctl", "enable", unit)
    machine = one.boot()
    assert machine.show("ecs-pubip-wait-online.service", "ExecMainStatus") == "5"
    assert machine.show("ecs-pubip-wait-online.service", "ActiveState") == "active"
    assert machine.show("after-network.service", "ActiveState") == "active"
    assert machine.system_state() == "running"


def test_wait_online_is_nobodys_default(instance):
    machine = instance("vpc-immediate").boot()
    assert machine.systemctl("is-enabled", "ecs-pubip-wait-online.service", check=False) == "disabled"
    for unit in ("ecs-pubip.service", "ecs-pubip-cloud.socket", "ecs-pubip-online.path",
                 "ecs-pubip-reboot-required.path"):
        assert machine.systemctl("is-enabled", unit) == "enabled"


def test_network_that_comes_late(instance):
    """The agent is up before eth0 has an address; netlink tells it, and it goes on."""
    one = instance("vpc-immediate")
    machine = one.boot(plugged=False)
    machine.wait_unit("ecs-pubip.service", ActiveState="active")
    assert one.sim.log() == []
    one.plug()
    assert machine.cli("wait", "--timeout=60s").returncode == 0


def test_reboot_required(instance):
    """Policy=never: the mark that Debian's tools read, once, and no loop of the unit that sets it."""
    one = instance("vpc", "[Reboot]\nPolicy=never\nGrace=1s\n")
    machine = one.boot()
    wait_until(lambda: "ecs-pubip" in machine.sh("cat /run/reboot-required.pkgs", check=False).stdout.split(), 40)
    assert "restart required" in machine.sh("cat /run/reboot-required").stdout
    assert machine.sh("cat /run/reboot-required.pkgs").stdout.split() == ["ecs-pubip"]
    time.sleep(1)   # a loop would have run by now
    starts = [e for e in machine.journal("UNIT=ecs-pubip-reboot-required.service")
              if e["MESSAGE"].startswith("Started")]
    assert len(starts) == 1
    assert machine.system_state() == "running"
    assert [e["action"] for e in one.sim.executed()] == ["AllocatePublicIpAddress"]


def test_reboot_waits_for_cloud_init(instance):
    """An unfinished cloud-init holds the reboot back, visibly; `wait` says 5; then it happens."""
    one = instance("vpc", "[Reboot]\nPolicy=always\n")
    one.layer.write("etc/status.json", '{"v1": {"init": {"finished": 1.5}}}')   # its files are written
    one.layer.write("etc/systemd/system/like-cloud-init.service",
                    "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n[Service]\nType=oneshot\n"
                    "ExecStart=/bin/sh -c 'mkdir -p /run/cloud-init; cp /etc/status.json /run/cloud-init; "
                    ">/run/cloud-init/enabled'\n"
                    "[Install]\nWantedBy=sysinit.target\n")
    one.layer.run("systemctl", "enable", "like-cloud-init.service")
    machine = one.boot()
    done = machine.cli("wait", "--timeout=60s")
    assert done.returncode == 5, done.stdout
    assert "cloud-init" in machine.cli("status").stdout
    assert "cloud-init" in machine.show("ecs-pubip.service", "StatusText")
    assert [e["action"] for e in one.sim.executed()] == ["AllocatePublicIpAddress"]
    machine.sh("echo '{}' >/run/cloud-init/result.json.tmp; "
               "mv /run/cloud-init/result.json.tmp /run/cloud-init/result.json")
    one.wait_boot(2)
    assert machine.sh("echo '{}' >/run/cloud-init/result.json").returncode == 0
    assert machine.cli("wait", "--timeout=60s").returncode == 0


def test_reboot_waits_for_an_inhibitor(instance):
    """A block inhibitor on shutdown, as package managers take it, seen from inside the sandbox."""
    one = instance("vpc", "[Reboot]\nPolicy=always\nGrace=1s\n")
    one.layer.write("etc/systemd/system/inhibits.service",
                    "[Unit]\nAfter=systemd-logind.service\n[Service]\n"
                    "ExecStart=systemd-inhibit --what=shutdown --mode=block --who=upgrade --why=busy "
                    "sleep infinity\n[Install]\nWantedBy=multi-user.target\n")
    one.layer.run("systemctl", "enable", "inhibits.service")
    one.sim.hold("AllocatePublicIpAddress", name="gate")
    machine = one.boot()
    machine.wait_unit("inhibits.service", ActiveState="active")
    one.sim.release("gate")
    done = machine.cli("wait", "--timeout=60s")
    assert done.returncode == 5, done.stdout
    assert "upgrade" in machine.cli("status").stdout
    machine.systemctl("stop", "inhibits.service")
    one.wait_boot(2)


def phase(machine):
    try:
        return machine.status()["phase"]
    except (FileNotFoundError, ValueError):
        return None


def wait_until(look, timeout):
    deadline = time.monotonic() + timeout
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.2)

# SPDX-License-Identifier: Apache-2.0
"""A classic instance from an image that has the package inside: a second NIC brings the address.

Its user-data only configures, and the agent is up before cloud-init.
"""

import json

import pytest

from machine import confined, disk
from system.layer import Layer

FIRST_BOOT = 900    # seconds; 45 on an idle machine
SECOND_BOOT = 600
IMAGE = "[Reboot]\nPolicy=never\n"
USER_DATA = """#cloud-config
write_files:
  - path: /etc/ecs-pubip/ecs-pubip.conf.d/60-user-data.conf
    content: |
      [Reboot]
      Policy=always
"""


@pytest.fixture(scope="module")
def machine(instance, debian, deb, newer_deb):
    one = instance("classic", "classic")
    layer = Layer("/run/machine-classic", [debian])
    disk.furnish(layer, one.cloud.ca_file)
    layer.install(deb)
    layer.write("etc/ecs-pubip/ecs-pubip.conf.d/50-image.conf", IMAGE)
    layer.run("ecs-pubip", "seal")
    confined.bring(layer, newer_deb)
    disk.pack(layer, one.folder)
    layer.close()
    one.sim.set("metadata.user_data", USER_DATA)
    one.boot()
    one.wait_boot(2, FIRST_BOOT)
    one.vm.until("systemctl -q is-active ecs-pubip", SECOND_BOOT)   # the shell answers before it
    return one


def test_user_data_was_read_before_the_first_change(machine):
    """With the image's configuration there would be no reboot."""
    first = machine.vm.run("journalctl --no-pager -b -1 -u ecs-pubip -o cat")
    order = [word for line in first.splitlines()
             for word in ("was read again", "About to ask") if word in line]
    assert order == ["was read again", "About to ask", "About to ask"], first
    assert [e["action"] for e in machine.sim.executed()] == ["AllocatePublicIpAddress", "RebootInstance"]


def test_apparmor_was_in_nobodys_way(machine):
    denied = machine.vm.run("journalctl --no-pager -k -o cat --grep 'apparmor=.DENIED.*ecs-pubip' || true")
    assert "DENIED" not in denied, denied


def test_eth1_has_the_address(machine):
    machine.vm.run("ecs-pubip wait --timeout=3min", SECOND_BOOT)
    status = json.loads(machine.vm.run("ecs-pubip status --json"))
    address = machine.sim.get("instance.public_ip")
    kernel = status["planes"]["kernel"]
    assert (status["phase"], status["network_type"]) == ("confirmed", "classic")
    assert (kernel["interface"], kernel["address"]) == ("eth1", address)
    assert address in machine.vm.run("ip -4 addr show dev eth1")


def test_first_boot_finished_before_the_reboot(machine):
    """With the agent up long before cloud-init, which then had all its time."""
    first = machine.vm.run("journalctl --no-pager -b -1 -u cloud-final -u ecs-pubip "
                           "| grep -E 'finished at|About to ask'")
    order = [word for line in first.splitlines()
             for word in ("AllocatePublicIpAddress", "finished at", "RebootInstance") if word in line]
    assert order == ["AllocatePublicIpAddress", "finished at", "RebootInstance"], first


def test_address_that_goes_is_noticed(machine):
    """Somebody takes the link down: the kernel plane says so; back up, it is confirmed again."""
    machine.vm.run("ip link set eth1 down")
    machine.vm.until("! ecs-pubip status >/dev/null", 60)
    machine.vm.run("ip link set eth1 up")
    machine.vm.run("ecs-pubip wait --timeout=2min", 200)
    assert len(machine.sim.executed()) == 2


def test_it_starts_where_user_namespaces_are_turned_off(machine):
    """As hardening guides ask for."""
    machine.vm.run("sysctl -qw user.max_user_namespaces=0 && ! unshare --user true 2>/dev/null")
    machine.vm.run("systemctl restart ecs-pubip-cloud.socket ecs-pubip")
    machine.vm.run("ecs-pubip wait --timeout=2min", 200)
    assert len(machine.sim.executed()) == 2


def test_life_under_the_policy(machine):
    """The last: it ends with the purge. Other systems: test_systems.py."""
    confined.live(machine)

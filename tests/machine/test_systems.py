# SPDX-License-Identifier: Apache-2.0
"""Other systems than the one of the other machines, each with its own kernel and policy in force: the
package made for it, from the first boot to the purge. $ECS_PUBIP_SYSTEMS says which.

One machine a system; the tests look at it in this order.
"""

import json

import pytest

from machine import SYSTEMS, confined, disk
from system import release
from system.layer import Layer

FIRST_BOOT = 900    # seconds


@pytest.fixture(scope="module", params=SYSTEMS)
def machine(request, instance, of_system, scratch):
    root, deb, newer = of_system(request.param)
    one = instance(request.param, "vpc-immediate")
    layer = Layer("/run/machine-" + request.param, [root])
    disk.furnish(layer, one.cloud.ca_file)
    layer.install(deb)
    confined.bring(layer, newer)
    disk.pack(layer, one.folder)
    layer.close()
    one.boot()
    one.wait_boot(1, FIRST_BOOT)
    one.system = request.param
    return one


def test_confirmed(machine):
    machine.vm.until("systemctl -q is-active ecs-pubip", FIRST_BOOT)
    machine.vm.run("ecs-pubip wait --timeout=10min", FIRST_BOOT)
    status = json.loads(machine.vm.run("ecs-pubip status --json"))
    assert (status["phase"], status["public_ip"]) == ("confirmed", machine.sim.get("instance.public_ip"))


def test_the_package_is_of_this_system(machine):
    version = machine.vm.run("dpkg-query -W -f '${Version}' ecs-pubip")
    assert version.endswith("-1" + release.RELEASES[machine.system].suffix), version


def test_never_restarted_by_a_fault(machine):
    assert machine.vm.run("systemctl show -P NRestarts ecs-pubip").strip() == "0"


def test_life_under_the_policy(machine):
    confined.live(machine)

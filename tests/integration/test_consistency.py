# SPDX-License-Identifier: Apache-2.0
"""Eventual consistency: what is true is not shown everywhere at once."""


def test_instance_not_known_yet(make_world):
    """A just-created instance is not found by its own control plane: waited out, class auth."""
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "InvalidInstanceId.NotFound", status=404, times=2)
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["class"] == "auth", timeout=20)
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_instance_not_listed_yet(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.not_found_looks", 3)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=90)
    assert len(w.sim.executed("AllocatePublicIpAddress")) == 1


def test_metadata_behind_control(make_world):
    """Metadata shows the address some looks later than control: looked at again, no reboot."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.metadata_lag.looks", 2)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert w.machine.status()["reboots"] == 0
    assert w.machine.status()["planes"]["metadata"]["verdict"] == "agrees"


def test_allocation_that_control_does_not_show_yet(make_world):
    """Answered with an address, not shown for three looks: waited for, never asked for again."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.control_lag.looks", 3)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=120)
    assert w.sim.actions().count("AllocatePublicIpAddress") == 1


def test_metadata_leads(make_world):
    """Metadata shows an address, control does not (yet): nothing is allocated."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.control_lag.looks", 2)
    w.sim.give_address()
    w.machine.write("/etc/ecs-pubip/ecs-pubip.conf", "[Confirm]\nPlanes=kernel metadata control\n")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert w.sim.executed() == []


def test_region_without_the_whole_tree(make_world):
    """`meta-data/all` is not served everywhere: document and items do, absence included."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("metadata.all", False)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert not [e for e in w.machine.journal.find() if int(e["PRIORITY"]) <= 4]
    assert w.sim.actions() == ["DescribeInstances", "AllocatePublicIpAddress", "DescribeInstances"]

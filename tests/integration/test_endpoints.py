# SPDX-License-Identifier: Apache-2.0
"""Where the API is asked: inside first, outside on connect failure; never in the clear."""

import pytest


def hosts(w):
    return [e["host"] for e in w.sim.api()]


def test_inside_first(make_world):
    w = make_world(mode="vpc-immediate")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert set(hosts(w)) == {"ecs-vpc.cn-hangzhou.aliyuncs.com"}


@pytest.mark.parametrize("how", ["blackhole", "refuse"])
def test_outside_on_connect_failure(make_world, how):
    w = make_world(mode="vpc-immediate")
    w.sim.endpoint("ecs-vpc", how)
    w.sim.set("network.public", "open")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert "ecs-vpc.cn-hangzhou.aliyuncs.com" not in hosts(w)
    assert len(w.sim.executed("AllocatePublicIpAddress")) == 1


def test_nothing_connects(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.endpoint("ecs-vpc", "refuse")
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] == "Transport.Connect",
                                 timeout=40)
    assert w.machine.status()["fault"]["class"] == "retry"
    w.sim.endpoint("ecs-vpc", None)
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_overrides(make_world):
    w = make_world(mode="vpc-immediate", config="[Cloud]\nVpcEndpoint=ecs.aliyuncs.com\n")
    w.sim.set("network.public", "open")
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)
    assert set(hosts(w)) == {"ecs.aliyuncs.com"}


def test_name_that_does_not_resolve(make_world):
    w = make_world(mode="vpc-immediate",
                   config="[Cloud]\nVpcEndpoint=nowhere.invalid\nEndpoint=nowhere2.invalid\n")
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] == "Transport.Resolve",
                                 timeout=60)
    assert w.machine.status()["fault"]["class"] == "retry"


def test_endpoint_of_another_region(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "InvalidOperation.NotSupportedEndpoint", status=404, times=None)
    w.start()
    assert w.machine.wait_phase("failed", timeout=30)
    assert "ndpoint" in w.machine.status()["fault"]["remedy"]


@pytest.mark.parametrize("kind", ["expired", "wrong-name", "unknown-ca", "garbage"])
def test_tls_is_always_verified(make_world, kind):
    """Never a request to who is not proven to be the API, and never plain http."""
    w = make_world(mode="vpc-immediate")
    w.sim.tls("ecs-vpc", kind)
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"].startswith("Transport."),
                                 timeout=60)
    assert w.sim.actions() == []
    w.sim.tls("ecs-vpc", "good")
    w.machine.cli("resume")
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_proxy_for_the_api_never_for_metadata(make_world):
    w = make_world(mode="vpc-immediate")
    w.machine.cloud_environment.update({"https_proxy": "http://proxy.test:3128",
                                        "http_proxy": "http://proxy.test:3128",
                                        "all_proxy": "http://proxy.test:3128"})
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=40)
    proxied = w.sim.events(event="proxy")
    assert proxied
    assert not [e for e in proxied if "100.100.100.200" in str(e)]

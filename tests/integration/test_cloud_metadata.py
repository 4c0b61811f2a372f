# SPDX-License-Identifier: Apache-2.0
"""The cloud process and the metadata service: tokens, modes, addresses, bad answers."""

import json
import re
import time

import pytest

from asker import Asker

ALL = "meta-data/all"
ROLE = "meta-data/ram/security-credentials/"
GARBAGE = ["close", "reset", "empty", "garbled", "half", "huge", "endless-headers", "html",
           "not-http"]


@pytest.fixture
def asker(world):
    with Asker(world) as asker:
        yield asker


def items(world, **wanted):
    return [(e["method"], e["item"], e["status"]) for e in world.sim.log(plane="metadata", **wanted)]


def test_identify_costs_token_and_tree(world, asker):
    who = asker.ok("identify")
    assert who["instance_id"] == world.sim.get("instance.id")
    assert who["region_id"] == "cn-hangzhou"
    assert who["private_ip"] == "172.16.0.10"
    assert who["mac"] == "00:16:3e:0a:0b:0c"
    assert who["network"] == "vpc"
    assert who["from_metadata"] is True
    assert who["public"]["presence"] == "absent"
    assert items(world) == [("PUT", "api/token", 200), ("GET", ALL, 200)]
    assert world.sim.log(item=ALL)[0]["token"] is True


def test_connection_keeps_token_and_socket(world, asker):
    asker.ok("identify")
    asker.ok("addresses")
    asker.ok("addresses")
    assert items(world).count(("PUT", "api/token", 200)) == 1
    assert len(items(world)) == 4


@pytest.mark.parametrize("address", ["", "203.0.113.10"])
def test_identify_without_the_tree_costs_five(world, asker, address):
    world.sim.update({"metadata.all": False, "metadata.address": address})
    who = asker.ok("identify")
    assert who["public"]["presence"] == ("present" if address else "absent")
    assert who["public"].get("address", "") == address
    assert len(items(world)) == 5
    asker.ok("addresses")
    assert items(world)[5:] == [("GET", "meta-data/instance-id", 200)] + (
        [("GET", "meta-data/eipv4", 200)] if address else
        [("GET", "meta-data/eipv4", 404), ("GET", "meta-data/public-ipv4", 404)])


@pytest.mark.parametrize("tree", [True, False])
@pytest.mark.parametrize("served, presence", [
    (["eipv4"], "present"), (["public-ipv4"], "present"), ([], "absent")])
def test_address_items(world, asker, tree, served, presence):
    world.sim.update({"metadata.all": tree, "metadata.address_items": served,
                      "metadata.address": "203.0.113.10"})
    look = asker.ok("addresses")
    assert look["presence"] == presence
    assert look["instance_id"] == world.sim.get("instance.id")


@pytest.mark.parametrize("tree", [True, False])
def test_empty_item_is_absent(world, asker, tree):
    world.sim.update({"metadata.all": tree, "metadata.absent": "empty"})
    assert asker.ok("addresses")["presence"] == "absent"


@pytest.mark.parametrize("leaf, presence", [
    ({"status": 404, "body": ""}, "absent"), ({"status": 200, "body": "203.0.113.10\n"}, "present"),
    ({"status": 200, "body": "null"}, "unknown"), ({"status": 500, "body": ""}, "unknown")])
def test_odd_item_of_the_tree_is_no_absence(world, asker, leaf, presence):
    """The item's own path decides, and where that says nothing either, nothing is known."""
    tree = {"instance-id": world.sim.get("instance.id"), "region-id": "cn-hangzhou"}
    for odd in None, [], [""], {}, {"address": "203.0.113.9"}, 0, False, "none":
        world.sim.clear()
        body = json.dumps({**tree, "eipv4": odd})
        world.sim.rule(ALL, answer={"status": 200, "body": body}, times=None)
        world.sim.rule("meta-data/eipv4", answer=leaf, times=None)
        looks = [asker.ok("identify")["public"]]
        if presence == "unknown":   # for a look at the address alone that is a fault
            assert asker.fault("addresses")["code"] == "Metadata.Garbled", odd
        else:
            looks.append(asker.ok("addresses"))
        for look in looks:
            assert look["presence"] == presence, odd
            assert look.get("address") == ("203.0.113.10" if presence == "present" else None)


@pytest.mark.parametrize("item, status, code", [
    ("meta-data/eipv4", 500, "Metadata.ServerError"),
    ("meta-data/public-ipv4", 503, "Metadata.ServerError"),
    ("meta-data/instance-id", 404, "Metadata.NotFound"),
    ("meta-data/eipv4", 429, "Metadata.Throttled")])
def test_error_is_never_absence(world, asker, item, status, code):
    world.sim.set("metadata.all", False)
    world.sim.refuse_metadata(item, status)
    assert asker.fault("addresses")["code"] == code
    assert asker.ok("addresses")["presence"] == "absent"


def test_outage_of_404_is_no_absence(world, asker):
    world.sim.refuse_metadata("meta-data/*", 404, times=None)
    world.sim.refuse_metadata("dynamic/*", 404, times=None)
    assert asker.fault("addresses")["code"] == "Metadata.NotFound"
    assert asker.fault("identify")["code"] == "Metadata.NotFound"


# tokens

def test_hardened_mode(world, asker):
    world.sim.set("metadata.mode", "required")
    asker.ok("identify")
    assert all(e["token"] for e in world.sim.log(plane="metadata", method="GET"))


def test_disabled(world, asker):
    world.sim.set("metadata.mode", "disabled")
    fault = asker.fault("identify")
    assert (fault["class"], fault["code"], fault["http_status"]) == ("auth", "Metadata.Forbidden",
                                                                     403)


def test_new_token_after_401_once(world, asker):
    asker.ok("identify")
    world.sim.expire_tokens()
    asker.ok("addresses")
    assert items(world)[2:] == [("GET", ALL, 401), ("PUT", "api/token", 200), ("GET", ALL, 200)]


def test_lasting_401_is_a_fault(world, asker):
    world.sim.refuse_metadata(ALL, 401, times=None)
    assert asker.fault("identify")["code"] == "Metadata.Forbidden"
    assert [s for _, i, s in items(world) if i == ALL] == [401, 401]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_without_token_where_it_is_refused(world, asker, status):
    world.sim.refuse_metadata("api/token", status)
    asker.ok("identify")
    assert world.sim.log(item=ALL)[0]["token"] is False
    asker.ok("addresses")
    assert len(world.sim.log(item="api/token")) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_token_error_is_no_downgrade(world, asker, status):
    world.sim.refuse_metadata("api/token", status)
    assert asker.fault("identify")["http_status"] == status
    asker.ok("identify")
    assert world.sim.log(item=ALL)[0]["token"] is True


def test_token_required(make_world):
    world = make_world(config="[Cloud]\nTokenRequired=yes\n")
    with Asker(world) as asker:
        world.sim.refuse_metadata("api/token", 404)
        assert asker.fault("identify")["code"] == "Metadata.Forbidden"
        world.sim.damage("api/token", "stall")
        assert asker.fault("identify")["code"] == "Metadata.TokenTimeout"
        assert not world.sim.log(item=ALL)
        asker.ok("identify")


def test_token_timeout_explains_the_refusal(world, asker):
    """Hop limit: the PUT's answer never comes, and hardened metadata refuses the rest."""
    world.sim.set("metadata.mode", "required")
    world.sim.damage("api/token", "stall", times=None)
    assert asker.fault("identify")["code"] == "Metadata.TokenTimeout"


def test_token_timeout_is_survived(world, asker):
    world.sim.damage("api/token", "stall", times=None)
    asker.ok("identify")
    asker.ok("addresses")
    assert len(world.sim.events(event="arrival", path="api/token")) == 1


@pytest.mark.parametrize("token", ["", "a b", "x\r\nEvil: 1", "t" * 2000, "\u00e4"])
def test_token_that_is_none(world, asker, token):
    world.sim.rule("api/token", answer={"status": 200, "body": token})
    assert asker.fault("identify")["code"] == "Metadata.Garbled"
    asker.ok("identify")


@pytest.mark.parametrize("status", [429, 503])
def test_throttled_with_hint(world, asker, status):
    """It is no quota of an account, the wait for which nothing ends: the hint is left out."""
    world.sim.refuse_metadata(ALL, status, headers={"Retry-After": "3600"})
    fault = asker.fault("identify")
    assert (fault["class"], fault.get("retry_after_ms")) == ("retry", None)


# a route or a policy that forbids

def test_locked_by_a_prohibit_route(world, asker):
    """As systemd-imdsd sets one; found out before anything is sent."""
    world.machine.ip("route add prohibit 100.100.100.200/32")
    fault = asker.fault("identify")
    assert (fault["class"], fault["code"]) == ("auth", "Metadata.Locked")
    world.machine.ip("route del prohibit 100.100.100.200/32")
    asker.ok("identify")


def test_forbidden_by_a_policy(world):
    """EACCES of TCP alone is no route: SELinux, or a filter by owner. Here it is injected."""
    with Asker(world, wrapper=["strace", "-qq", "-f", "-o", "/dev/null", "-e",
                               "inject=connect:error=EACCES:when=1"]) as asker:
        assert asker.fault("identify")["code"] == "Metadata.Denied"


# bad answers

@pytest.mark.parametrize("damage", GARBAGE)
@pytest.mark.parametrize("item", ["api/token", ALL])
def test_bad_answer_is_a_fault_then_all_is_well(world, asker, item, damage):
    # curl repeats a read by itself when a kept connection dies under it
    kept = item == ALL and damage in ("close", "reset")
    world.sim.damage(item, damage, times=2 if kept else 1)
    fault = asker.fault("identify")
    assert fault["code"] in ("Metadata.Garbled", "Metadata.Unreachable"), fault
    assert asker.ok("identify")["instance_id"] == world.sim.get("instance.id")


@pytest.mark.parametrize("damage", ["half", "huge", "html", "garbled"])
def test_tree_that_never_parses_is_gone_around(world, asker, damage):
    world.sim.damage(ALL, damage, times=None)
    assert asker.fault("identify")["code"] == "Metadata.Garbled"
    assert asker.ok("identify")["region_id"] == "cn-hangzhou"


def test_huge_answer_within_the_memory_limit(world):
    """100 MB arrive in a process that has 48 MiB, as it limits itself."""
    world.sim.damage(ALL, "huge")
    world.sim.damage("DescribeInstances", "huge")
    with Asker(world) as asker:
        assert asker.fault("identify")["code"] == "Metadata.Garbled"
        asker.ok("identify")
        assert asker.fault("inspect")["code"] == "Transport.TooLarge"
        asker.ok("inspect")
        with open("/proc/%d/status" % asker.process.pid, encoding="ascii") as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        with open("/proc/%d/limits" % asker.process.pid, encoding="ascii") as f:
            assert re.search(r"^Max data size +50331648 +50331648 ", f.read(), re.M)
    assert peak < 48 << 10


def test_stalled_answer_ends(world, asker):
    world.sim.damage(ALL, "stall")
    begin = time.monotonic()
    assert asker.fault("identify")["code"] == "Metadata.Unreachable"
    assert time.monotonic() - begin < 15


# ways

def test_ipv6_where_ipv4_does_not_connect(make_world):
    world = make_world(ipv6=True)
    world.sim.endpoint("metadata", "refuse")
    with Asker(world) as asker:
        asker.ok("identify")
        asker.ok("addresses")
    assert {e["endpoint"] for e in world.sim.log(plane="metadata")} == {"metadata6"}


@pytest.mark.parametrize("deadline_ms", [20000, 1000], ids=["both tried", "no time for the second"])
def test_unreachable(world, asker, deadline_ms):
    world.sim.set("metadata.available", False)
    fault = asker.fault("identify", deadline_ms=deadline_ms)
    assert (fault["class"], fault["code"]) == ("retry", "Metadata.Unreachable")
    world.sim.set("metadata.available", True)
    asker.ok("identify")


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_proxy_is_never_used(world, name):
    """A proxy that answers nothing: metadata is asked directly all the same."""
    with Asker(world, env={name: "http://proxy.test:3128"}) as asker:
        asker.ok("identify")
    assert not world.sim.events(event="proxy")


# who this is

def test_configured_instance_only_without_metadata(make_world):
    world = make_world(config="[Instance]\nId=i-configured\n[Cloud]\nRegion=cn-beijing\n"
                              "Credentials=static\n")
    with Asker(world) as asker:
        who = asker.ok("identify")
        assert who["instance_id"] == world.sim.get("instance.id")
        assert who["region_id"] == "cn-beijing"     # an override
    world.sim.set("metadata.available", False)
    with Asker(world) as asker:
        who = asker.ok("identify")
        assert (who["instance_id"], who["region_id"]) == ("i-configured", "cn-beijing")
        assert who["from_metadata"] is False


def test_metadata_that_comes_up_counts_before_a_changing_call(make_world):
    """Law L4: the configured id served while there was no metadata; now metadata names another."""
    world = make_world(config="[Instance]\nId=i-configured\n[Cloud]\nRegion=cn-hangzhou\n"
                              "Credentials=static\n")
    world.machine.write_credentials()
    world.sim.set("metadata.available", False)
    with Asker(world) as asker:
        assert asker.ok("identify")["instance_id"] == "i-configured"
        world.sim.set("metadata.available", True)
        fault = asker.fault("allocate", instance_id="i-configured")
        assert fault["code"] == "Instance.NotThisOne"
    assert not world.sim.events(event="arrival", plane="api")


def test_unreachable_tells_of_the_ipv4_address(make_world):
    world = make_world()
    world.sim.endpoint("metadata", "refuse")
    with Asker(world) as asker:
        assert "100.100.100.200" in asker.fault("identify")["message"]


@pytest.mark.parametrize("status", [500, 429, 404])
def test_passing_error_does_not_bring_in_the_configured_instance(make_world, status):
    world = make_world(config="[Instance]\nId=i-configured\n[Cloud]\nRegion=cn-beijing\n"
                              "Credentials=static\n")
    world.sim.refuse_metadata("*", status, times=None)
    with Asker(world) as asker:
        assert "fault" in asker.ask("identify")


@pytest.mark.parametrize("op, members", [
    ("inspect", {}), ("allocate", {}), ("reboot", {}),
    ("bandwidth", {"bandwidth_out": 5, "client_token": "t"}),
    ("eip-allocate", {"client_token": "t"}),
    ("eip-associate", {"client_token": "t", "allocation_id": "eip-1"}),
    ("probe", {"probe": "permission", "permission": "reboot"}), ("eip-find", {})])
def test_no_call_names_another_instance(world, asker, op, members):
    """Law L4, at the first question of a connection and later."""
    for _ in range(2):
        fault = asker.fault(op, instance_id="i-bp1other", **members)
        assert fault["code"] == "Instance.NotThisOne"
    assert not world.sim.events(event="arrival", plane="api")


def test_changing_call_reads_the_id_itself(world, asker):
    """The first question of a connection: nothing was identified before."""
    asker.ok("allocate")
    assert items(world)[:2] == [("PUT", "api/token", 200), ("GET", ALL, 200)]

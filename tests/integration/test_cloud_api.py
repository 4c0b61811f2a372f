# SPDX-License-Identifier: Apache-2.0
"""The cloud process and the API: signatures, endpoints, recoveries, and what a lost reply means."""

import json
import time

import pytest

from asker import Asker

ALLOCATE = "AllocatePublicIpAddress"
SIGNATURES = ["v3", "v1"]


@pytest.fixture
def asker(world):
    with Asker(world) as asker:
        yield asker


def arrivals(world, action):
    return world.sim.events(event="arrival", action=action)


def names(world, **wanted):
    return [e["endpoint"] for e in world.sim.api(**wanted)]


# every call, signed in both ways

@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("static", [False, True])
def test_every_call(make_world, signature, static):
    """The simulator verifies signature, parameters, nonce and time of each."""
    world = make_world(config="[Cloud]\nSignature=%s\nCredentials=%s\n[Address]\nEipTag=a b=c&d\n"
                              % (signature, "static" if static else "role"))
    world.sim.update({"instance.bandwidth_out": 0, "instance.already": "AllocatedAlready"})
    if static:
        world.machine.write_credentials()
    with Asker(world) as asker:
        assert asker.ok("inspect")["bandwidth_out"] == 0
        asker.ok("bandwidth", bandwidth_out=5, client_token="token-1", allocate_public_ip=True)
        assert asker.ok("inspect")["public_ip"]
        world.sim.take_address()
        assert asker.ok("allocate")["address"]
        assert asker.fault("allocate")["class"] == "already"
        world.sim.take_address()
        eip = asker.ok("eip-allocate", client_token="token-2")
        assert asker.ok("eip-find", allocation_id=eip["allocation_id"])["status"] == "available"
        asker.ok("eip-associate", allocation_id=eip["allocation_id"], client_token="token-3")
        world.sim.wait(event="eip", status="InUse")
        found = asker.ok("eip-find", allocation_id=eip["allocation_id"])
        assert (found["status"], found["bound_here"]) == ("in-use", True)
        assert asker.ok("inspect")["eip"] == found["address"]
        assert asker.ok("probe", probe="permission", permission="reboot")["reachable"] == "yes"
        assert asker.ok("probe", probe="permission", permission="allocate")["reachable"] == "unknown"
        assert asker.ok("reboot")["request_id"]
    assert {e["style"] for e in world.sim.api()} == {"v3" if signature == "v3" else "rpc"}
    assert all(e["authenticated"] and e["tls"] for e in world.sim.api())
    assert world.sim.events(event="tls") and not world.sim.events(event="crash")


def test_one_handshake_and_few_requests(world, asker):
    """A job without a reboot: identify, inspect, allocate, one look. The change has a connection of
    its own, with the session of the look before it."""
    asker.ok("identify")
    asker.ok("inspect")
    asker.ok("allocate")
    asker.ok("addresses")
    assert [e["resumed"] for e in world.sim.events(event="tls")] == [False, True]
    assert len(world.sim.log(plane="metadata")) == 5
    assert world.sim.actions() == ["DescribeInstances", ALLOCATE]


def test_parameters_of_the_page(make_world):
    world = make_world(config="[Address]\nIpAddress=203.0.113.77\nVlanId=720\n")
    with Asker(world) as asker:
        assert asker.ok("allocate")["address"] == "203.0.113.77"
    assert world.sim.api(action=ALLOCATE)[0]["params"] == {
        "InstanceId": world.sim.get("instance.id"), "IpAddress": "203.0.113.77", "VlanId": "720"}


# faults

@pytest.mark.parametrize("form", ["json", "xml"])
def test_refusal_in_both_formats(world, asker, form):
    world.sim.fail(ALLOCATE, "InstanceLockedForSecurity", form=form)
    fault = asker.fault("allocate")
    assert (fault["class"], fault["code"], fault["http_status"]) == (
        "operator", "InstanceLockedForSecurity", 403)
    assert fault["request_id"] == world.sim.api(action=ALLOCATE)[0]["request_id"]
    assert fault["message"]


def test_missing_permission_names_the_action(world, asker):
    world.sim.set("account.denied", ["ecs:" + ALLOCATE])
    fault = asker.fault("allocate")
    assert fault["class"] == "auth"
    assert "ecs:" + ALLOCATE in fault["message"]


@pytest.mark.parametrize("headers, hint", [
    ({"x-acs-retry-after": "2500"}, 2500), ({"x-acs-retry-after": "0"}, 0),
    ({"x-acs-retry-after": "-5"}, 0), ({"x-acs-retry-after": "soon"}, 0),
    ({"x-acs-retry-after": "99999999999999"}, 3600000), ({"Retry-After": "30"}, 30000),
    ({"Retry-After": "30", "x-acs-retry-after": "700"}, 700)])
def test_throttling_hints(world, asker, headers, hint):
    world.sim.fail("DescribeInstances", "Throttling.User", headers=headers)
    fault = asker.fault("inspect")
    assert fault["class"] == "throttled"
    assert fault.get("retry_after_ms", 0) == hint


@pytest.mark.parametrize("reason", ["permission", "region", "id"])
def test_empty_list_is_told_apart(make_world, reason):
    region = {"region": "cn-beijing"}.get(reason, "cn-hangzhou")
    world = make_world(config="[Cloud]\nRegion=%s\nVpcEndpoint=ecs-vpc.cn-hangzhou.aliyuncs.com\n"
                              % region)
    if reason == "region":      # as a gateway that serves both regions would answer
        world.sim.fail("DescribeInstances", "DryRunOperation", params={"DryRun": "true"})
        world.sim.rule("DescribeInstances", answer={
            "body": '{"RequestId":"R","TotalCount":0,"Instances":{"Instance":[]}}'})
    if reason == "permission":
        world.sim.set("account.denied", ["ecs:DescribeInstances"])
    if reason == "id":
        world.sim.set("instance.not_found_looks", 1)
    with Asker(world) as asker:
        fault = asker.fault("inspect")
        assert fault["code"] == {"permission": "Forbidden.RAM", "region": "Instance.WrongRegion",
                                 "id": "Instance.NotListed"}[reason]
        if reason == "permission":
            assert "ecs:DescribeInstances" in fault["message"]
    assert len(world.sim.api(action="DescribeInstances")) == 2


@pytest.mark.parametrize("damage, code", [
    ("close", "Transport.Closed"), ("reset", "Transport.Closed"), ("half", "Transport.Closed"),
    ("empty", "Transport.NotApi"), ("garbled", "Transport.NotApi"), ("html", "Transport.NotApi"),
    ("not-http", "Transport.NotApi"), ("huge", "Transport.TooLarge"),
    ("endless-headers", "Transport.TooLarge")])
@pytest.mark.parametrize("kept", [False, True])
def test_bad_answer_to_a_changing_call_is_not_asked_again(world, asker, damage, code, kept):
    """Executed, and its answer lost: exactly one call leaves, over a fresh connection or a kept one."""
    if kept:
        asker.ok("inspect")
    world.sim.damage(ALLOCATE, damage, times=None)
    fault = asker.fault("allocate")
    assert fault["code"] == code, fault
    assert len(arrivals(world, ALLOCATE)) == 1
    world.sim.clear()
    assert asker.ok("inspect")["public_ip"] == "203.0.113.10"


@pytest.mark.parametrize("kept", [False, True])
def test_reads_survive_a_dead_connection(world, asker, kept):
    if kept:
        asker.ok("inspect")
    world.sim.damage("DescribeInstances", "close")
    answer = asker.ask("inspect")
    assert ("ok" in answer) == kept


@pytest.mark.parametrize("damage", ["stall", "drip"])
def test_slow_call_ends_with_its_time(world, asker, damage):
    asker.ok("inspect")
    world.sim.damage("DescribeInstances", damage)
    begin = time.monotonic()
    assert asker.fault("inspect", deadline_ms=1500)["code"] == "Transport.Timeout"
    assert 0.6 < time.monotonic() - begin < 10


@pytest.mark.parametrize("damage", ["stall", "drip"])
def test_change_that_has_left_gets_its_whole_time(world, asker, damage):
    """20 s, wherever the deadline is: with the agent's 25 s that is CALL_MAX."""
    asker.ok("inspect")
    world.sim.damage(ALLOCATE, damage)
    begin = time.monotonic()
    assert asker.fault("allocate", deadline_ms=1500)["code"] == "Transport.Timeout"
    assert 19 < time.monotonic() - begin < 25
    assert len(arrivals(world, ALLOCATE)) == 1


@pytest.mark.parametrize("op, deadline", [("inspect", 20000), ("allocate", 20000),
                                          ("allocate", 5000)])
def test_late_answer_is_read(world, asker, op, deadline):
    asker.ok("inspect")
    world.sim.rule(ALLOCATE if op == "allocate" else "DescribeInstances", pause=13)
    asker.ok(op, deadline_ms=deadline)


# recoveries

def test_used_nonce(world, asker):
    """Of a change it says that the request has arrived, and perhaps was executed: it is not signed
    again. A look is, once."""
    world.sim.fail(ALLOCATE, "SignatureNonceUsed")
    assert asker.fault("allocate")["code"] == "SignatureNonceUsed"
    assert len(arrivals(world, ALLOCATE)) == 1
    world.sim.fail("DescribeInstances", "SignatureNonceUsed", times=None)
    assert asker.fault("inspect")["code"] == "SignatureNonceUsed"
    assert len(arrivals(world, "DescribeInstances")) == 2


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("offset", [-3 * 3600, 3 * 3600, 16 * 365 * 86400,
                                    -10 * 365 * 86400])
def test_wrong_clock(make_world, signature, offset):
    """The machine's clock is hours off, or years either way: metadata's Date is the first hint."""
    world = make_world(config="[Cloud]\nSignature=%s\n" % signature)
    world.sim.set("clock.offset", offset)
    with Asker(world) as asker:
        begin = time.time()
        answer = asker.ask("allocate")
        assert answer["ok"]["address"]
        assert begin - 2 < answer["server_time"] - offset < time.time() + 2
    assert len(arrivals(world, ALLOCATE)) == 1


def test_lying_metadata_clock(world, asker):
    """The hint is wrong: one call refused for its time, the next signed by the API's own Date."""
    world.sim.set("metadata.clock_offset", 7200)
    begin = time.time()
    answer = asker.ask("allocate")
    assert answer["ok"]["address"]
    assert begin - 2 < answer["server_time"] < time.time() + 2
    assert [e["code"] for e in world.sim.api()][1:] == [None]
    asker.ok("inspect")
    assert len(world.sim.api()) == 3


def test_clock_fault_once(world, asker):
    world.sim.fail("DescribeInstances", "InvalidTimeStamp.Expired", times=None)
    assert asker.fault("inspect")["class"] == "clock"
    assert len(arrivals(world, "DescribeInstances")) == 2


def test_time_of_the_question_is_used(make_world):
    """A later process starts with what an earlier one learnt, where metadata is not there to tell."""
    world = make_world(config="[Instance]\nId=i-bp1gtjxuuvwj17zr0001\n[Cloud]\nRegion=cn-hangzhou\n"
                              "Credentials=static\n")
    world.machine.write_credentials()
    world.sim.update({"metadata.available": False, "clock.offset": 7200})
    with Asker(world) as asker:
        asker.ok("inspect", server_time=int(time.time()) + 7200)
    assert len(world.sim.api()) == 1


@pytest.mark.parametrize("static", [False, True])
def test_certificate_not_yet_valid(make_world, static):
    """2010: with a role's keys metadata's Date is believed; with static keys somebody must act."""
    world = make_world(config="[Cloud]\nCredentials=%s\n" % ("static" if static else "role"))
    world.machine.write_credentials()
    world.sim.update({"clock.offset": 16 * 365 * 86400, "network.public": "refuse"})
    with Asker(world) as asker:
        answer = asker.ask("inspect")
    if static:
        assert answer["fault"]["code"] == "Transport.TlsNotYetValid"
        assert answer["fault"]["class"] == "clock"
        assert not world.sim.api()
    else:
        assert "ok" in answer


def test_certificate_not_yet_valid_by_the_cloud_time_either(world, asker):
    world.sim.set("network.public", "refuse")
    world.sim.tls("ecs-vpc", "not-yet-valid")
    assert asker.fault("inspect")["code"] in ("Transport.TlsNotYetValid", "Transport.Tls")
    assert not world.sim.api()


# credentials

def test_role_attached_later(world, asker):
    world.sim.set("account.role.attached", False)
    assert asker.fault("inspect")["code"] == "Metadata.NoRole"
    world.sim.set("account.role.attached", True)
    asker.ok("inspect")


def test_configured_role_is_not_listed(make_world):
    world = make_world(config="[Cloud]\nRole=ecs-pubip\n")
    with Asker(world) as asker:
        asker.ok("inspect")
    assert len(world.sim.log(plane="metadata")) == 3


def test_revoked_credentials_are_fetched_again_once(world, asker):
    asker.ok("inspect")
    world.sim.rotate(revoke=True)
    asker.ok("allocate")
    assert len(arrivals(world, ALLOCATE)) == 2
    world.sim.fail("DescribeInstances", "InvalidSecurityToken.Expired", times=None)
    assert asker.fault("inspect")["class"] == "auth"
    assert len(arrivals(world, "DescribeInstances")) == 3


def test_a_new_process_signs_with_a_new_set(world, asker):
    """Each process fetches its own, without a refusal by the API; for when a process fetches a
    second one see tests/unit/test_expiry.c."""
    world.sim.set("account.role.lifetime", 500)
    world.sim.set("account.role.rotate_before", 0)
    asker.ok("inspect")
    world.sim.set("account.role.lifetime", 6 * 3600)
    assert len(world.sim.log(item="meta-data/ram/security-credentials/ecs-pubip")) == 1
    with Asker(world) as other:
        other.ok("inspect", server_time=int(time.time()))
    assert len(world.sim.log(item="meta-data/ram/security-credentials/ecs-pubip")) == 2
    assert all(e["code"] is None for e in world.sim.api())


def test_expired_credentials_are_a_fault(world, asker):
    world.sim.set("account.role.frozen", True)
    asker.ok("inspect")
    world.sim.expire_credentials()
    with Asker(world) as other:
        # its time is not proven: the API has judged, and once more what metadata served anew
        found = other.fault("inspect")
        assert (found["code"], found["class"]) == ("InvalidSecurityToken.Expired", "auth")
        world.sim.set("account.role.frozen", False)
        other.ok("inspect")


@pytest.mark.parametrize("body", ["", "{}", "<html>", '{"Code":"Failed"}',
                                  '{"Code":"Success","AccessKeyId":"a"}', "{" * 5000])
def test_bad_credentials(world, asker, body):
    world.sim.rule("meta-data/ram/security-credentials/ecs-pubip",
                   answer={"status": 200, "body": body})
    assert asker.fault("inspect")["code"] == "Metadata.BadCredentials"
    asker.ok("inspect")


@pytest.mark.parametrize("change, word", [
    ("chmod 644 access-key-secret", "read by everybody"),
    ("chmod 620 access-key-secret", "written by others"),
    ("mv access-key-secret x; ln -s x access-key-secret", "symbolic link"),
    ("rm access-key-secret; mkfifo -m 600 access-key-secret", "not a regular file"),
    ("rm access-key-secret; mkdir -m 700 access-key-secret", "not a regular file"),
    ("printf 'a b' > access-key-secret", "word"),
    (": > access-key-secret", "empty"),
    ("head -c 5000 /dev/zero | tr '\\0' a > access-key-secret", "long"),
    ("rm access-key-id", "access-key-id"),
])
def test_static_keys_refused(make_world, change, word):
    world = make_world(config="[Cloud]\nCredentials=static\n")
    world.machine.write_credentials()
    world.machine.run("cd /etc/ecs-pubip/credentials; " + change)
    with Asker(world) as asker:
        fault = asker.fault("inspect")
        assert (fault["class"], fault["code"]) == ("operator", "Credentials.Unreadable")
        assert word in fault["message"]
    assert not world.sim.api()


def test_static_keys_of_systemd(make_world):
    world = make_world(config="[Cloud]\nCredentials=static\n")
    world.machine.write_credentials()
    world.machine.run("mkdir /run/keys; mv /etc/ecs-pubip/credentials/* /run/keys/")
    with Asker(world, env={"CREDENTIALS_DIRECTORY": "/run/keys"}) as asker:
        asker.ok("inspect")


# endpoints

def test_private_endpoint_first(world, asker):
    world.sim.set("network.public", "open")
    asker.ok("inspect")
    assert names(world) == ["ecs-vpc"]


@pytest.mark.parametrize("state", ["refuse", "blackhole"])
@pytest.mark.parametrize("op, action", [("inspect", "DescribeInstances"), ("allocate", ALLOCATE)])
def test_public_endpoint_when_the_private_does_not_connect(world, asker, state, op, action):
    world.sim.set("network.public", "open")
    world.sim.endpoint("ecs-vpc", state)
    asker.ok(op)
    world.sim.endpoint("ecs-vpc", "up")
    asker.ok("inspect")
    assert names(world) == ["ecs", "ecs"]   # who answered is asked first from then on
    assert len(arrivals(world, action)) == (2 if op == "inspect" else 1)


@pytest.mark.parametrize("kind", ["expired", "wrong-name", "unknown-ca", "garbage"])
def test_bad_tls_is_never_talked_to(world, asker, kind):
    world.sim.set("network.public", "refuse")
    world.sim.tls("ecs-vpc", kind)
    fault = asker.fault("inspect")
    assert fault["code"] == "Transport.Tls"
    assert "ecs-vpc" in fault["message"]
    assert not world.sim.api()
    world.sim.set("network.public", "open")
    asker.ok("inspect")
    assert names(world) == ["ecs"]
    assert all(e["tls"] for e in world.sim.api())


def test_name_that_does_not_resolve(make_world):
    world = make_world(config="[Cloud]\nVpcEndpoint=nowhere.test\n")
    world.sim.set("network.public", "refuse")
    with Asker(world) as asker:
        fault = asker.fault("inspect")
        assert fault["code"] == "Transport.Connect"     # the farther of the two
        world.sim.set("network.public", "open")
        asker.ok("inspect")
    world.machine.configure("[Cloud]\nVpcEndpoint=nowhere.test\nEndpoint=neither.test\n")
    with Asker(world) as asker:
        assert asker.fault("inspect")["code"] == "Transport.Resolve"


@pytest.mark.parametrize("deadline_ms", [20000, 4000])
def test_silent_resolver(make_world, deadline_ms):
    """Queries vanish: the time is spent on the one name, within its limit, and not on the job."""
    world = make_world(config="[Cloud]\nVpcEndpoint=nowhere.test\n")
    world.sim.set("network.public", "open")
    world.machine.run("printf 'nameserver 192.0.2.53\\nnameserver 192.0.2.54\\n' > /etc/resolv.conf")
    with Asker(world) as asker:
        asker.ok("identify")
        begin = time.monotonic()
        answer = asker.ask("inspect", deadline_ms=deadline_ms)
        assert "ok" in answer, answer     # of the other endpoint
        assert time.monotonic() - begin < deadline_ms / 1000 + 10   # left alone it takes 20 s


def test_wrong_endpoint_for_the_region_is_left_by_the_look(world, asker):
    """The change behind the look then goes where the look was answered."""
    world.sim.set("network.public", "open")
    world.sim.fail("*", "InvalidOperation.NotSupportedEndpoint", status=404, endpoint="ecs-vpc",
                   times=None)
    asker.ok("inspect")
    asker.ok("allocate")
    assert names(world) == ["ecs-vpc", "ecs", "ecs"]


@pytest.mark.parametrize("op, action, endpoint, code", [
    ("allocate", ALLOCATE, "ecs-vpc", "InvalidOperation.NotSupportedEndpoint"),
    ("reboot", "RebootInstance", "ecs-vpc", "InvalidOperation.NotSupportedEndpoint"),
    ("eip-allocate", "AllocateEipAddress", "vpc-vpc", "InvalidOperation.NotSupportedEndpoint"),
    ("eip-allocate", "AllocateEipAddress", "ecs-vpc", "InvalidAction.NotFound")])
def test_a_change_that_was_sent_goes_nowhere_else(world, asker, op, action, endpoint, code):
    """Whatever the word of the refusal: bytes of it have left."""
    world.sim.set("network.public", "open")
    if action == "AllocateEipAddress" and endpoint == "ecs-vpc":
        world.sim.endpoint("vpc-vpc", "refuse")
    world.sim.fail(action, code, status=404, endpoint=endpoint)
    members = {"client_token": "t"} if op == "eip-allocate" else {}
    assert asker.fault(op, **members)["code"] == code
    assert names(world) == [endpoint]
    assert not world.sim.executed()


@pytest.mark.parametrize("down, used", [
    ([], "vpc-vpc"), (["vpc-vpc"], "ecs-vpc"), (["vpc-vpc", "ecs-vpc"], "vpc")])
def test_order_for_eip_calls(world, asker, down, used):
    world.sim.set("network.public", "open")
    for name in down:
        world.sim.endpoint(name, "refuse")
    eip = asker.ok("eip-allocate", client_token="t")
    assert eip["allocation_id"]
    assert names(world) == [used]


def test_ecs_product_without_eip_calls(world, asker):
    world.sim.set("network.public", "open")
    world.sim.endpoint("vpc-vpc", "refuse")
    world.sim.fail("*Eip*", "InvalidAction.NotFound", status=404, endpoint="ecs-vpc", times=None)
    asker.ok("eip-find", allocation_id="eip-none")
    assert names(world) == ["ecs-vpc", "vpc", "vpc"]    # the last, whether the list can be believed


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_proxy_for_the_api(world, name):
    with Asker(world, env={name: "http://proxy.test:3128"}) as asker:
        asker.ok("inspect")
        asker.ok("allocate")
    assert all(e["proxied"] and e["tls"] for e in world.sim.api())
    assert len(world.sim.events(event="proxy")) == 2    # one for looks, one for the change


@pytest.mark.parametrize("status", [403, 407])
def test_proxy_that_refuses(world, status):
    """By rule or for want of a password: nothing has left, and either endpoint is tried."""
    world.sim.set("network.proxy", status)
    with Asker(world, env={"https_proxy": "http://proxy.test:3128"}) as asker:
        fault = asker.fault("allocate")
    assert (fault["code"], fault["class"]) == ("Transport.Proxy", "operator")
    assert str(status) in fault["message"]
    assert len(world.sim.events(event="proxy")) == 2 and not world.sim.api()


def test_proxy_that_cannot_reach_the_private_name(make_world):
    """Its refusal is a connect failure: the public endpoint may be within its reach."""
    world = make_world(config="[Cloud]\nVpcEndpoint=nowhere.test\n")
    with Asker(world, env={"https_proxy": "http://proxy.test:3128"}) as asker:
        asker.ok("allocate")
    assert [e["host"] for e in world.sim.events(event="proxy")] == [
        "nowhere.test", "ecs.cn-hangzhou.aliyuncs.com"]


# EIP

def find(asker):
    return asker.ok("eip-find")


def test_eip_by_tag(make_world):
    world = make_world(config="[Address]\nStrategy=eip\nEipTag=pool=web\n")
    with Asker(world) as asker:
        assert "allocation_id" not in find(asker)
        world.sim.new_eip(tags={"pool": "db"})
        assert "allocation_id" not in find(asker)
        ids = {world.sim.new_eip(tags={"pool": "web"})["id"] for _ in range(3)}
        free = find(asker)
        assert free["allocation_id"] in ids and free["status"] == "available"
        mine = sorted(ids - {free["allocation_id"]})[0]
        world.sim.bind_eip(eip=mine, instance=world.sim.get("instance.id"))
        bound = find(asker)
        assert (bound["allocation_id"], bound["bound_here"]) == (mine, True)


def test_eip_by_tag_is_none_without_it(make_world):
    """The ECS product knows no tags: its list is everybody's, and is not asked for."""
    world = make_world(config="[Address]\nStrategy=eip\nEipTag=pool=web\n")
    world.sim.new_eip(tags={"pool": "db"})
    world.sim.endpoint("vpc-vpc", "refuse")
    with Asker(world) as asker:
        asker.ok("eip-find", allocation_id="eip-none")
        assert asker.fault("eip-find")["code"] == "Transport.Connect"
        assert names(world)[-1] == "ecs-vpc"  # what is bound here, and no more
        world.sim.set("network.public", "open")
        web = world.sim.new_eip(tags={"a": "pool", "pool": "web"})["id"]
        assert find(asker)["allocation_id"] == web


def test_eip_list_that_shows_no_tags_says_nothing(make_world):
    world = make_world(config="[Address]\nStrategy=eip\nEipTag=pool=web\n")
    world.sim.rule("DescribeEipAddresses", times=None, answer={
        "status": 200, "content_type": "application/json", "body": json.dumps({
            "RequestId": "R", "EipAddresses": {"EipAddress": [{
                "AllocationId": "eip-x", "IpAddress": "203.0.113.7", "Status": "Available"}]}})})
    with Asker(world) as asker:
        assert asker.fault("eip-find")["code"] == "Transport.NotApi"


@pytest.mark.parametrize("vpc", ["up", "refuse"])
def test_cut_through_eip_on_our_interface(make_world, vpc):
    """ECS does not tell the mode: on our NIC it is taken for the one that the kernel can show."""
    world = make_world()
    world.sim.endpoint("vpc-vpc", vpc)
    eip = world.sim.new_eip()["id"]
    for interface, here in (("eni-bp1sim000000000000001", True), ("eni-bp1other", False)):
        world.sim.bind_eip(eip=eip, instance=interface, mode="BINDED", kind="NetworkInterface")
        with Asker(world) as asker:
            found = asker.ok("eip-find", allocation_id=eip)
            assert (found.get("mode"), found["bound_here"]) == (
                "cut-through" if here or vpc == "up" else None, here)


# probes

def test_reachability_witness(world, asker):
    assert asker.ok("probe", probe="reach")["reachable"] == "unknown"     # refused
    world.sim.set("network.public", "blackhole")
    assert asker.ok("probe", probe="reach")["reachable"] == "no"
    world.sim.set("network.public", "open")
    assert asker.ok("probe", probe="reach")["reachable"] == "yes"
    world.sim.set("network.public", "refuse")
    assert asker.ok("probe", probe="reach")["reachable"] == "unknown"
    assert not world.sim.api()


def test_outside(make_world):
    world = make_world(config="[Confirm]\nPlanes=outside\nOutside=https://ip.echo.test/\n")
    address = world.sim.give_address()
    with Asker(world) as asker:
        assert asker.ok("probe", probe="outside")["address"] == address
    world.sim.set("network.public", "refuse")
    with Asker(world) as asker:
        assert asker.fault("probe", probe="outside")["class"] == "retry"


@pytest.mark.parametrize("static", [False, True])
def test_outside_with_a_wrong_clock(make_world, static):
    """Its certificate is judged as the API's is."""
    world = make_world(config="[Cloud]\nCredentials=%s\n[Confirm]\nPlanes=outside\n"
                       "Outside=https://ip.echo.test/\n" % ("static" if static else "role"))
    world.machine.write_credentials()
    address = world.sim.give_address()
    world.sim.set("clock.offset", 16 * 365 * 86400)
    with Asker(world) as asker:
        answer = asker.ask("probe", probe="outside")
    if static:
        assert answer["fault"]["code"] == "Transport.TlsNotYetValid"
    else:
        assert answer["ok"]["address"] == address

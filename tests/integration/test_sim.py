# SPDX-License-Identifier: Apache-2.0
"""The simulator's own rules, where the SDKs do not reach."""

import email.utils
import json
import time
import xml.etree.ElementTree as ElementTree

import pytest

from sim.client import SimError
from sim_caller import HOST, request, rpc_url, v3

BASE = "http://100.100.100.200"
TOKEN = "X-aliyun-ecs-metadata-token"
TTL = TOKEN + "-ttl-seconds"
VPC = "vpc-vpc.cn-hangzhou.aliyuncs.com"
INSTANCE = "i-bp1gtjxuuvwj17zr0001"
ATTRIBUTE = {"Action": "DescribeInstanceAttribute", "InstanceId": INSTANCE}
ALLOCATE = {"Action": "AllocatePublicIpAddress", "InstanceId": INSTANCE}
REBOOT = {"Action": "RebootInstance", "InstanceId": INSTANCE}


@pytest.fixture
def get(machine):
    def get(path, token=None, base=BASE):
        return request(machine, "GET", base + path, {TOKEN: token} if token is not None else {})
    return get


@pytest.fixture
def token(machine):
    def token(ttl="60", method="PUT", **headers):
        if ttl is not None:
            headers[TTL] = ttl
        return request(machine, method, BASE + "/latest/api/token", headers)
    return token


@pytest.fixture
def api(world, machine):
    """An RPC call with the static key; the answer with its JSON under "json"."""
    secret = list(world.sim.get("account.keys").values())[0]

    def api(params, method="GET", **changed):
        answer = request(machine, method, rpc_url(secret, params, method, **changed))
        try:
            answer["json"] = json.loads(answer.get("body", ""))
        except ValueError:
            pass    # XML, or damaged on purpose
        return answer
    api.secret = secret
    return api


# metadata

@pytest.mark.parametrize("ttl,status", [
    ("1", 200), ("21600", 200), ("21601", 400), ("0", 400), ("-1", 400), ("x", 400), ("", 400),
    (None, 400)])
def test_token_ttl(token, ttl, status):
    assert token(ttl)["status"] == status


def test_token_verbs_and_proxies(token):
    assert token(method="GET")["status"] == 405
    assert token(method="POST")["status"] == 405
    assert token(**{"X-Forwarded-For": "10.0.0.1"})["status"] == 403


def test_modes(world, get, token):
    good = token()["body"]
    for mode, without, with_good, with_bad in (("optional", 200, 200, 401),
                                               ("required", 403, 200, 401),
                                               ("disabled", 403, 403, 403)):
        world.sim.set("metadata.mode", mode)
        path = "/latest/meta-data/instance-id"
        found = (get(path)["status"], get(path, good)["status"], get(path, "bad")["status"])
        assert found == (without, with_good, with_bad), mode
    assert token()["status"] == 403


def test_tokens_end(world, get, token):
    good = token()["body"]
    world.sim.expire_tokens()
    assert get("/latest/meta-data/", good)["status"] == 401


@pytest.mark.parametrize("version", ["latest", "2016-01-01"])
def test_the_tree_and_all_agree(get, version):
    base = "/%s/meta-data/" % version
    found = {}

    def walk(path, into):
        listing = get(base + path)
        assert listing["status"] == 200
        for name in listing["body"].split("\n"):
            if name.endswith("/"):
                walk(path + name, into.setdefault(name[:-1], {}))
            else:
                into[name] = get(base + path + name)["body"]

    walk("", found)
    role = found.pop("ram")["security-credentials"]
    assert json.loads(role["ecs-pubip"])["Code"] == "Success"
    assert json.loads(get(base + "all")["body"]) == found
    assert found["network"]["interfaces"]["macs"]["00:16:3e:0a:0b:0c"][
        "primary-ip-address"] == "172.16.0.10"


def test_what_is_not_there(world, get):
    for path in ("/latest/meta-data/eipv4", "/latest/meta-data/public-ipv4", "/latest/user-data",
                 "/latest/vendor-data", "/2009-04-04/meta-data/"):
        assert get(path)["status"] == 404, path
    world.sim.update({"metadata.user_data": "#cloud-config\n", "metadata.all": False})
    assert get("/latest/user-data")["body"] == "#cloud-config\n"
    assert get("/latest/meta-data/all")["status"] == 404
    assert json.loads(get("/latest/dynamic/instance-identity/document")["body"])[
        "instance-id"] == INSTANCE


def test_the_address_appears_late(world, get):
    sim = world.sim
    sim.set("instance.metadata_lag.looks", 2)
    sim.set("instance.takes_effect", "immediate")
    sim.give_address(effective=False)
    assert [get("/latest/meta-data/eipv4")["status"] for _ in range(3)] == [404, 404, 200]
    sim.set("metadata.address_items", ["public-ipv4"])
    assert get("/latest/meta-data/eipv4")["status"] == 404
    assert get("/latest/meta-data/public-ipv4")["body"] == "203.0.113.10"
    sim.take_address()
    sim.set("metadata.absent", "empty")
    sim.set("instance.metadata_lag.looks", 0)
    answer = get("/latest/meta-data/public-ipv4")
    assert (answer["status"], answer["body"]) == (200, "")


def test_the_clock_in_the_date(world, get):
    def seconds(answer):
        return email.utils.parsedate_to_datetime(answer["headers"]["date"]).timestamp()

    def assert_offset(offset):
        begin = time.time()
        assert begin - 2 < seconds(get("/latest/meta-data/")) - offset < time.time() + 2

    world.sim.set("clock.offset", -3600)
    assert_offset(-3600)
    world.sim.set("metadata.clock_offset", 0)
    assert_offset(0)


def test_role_credentials(world, get):
    sim = world.sim
    path = "/latest/meta-data/ram/security-credentials/"
    first = json.loads(get(path + "ecs-pubip")["body"])
    assert sorted(first) == ["AccessKeyId", "AccessKeySecret", "Code", "Expiration", "LastUpdated",
                             "SecurityToken"]
    assert json.loads(get(path + "ecs-pubip")["body"]) == first
    sim.set("account.role.rotate_before", 6 * 3600)
    assert json.loads(get(path + "ecs-pubip")["body"])["AccessKeyId"] != first["AccessKeyId"]
    assert first["AccessKeySecret"] in sim.secrets()
    sim.set("account.role.attached", False)
    assert get(path)["status"] == 404
    assert get("/latest/meta-data/ram/")["status"] == 404


def test_ipv6(make_world):
    world = make_world(ipv6=True)
    answer = request(world.machine, "GET", "http://[fd00:100::100:200]/latest/meta-data/region-id")
    assert answer["body"] == "cn-hangzhou"


# signatures

@pytest.mark.parametrize("changed,code", [
    ({"Action": None}, "MissingParameter"),
    ({"Version": None}, "MissingParameter"),
    ({"Timestamp": None}, "MissingParameter"),
    ({"SignatureNonce": None}, "MissingParameter"),
    ({"Version": "2016-04-28"}, "InvalidVersion"),
    ({"Action": "DescribeNothing"}, "InvalidAction.NotFound"),
    ({"SignatureMethod": "HMAC-SHA256"}, "InvalidParameter"),
    ({"SignatureVersion": "2.0"}, "InvalidParameter"),
    ({"Timestamp": "2018-01-01T12:00:00Z"}, "InvalidTimeStamp.Expired"),
    ({"Timestamp": "yesterday"}, "IllegalTimestamp"),
    ({"AccessKeyId": "nobody"}, "InvalidAccessKeyId.NotFound"),
    ({"SecurityToken": "CAIS"}, "InvalidSecurityToken.MismatchWithAccessKey"),
    ({"Surprise": "1"}, "UnsupportedParameter"),
    ({"InstanceId": None}, "MissingParameter"),
    ({"InstanceId": "i-other"}, "InvalidInstanceId.NotFound"),
    ({"RegionId": "mars"}, "InvalidRegionId.NotFound"),
    ({"RegionId": "cn-beijing"}, "InvalidOperation.NotSupportedEndpoint"),
])
def test_rpc_is_verified(api, changed, code):
    answer = api(ATTRIBUTE, **changed)
    assert answer["json"]["Code"] == code
    assert answer["json"]["HostId"] == HOST and answer["json"]["RequestId"]


def test_a_nonce_serves_once(api, world):
    assert api(ATTRIBUTE, SignatureNonce="once")["status"] == 200
    assert api(ATTRIBUTE, SignatureNonce="once")["json"]["Code"] == "SignatureNonceUsed"
    assert [e["code"] for e in world.sim.api()] == [None, "SignatureNonceUsed"]


@pytest.mark.parametrize("changed,code", [
    ({}, None),
    ({"unsigned": ("x-acs-date",)}, "IncompleteSignature"),
    ({"unsigned": ("host",)}, "IncompleteSignature"),
    ({"x_acs_extra": "1", "unsigned": ("x-acs-extra",)}, "IncompleteSignature"),
    ({"x_acs_date": None}, "MissingParameter"),
    ({"x_acs_signature_nonce": None}, "MissingParameter"),
    ({"x_acs_content_sha256": "0" * 64}, "SignatureDoesNotMatch"),
    ({"x_acs_date": "2018-01-01T12:00:00Z"}, "InvalidTimeStamp.Expired"),
    ({"x_acs_version": "2016-04-28"}, "InvalidVersion"),
])
def test_v3_is_verified(world, machine, changed, code):
    secret = list(world.sim.get("account.keys").values())[0]
    url, headers = v3(secret, "DescribeInstanceAttribute", {"InstanceId": INSTANCE},
                      accept="application/json", **changed)
    answer = json.loads(request(machine, "POST", url, headers)["body"])
    assert answer.get("Code") == code


def test_no_secret_in_the_log(world, api):
    api(ATTRIBUTE)
    with open(world.cloud.folder + "/log.jsonl", encoding="utf-8") as f:
        text = f.read()
    assert "DescribeInstanceAttribute" in text
    assert not [s for s in world.sim.secrets() if s in text]


# answers

def test_xml_is_the_default(world, machine, api):
    answer = api({"Action": "DescribeInstances", "RegionId": "cn-hangzhou"}, Format=None)
    assert answer["headers"]["content-type"].startswith("text/xml")
    root = ElementTree.fromstring(answer["body"])
    assert root.tag == "DescribeInstancesResponse"
    instance = root.find("Instances/Instance")
    assert instance.find("Status").text == "Running"
    assert len(instance.find("PublicIpAddress")) == 0
    world.sim.give_address()
    root = ElementTree.fromstring(
        api({"Action": "DescribeInstances", "RegionId": "cn-hangzhou"}, Format="XML")["body"])
    assert root.find("Instances/Instance/PublicIpAddress/IpAddress").text == "203.0.113.10"
    error = ElementTree.fromstring(api(ATTRIBUTE, Format=None, InstanceId="i-x")["body"])
    assert (error.tag, error.find("Code").text) == ("Error", "InvalidInstanceId.NotFound")
    url, headers = v3(api.secret, "DescribeInstanceAttribute", {"InstanceId": INSTANCE})
    assert request(machine, "POST", url, headers)["body"].startswith("<?xml")


def test_describe_instances_and_permissions(world, api):
    ask = {"Action": "DescribeInstances", "RegionId": "cn-hangzhou"}
    ours = {**ask, "InstanceIds": json.dumps([INSTANCE])}
    assert api(ours)["json"]["TotalCount"] == 1
    assert api({**ask, "InstanceIds": "[]"})["json"]["TotalCount"] == 0
    assert api({**ask, "InstanceIds": '["i-other"]'})["json"]["TotalCount"] == 0
    assert api({**ask, "InstanceIds": INSTANCE})["json"]["Code"] == "InvalidParameter"
    assert api({**ours, "DryRun": "true"})["json"]["Code"] == "DryRunOperation"
    world.sim.set("account.denied", ["ecs:*"])
    denied = api(ours)
    assert (denied["status"], denied["json"]["TotalCount"]) == (200, 0)
    detail = api({**ours, "DryRun": "true"})["json"]
    assert detail["Code"] == "Forbidden.RAM"
    assert detail["AccessDeniedDetail"]["AuthAction"] == "ecs:DescribeInstances"
    assert api(ALLOCATE)["json"]["Code"] == "Forbidden.RAM"


def test_a_policy_is_obeyed(world, api):
    arn = "acs:ecs:cn-hangzhou:1234567890123456:instance/" + INSTANCE
    world.sim.set("account.policy", {"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["ecs:AllocatePublicIpAddress"], "Resource": [arn]},
        {"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]})
    assert api(ALLOCATE)["status"] == 200
    assert api(ATTRIBUTE)["status"] == 200
    assert api(REBOOT)["json"]["Code"] == "Forbidden.RAM"


@pytest.mark.parametrize("already,status,code", [
    ("existing", 200, None), ("AllocatedAlready", 403, "AllocatedAlready"),
    ("AllocatedAlready2", 403, "AllocatedAlready"), ("OperationDenied", 400, "OperationDenied")])
def test_already_in_all_forms(world, api, already, status, code):
    world.sim.set("instance.already", already)
    assert api(ALLOCATE)["json"]["IpAddress"] == "203.0.113.10"
    again = api(ALLOCATE)
    assert (again["status"], again["json"].get("Code")) == (status, code)


@pytest.mark.parametrize("setting,value,code", [
    ("instance.locks", ["Security"], "InstanceLockedForSecurity"),
    ("instance.expired", True, "InstanceExpiredOrInArrears"),
    ("instance.status", "Starting", "IncorrectInstanceStatus"),
    ("instance.bandwidth_out", 0, "AllocateIpInvalidInstanceBandwidth")])
def test_preconditions(world, api, setting, value, code):
    world.sim.set(setting, value)
    assert api(ALLOCATE)["json"]["Code"] == code
    assert world.sim.executed() == []


def test_the_parameters_of_allocate(api):
    assert api(ALLOCATE, IpAddress="1.2.3")["json"]["Code"] == "InvalidIpAddress.Malformed"
    assert api(ALLOCATE, IpAddress="10.1.1.1")["json"]["Code"] == "InvalidIpAddress.NotPublic"
    assert api(ALLOCATE, VlanId="x")["json"]["Code"] == "InvalidVlanId.NotFound"
    assert api(ALLOCATE, IpAddress="203.0.113.77")["json"]["IpAddress"] == "203.0.113.77"


def test_bandwidth_with_a_client_token(world, api):
    world.sim.set("instance.bandwidth_out", 0)
    ask = {"Action": "ModifyInstanceNetworkSpec", "InstanceId": INSTANCE, "ClientToken": "t",
           "InternetMaxBandwidthOut": "10", "AllocatePublicIp": "true"}
    first = api(ask)["json"]
    assert api(ask)["json"]["OrderId"] == first["OrderId"]
    assert api(ask, InternetMaxBandwidthOut="11")["json"]["Code"] == "IdempotentParameterMismatch"
    assert world.sim.get("instance.public_ip") == "203.0.113.10"
    assert world.sim.get("orders") == 1


def test_throttling_by_the_minute(world, api):
    world.sim.update({"throttle.limits.DescribeInstanceAttribute": 2, "throttle.hint_ms": 1500})
    second = world.sim.get("clock.offset") - time.time() % 60 + 10   # not over a minute's end
    world.sim.set("clock.offset", second)
    codes = [api(ATTRIBUTE)["json"].get("Code") for _ in range(2)]
    answer = api(ATTRIBUTE)
    assert codes == [None, None] and answer["json"]["Code"] == "Throttling.User"
    assert answer["headers"]["x-acs-retry-after"] == "1500"
    world.sim.set("clock.offset", second + 60)
    assert api(ATTRIBUTE)["status"] == 200


def test_eventual_consistency(world, api):
    ask = {"Action": "DescribeInstances", "RegionId": "cn-hangzhou"}
    world.sim.update({"instance.not_found_looks": 2, "instance.control_lag.looks": 1})
    assert [api(ask)["json"]["TotalCount"] for _ in range(3)] == [0, 0, 1]
    api(ALLOCATE)

    def shown():
        return api(ask)["json"]["Instances"]["Instance"][0]["PublicIpAddress"]["IpAddress"]
    assert shown() == []
    assert shown() == ["203.0.113.10"]


def test_converting_to_an_eip(world, api):
    world.sim.give_address()
    ask = {"Action": "ConvertNatPublicIpToEip", "InstanceId": INSTANCE, "RegionId": "cn-hangzhou"}
    assert api(ask)["status"] == 200
    seen = api(ATTRIBUTE)["json"]
    assert seen["EipAddress"]["IpAddress"] == "203.0.113.10"
    assert seen["PublicIpAddress"]["IpAddress"] == []


def test_eips_by_tag_and_their_exclusivity(world, api):
    sim = world.sim
    sim.set("eip.seconds", 0.05)
    mine = sim.new_eip(tags={"pool": "web"})
    sim.new_eip(tags={"pool": "db"})
    ask = {"Action": "DescribeEipAddresses", "RegionId": "cn-hangzhou", "Tag.1.Key": "pool",
           "Tag.1.Value": "web"}
    found = api(ask, host=VPC, Version="2016-04-28")["json"]["EipAddresses"]["EipAddress"]
    assert [e["AllocationId"] for e in found] == [mine["id"]] and found[0]["Mode"] == "NAT"
    everybodys = api(ask)["json"]["EipAddresses"]["EipAddress"]
    assert len(everybodys) == 2 and not {"Tags", "Mode"} & set(everybodys[0])   # ECS ignores tags
    bind = {"Action": "AssociateEipAddress", "AllocationId": mine["id"], "InstanceId": INSTANCE,
            "RegionId": "cn-hangzhou"}
    sim.give_address()
    assert api(bind)["json"]["Code"] == "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP"
    sim.take_address()
    assert api(bind)["status"] == 200
    assert sim.wait(event="effect", address=mine["address"], timeout=20)
    assert api(ALLOCATE)["json"]["Code"] == "OperationDenied"
    free = {"Action": "UnassociateEipAddress", "AllocationId": mine["id"], "InstanceId": INSTANCE}
    assert api(free)["status"] == 200
    assert sim.wait(event="eip", status="Available", timeout=20)
    assert sim.get("instance.effective_ip") == ""


# reboots and effect

def test_a_reboot_lets_the_address_take_effect(world, machine, api):
    api(ALLOCATE)
    assert api(ATTRIBUTE)["json"]["PublicIpAddress"]["IpAddress"] == ["203.0.113.10"]
    assert request(machine, "GET", "http://192.0.2.90/", timeout=0.3)["error"] == "TimeoutError"
    before = machine.boot_id
    assert api(REBOOT, DryRun="true")["json"]["Code"] == "DryRunOperation"
    assert api(REBOOT)["status"] == 200
    assert api(REBOOT)["json"]["Code"] == "IncorrectInstanceStatus"
    assert machine.wait_boot(2)["boot_id"] != before
    assert machine.run("cat /proc/sys/kernel/random/boot_id").stdout.strip() == machine.boot_id
    assert request(machine, "GET", "http://ip.echo.test/")["body"] == "203.0.113.10\n"
    assert machine.run("ip -br address show eth0").stdout.split()[2] == "172.16.0.10/24"


def test_classic_has_it_on_eth1(make_world):
    world = make_world(mode="classic")
    world.sim.give_address(effective=False)
    world.machine.reboot()
    assert "203.0.113.10/24" in world.machine.run("ip -br address show eth1").stdout
    assert "dev eth1" in world.machine.run("ip route get 192.0.2.75").stdout


def test_an_accepted_reboot_that_never_happens(world, machine, api):
    world.sim.set("reboot.mode", "never")
    assert api(REBOOT)["status"] == 200
    assert not machine.wait_boot(2, timeout=0.5)
    assert world.sim.get("instance.status") == "Running"


def test_an_address_that_never_works(world, machine, api):
    world.sim.set("instance.takes_effect", 2)
    api(ALLOCATE)
    machine.reboot()
    assert world.sim.get("instance.effective_ip") == ""
    machine.reboot(counts=False)
    assert world.sim.get("instance.effective_ip") == ""
    machine.reboot()
    assert world.sim.get("instance.effective_ip") == "203.0.113.10"


def test_a_cloned_image(world, api, get):
    world.sim.become(identity="i-clone")
    assert get("/latest/meta-data/instance-id")["body"] == "i-clone"
    assert api(ATTRIBUTE, InstanceId="i-clone")["status"] == 200
    assert api(ATTRIBUTE)["json"]["InstanceId"] == INSTANCE


# misbehaviour

@pytest.mark.parametrize("damage,outcome", [
    ("close", "RemoteDisconnected"), ("reset", "ConnectionResetError"), ("half", "IncompleteRead"),
    ("not-http", "BadStatusLine"), ("endless-headers", "HTTPException")])
def test_damage_that_breaks_http(world, machine, damage, outcome):
    world.sim.damage("meta-data/all", damage)
    answer = request(machine, "GET", BASE + "/latest/meta-data/all")
    if damage == "half":
        assert "error" in answer or len(answer["body"]) < int(answer["headers"]["content-length"])
    else:
        assert answer["error"] in (outcome, "LineTooLong")
    assert request(machine, "GET", BASE + "/latest/meta-data/all")["status"] == 200


@pytest.mark.parametrize("damage", ["empty", "garbled", "html", "huge"])
def test_damage_to_the_body(world, api, damage):
    world.sim.damage("DescribeInstanceAttribute", damage)
    answer = api(ATTRIBUTE)
    assert answer["status"] == 200 and answer.get("body") != api(ATTRIBUTE)["body"]
    if damage == "huge":
        assert answer["headers"]["content-length"] == str(100 * 1024 * 1024)


@pytest.mark.parametrize("damage", ["stall", "drip"])
def test_damage_in_time(world, machine, damage):
    world.sim.damage("meta-data/mac", damage)
    done = machine.run(["curl", "-s", "-m", "1", BASE + "/latest/meta-data/mac"], check=False)
    assert done.returncode == 28 and not done.stdout


@pytest.mark.parametrize("executed", [True, False])
def test_a_lost_reply(world, api, executed):
    world.sim.lose_reply("AllocatePublicIpAddress", executed=executed)
    assert api(ALLOCATE)["error"] == "RemoteDisconnected"
    assert bool(world.sim.get("instance.public_ip")) == executed
    assert len(world.sim.executed()) == executed


def test_scripted_answers(world, api):
    sim = world.sim
    sim.fail("AllocatePublicIpAddress", "Throttling.Api", status=429, form="xml",
             headers={"x-acs-retry-after": "700"}, times=2, after=1)
    first, second = api(ALLOCATE), api(ALLOCATE)
    assert first["status"] == 200 and second["status"] == 429
    assert "<Code>Throttling.Api</Code>" in second["body"]
    assert second["headers"]["x-acs-retry-after"] == "700"
    assert sim.rules()[0]["left"] == 1
    sim.clear()
    sim.rule("*", answer={"body": "<html>login</html>", "content_type": "text/html"}, date=-7200)
    begin = time.time()
    answer = api(ATTRIBUTE)
    assert answer["body"] == "<html>login</html>"
    date = email.utils.parsedate_to_datetime(answer["headers"]["date"]).timestamp()
    assert begin - 2 < date + 7200 < time.time() + 2


def test_execution_after_the_answer(world, api):
    world.sim.rule("AllocatePublicIpAddress", late=0.2)
    assert api(ALLOCATE)["status"] == 200
    assert world.sim.wait(event="late", timeout=20)
    assert world.sim.get("instance.public_ip") == "203.0.113.10"


def test_a_call_held_in_the_air(world, machine, api):
    world.sim.hold("AllocatePublicIpAddress")
    url = rpc_url(api.secret, ALLOCATE)
    caller = machine.popen(["curl", "-s", "-m", "10", url])
    assert world.sim.wait_arrival("AllocatePublicIpAddress", timeout=20)
    assert world.sim.get("instance.public_ip") == ""
    world.sim.release()
    assert world.sim.wait_request("AllocatePublicIpAddress", timeout=20)["status"] == 200
    assert caller.wait(30) == 0


# who can be reached

def test_endpoints(world, machine):
    url = "https://%s/" % HOST
    world.sim.endpoint("ecs-vpc", "refuse")
    assert request(machine, "GET", url)["error"] == "ConnectionRefusedError"
    world.sim.endpoint("ecs-vpc", "blackhole")
    assert request(machine, "GET", url, timeout=0.3)["error"] == "TimeoutError"
    world.sim.endpoint("ecs-vpc", None)
    assert request(machine, "GET", url)["status"] == 400
    world.sim.tls("ecs-vpc", "wrong-name")
    assert request(machine, "GET", url)["error"] == "SSLCertVerificationError"
    assert world.sim.wait(event="tls-failed", timeout=20)


def test_certificates_follow_the_clouds_clock(world, machine):
    """A machine whose clock is years behind sees certificates that are not valid yet."""
    world.sim.set("clock.offset", 16 * 365 * 86400)
    answer = request(machine, "GET", "https://%s/" % HOST)
    assert "not yet valid" in answer["reason"]


def test_a_proxy_has_a_way_out(world, machine):
    done = machine.run(["curl", "-s", "-m", "5", "-x", "http://proxy.test:3128", "-o", "/dev/null",
                        "-w", "%{http_code}", "https://ecs.cn-hangzhou.aliyuncs.com/"])
    assert done.stdout == "400"
    assert world.sim.events(event="proxy")[0]["host"] == "ecs.cn-hangzhou.aliyuncs.com"


def test_names_resolve_from_hosts_only(machine):
    begun = time.monotonic()
    done = machine.run(["curl", "-sS", "https://ecs.eu-west-1.aliyuncs.com/"], check=False)
    assert done.returncode == 6 and time.monotonic() - begun < 20


def test_slips_of_a_test_are_told(world):
    for slip in (lambda: world.sim.set("instance.loks", []), lambda: world.sim.tls("ecs", "bad"),
                 lambda: world.sim.endpoint("ecs", "down"), lambda: world.sim.rule("*", tims=2),
                 lambda: world.sim.damage("*", "explode"), lambda: world.sim.nothing()):
        with pytest.raises(SimError):
            slip()

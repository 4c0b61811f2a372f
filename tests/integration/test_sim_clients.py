# SPDX-License-Identifier: Apache-2.0
"""The simulator checked by clients that others wrote: the official Node SDKs.

They decide what a good signature, a good answer and a good metadata service is; where the
simulator refuses them, or lets bad keys in, it is the simulator that is wrong.
"""

import json
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "LTAI5tSimStaticKey000001"
ECS = ("ecs-vpc.cn-hangzhou.aliyuncs.com", "2014-05-26")
VPC = ("vpc-vpc.cn-hangzhou.aliyuncs.com", "2016-04-28")
INSTANCE = "i-bp1gtjxuuvwj17zr0001"
IDS = {"RegionId": "cn-hangzhou", "InstanceIds": json.dumps([INSTANCE])}


@pytest.fixture(scope="module")
def sdk():
    """The folder with the SDKs; conftest.py had it filled while there was a network."""
    done = subprocess.run([os.path.join(HERE, "sdk", "install.sh")], capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, "the SDKs are not there: " + done.stderr
    return done.stdout.strip()


class Caller:
    """Calls of the SDKs, from one node inside the machine."""

    def __init__(self, world, folder):
        self.world = world
        self.folder = folder
        self.node = None
        self.secret = world.sim.get("account.keys")[KEY]

    def __call__(self, sdk, action=None, params=None, where=ECS, **fields):
        job = {"sdk": sdk, "action": action, "params": params or {}, "host": where[0],
               "version": where[1], "method": "POST", "id": KEY, "secret": self.secret, **fields}
        if not self.node or self.node.poll() is not None:   # none yet, or a reboot ended it
            self.node = self.world.machine.popen(
                ["node", os.path.join(HERE, "sdk", "client.js")], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={"ECS_PUBIP_SDK": self.folder, "HOME": "/var/tmp",
                     "NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt"})
        self.node.stdin.write(json.dumps(job) + "\n")
        self.node.stdin.flush()
        return json.loads(self.node.stdout.readline())


@pytest.fixture
def call(world, sdk):
    return Caller(world, sdk)


WAYS = [("pop", {"method": "GET"}), ("pop", {"method": "POST"}), ("openapi", {"method": "GET"}),
        ("openapi", {"method": "POST"}), ("openapi", {"method": "POST", "body": True}),
        ("ecs4", {}), ("ecs7", {})]
NAMES = ["-".join([sdk] + ["%s" % (v if k == "method" else k) for k, v in way.items()])
         for sdk, way in WAYS]


@pytest.mark.parametrize("sdk_name,way", WAYS, ids=NAMES)
def test_a_good_key_is_let_in(call, world, sdk_name, way):
    answer = call(sdk_name, "DescribeInstances", IDS, **way)
    text = json.dumps(answer["ok"])
    assert INSTANCE in text and "172.16.0.10" in text
    entry = world.sim.api()[-1]
    assert entry["authenticated"] and entry["style"] == ("rpc" if sdk_name == "pop" else "v3")


@pytest.mark.parametrize("sdk_name,way", WAYS, ids=NAMES)
def test_a_wrong_secret_is_refused(call, world, sdk_name, way):
    answer = call(sdk_name, "DescribeInstances", IDS, secret="wrong", **way)
    assert answer["error"]["code"] == "SignatureDoesNotMatch"
    assert not world.sim.api()[-1]["authenticated"]


@pytest.mark.parametrize("sdk_name", ["pop", "ecs4", "ecs7"])
def test_an_unknown_key_is_refused(call, sdk_name):
    answer = call(sdk_name, "DescribeInstances", IDS, id="LTAI5tNobody")
    assert answer["error"]["code"] == "InvalidAccessKeyId.NotFound"


@pytest.mark.parametrize("sdk_name", ["pop", "openapi", "ecs4", "ecs7"])
def test_a_wrong_clock_is_refused(call, world, sdk_name):
    world.sim.set("clock.offset", 3600)
    answer = call(sdk_name, "DescribeInstances", IDS)
    assert answer["error"]["code"] == "InvalidTimeStamp.Expired"
    world.sim.set("clock.offset", 600)
    assert "ok" in call(sdk_name, "DescribeInstances", IDS)


@pytest.mark.parametrize("sdk_name", ["pop", "ecs4", "ecs7"])
def test_the_job_itself(call, world, sdk_name):
    got = call(sdk_name, "AllocatePublicIpAddress", {"InstanceId": INSTANCE})["ok"]
    assert "203.0.113.10" in json.dumps(got)
    assert world.sim.get("instance.effective_ip") == ""
    assert "ok" in call(sdk_name, "RebootInstance", {"InstanceId": INSTANCE})
    assert world.machine.wait_boot(2)
    assert world.sim.get("instance.effective_ip") == "203.0.113.10"
    # the public endpoint answers now
    public = ("ecs.cn-hangzhou.aliyuncs.com", "2014-05-26")
    assert "203.0.113.10" in json.dumps(call(sdk_name, "DescribeInstances", IDS, public))


@pytest.mark.parametrize("where", [VPC, ECS], ids=["vpc", "ecs"])
@pytest.mark.parametrize("sdk_name", ["pop", "openapi"])
def test_an_eip(call, world, sdk_name, where):
    world.sim.set("eip.seconds", 0.05)
    region = {"RegionId": "cn-hangzhou"}
    bought = {**region, "ClientToken": "token-1"}
    eip = call(sdk_name, "AllocateEipAddress", bought, where)["ok"]
    assert call(sdk_name, "AllocateEipAddress", bought, where)["ok"]["AllocationId"] == \
        eip["AllocationId"]
    bind = {**region, "AllocationId": eip["AllocationId"], "InstanceId": INSTANCE}
    assert "ok" in call(sdk_name, "AssociateEipAddress", bind, where)
    assert world.sim.wait(event="eip", status="InUse", timeout=30)
    found = call(sdk_name, "DescribeEipAddresses",
                 {**region, "AllocationId": eip["AllocationId"]}, where)["ok"]
    assert found["EipAddresses"]["EipAddress"][0]["Status"] == "InUse"
    assert call(sdk_name, "AssociateEipAddress", bind, where)["error"]["code"] == \
        "InvalidAssociation.Duplicated"


def test_errors_reach_the_caller(call, world):
    world.sim.fail("RebootInstance", "InstanceLockedForSecurity", times=None)
    for sdk_name in ("pop", "ecs4", "ecs7"):
        error = call(sdk_name, "RebootInstance", {"InstanceId": INSTANCE})["error"]
        assert error["code"] == "InstanceLockedForSecurity"
    assert world.sim.executed() == []


@pytest.mark.parametrize("mode,token_only", [("optional", False), ("required", True)])
def test_role_credentials(call, world, mode, token_only):
    """By metadata in token mode, and good for calls with both signatures."""
    world.sim.set("metadata.mode", mode)
    got = call("credentials", role="ecs-pubip", tokenOnly=token_only)["ok"]
    assert got["id"].startswith("STS.")
    assert {"PUT", "GET"} == {e["method"] for e in world.sim.log(plane="metadata")}
    for sdk_name in ("pop", "ecs4", "ecs7"):
        assert "ok" in call(sdk_name, "DescribeInstances", IDS, **got)
        other = {**got, "token": got["token"][:-4] + "abc="}
        assert call(sdk_name, "DescribeInstances", IDS, **other)["error"]["code"] == \
            "InvalidSecurityToken.Malformed"
        without = {**got, "token": None}
        assert call(sdk_name, "DescribeInstances", IDS, **without)["error"]["code"] == \
            "MissingSecurityToken"


def test_no_role(call, world):
    world.sim.set("account.role.attached", False)
    assert "error" in call("credentials", role="ecs-pubip", tokenOnly=True)
    assert world.sim.log(plane="metadata")[-1]["status"] == 404


def test_expired_role_credentials(call, world):
    world.sim.rotate()
    old = world.sim.get("account.role.sets")[-1]
    keys = {k: old[k] for k in ("id", "secret", "token")}
    world.sim.expire_credentials()
    assert call("pop", "DescribeInstances", IDS, **keys)["error"]["code"] == \
        "InvalidSecurityToken.Expired"


def test_an_untrusted_certificate(call, world):
    """The SDKs verify; so a good answer above went over verified TLS."""
    for kind in ("unknown-ca", "wrong-name", "expired", "not-yet-valid"):
        world.sim.tls("ecs-vpc", kind)
        assert "error" in call("pop", "DescribeInstances", IDS), kind
    assert world.sim.api() == []

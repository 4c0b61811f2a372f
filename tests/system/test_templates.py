# SPDX-License-Identifier: Apache-2.0
"""The templates for a fleet, as far as tools without an account can judge them."""

import contextlib
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from system import base

CLOUD_INIT = os.path.join(base.TOP, "packaging/cloud-init")
POLICY = os.path.join(base.TOP, "packaging/policy")


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def actions(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def configurations(name):
    """The files that this user-data writes for the agent."""
    written = yaml.safe_load(read(CLOUD_INIT, name))["write_files"]
    return [one for one in written if "ecs-pubip.conf.d" in one["path"]]


@contextlib.contextmanager
def configured(layer, name):
    files = configurations(name)
    for one in files:
        layer.write(one["path"], one["content"])
    try:
        yield files
    finally:
        for one in files:
            os.unlink(layer.inside(one["path"]))


def test_the_policy_is_what_the_program_says(installed):
    """The fleet's policy names the actions that `ecs-pubip policy` counts for its configuration."""
    fleet = actions(json.loads(read(POLICY, "role-policy.json")))
    with configured(installed, "user-data.yaml"):
        said = installed.run("ecs-pubip", "policy", "--json", check=False).stdout
    program = actions(json.loads(said[said.index("{"):]))
    assert fleet == program


def test_the_fence():
    """What changes something may do so to instances with the tag; what only looks is not fenced."""
    for statement in json.loads(read(POLICY, "role-policy.json"))["Statement"]:
        changes = {a for a in statement["Action"] if not a.startswith("ecs:Describe")}
        assert bool(changes) == ("Condition" in statement)
        if changes:
            assert statement["Resource"] == ["acs:ecs:*:*:instance/*"]
            assert statement["Condition"] == {"StringEquals": {"acs:ResourceTag/ecs-pubip": ["yes"]}}


def test_the_agent_gets_the_addresses():
    """A group with a bandwidth hands them out itself; then the agent must raise it, to have one."""
    template = yaml.safe_load(read(CLOUD_INIT, "fleet.ros.yaml"))
    assert template["Parameters"]["BandwidthOut"]["Default"] == 0
    block = re.search(r'(?s)^variable "bandwidth_out" {(.*?)^}', read(CLOUD_INIT, "fleet.tf"), re.M)[1]
    assert re.search(r"\bdefault\s+= 0\n", block)
    for name in ("user-data.yaml", "user-data-rpm.yaml"):
        assert re.search(r"(?m)^BandwidthOut=[1-9]", configurations(name)[0]["content"]), name


def walk(node):
    yield node
    for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()):
        yield from walk(child)


def test_ros_references():
    """Each Ref and GetAtt names a parameter or a resource of the template; each parameter is used."""
    template = yaml.safe_load(read(CLOUD_INIT, "fleet.ros.yaml"))
    names = set(template["Parameters"]) | set(template["Resources"])
    used = set()
    for node in walk(template):
        if isinstance(node, dict) and set(node) == {"Ref"}:
            used.add(node["Ref"])
        if isinstance(node, dict) and set(node) == {"Fn::GetAtt"}:
            used.add(node["Fn::GetAtt"][0])
    assert used <= names
    assert set(template["Parameters"]) <= used
    for resource in template["Resources"].values():
        assert re.fullmatch(r"ALIYUN::(RAM|ESS)::\w+", resource["Type"])
    # plain text: base64 here would be base64 of base64 to the instance
    assert template["Resources"]["Configuration"]["Properties"]["UserData"] == {"Ref": "UserData"}
    document = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert document == json.loads(read(POLICY, "role-policy.json"))


def test_terraform_references():
    text = read(CLOUD_INIT, "fleet.tf")
    variables = set(re.findall(r'^variable "(\w+)"', text, re.M))
    resources = set(re.findall(r'^resource "(\w+)" "(\w+)"', text, re.M))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables
    assert set(re.findall(r"= (alicloud_\w+)\.(\w+)\.", text)) <= resources
    for path in re.findall(r'\$\{path\.module\}/([^"]+)"', text):
        assert os.path.exists(os.path.join(CLOUD_INIT, path)), path


@pytest.mark.skipif(not shutil.which("terraform"), reason="no terraform here")
def test_terraform_layout():
    done = subprocess.run(["terraform", "fmt", "-check", os.path.join(CLOUD_INIT, "fleet.tf")])
    assert done.returncode == 0


def test_what_is_not_validated_says_so():
    for name in ("fleet.tf", "fleet.ros.yaml"):
        assert "Not validated" in read(CLOUD_INIT, name)


def test_configuration_in_templates_is_valid(installed):
    """Every key that user-data writes is known to the program, and its value good."""
    for name in ("user-data.yaml", "user-data-rpm.yaml"):
        with configured(installed, name) as files:
            assert files, name
            done = installed.run("ecs-pubip", "config", "--check", check=False)
        assert done.returncode == 0 and files[0]["path"] not in done.stdout, done.stdout


def test_what_needs_the_address_is_kept_back_until_then():
    """WantedBy= starts the fleet's unit; it takes Requires= and After= to keep it back."""
    for name in ("user-data.yaml", "user-data-rpm.yaml"):
        text = next(f["content"] for f in yaml.safe_load(read(CLOUD_INIT, name))["write_files"]
                    if f["path"].endswith("/fleet-ready.service"))
        for key in ("Requires", "After", "WantedBy"):
            assert key + "=ecs-pubip-online.target" in text.splitlines(), (name, key)


def test_vendor_data_on_a_read_only_usr():
    """Said, and no error: it would be cloud-init's."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c",
         "mount --bind /usr /usr && mount -o remount,bind,ro /usr && sh " + CLOUD_INIT + "/vendor-data.boothook"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert "/usr/lib/ecs-pubip/ecs-pubip.conf.d cannot be written" in done.stdout


def test_both_user_data_do_the_same():
    """Debian's and the RPM one differ in the package manager and in who starts the units."""
    one, other = (yaml.safe_load(read(CLOUD_INIT, n)) for n in ("user-data.yaml", "user-data-rpm.yaml"))
    assert one["write_files"] == other["write_files"]
    assert [c for c in other["runcmd"] if c not in one["runcmd"]] == [
        ["systemctl", "start", "ecs-pubip-cloud.socket", "ecs-pubip-online.path", "ecs-pubip.service"]]

# SPDX-License-Identifier: Apache-2.0
"""Roles that come late, rotate, expire or may not; static keys; where an empty list comes from."""

import json

import pytest


def fault(w, code, timeout=30):
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] == code,
                                 timeout=timeout)
    return w.machine.status()["fault"]


def test_role_attached_later(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.set("account.role.attached", False)
    w.start()
    found = fault(w, "Metadata.NoRole")
    assert found["class"] == "auth" and "role" in found["remedy"].lower()
    w.sim.set("account.role.attached", True)
    assert w.machine.wait_phase("confirmed", timeout=90)


def test_no_role_but_an_address(make_world):
    """An instance with an address and no role is confirmed where control is not asked for."""
    w = make_world(mode="vpc-immediate", config="[Confirm]\nPlanes=kernel metadata\n")
    w.sim.give_address()
    w.sim.set("account.role.attached", False)
    w.start()
    status = w.machine.wait_phase("confirmed", timeout=30)
    assert status, w.machine.status()
    assert status["public_ip"] == w.sim.get("instance.public_ip") and status["fault"] is None
    assert status["planes"]["control"]["verdict"] == "not-required"
    assert w.sim.actions() == []


def test_rotation_while_running(make_world):
    w = make_world(mode="vpc", config="[Reboot]\nGrace=3s\n")
    w.start()
    assert w.sim.wait_request("AllocatePublicIpAddress", timeout=20)
    w.sim.rotate(revoke=True)
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_expired_ones_served_by_metadata(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.set("account.role.frozen", True)
    w.sim.expire_credentials()
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["class"] == "auth", timeout=30)
    assert w.sim.executed() == []
    w.sim.set("account.role.frozen", False)
    assert w.machine.wait_phase("confirmed", timeout=90)


@pytest.mark.parametrize("action", ["ecs:AllocatePublicIpAddress", "ecs:RebootInstance"])
@pytest.mark.parametrize("code", ["Forbidden.RAM", "NoPermission"])
def test_denial_names_the_action(make_world, action, code):
    w = make_world(mode="vpc", config="[Reboot]\nGrace=1s\n")
    w.sim.update({"account.denied": [action], "account.denial": code})
    w.start()
    found = fault(w, code, timeout=40)
    assert found["class"] == "auth" and action in found["remedy"] + found["message"]
    w.sim.set("account.denied", [])
    w.machine.cli("resume")
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_empty_list_without_permission(make_world):
    """200 and an empty list: DryRun tells that the permission is missing."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("account.denied", ["ecs:DescribeInstances"])
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"], timeout=30)
    found = w.machine.status()["fault"]
    assert found["class"] == "auth" and "ecs:DescribeInstances" in json.dumps(found)


def test_empty_list_wrong_id(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.set("instance.not_found_looks", 1000)
    w.start()
    assert fault(w, "Instance.NotListed")["class"] == "auth"


def test_wrong_region(make_world):
    w = make_world(mode="vpc-immediate", config="[Cloud]\nRegion=cn-shanghai\n")
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] in
                                 ("Instance.WrongRegion", "InvalidOperation.NotSupportedEndpoint",
                                  "Transport.Resolve", "Instance.NotListed"), timeout=60)
    assert w.sim.executed() == []
    assert "cn-shanghai" in json.dumps(w.machine.status()["fault"])


def static_files(w, folder="/etc/ecs-pubip/credentials", mode=0o600):
    key, secret = next(iter(w.sim.get("account.keys").items()))
    w.machine.run("mkdir -p -m 700 " + folder)
    w.machine.write(folder + "/access-key-id", key + "\n", mode)
    w.machine.write(folder + "/access-key-secret", secret + "\n", mode)
    return secret


STATIC = "[Cloud]\nCredentials=static\n"


def test_static_keys(make_world):
    w = make_world(mode="vpc-immediate", config=STATIC)
    w.sim.set("account.role.attached", False)
    static_files(w)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)
    assert not [r for r in w.sim.log(plane="metadata") if "security-credentials" in r["item"]]


def test_static_keys_by_systemd_credentials(make_world):
    w = make_world(mode="vpc-immediate", config=STATIC)
    static_files(w, "/run/credentials/ecs-pubip")
    w.machine.cloud_environment["CREDENTIALS_DIRECTORY"] = "/run/credentials/ecs-pubip"
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)


def test_static_keys_that_anybody_may_read(make_world):
    w = make_world(mode="vpc-immediate", config=STATIC)
    static_files(w, mode=0o644)
    w.start()
    found = fault(w, "Credentials.Unreadable")
    assert "/etc/ecs-pubip/credentials" in json.dumps(found)
    assert w.sim.actions() == []


def test_static_keys_missing(make_world):
    w = make_world(mode="vpc-immediate", config=STATIC)
    w.start()
    fault(w, "Credentials.Unreadable")


def test_wrong_secret(make_world):
    w = make_world(mode="vpc-immediate", config=STATIC)
    static_files(w)
    w.machine.write("/etc/ecs-pubip/credentials/access-key-secret", "wrong", 0o600)
    w.start()
    found = fault(w, "SignatureDoesNotMatch")
    assert "wrong" not in found["message"].split()

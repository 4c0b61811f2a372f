# SPDX-License-Identifier: Apache-2.0
"""Metadata that is odd, on the way to a look and to a call."""

import json
import time

import pytest

from kit import OTHER, REGION, Server, http, outcome, reset

TOKEN, TREE = "api/token", "meta-data/all"
ROLES = "meta-data/ram/security-credentials/"
KEYS = {"Code": "Success", "AccessKeyId": "STS.aaaaaaaaaaaaaaaa", "AccessKeySecret": "secretsecretsecret",
        "SecurityToken": "CAISxxxxxxxxxxxxxxxxxxxx", "Expiration": "2099-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def md_kit():
    from kit import Kit
    kit = Kit(config="[Cloud]\nMetadata=http://%s\n" % OTHER)
    yield kit
    kit.close()


class Metadata(Server):
    """A good service, but for CHANGED: path -> bytes, or a function of the connection."""

    def __init__(self, kit, changed):
        self.tree = {"instance-id": kit.instance, "region-id": REGION, "owner-account-id": "1",
                     "mac": "00:16:3e:0a:0b:0c", "private-ipv4": "172.16.0.10", "network-type": "vpc",
                     "eipv4": "", "public-ipv4": ""}
        self.changed = changed
        super().__init__(kit.pid, OTHER, 80, self.answer)

    def answer(self, conn, request):
        path = request.path.replace("/latest/", "", 1)
        good = {TOKEN: b"TOKEN123", TREE: self.tree, ROLES: b"role", ROLES + "role": KEYS,
                "dynamic/instance-identity/document": self.tree,
                "meta-data/instance-id": self.tree["instance-id"]}
        reply = self.changed.get(path)
        if reply is None:
            reply = http(200, good[path]) if path in good else http(404, b"")
        if callable(reply):
            reply(conn)
            return False
        conn.sendall(reply)
        return True


def ask(kit, changed, op="identify", **members):
    server = Metadata(kit, changed)
    try:
        answer, took = kit.ask(op, deadline_ms=12000, **members)
        assert took < 14
        return answer, server
    finally:
        server.close()


TOKENS = {
    "empty": b"", "line end inside": b"abc\r\nX-Evil: 1", "a blank": b"a b", "a NUL": b"a\0b", "8 bit": b"a\xffb",
    "too long": b"a" * 1025, "much too long": b"a" * 5000, "only line ends": b"\n\n"}


@pytest.mark.parametrize("name", TOKENS)
def test_token_that_is_none(md_kit, name):
    """It is never sent as a header."""
    answer, server = ask(md_kit, {TOKEN: http(200, TOKENS[name])})
    assert outcome(answer) == "Metadata.Garbled"
    assert not any("x-evil" in request.headers for request in server.requests)


@pytest.mark.parametrize("body", [b"abc", b"abc\n", b"abc\r\n", b"a" * 1024, b'"abc"', b"<html>"])
def test_token_that_is_one(md_kit, body):
    answer, server = ask(md_kit, {TOKEN: http(200, body)})
    assert outcome(answer) == "ok"
    assert server.requests[-1].headers["x-aliyun-ecs-metadata-token"] == body.decode().strip()


@pytest.mark.parametrize("status, code", [
    (204, "ok"), (301, "ok"), (302, "ok"), (400, "ok"), (401, "ok"), (403, "ok"), (404, "ok"), (405, "ok"),
    (429, "Metadata.Throttled"), (500, "Metadata.ServerError"), (503, "Metadata.ServerError")])
def test_token_status(md_kit, status, code):
    answer, _ = ask(md_kit, {TOKEN: http(status, b"", "Location: http://203.0.113.1/", "Retry-After: 3600")})
    assert outcome(answer) == code
    assert "retry_after_ms" not in answer.get("fault", {})


@pytest.mark.parametrize("status, code", [
    (301, "Metadata.Garbled"), (302, "Metadata.Garbled"), (400, "Metadata.Garbled"), (401, "Metadata.Forbidden"),
    (403, "Metadata.Forbidden"), (429, "Metadata.Throttled"), (500, "Metadata.ServerError"),
    (502, "Metadata.ServerError"), (503, "Metadata.ServerError"), (599, "Metadata.ServerError")])
def test_tree_status(md_kit, status, code):
    answer, _ = ask(md_kit, {TREE: http(status, b"x", "Location: http://203.0.113.1/", "Retry-After: 3600")})
    assert outcome(answer) == code


TREES = {"empty": b"", "a list": b"[]", "null": b"null", "cut off": b'{"instance-id": "i-bp1', "html": b"<html><br>",
         "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep arrays": b'{"a":' + b"[" * 100000,
         "laughs": b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>',
         "an outside entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><instance-id>&x;'
                              b"</instance-id></r>",
         "too large": b'{"a": "' + b"a" * 300000 + b'"}', "two objects": b"{}{}"}


@pytest.mark.parametrize("name", TREES)
def test_tree_that_is_none(md_kit, name):
    answer, _ = ask(md_kit, {TREE: http(200, TREES[name])})
    assert outcome(answer) == "Metadata.Garbled"


@pytest.mark.parametrize("region", ["cn-hangzhou.evil.example/", "a@b", "a#b", "a:443", "a?x", "a\nb", "a\r\nHost: x",
                                    "..", ".", "", " ", "a/../b", "a\\b", "[::1]", "a" * 70, "\u4e2d"])
def test_region_leads_nowhere_else(md_kit, region):
    """It becomes a part of a host name: what is no word is refused, and nothing is asked."""
    with md_kit.api(md_kit.serve) as api:
        server_tree = {"instance-id": md_kit.instance, "region-id": region, "eipv4": "", "public-ipv4": ""}
        answer, _ = ask(md_kit, {TREE: http(200, server_tree)}, "inspect", instance_id=md_kit.instance)
        assert "fault" in answer and not api.requests


ROLE_NAMES = [b"", b"\n", b"..", b"a/b", b"a?b", b"a#b", b"a b", b"r" * 200, b"<html>", b"\xe4\xb8\xad"]


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_role_list(md_kit, role):
    answer, server = ask(md_kit, {ROLES: http(200, role)}, "inspect", instance_id=md_kit.instance)
    assert outcome(answer) in ("Metadata.NoRole", "Metadata.Garbled")
    assert not any(r.path.startswith("/latest/" + ROLES) and len(r.path) > len("/latest/" + ROLES) and
                   role != b".." for r in server.requests)


@pytest.mark.parametrize("key, value", [
    ("SecurityToken", "a\nb"), ("SecurityToken", "a\r\nX: y"), ("SecurityToken", "a" * 5000), ("AccessKeyId", "a b"),
    ("AccessKeyId", "a\r\nX: y"), ("AccessKeySecret", "a" * 200), ("Code", "Failed"), ("Code", ""), ("AccessKeyId", "")])
def test_keys_that_are_none(md_kit, key, value):
    with md_kit.api(md_kit.serve) as api:
        answer, _ = ask(md_kit, {ROLES + "role": http(200, {**KEYS, key: value})}, "inspect",
                        instance_id=md_kit.instance)
        assert outcome(answer) == "Metadata.BadCredentials" and not api.requests


@pytest.mark.parametrize("path", [TOKEN, TREE])
@pytest.mark.parametrize("name, harm", [
    ("reset", reset), ("close", lambda conn: None), ("half", lambda conn: conn.sendall(http(200, b"{}")[:30])),
    ("silence", lambda conn: time.sleep(6)), ("garbage", lambda conn: conn.sendall(b"garbage\r\n\r\n"))])
def test_harm_then_good(md_kit, path, name, harm):
    """A fault, or another way to the same; then all is well in the same process."""
    server = Metadata(md_kit, {path: harm})
    try:
        with md_kit.asker() as asker:
            answer = asker.ask("identify", deadline_ms=12000)
            assert outcome(answer) == "ok" or outcome(answer).startswith("Metadata."), answer
            server.changed = {}
            assert asker.ok("identify")["instance_id"] == md_kit.instance
    finally:
        server.close()


def test_stray_answer(md_kit):
    """A 404 behind an answer is not taken for the absence of an address."""
    def two(conn):
        conn.sendall(http(200, server.tree) + http(404, b""))
        time.sleep(0.3)

    server = Metadata(md_kit, {TREE: two})
    try:
        with md_kit.asker() as asker:
            for _ in range(3):
                assert json.dumps(asker.ok("addresses")["presence"]) == '"absent"'
            assert all(r.path.endswith((TOKEN, TREE)) for r in server.requests)
    finally:
        server.close()

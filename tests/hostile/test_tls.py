# SPDX-License-Identifier: Apache-2.0
"""TLS that is bad: nothing of a changing call may arrive, and a reset is no bad certificate."""

import ssl
import time

import pytest

from kit import http, outcome, reset

ALERT = b"\x15\x03\x03\x00\x02\x02"


def after_hello(send):
    def raw(conn):
        conn.recv(4096)
        send(conn)
    return raw


def flood(data):
    def send(conn):
        for _ in range(20000):
            conn.sendall(data)
    return send


def drip(conn):
    for byte in b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + b"a" * 60:
        conn.sendall(bytes([byte]))
        time.sleep(0.3)


# what the server does instead of a handshake -> the code; retry is the class of Transport.Connect
RAW = {
    "closes at once": (lambda conn: None, "Transport.Connect"),
    "resets at once": (reset, "Transport.Connect"),
    "closes after the hello": (after_hello(lambda conn: None), "Transport.Connect"),
    "resets after the hello": (after_hello(reset), "Transport.Connect"),
    "resets after half a record": (after_hello(lambda conn: (conn.sendall(b"\x16\x03\x03\x00\x7a\x02"),
                                                             reset(conn))), "Transport.Connect"),
    "alert handshake_failure": (after_hello(lambda conn: conn.sendall(ALERT + b"\x28")), "Transport.Tls"),
    "alert protocol_version": (after_hello(lambda conn: conn.sendall(ALERT + b"\x46")), "Transport.Tls"),
    "alert internal_error": (after_hello(lambda conn: conn.sendall(ALERT + b"\x50")), "Transport.Tls"),
    "alert, then a reset": (after_hello(lambda conn: (conn.sendall(ALERT + b"\x28"), time.sleep(0.2),
                                                      reset(conn))), "Transport.Tls"),
    "plain HTTP": (after_hello(lambda conn: conn.sendall(http(200, b"{}"))), "Transport.Tls"),
    "SSH": (lambda conn: (conn.sendall(b"SSH-2.0-x\r\n"), conn.recv(4096)), "Transport.Tls"),
    "garbage": (after_hello(lambda conn: conn.sendall(b"\xff" * 500)), "Transport.Tls"),
    "empty records without end": (after_hello(flood(b"\x16\x03\x03\x00\x00" * 500)), None),
    "warnings without end": (after_hello(flood(b"\x15\x03\x03\x00\x02\x01\x70" * 100)), None),
    "a handshake of 16 MB": (after_hello(lambda conn: (
        conn.sendall(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"a" * 16380),
        flood(b"\x16\x03\x03\x40\x00" + b"a" * 16384)(conn))), None),
    "a hello byte by byte": (drip, "Transport.Connect"),
    "silence": (lambda conn: time.sleep(6), "Transport.Connect"),
}


@pytest.mark.parametrize("name", RAW)
def test_no_handshake(kit, name):
    raw, code = RAW[name]
    with kit.raw_api(raw):
        answer, took = kit.ask("reboot", deadline_ms=3000)
        assert "fault" in answer and code in (None, outcome(answer)), answer
        assert took < 5
        assert answer["fault"]["class"] == ("auth" if outcome(answer) == "Transport.Tls" else "retry")


@pytest.mark.parametrize("kind", ["expired", "not-yet-valid", "wrong-name", "unknown-ca"])
@pytest.mark.parametrize("op", ["inspect", "reboot"])
def test_certificate(kit, kind, op):
    with kit.tls_api(kit.authority.context(kind), kit.serve) as server:
        answer, _ = kit.ask(op)
        assert outcome(answer) in ("Transport.Tls", "Transport.TlsNotYetValid") and not server.requests
        words = {"expired": "has expired", "not-yet-valid": "not yet valid", "unknown-ca": "signed"}
        assert words.get(kind, "certificate") in answer["fault"]["message"]


VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1_1", "1.2": "TLSv1_2", "1.3": "TLSv1_3"}


@pytest.mark.parametrize("version", VERSIONS)
def test_version(kit, version):
    """Nothing below 1.2; above it the session of the look is resumed by the change."""
    context = kit.authority._context("good", int(time.time()) // (30 * 86400) * 30 * 86400)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, VERSIONS[version])
    with kit.tls_api(context, kit.serve) as server, kit.asker() as asker:
        answers = [asker.ask(op) for op in ("inspect", "allocate")]
        if version < "1.2":
            assert [outcome(a) for a in answers] == ["Transport.Tls"] * 2 and not server.requests
        else:
            assert [outcome(a) for a in answers] == ["ok"] * 2 and server.resumed == [False, True]


def test_no_session_of_a_hint(kit_of):
    """The machine's clock is 16 years behind, so that metadata's Date judges the certificate: no later
    connection may skip that look."""
    kit = kit_of()
    kit.sim.set("clock.offset", 16 * 365 * 86400)
    context = kit.authority._context("good", (int(time.time()) + 16 * 365 * 86400) // 86400 * 86400)
    with kit.tls_api(context, kit.serve) as server, kit.asker() as asker:
        for op in ("inspect", "allocate", "reboot"):
            asker.ok(op)
        assert server.resumed and not any(server.resumed)

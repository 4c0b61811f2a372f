# SPDX-License-Identifier: Apache-2.0
"""Resolvers and hosts files: what they answer, what they drop, and how long it may take."""

import os
import socket
import struct
import threading
import time

import pytest

from kit import API, NAMES, OTHER, outcome, within

SERVER = "nameserver %s\n" % OTHER
PRIVATE = NAMES[0]


class Resolver:
    """Answers UDP at OTHER: FUNCTION(query, its type) gives datagrams."""

    def __init__(self, kit, function):
        self.function, self.types = function, []

        def bind():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((OTHER, 53))
            return sock

        self.sock = within(kit.pid, bind)
        self.sock.settimeout(0.05)
        self.over = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.over:
            try:
                query, peer = self.sock.recvfrom(4096)
            except socket.timeout:
                continue
            end = query.index(b"\0", 12) + 1
            kind, = struct.unpack(">H", query[end:end + 2])
            self.types.append(kind)
            for answer in self.function(query, kind):
                self.sock.sendto(answer, peer)
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def reply(query, addresses=(), code=0, flags=0x8180):
    end = query.index(b"\0", 12) + 5
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(a)
                       for a in addresses)
    return query[:2] + struct.pack(">HHHHH", flags | code, 1, len(addresses), 0, 0) + query[12:end] + records


A = 1
RESOLVERS = {
    "good": (lambda q, t: [reply(q, [API] if t == A else [])], "ok"),
    "drops AAAA": (lambda q, t: [reply(q, [API])] if t == A else [], "ok"),
    "silent": (lambda q, t: [], "Transport.Resolve"),
    "SERVFAIL": (lambda q, t: [reply(q, code=2)], "Transport.Resolve"),
    "NXDOMAIN": (lambda q, t: [reply(q, code=3)], "Transport.Resolve"),
    "REFUSED": (lambda q, t: [reply(q, code=5)], "Transport.Resolve"),
    "no address": (lambda q, t: [reply(q)], "Transport.Resolve"),
    "garbage": (lambda q, t: [os.urandom(40)], "Transport.Resolve"),
    "truncated": (lambda q, t: [reply(q, flags=0x8380)], "Transport.Resolve"),
    "wrong ids first": (lambda q, t: [b"zz" + reply(q, ["127.0.0.1"])[2:]] * 40 + [reply(q, [API])], "ok"),
    "a name that points to itself": (lambda q, t: [q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] +
                                                   b"\xc0\x0c" * 200], "Transport.Resolve"),
    "many dead addresses": (lambda q, t: [reply(q, ["203.0.113.%d" % i for i in range(1, 25)])], None),
    "loopback": (lambda q, t: [reply(q, ["127.0.0.1"])], "Transport.Connect"),
    "broadcast": (lambda q, t: [reply(q, ["255.255.255.255"])], "Transport.Connect"),
}


@pytest.fixture
def by_dns(kit):
    kit.name(API)
    before = kit.machine.read("/etc/resolv.conf")
    kit.machine.write("/etc/resolv.conf", SERVER)
    yield
    kit.machine.write("/etc/resolv.conf", before)
    kit.name(API, *NAMES)


@pytest.mark.parametrize("op", ["inspect", "reboot"])
@pytest.mark.parametrize("name", RESOLVERS)
def test_resolver(kit, by_dns, name, op):
    function, code = RESOLVERS[name]
    with kit.api(kit.serve) as api, Resolver(kit, function) as resolver:
        answer, took = kit.ask(op, deadline_ms=6000)
        assert code in (None, outcome(answer)), answer
        assert took < 8 and len(api.requests) <= 1
        assert set(resolver.types) <= {A}     # the API has IPv4 alone


@pytest.mark.parametrize("text, code", [
    ("fd00:dead::1 {0}\n{1} {0}\n", "ok"),
    ("::ffff:{1} {0}\n", None), ("0.0.0.0 {0}\n", "Transport.Connect"), ("127.0.0.1 {0}\n", "Transport.Connect"),
    ("nonsense\n999.1.1.1 {0}\n{1} {0} # x\n", "ok"), ("fd00:dead::1 {0}\n", "Transport.Resolve")])
def test_hosts_file(kit, text, code):
    try:
        kit.name(API, others="".join(text.format(name, API) for name in NAMES))
        with kit.api(kit.serve):
            answer, took = kit.ask("inspect", deadline_ms=9000)
            assert code in (None, outcome(answer)), answer
            assert took < 11
    finally:
        kit.name(API, *NAMES)


@pytest.mark.parametrize("multi, code", [("on", "ok"), ("off", "Transport.Connect")])
def test_hosts_file_with_a_dead_address_first(kit, multi, code):
    """The second is tried; without `multi on`, which systems ship, glibc gives the first line only."""
    try:
        kit.machine.write("/etc/host.conf", "multi %s\n" % multi)
        kit.name(API, others="".join("203.0.113.77 {0}\n{1} {0}\n".format(name, API) for name in NAMES))
        with kit.api(kit.serve):
            answer, took = kit.ask("inspect", deadline_ms=9000)
            assert outcome(answer) == code, answer
            assert took < 11
    finally:
        kit.name(API, *NAMES)
        kit.machine.remove("/etc/host.conf")    # the machine has none of its own


HANGS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r) {
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
                (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(
                        RTLD_NEXT, "getaddrinfo");
        if (n && n[0] == 'e')
                sleep(100);
        return real(n, s, h, r);
}
"""


@pytest.fixture(scope="module")
def hanging(tmp_path_factory):
    """A resolver library that hangs, as nss-resolve does while its service hangs."""
    import subprocess
    folder = tmp_path_factory.mktemp("hang")
    (folder / "hang.c").write_text(HANGS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "hang.so", folder / "hang.c", "-ldl"], check=True)
    return {"LD_PRELOAD": str(folder / "hang.so")}


@pytest.mark.parametrize("op, members", [("inspect", {}), ("reboot", {}), ("probe", {"probe": "reach"})])
def test_resolver_that_hangs(kit, hanging, op, members):
    """The answer comes in time; the process, which has a thread in the resolver, ends after it."""
    asker = kit.asker(env=hanging)
    asker.ok("identify")
    begin = time.monotonic()
    answer = asker.ask(op, deadline_ms=3000, **members)
    assert time.monotonic() - begin < 5
    if op == "probe":
        assert answer["ok"]["reachable"] == "unknown"
    else:
        assert outcome(answer) in ("Transport.Resolve", "Transport.Deadline")
    assert asker.process.wait(5) == 0
    asker.hang_up()


@pytest.mark.parametrize("limit", ["--nofile=5:5", "--nofile=8:8", "--data=9000000:9000000"])
def test_witness_without_means(kit, limit):
    """No descriptor or no memory for it is nothing that the network did."""
    with kit.asker(wrapper=["prlimit", limit]) as asker:
        if "ok" in asker.ask("identify"):
            assert asker.ok("probe", probe="reach")["reachable"] == "unknown"


@pytest.mark.parametrize("first, second, reach", [
    ("good", "good", "yes"), ("good", "dead", "yes"), ("good", "none", "yes"), ("dead", "dead", "no"),
    ("dead", "none", "unknown"), ("none", "none", "unknown"), ("refused", "dead", "unknown"),
    ("refused", "refused", "unknown"), ("v6", "dead", "unknown"), ("v6", "v6", "unknown"),
    ("dead", "good", "yes"), ("noroute", "noroute", "no"), ("noroute", "dead", "no")])
def test_witness(kit, first, second, reach):
    address = {"good": API, "dead": "203.0.113.77", "refused": OTHER, "v6": "fd00:dead::1",
               "noroute": "203.0.113.78"}
    lines = ["%s %s\n" % (address[kind], name) for kind, name in ((first, NAMES[1]), (second, NAMES[3]))
             if kind != "none"]
    try:
        kit.machine.ip("route add unreachable 203.0.113.78/32")
        kit.name(API, others="".join(lines))
        with kit.api(kit.serve) as api, kit.asker() as asker:
            begin = time.monotonic()
            assert asker.ok("probe", probe="reach")["reachable"] == reach
            assert time.monotonic() - begin < 6
            assert not api.requests
    finally:
        kit.machine.ip("route del unreachable 203.0.113.78/32")
        kit.name(API, *NAMES)


def test_witness_leaves_no_socket(kit):
    with kit.api(kit.serve), kit.asker() as asker:
        asker.ok("probe", probe="reach")
        before = len(os.listdir("/proc/%d/fd" % asker.process.pid))
        for _ in range(20):
            asker.ok("probe", probe="reach")
        assert len(os.listdir("/proc/%d/fd" % asker.process.pid)) == before

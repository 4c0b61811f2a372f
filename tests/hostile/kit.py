# SPDX-License-Identifier: Apache-2.0
"""A network that means harm: servers of our own in the cloud's namespace, and who asks them.

A `Kit` is a world whose API names lead to servers that a test writes byte by byte. One world serves
a whole file of cases: each starts its own server and its own ecs-pubip-cloud, and ends both.
"""

import contextlib
import ctypes
import json
import os
import socket
import struct
import threading
import time

from asker import Asker
from sim.certs import Authority
from world import World

CLONE_NEWNET = 0x40000000
REGION = "cn-hangzhou"
PRIVATE, PUBLIC = "ecs-vpc.%s.aliyuncs.com" % REGION, "ecs.%s.aliyuncs.com" % REGION
NAMES = [PRIVATE, PUBLIC, "vpc-vpc.%s.aliyuncs.com" % REGION, "vpc.%s.aliyuncs.com" % REGION]
API, OTHER, PROXY = "198.51.100.7", "198.51.100.8", "198.51.100.9"
PROXY_PORT = 3128
libc = ctypes.CDLL(None, use_errno=True)


class Clock:
    def now(self):
        return time.time()


def within(pid, function):
    """What FUNCTION() returns in a thread of the network namespace of PID."""
    found = []

    def run():
        fd = os.open("/proc/%d/ns/net" % pid, os.O_RDONLY)
        try:
            if libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(fd)
        found.append(function())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def reset(conn):
    """Ends a connection by RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Request:
    def __init__(self, head):
        self.lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = (self.lines[0].split(" ") + ["", ""])[:2]
        self.headers = {}
        for line in self.lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.action = self.headers.get("x-acs-action", "")


class Server:
    """HANDLE(conn, request) is called for each request and says whether to go on; RAW(conn) instead
    has the connection to itself, before TLS."""

    def __init__(self, pid, address, port, handle=None, tls=None, raw=None):
        self.handle, self.tls, self.raw = handle, tls, raw
        self.requests, self.connections, self.resumed = [], 0, []

        def listen():
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            sock.listen(64)
            return sock

        self.sock = within(pid, listen)
        self.over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        try:
            with conn:
                if self.raw:
                    self.raw(conn)
                    return
                if self.tls:
                    conn = self.tls.wrap_socket(conn, server_side=True)
                    self.resumed.append(conn.session_reused)
                rest = b""
                while True:
                    while b"\r\n\r\n" not in rest:
                        data = conn.recv(65536)
                        if not data:
                            return
                        rest += data
                    head, _, rest = rest.partition(b"\r\n\r\n")
                    self.requests.append(Request(head))
                    if not self.handle(conn, self.requests[-1]):
                        conn.close()
                        return
        except (OSError, ValueError):
            pass    # the other side has had enough

    def actions(self):
        return [request.action for request in self.requests]

    def close(self):
        self.over.set()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def http(status=200, body=b"", *headers, length=True, date=True):
    """An answer as bytes; HEADERS are whole lines."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = ["HTTP/1.1 %d X" % status]
    if date:
        lines.append("Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
    lines += headers
    if length:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Kit:
    def __init__(self, config="", **options):
        self.world = World(mode="vpc-immediate", config=config, **options)
        self.machine, self.sim = self.world.machine, self.world.sim
        self.pid = self.world.cloud.net.pid
        self.instance = self.sim.get("instance.id")
        self.world.cloud.net.ip(*["addr add %s/32 dev lo" % a for a in (API, OTHER, PROXY)])
        self.authority = Authority("/run/ecs-pubip-test-ca", NAMES, Clock())
        self.tls = self.authority.context("good")
        self.first_hosts = self.machine.read("/etc/hosts")
        self.name(API, *NAMES)

    def name(self, address, *names, others=""):
        """NAMES lead to ADDRESS and nowhere else; OTHERS are further lines."""
        kept = [line for line in self.first_hosts.splitlines()
                if not set(NAMES) & set(line.split())]
        self.hosts("\n".join(kept + ["%s %s" % (address, n) for n in names]) + "\n" + others)

    def hosts(self, text):
        self.machine.write("/etc/hosts", text)

    def api(self, handle, address=API):
        return contextlib.closing(Server(self.pid, address, 443, handle, self.tls))

    def raw_api(self, raw, address=API):
        return contextlib.closing(Server(self.pid, address, 443, raw=raw))

    def tls_api(self, context, handle):
        return contextlib.closing(Server(self.pid, API, 443, handle, context))

    def proxy(self, handle):
        """HANDLE(conn) has read the head of a CONNECT."""
        server = Server(self.pid, PROXY, PROXY_PORT,
                        raw=lambda conn: self._connect(server, conn, handle))
        return contextlib.closing(server)

    def _connect(self, server, conn, handle):
        head = b""
        while b"\r\n\r\n" not in head:
            data = conn.recv(4096)
            if not data:
                return
            head += data
        server.requests.append(Request(head.split(b"\r\n\r\n")[0]))
        handle(conn)

    def tunnel(self, conn):
        """What a good proxy does after its 200."""
        far = within(self.pid, lambda: socket.create_connection((API, 443), 5))

        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        back = threading.Thread(target=pump, args=(far, conn), daemon=True)
        back.start()
        pump(conn, far)
        back.join()
        far.close()

    def described(self, **members):
        """The body of DescribeInstances for this instance."""
        item = {"InstanceId": self.instance, "Status": "Running", "InstanceNetworkType": "vpc",
                "PublicIpAddress": {"IpAddress": []}, "EipAddress": {"IpAddress": ""},
                "InternetMaxBandwidthOut": 5, "InstanceChargeType": "PostPaid",
                "OperationLocks": {"LockReason": []},
                "VpcAttributes": {"PrivateIpAddress": {"IpAddress": ["172.16.0.10"]}},
                "NetworkInterfaces": {"NetworkInterface": [{"MacAddress": "00:16:3e:0a:0b:0c"}]},
                **members}
        return {"RequestId": "R-LOOK", "TotalCount": 1, "PageSize": 10, "PageNumber": 1,
                "Instances": {"Instance": [item]}}

    def good(self, request):
        """A right answer to whatever was asked."""
        if request.action == "DescribeInstances":
            return http(200, self.described())
        return http(200, {"RequestId": "R-DONE", "IpAddress": "203.0.113.9"})

    def serve(self, conn, request):
        conn.sendall(self.good(request))
        return True

    def asker(self, **options):
        return Asker(self.world, **options)

    def ask(self, op="inspect", env=None, deadline_ms=8000, **members):
        """The answer of one fresh process, which must end well; and the seconds that it took."""
        with Asker(self.world, env=env) as asker:
            begin = time.monotonic()
            answer = asker.ask(op, deadline_ms=deadline_ms, **members)
            took = time.monotonic() - begin
        assert answer is not None, "closed without an answer"
        return answer, took

    def close(self):
        self.world.close()


def outcome(answer):
    """"ok", or the code of the fault."""
    return "ok" if "ok" in answer else answer["fault"]["code"]

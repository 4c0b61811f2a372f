# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as servers speak it, TLS, and the ways in which bytes go wrong."""

import http
import random
import selectors
import socket
import struct
import threading
import time
import traceback
from urllib.parse import parse_qsl, urlsplit

HUGE = 100 * 1024 * 1024
DRIP_SECONDS = 0.25


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        split = urlsplit(target)
        self.path = split.path
        self.query_text = split.query
        self.query = parse_qsl(split.query, keep_blank_values=True)
        self.headers = headers
        self.body = body
        self.endpoint = None
        self.tls = False
        self.proxied = False

    def header(self, name, default=None):
        name = name.lower()
        return next((v for n, v in self.headers if n.lower() == name), default)

    @property
    def host(self):
        return urlsplit("//" + (self.header("host") or "")).hostname or ""


class Answer:
    def __init__(self, status=200, body=b"", content_type="text/plain", headers=None):
        self.status = status
        self.body = body if isinstance(body, bytes) else body.encode()
        self.headers = {"Content-Type": content_type, **(headers or {})}
        self.damage = None
        self.date = None     # overrides the Date header
        self.pause = 0       # seconds between the log entry and the first byte

    def head(self, length):
        try:
            reason = http.HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = ["HTTP/1.1 %d %s" % (self.status, reason)]
        lines += ["%s: %s" % pair for pair in self.headers.items()]
        lines.append("Content-Length: %d" % length)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_request(stream):
    """The next request, None at the end of the connection."""
    line = stream.readline(65536)
    if not line.strip():
        return None
    method, target, _version = line.decode("latin-1").split()
    headers = []
    while True:
        line = stream.readline(65536).decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    named = {n.lower(): v for n, v in headers}
    if named.get("transfer-encoding", "").lower() == "chunked":
        body = _read_chunks(stream)
    else:
        body = stream.read(int(named.get("content-length", 0)))
    return Request(method, target, headers, body)


def _read_chunks(stream):
    body = b""
    while True:
        size = int(stream.readline(1024).split(b";")[0], 16)
        if size == 0:
            while stream.readline(65536).strip():   # trailers
                pass
            return body
        body += stream.read(size)
        stream.readline(1024)


class Server:
    """Accepts for all endpoints in one thread; each connection has its own.

    PLANES maps the kind of an endpoint to a function from Request to Answer.
    """

    def __init__(self, cloud, authority, planes):
        self.cloud = cloud
        self.authority = authority
        self.planes = planes
        self.network = None
        self.selector = selectors.DefaultSelector()
        self.wake_in, self.wake_out = socket.socketpair()
        self.selector.register(self.wake_out, selectors.EVENT_READ, None)
        self.pending = []
        self.lock = threading.Lock()

    # listening sockets come and go in other threads: the accepting one is woken to see to it

    def listen(self, sock, endpoint, port):
        sock.setblocking(False)
        with self.lock:
            self.selector.register(sock, selectors.EVENT_READ, (endpoint, port))
        self.wake_in.send(b".")

    def unlisten(self, sock):
        with self.lock:
            self.selector.unregister(sock)
        sock.close()
        self.wake_in.send(b".")

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    self.wake_out.recv(4096)
                    continue
                try:
                    conn, _peer = key.fileobj.accept()
                except OSError:
                    continue
                conn.setblocking(True)
                threading.Thread(target=self._connection, args=(conn, *key.data),
                                 daemon=True).start()

    def _connection(self, conn, endpoint, port):
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.kind == "proxy":
                self._proxy(conn)
            else:
                self._serve(conn, endpoint, port == 443)
        except (OSError, ValueError):
            pass    # the client went away, refused our certificate, or spoke no HTTP
        finally:
            conn.close()

    def _proxy(self, conn):
        """CONNECT hands the connection over: a proxy has a way out when the machine has none."""
        stream = conn.makefile("rb", buffering=0)
        request = read_request(stream)
        host, _, port = request.target.rpartition(":") if request else ("", "", "")
        endpoint = self.network.by_host(host)
        self.cloud.events.record("proxy", method=request.method if request else "", host=host,
                                 port=port)
        if not request or request.method != "CONNECT" or not endpoint:
            conn.sendall(Answer(502, b"no such host").head(0))
            return
        if self.cloud.network.proxy != 200:
            conn.sendall(Answer(self.cloud.network.proxy, b"not by this proxy").head(0))
            return
        conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._serve(conn, endpoint, port == "443", proxied=True)

    def _serve(self, conn, endpoint, tls, proxied=False):
        if tls:
            kind = self.cloud.network.tls.get(endpoint.name, "good")
            if kind == "garbage":
                conn.sendall(b"this is not TLS\r\n")
                return
            context = self.authority.context(kind)
            try:
                conn = context.wrap_socket(conn, server_side=True)
            except OSError as error:
                self.cloud.events.record("tls-failed", endpoint=endpoint.name, reason=str(error))
                raise
            self.cloud.events.record("tls", endpoint=endpoint.name, version=conn.version(),
                                     resumed=conn.session_reused)
        stream = conn.makefile("rb")
        while True:
            request = read_request(stream)
            if request is None:
                return
            request.endpoint, request.tls, request.proxied = endpoint, tls, proxied
            answer = self._answer(request)
            answer.headers.setdefault("Date", answer.date or self.cloud.clock.http_date())
            time.sleep(answer.pause)
            if not send(conn, answer, request):
                return

    def _answer(self, request):
        """A mistake of ours must not look like a broken cloud: it is an event that fails tests."""
        try:
            return self.planes[request.endpoint.kind](request)
        except Exception:
            self.cloud.events.record("crash", target=request.target.split("?")[0],
                                     trace=traceback.format_exc())
            return Answer(500, "the simulator crashed\n")


def send(conn, answer, request):
    """Puts ANSWER on the wire, damaged as it says.  Returns whether the connection goes on."""
    body = b"" if request.method == "HEAD" else answer.body
    damage = answer.damage
    if damage is None:
        close = (request.header("connection") or "").lower() == "close"
        answer.headers["Connection"] = "close" if close else "keep-alive"
        conn.sendall(answer.head(len(body)) + body)
        return not close
    if damage == "empty":
        conn.sendall(answer.head(0))
        return True
    if damage == "garbled":
        noise = bytes(random.Random(len(body)).randrange(256) for _ in range(len(body) or 64))
        cut = len(body) // 3
        body = body[:cut] + noise[cut:]
        conn.sendall(answer.head(len(body)) + body)
        return True
    if damage == "html":
        page = Answer(answer.status, b"<html><body><h1>It works!</h1></body></html>", "text/html")
        conn.sendall(page.head(len(page.body)) + page.body)
        return True
    _DAMAGES[damage](conn, answer, body)
    return False


def _close(_conn, _answer, _body):
    pass


def _reset(conn, _answer, _body):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _half(conn, answer, body):
    conn.sendall(answer.head(len(body)) + body[:len(body) // 2])


def _huge(conn, answer, body):
    """A well-formed beginning, then spaces: only a ceiling on the size can end it early."""
    conn.sendall(answer.head(HUGE) + body[:-1])
    block = b" " * 65536
    for _ in range(HUGE // len(block)):
        conn.sendall(block)


def _endless_headers(conn, _answer, _body):
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(HUGE // 1000):
        conn.sendall(b"X-Filler-%d: %s\r\n" % (number, b"x" * 1000))


def _drip(conn, answer, body):
    for byte in answer.head(len(body)) + body:
        conn.sendall(bytes((byte,)))
        time.sleep(DRIP_SECONDS)


def _stall(conn, _answer, _body):
    while conn.recv(4096):
        pass


def _not_http(conn, _answer, _body):
    conn.sendall(b"220 mail.example ESMTP\r\n")


_DAMAGES = {"close": _close, "reset": _reset, "half": _half, "huge": _huge,
            "endless-headers": _endless_headers, "drip": _drip, "stall": _stall,
            "not-http": _not_http}

# SPDX-License-Identifier: Apache-2.0
"""Answers of HTTP under good TLS that are odd, wrong, without end or made to do harm."""

import calendar
import gzip
import json
import time

import pytest

from kit import PUBLIC, API, OTHER, http, outcome, reset

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
RSS_MAX_KIB = 40 * 1024
GONE, NONE, LARGE = "Transport.Closed", "Transport.NotApi", "Transport.TooLarge"
BODY = object()     # in a row: where the good body stands


def length(n):
    return b"Content-Length: %d\r\n\r\n" % n


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


# name -> what is sent, given the good body; what comes of a look, None: any end is good
FRAMES = {
    "as it should be": (lambda b: OK + length(len(b)) + b, "ok"),
    "ended by the close": (lambda b: OK + b"\r\n" + b, "ok"),
    "length too small": (lambda b: OK + length(10) + b, NONE),
    "length too large": (lambda b: OK + length(len(b) + 9) + b, GONE),
    "length twice, equal": (lambda b: OK + (b"Content-Length: %d\r\n" % len(b)) * 2 + b"\r\n" + b, "ok"),
    "length twice, different": (lambda b: OK + b"Content-Length: 3\r\n" + length(len(b)) + b, None),
    "chunked": (lambda b: CHUNKED + chunk(b) + b"0\r\n\r\n", "ok"),
    "chunked in bytes": (lambda b: CHUNKED + b"".join(chunk(b[i:i + 7]) for i in range(0, len(b), 7))
                         + b"0\r\n\r\n", "ok"),
    "chunked without an end": (lambda b: CHUNKED + chunk(b), GONE),
    "chunk of a negative size": (lambda b: CHUNKED + b"-7\r\nabc", GONE),
    "chunk size too large": (lambda b: CHUNKED + b"f" * 20 + b"\r\nabc", GONE),
    "chunk without its end of line": (lambda b: CHUNKED + b"3\r\nabcX0\r\n\r\n", GONE),
    "chunk with an endless extension": (lambda b: CHUNKED + b"3;" + b"e" * 500000 + b"\r\nabc\r\n", GONE),
    "trailers with a Date": (lambda b: CHUNKED + chunk(b) + b"0\r\nDate: Fri, 01 Jan 2100 00:00:00 GMT"
                             b"\r\n\r\n", "ok"),
    "encoded twice": (lambda b: OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + b, None),
    "encoding that nobody knows": (lambda b: OK + b"Transfer-Encoding: odd\r\n\r\n" + b, None),
    "HTTP/1.0": (lambda b: b"HTTP/1.0 200 OK\r\n" + length(len(b)) + b, "ok"),
    "no reason": (lambda b: b"HTTP/1.1 200\r\n" + length(len(b)) + b, "ok"),
    "HTTP/0.9": (lambda b: b, NONE),
    "HTTP/7.3": (lambda b: b"HTTP/7.3 200 OK\r\n" + length(len(b)) + b, None),
    "status of two digits": (lambda b: b"HTTP/1.1 20 OK\r\n" + length(len(b)) + b, None),
    "status of four digits": (lambda b: b"HTTP/1.1 2000 OK\r\n" + length(len(b)) + b, None),
    "status 000": (lambda b: b"HTTP/1.1 000 OK\r\n" + length(len(b)) + b, None),
    "another protocol": (lambda b: b"ICY 200 OK\r\n" + length(len(b)) + b, None),
    "garbage": (lambda b: b"\x16\x03\x01 garbage\r\n\r\n", NONE),
    "lines ended by LF": (lambda b: b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(b) + b, None),
    "a NUL in a header": (lambda b: OK + b"X: a\0b\r\n" + length(len(b)) + b, None),
    "a header without a colon": (lambda b: OK + b"nothing\r\n" + length(len(b)) + b, None),
    "a folded header": (lambda b: OK + b"X: a\r\n  b\r\n" + length(len(b)) + b, None),
    "a header of 31 KB": (lambda b: OK + b"X: " + b"h" * 31000 + b"\r\n" + length(len(b)) + b, "ok"),
    "a header of 40 KB": (lambda b: OK + b"X: " + b"h" * 40000 + b"\r\n" + length(len(b)) + b, LARGE),
    "early hints before": (lambda b: b"HTTP/1.1 103 Early\r\nDate: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n"
                           + OK + length(len(b)) + b, "ok"),
    "switching protocols": (lambda b: b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n" + b, None),
    "nothing": (lambda b: b"", GONE),
    "half a head": (lambda b: b"HTTP/1.1 200 OK\r\nConte", None),
    "an empty body": (lambda b: OK + length(0), NONE),
    "body of the largest size": (lambda b: OK + length(256 * 1024) + b + b" " * (256 * 1024 - len(b)), "ok"),
    "body one larger": (lambda b: OK + length(256 * 1024 + 1) + b + b" " * (256 * 1024 + 1 - len(b)), LARGE),
    "length of 2^62": (lambda b: OK + length(1 << 62) + b"a" * 300000, LARGE),
    "gzip of it": (lambda b: http(200, gzip.compress(b), "Content-Encoding: gzip"), NONE),
    "gzip that grows": (lambda b: http(200, gzip.compress(b"a" * 20000000), "Content-Encoding: gzip"), NONE),
    "gzip as transfer encoding that grows": (lambda b: OK + b"Transfer-Encoding: gzip\r\n\r\n"
                                             + gzip.compress(b"a" * 20000000), None),
    "cookies and HSTS": (lambda b: http(200, b, "Set-Cookie: a=b; Domain=.aliyuncs.com",
                                        "Strict-Transport-Security: max-age=99999999",
                                        'Alt-Svc: h2="evil.example:443"'), "ok"),
    "a portal's page": (lambda b: http(200, b"<html><body>Log in</body></html>"), NONE),
    "a portal's page with a RequestId": (lambda b: http(200, b"<html><RequestId>x</RequestId></html>"), NONE),
    "XML cut off": (lambda b: http(200, b"<DescribeInstancesResponse><Reque"), NONE),
    "JSON deep": (lambda b: http(200, b'{"a":' * 20000 + b"1" + b"}" * 20000), NONE),
    "JSON with a tail": (lambda b: http(200, b + b"x"), NONE),
    "NUL at the end": (lambda b: http(200, b + b"\0"), None),
    "UTF-16": (lambda b: http(200, b.decode().encode("utf-16")), NONE),
    "another instance": (lambda b: http(200, b.replace(b"i-bp1", b"i-bp2")), None),
    "many elements": (lambda b: http(200, b'{"RequestId":"R","Instances":{"Instance":['
                                     + b",".join([b"{}"] * 20000) + b"]}}"), None),
}


@pytest.mark.parametrize("name", FRAMES)
def test_look(kit, name):
    """One request a connection, and never more than two (the second endpoint is the same server)."""
    make, wanted = FRAMES[name]
    data = make(json.dumps(kit.described()).encode())

    def answer(conn, request):
        conn.sendall(data)
        return False

    with kit.api(answer) as server, kit.asker() as asker:
        reply = asker.ask("inspect", deadline_ms=8000)
        with open("/proc/%d/status" % asker.process.pid, encoding="ascii") as f:
            peak = int(next(line for line in f if line.startswith("VmHWM")).split()[1])
        assert wanted in (None, outcome(reply)), reply
        assert peak < RSS_MAX_KIB
        assert server.connections <= 4


@pytest.mark.parametrize("name", sorted(n for n in FRAMES if FRAMES[n][1] != "ok"))
def test_change_leaves_once(kit, name):
    """Whatever comes back, a changing call is on the wire once."""
    make, _ = FRAMES[name]
    data = make(json.dumps({"RequestId": "R", "IpAddress": "203.0.113.9"}).encode())
    with kit.api(lambda conn, request: (conn.sendall(data), False)[1]) as server:
        kit.ask("allocate")
        assert len(server.requests) == 1


STATUSES = [100, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405,
            407, 408, 409, 413, 417, 421, 425, 426, 429, 431, 451, 500, 501, 502, 503, 504, 507, 511, 599,
            600, 999]


@pytest.mark.parametrize("status", STATUSES)
def test_status_with_a_page(kit, status):
    """No redirect is followed, nothing is signed again, and no answer of it is a success."""
    page = http(status, b"<html>x</html>", "Location: http://100.100.100.200/latest/", "Retry-After: 2",
                "WWW-Authenticate: Negotiate", "Proxy-Authenticate: NTLM", "Connection: close")
    with kit.api(lambda conn, request: (conn.sendall(page), False)[1]) as server:
        answer, _ = kit.ask("reboot")
        assert outcome(answer).startswith("Transport."), answer
        assert server.actions() == ["RebootInstance"]


REFUSALS = [(400, "SignatureNonceUsed", 1), (400, "InvalidTimeStamp.Expired", 2), (400, "SignatureDoesNotMatch", 1),
            (403, "InvalidSecurityToken.Expired", 2), (404, "InvalidAccessKeyId.NotFound", 2),
            (400, "MissingSecurityToken", 2), (403, "Forbidden.RAM", 1), (403, "IncorrectInstanceStatus", 1),
            (400, "Throttling.User", 1), (500, "InternalError", 1), (503, "ServiceUnavailable", 1),
            (404, "InvalidAction.NotFound", 1)]


@pytest.mark.parametrize("status, code, times", REFUSALS)
def test_refusal_of_a_change(kit, status, code, times):
    body = {"RequestId": "R", "Code": code, "Message": "m"}
    with kit.api(lambda conn, request: (conn.sendall(http(status, body)), True)[1]) as server:
        answer, _ = kit.ask("reboot")
        assert outcome(answer) == code
        assert server.actions() == ["RebootInstance"] * times


BROKEN = {
    "502 page": lambda conn: conn.sendall(http(502, b"<html/>")),
    "503 page": lambda conn: conn.sendall(http(503, b"<html/>")),
    "404 page": lambda conn: conn.sendall(http(404, b"<html/>")),
    "403 page": lambda conn: conn.sendall(http(403, b"<html/>")),
    "close": lambda conn: None,
    "reset": reset,
    "garbage": lambda conn: conn.sendall(b"garbage\r\n\r\n"),
    "silence": lambda conn: time.sleep(9),
}


@pytest.mark.parametrize("name", BROKEN)
def test_look_goes_to_the_other_endpoint(kit, name):
    """The first one is broken for good, the public one is well; a change stays where it was sent."""
    kit.name(API, "ecs-vpc.cn-hangzhou.aliyuncs.com", others="%s %s\n" % (OTHER, PUBLIC))
    try:
        with kit.api(lambda conn, request: (BROKEN[name](conn), False)[1]) as first, \
                kit.api(kit.serve, OTHER) as second:
            answer, took = kit.ask("inspect", deadline_ms=14000)
            assert outcome(answer) == "ok", answer
            assert took < 14 and second.actions() == ["DescribeInstances"]
            if name != "silence":
                answer, _ = kit.ask("reboot")
                assert outcome(answer).startswith("Transport.")
                assert second.actions() == ["DescribeInstances"]
            assert first.requests
    finally:
        kit.name(API, *kit.authority.names)


@pytest.mark.parametrize("delay", [0, 0.02, 0.2])
@pytest.mark.parametrize("second", ["inspect", "allocate"])
def test_stray_answer(kit, delay, second):
    """What stands on a kept connection is nobody's answer."""
    stray = http(200, {"RequestId": "R-STRAY", "IpAddress": "198.51.100.66"})

    def answer(conn, request):
        conn.sendall(kit.good(request))
        if len(server.requests) == 1:
            time.sleep(delay)
            conn.sendall(stray)
            came.append(True)
        return True

    came = []
    with kit.api(answer) as server, kit.asker() as asker:
        asker.ok("inspect")
        limit = time.monotonic() + 5
        while not came and time.monotonic() < limit:
            time.sleep(0.01)
        reply = asker.ok(second)
        assert reply["request_id"] != "R-STRAY", reply


DATES = ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2199 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
         "garbage", "Mon, 30 Feb 2026 00:00:00 GMT", "2026" * 20]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("kind", ["good", "page", "refusal"])
def test_date_that_lies(kit, date, kind):
    """Beside a success it is not believed, and a page's is not even read: the next call is signed by
    a right time."""
    def answer(conn, request):
        if len(server.requests) == 1 and kind != "good":
            body = b"<html/>" if kind == "page" else {"RequestId": "R", "Code": "Forbidden", "Message": ""}
            conn.sendall(http(403, body, "Date: " + date, date=False))
        else:
            conn.sendall(http(200, kit.described(), "Date: " + date, date=False))
        return True

    with kit.api(answer) as server, kit.asker() as asker:
        asker.ask("inspect")
        reply = asker.ask("inspect")
        signed = [calendar.timegm(time.strptime(r.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"))
                  for r in server.requests]
        if kind != "refusal":
            assert all(abs(t - time.time()) < 900 for t in signed)
        assert reply["time_proven"], reply
        assert abs(reply["server_time"] - signed[-1]) < 900


HINTS = {"Retry-After: -1": 0, "Retry-After: 0": 0, "Retry-After: 1e9": 0, "Retry-After: 5": 5000,
         "Retry-After: 99999999999999": None, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT": 3600000,
         "x-acs-retry-after: 18446744073709551616": 0, "x-acs-retry-after: -5": 0,
         "x-acs-retry-after: 250": 250, "x-acs-retry-after: 99999999999": 3600000}


@pytest.mark.parametrize("header", HINTS)
def test_hint(kit, header):
    with kit.api(lambda conn, request: (conn.sendall(http(429, b"", header)), True)[1]):
        answer, _ = kit.ask("inspect")
        assert HINTS[header] in (None, answer["fault"].get("retry_after_ms", 0))


def drip(data):
    def send(conn):
        for i in range(len(data)):
            conn.sendall(data[i:i + 1])
            time.sleep(0.5)
    return send


def flood(data, most=20000):
    def send(conn):
        for _ in range(most):
            conn.sendall(data)
    return send


ENDLESS = {"head, byte by byte": drip(OK + b"X: " + b"a" * 100), "body, byte by byte":
           lambda conn: (conn.sendall(OK + length(1000)), drip(b"a" * 100)(conn)),
           "silence": lambda conn: time.sleep(20), "interim answers": lambda conn: [
               (conn.sendall(b"HTTP/1.1 102 P\r\n\r\n"), time.sleep(0.3)) for _ in range(60)],
           "headers": lambda conn: (conn.sendall(OK), flood(b"X-A: " + b"b" * 900 + b"\r\n")(conn)),
           "a flood of interim answers": flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
           "trailers": lambda conn: (conn.sendall(CHUNKED + chunk(b"{}") + b"0\r\n"),
                                     flood(b"X-A: " + b"b" * 900 + b"\r\n")(conn))}


@pytest.mark.parametrize("name", ENDLESS)
def test_answer_without_an_end(kit, name):
    with kit.api(lambda conn, request: (ENDLESS[name](conn), False)[1]):
        answer, took = kit.ask("inspect", deadline_ms=3000)
        assert "fault" in answer and took < 5


def test_own_connection_and_resumed_session(kit):
    """Looks keep one, each change has its own, and all but the first resume the session."""
    with kit.api(kit.serve) as server, kit.asker() as asker:
        for op in ("inspect", "inspect", "allocate", "reboot", "inspect"):
            asker.ok(op)
        assert server.connections == 3
        assert server.resumed == [False, True, True]


def test_kept_connection_that_was_closed(kit):
    """The server closes after each answer: a change meets no dead connection, and leaves once."""
    with kit.api(lambda conn, request: (conn.sendall(kit.good(request)), False)[1]) as server, \
            kit.asker() as asker:
        for op in ("inspect", "allocate", "inspect", "reboot"):
            asker.ok(op)
        assert server.actions() == ["DescribeInstances", "AllocatePublicIpAddress", "DescribeInstances",
                                    "RebootInstance"]

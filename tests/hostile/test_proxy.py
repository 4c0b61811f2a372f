# SPDX-License-Identifier: Apache-2.0
"""A proxy between this machine and the API: what it answers to CONNECT, and its password."""

import base64
import json
import time
import urllib.parse

import pytest

from kit import PROXY, PROXY_PORT, http, outcome, reset

AT = "%s:%d" % (PROXY, PROXY_PORT)
USER, PASSWORD = "svc-user", "Hunter2-Secret"
ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"


def env(url="http://" + AT):
    return {"https_proxy": url}


def flood(head, data, most=100000):
    def answer(conn):
        conn.sendall(head)
        for _ in range(most):
            conn.sendall(data)
    return answer


def plain_http(conn):
    """No reset may overtake what it said: it reads what comes until the other side ends."""
    conn.sendall(ESTABLISHED + http(200, b"{}"))
    conn.settimeout(9)
    while conn.recv(65536):
        pass


# what the proxy does with a CONNECT -> the code of a changing call
CONNECTS = {
    "closes": (lambda conn: None, "Transport.Connect"),
    "resets": (reset, "Transport.Connect"),
    "says garbage": (lambda conn: conn.sendall(b"\x16\x03\x01garbage\r\n\r\n" * 9), None),
    "is silent": (lambda conn: time.sleep(9), "Transport.Connect"),
    "200, then silence": (lambda conn: (conn.sendall(ESTABLISHED), time.sleep(9)), "Transport.Connect"),
    "200, then a reset": (lambda conn: (conn.sendall(ESTABLISHED), reset(conn)), "Transport.Connect"),
    "200, then the end": (lambda conn: conn.sendall(ESTABLISHED), "Transport.Connect"),
    "200, then plain HTTP": (plain_http, "Transport.Tls"),
    "407 of NTLM": (lambda conn: conn.sendall(http(407, b"", "Proxy-Authenticate: NTLM")), "Transport.Proxy"),
    "407 without an end": (flood(b"HTTP/1.1 407 N\r\nContent-Length: 99999999999\r\n\r\n", b"a" * 65536),
                           None),
    "407 in endless chunks": (flood(b"HTTP/1.1 407 N\r\nTransfer-Encoding: chunked\r\n\r\n",
                                    b"1000\r\n" + b"a" * 4096 + b"\r\n"), None),
    "407 with endless headers": (flood(b"HTTP/1.1 407 N\r\n", b"X-A: " + b"a" * 900 + b"\r\n"), None),
    "200 with endless headers": (flood(b"HTTP/1.1 200 N\r\n", b"X-A: " + b"a" * 900 + b"\r\n"), None),
    "one header of 200 KB": (lambda conn: conn.sendall(b"HTTP/1.1 200 O\r\nX: " + b"a" * 200000 + b"\r\n\r\n"),
                             None),
    "interim answers without end": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None),
    **{"status %d" % status: (lambda conn, status=status: conn.sendall(
        http(status, b"x" * 50, "Location: http://evil.example/", 'Proxy-Authenticate: Basic realm="x"')),
        "Transport.Proxy" if status // 100 == 4 else "Transport.Connect")
       for status in (301, 302, 400, 401, 403, 404, 407, 429, 451, 500, 502, 503, 504)},
}


@pytest.mark.parametrize("name", CONNECTS)
def test_connect(kit, name):
    """In time, and nothing of the call has left: it was no tunnel."""
    handle, code = CONNECTS[name]
    with kit.api(kit.serve) as api, kit.proxy(handle):
        answer, took = kit.ask("reboot", env=env(), deadline_ms=3000)
        assert "fault" in answer and code in (None, outcome(answer)), answer
        assert took < 5 and not api.requests
        assert outcome(answer) != "Transport.Timeout"     # which would say that it had left


@pytest.mark.parametrize("name", ["407 without an end", "200, then silence", "is silent"])
def test_hang_up_meanwhile(kit, name):
    """The agent is gone: the process ends, and no call leaves for it."""
    with kit.api(kit.serve) as api, kit.proxy(CONNECTS[name][0]) as proxy:
        asker = kit.asker(env=env())
        asker.ok("identify")
        asker.send("reboot", deadline_ms=25000)
        limit = time.monotonic() + 10
        while not proxy.requests and time.monotonic() < limit:
            time.sleep(0.01)
        begin = time.monotonic()
        assert asker.end() == 0
        assert time.monotonic() - begin < 3 and not api.requests


@pytest.mark.parametrize("url", ["http://" + AT, AT, "http://%s/" % AT, " http://%s\n" % AT, "HTTP://" + AT,
                                 "http://u:p@" + AT])
def test_good_proxy(kit, url):
    def tunnel(conn):
        conn.sendall(ESTABLISHED)
        kit.tunnel(conn)

    with kit.api(kit.serve) as api, kit.proxy(tunnel) as proxy:
        with kit.asker(env=env(url)) as asker:
            asker.ok("inspect")
            asker.ok("allocate")
        assert api.actions() == ["DescribeInstances", "AllocatePublicIpAddress"]
        assert len(proxy.requests) == 2     # the change has a tunnel of its own


@pytest.mark.parametrize("url", ["http://%s:%s@" % (USER, urllib.parse.quote(PASSWORD + tail, safe="")) + AT
                                 for tail in ("", "#", "/", "?", "@", " ", ":", "%")] +
                         ["http://%s:%s@" % (USER, PASSWORD + tail) + AT for tail in ("#", "/", "?", "@", ":", "%z")])
def test_password_reaches_the_proxy(kit, url):
    """Encoded, or as people write it."""
    with kit.proxy(lambda conn: conn.sendall(http(407, b""))) as proxy:
        kit.ask("inspect", env=env(url))
        sent = base64.b64decode(proxy.requests[0].headers["proxy-authorization"].split()[1]).decode()
        assert sent.startswith("%s:%s" % (USER, PASSWORD)) and len(sent) >= len(USER + PASSWORD) + 1


@pytest.mark.parametrize("variables, proxied", [
    ({"no_proxy": ".aliyuncs.com"}, False), ({"no_proxy": "aliyuncs.com"}, False),
    ({"no_proxy": "*.aliyuncs.com"}, False), ({"NO_PROXY": "localhost, 10.0.0.0/8 ,aliyuncs.com"}, False),
    ({"no_proxy": "*"}, False), ({"no_proxy": "liyuncs.com"}, True), ({"no_proxy": "a.aliyuncs.com"}, True),
    ({"no_proxy": ""}, True), ({"no_proxy": ",, ,"}, True)])
def test_no_proxy(kit, variables, proxied):
    with kit.api(kit.serve), kit.proxy(lambda conn: conn.sendall(http(403, b""))) as proxy:
        answer, _ = kit.ask("inspect", env={**env(), **variables})
        assert bool(proxy.requests) == proxied and ("ok" in answer) != proxied


# a password in the environment, and everything that may go wrong with it
BAD = {
    "scheme": "tcp://%s@" + AT, "ftp": "ftp://%s@" + AT, "port too large": "http://%s@proxy.test:99999",
    "port no number": "http://%s@proxy.test:x", "no host": "http://%s@:3128", "half a bracket": "http://%s@[::1",
    "host with a blank": "http://%s@a b:3128", "quotes left in": '"http://%s@' + AT + '"',
    "line end in it": "http://%s\r\nX: y@" + AT, "very long": "http://%s" + "x" * 600 + "@" + AT,
    "does not resolve": "http://%s@nowhere.test:3128", "refuses": "http://%s@127.0.0.1:1",
    "refuses, https": "https://%s@127.0.0.1:1", "refuses, socks5": "socks5h://%s@127.0.0.1:1",
    "refuses, socks4": "socks4://%s@127.0.0.1:1", "answers 407": "http://%s@" + AT,
    "speaks no TLS": "https://%s@" + AT, "speaks no socks": "socks5://%s@" + AT,
    "with a #": "http://%s#tail@" + AT, "with a /": "http://%s/tail@" + AT, "with a ?": "http://%s?tail@" + AT,
    "with an @": "http://%s@tail@" + AT, "with a %%": "http://%s%%zz@" + AT, "with a [": "http://%s[x@" + AT,
}


def forms(secret):
    """How a secret may be found: as it is, percent-encoded, in Base64 at each of its offsets."""
    found = {secret, urllib.parse.quote(secret, safe=""), secret.encode().hex()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        found.add(text[4 if shift else 0:-2])
    return found


def leaks(text):
    return [form for secret in (PASSWORD, USER + ":" + PASSWORD) for form in forms(secret) if form in text]


@pytest.mark.parametrize("name", BAD)
def test_password_is_told_nobody(kit, name):
    """Not in the answer, not on standard error; what is told names the proxy or the variable."""
    url = BAD[name].replace("%s", "%s:%s" % (USER, PASSWORD)).replace("%%", "%")
    with kit.proxy(lambda conn: conn.sendall(http(407, b"the password is " + PASSWORD.encode()))):
        with kit.asker(env=env(url)) as asker:
            answers = [asker.ask(op, deadline_ms=6000) for op in ("inspect", "reboot")]
            errors = asker.errors
        with open(errors, encoding="utf-8") as f:
            said = json.dumps(answers) + f.read()
    assert all("fault" in answer for answer in answers) and not leaks(said), said
    code = outcome(answers[1])
    message = answers[1]["fault"]["message"]
    if code == "Transport.ProxySetting":
        assert answers[1]["fault"]["class"] == "operator" and message.startswith("https_proxy: ")
    else:
        assert "through the proxy " in message and USER not in message


@pytest.mark.parametrize("quote", ["plain", "percent", "base64"])
def test_password_in_the_api_s_own_message(kit, quote):
    """A message of the API is shown, up to where it repeats a secret."""
    secret = {"plain": PASSWORD, "percent": urllib.parse.quote("p/" + PASSWORD, safe=""),
              "base64": base64.b64encode(PASSWORD.encode()).decode()}[quote]
    password = "p/" + PASSWORD if quote == "percent" else PASSWORD
    body = {"RequestId": "R", "Code": "Forbidden.Odd", "Message": "you said " + secret + " to me"}

    def tunnel(conn):
        conn.sendall(ESTABLISHED)
        kit.tunnel(conn)

    with kit.api(lambda conn, request: (conn.sendall(http(403, body)), True)[1]), kit.proxy(tunnel):
        answer, _ = kit.ask("inspect", env=env("http://%s:%s@%s" % (
            USER, urllib.parse.quote(password, safe=""), AT)))
    assert answer["fault"]["message"] == "you said (withheld)"


@pytest.mark.parametrize("name", ["scheme", "port too large", "answers 407", "does not resolve"])
def test_password_in_no_output_of_all(kit_of, name):
    """With the whole agent: journal, notifications, status.json, metrics, ledger, and the commands."""
    kit = kit_of()
    machine = kit.machine
    machine.cloud_environment = env(BAD[name].replace("%s", "%s:%s" % (USER, PASSWORD)))
    with kit.proxy(lambda conn: conn.sendall(http(407, b"x"))):
        kit.world.start()
        assert machine.wait_status(lambda s: ((s.get("fault") or {}).get("code") or "").startswith(
            "Transport."), timeout=30)
        said = [machine.cli(*c).stdout + machine.cli(*c).stderr
                for c in (("status",), ("status", "--json"), ("doctor",), ("doctor", "--json"), ("plan",))]
    said += [str(e) for e in machine.journal.find()] + [str(n) for n in machine.notifications.find()]
    said += [machine.read(path) for path in ("/run/ecs-pubip/status.json", "/run/ecs-pubip/metrics.prom",
                                             "/var/lib/ecs-pubip/ledger") if machine.exists(path)]
    said.append(machine.errors())
    assert not leaks("\n".join(said))

# SPDX-License-Identifier: Apache-2.0
"""The control interface from the other side: for tests, and from a shell.

    PYTHONPATH=tests python3 -m sim.client SOCKET get instance.public_ip
    PYTHONPATH=tests python3 -m sim.client SOCKET set instance.locks '["security"]'
    PYTHONPATH=tests python3 -m sim.client SOCKET wait '{"event":"reboot-due"}' 30
    PYTHONPATH=tests python3 -m sim.client SOCKET log | call OPERATION '{"argument": …}'
"""

import json
import socket
import sys


class SimError(Exception):
    """The simulator refused what the test asked of it."""


class Client:
    """Every operation of control.Control by its name, and shorter forms of the usual ones."""

    def __init__(self, path):
        self.path = str(path)

    def call(self, op, **arguments):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(self.path)
            sock.sendall(json.dumps({"op": op, **arguments}).encode() + b"\n")
            with sock.makefile("rb") as stream:
                line = stream.readline()
        if not line:
            raise SimError("the simulator is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise SimError(answer["error"])
        return answer["ok"]

    def __getattr__(self, op):
        if op.startswith("_"):
            raise AttributeError(op)
        return lambda **arguments: self.call(op, **arguments)

    def get(self, path):
        return self.call("get", path=path)

    def set(self, path, value):
        self.call("set", values={path: value})

    def update(self, values):
        """Several settings at once: {path: value}."""
        self.call("set", values=values)

    # script

    def rule(self, match, **fields):
        return self.call("rule", spec={"match": match, **fields})

    def fail(self, match, code, status=None, message=None, times=1, headers=None, form=None,
             **fields):
        """The next TIMES calls answer this error, unexecuted.  None: the documented text."""
        answer = {"code": code}
        for name, value in (("status", status), ("message", message), ("headers", headers),
                            ("format", form)):
            if value is not None:
                answer[name] = value
        return self.rule(match, times=times, answer=answer, **fields)

    def refuse_metadata(self, match, status, times=1, body="", headers=None):
        return self.rule(match, times=times, answer={"status": status, "body": body,
                                                     "headers": headers or {}})

    def lose_reply(self, match, executed=True, times=1):
        """The call is executed (or not), and the connection closed without an answer."""
        return self.rule(match, times=times, damage="close", execute=executed)

    def damage(self, match, damage, times=1, **fields):
        return self.rule(match, times=times, damage=damage, **fields)

    def hold(self, match, name="gate", **fields):
        """The next call waits, unexecuted, until release(name)."""
        return self.rule(match, hold=name, **fields)

    def release(self, name="gate"):
        self.call("release", name=name)

    def endpoint(self, name, state):
        """NAME is up, blackhole or refuse; None: as the cloud's state makes it."""
        self.set("network.endpoints." + name, state)

    def tls(self, name, kind):
        self.set("network.tls." + name, kind)

    # witness

    def wait(self, timeout=10.0, since=0, count=1, **wanted):
        """The first (COUNTth) event with these fields after number SINCE; None: not in time."""
        return self.call("wait", wanted=wanted, since=since, count=count, timeout=timeout)

    def wait_request(self, action=None, timeout=10.0, since=0, count=1, **wanted):
        if action:
            wanted["action"] = action
        return self.wait(timeout, since, count, event="request", **wanted)

    def wait_arrival(self, action=None, timeout=10.0, since=0, count=1, **wanted):
        if action:
            wanted["action"] = action
        return self.wait(timeout, since, count, event="arrival", **wanted)

    def log(self, since=0, **wanted):
        """Requests, oldest first."""
        return self.call("find", wanted={"event": "request", **wanted}, since=since)

    def events(self, since=0, **wanted):
        return self.call("find", wanted=wanted, since=since)

    def api(self, since=0, **wanted):
        return self.log(since, plane="api", **wanted)

    def actions(self, since=0):
        """The names of the API actions asked for, in order."""
        return [entry["action"] for entry in self.api(since)]

    def executed(self, action=None, since=0):
        """Changing calls that were really executed."""
        return [e for e in self.api(since) if e["executed"] and action in (None, e["action"])]


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    client, verb, rest = Client(arguments[0]), arguments[1], arguments[2:]
    if verb == "get":
        print(json.dumps(client.get(rest[0]), indent=2))
    elif verb == "set":
        client.set(rest[0], json.loads(rest[1]))
    elif verb == "log":
        for entry in client.log():
            print(json.dumps(entry))
    elif verb == "wait":
        entry = client.call("wait", wanted=json.loads(rest[0]),
                            timeout=float(rest[1]) if len(rest) > 1 else 10.0)
        print(json.dumps(entry))
        return 0 if entry else 1
    elif verb == "call":
        answer = client.call(rest[0], **(json.loads(rest[1]) if len(rest) > 1 else {}))
        print(json.dumps(answer, indent=2))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

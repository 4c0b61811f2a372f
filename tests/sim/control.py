# SPDX-License-Identifier: Apache-2.0
"""The control interface: one JSON line asked, one answered, over an AF_UNIX socket."""

import json
import os
import socketserver
import threading

from . import check
from .certs import KINDS
from .endpoints import STATES
from .gateway import ACTIONS
from .instance import Instance, Lag


def plain(value):
    """VALUE as JSON can show it."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return {k: plain(v) for k, v in vars(value).items()
            if not k.startswith("_") and k not in ("clock", "lock")}


def _assign(node, name, value):
    if isinstance(node, Instance) and name == "public_ip":
        node.set_public_ip(value)   # with its lag, and its wait for a restart
    else:
        setattr(node, name, value)


class Control:
    """Each public method is an operation; its keyword arguments are those of the question."""

    def __init__(self, cloud, metadata, network):
        self._cloud = cloud
        self._metadata = metadata
        self._network = network

    # state by dotted path

    def _holder(self, path):
        *parts, last = path.split(".")
        node = self._cloud
        for part in parts:
            node = node[part] if isinstance(node, dict) else getattr(node, part)
        return node, last

    def get(self, path):
        node, last = self._holder(path)
        return plain(node[last] if isinstance(node, dict) else getattr(node, last))

    def set(self, values):
        """VALUES is {path: value}; an unknown path is an error, a dictionary takes new keys."""
        cloud = self._cloud
        with cloud.lock:
            for path, value in values.items():
                node, last = self._holder(path)
                if node is cloud.network.tls and value not in (None, "garbage") + KINDS:
                    raise ValueError("no such certificate: %s" % value)
                if node is cloud.network.endpoints and value not in (None,) + STATES:
                    raise ValueError("no such state of an endpoint: %s" % value)
                if isinstance(node, dict):
                    check.setting(path, None, value, ACTIONS)
                    if value is None:
                        node.pop(last, None)
                    else:
                        node[last] = value
                elif not hasattr(node, last):
                    raise ValueError("no such setting: %s" % path)
                else:
                    check.setting(path, getattr(node, last), value, ACTIONS)
                    _assign(node, last, value)
                if isinstance(node, Lag):
                    node.left, node.until = 0, 0
            cloud.events.record("set", values=plain(values))
            cloud.refresh()

    def snapshot(self):
        """What there is, for people; nothing secret."""
        cloud = self._cloud
        with cloud.lock:
            return {
                "time": cloud.clock.iso(), "here": cloud.here,
                "instances": plain(cloud.instances), "eips": plain(cloud.eips),
                "endpoints": {e.name: {"address": e.address, "names": e.names, "state": e.state}
                              for e in self._network.endpoints},
                "rules": plain(cloud.script.pending())}

    # script

    def rule(self, spec, alone=False):
        """One more rule; ALONE: instead of all others, with no moment between."""
        endpoints = [endpoint.name for endpoint in self._network.endpoints]
        check.rule(spec, ACTIONS, self._metadata.items(), endpoints)
        return self._cloud.script.add(spec, alone)

    def missed(self):
        """Rules that no call ever met, but those that `may_miss`."""
        return plain(self._cloud.script.missed())

    def rules(self):
        return plain(self._cloud.script.pending())

    def clear(self):
        self._cloud.script.clear()

    def release(self, name):
        self._cloud.script.release(name)

    # witness

    def mark(self):
        return len(self._cloud.events.entries)

    def find(self, wanted, since=0):
        return self._cloud.events.find(wanted, since)

    def wait(self, wanted, since=0, count=1, timeout=10.0):
        return self._cloud.events.wait(wanted, since, count, timeout)

    def note(self, text):
        """A line of the test's own in the log."""
        self._cloud.events.record("note", text=text)

    # changes of the world

    def give_address(self, address=None, effective=True):
        return self._cloud.give_address(address, effective)

    def take_address(self):
        """The platform takes the static address back."""
        with self._cloud.lock:
            self._cloud.instance.set_public_ip("")
            self._cloud.refresh()

    def new_eip(self, tags=None, address=None, region=None):
        with self._cloud.lock:
            return plain(self._cloud.new_eip(tags, address, region))

    def bind_eip(self, eip, instance=None, mode="NAT", kind="EcsInstance"):
        """Somebody else binds an EIP; INSTANCE "" frees it."""
        with self._cloud.lock:
            item = self._cloud.eips[eip]
            item.instance_id = self._cloud.here if instance is None else instance
            item.status = "InUse" if item.instance_id else "Available"
            item.instance_type, item.mode = kind, mode
            self._cloud.refresh()

    def restarted(self, identity=None, counts=True):
        self._cloud.restarted(identity, counts)

    def stopped(self, status="Stopped", identity=None):
        self._cloud.stopped(status, identity)

    def add_instance(self, fields=None):
        return self._cloud.add_instance(**(fields or {}))

    def become(self, identity):
        return self._cloud.become(identity)

    # credentials

    def rotate(self, revoke=False):
        """A new set under ram/security-credentials; REVOKE: the old ones are worth nothing now."""
        with self._cloud.lock:
            role = self._cloud.account.role
            if revoke:
                for old in role.sets:
                    old["expiration"] = 0
            role.rotate()

    def expire_credentials(self):
        """The current set is over, and metadata goes on serving it."""
        with self._cloud.lock:
            role = self._cloud.account.role
            role.current()["expiration"] = self._cloud.clock.now() - 60
            role.frozen = True

    def expire_tokens(self):
        self._metadata.expire_tokens()

    def add_key(self, identity, secret):
        self._cloud.account.keys[identity] = secret

    def secrets(self):
        """Every secret text there has been: a test looks for them where none may be."""
        with self._cloud.lock:
            return self._cloud.account.secrets() + list(self._metadata.issued)

    def hosts(self):
        return self._network.hosts()

    def pid(self):
        return os.getpid()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            try:
                question = json.loads(line)
                name = question.pop("op")
                if name.startswith("_"):
                    raise ValueError("no such operation")
                answer = {"ok": getattr(self.server.control, name)(**question)}
            except Exception as error:  # whatever it was, the test hears it
                answer = {"error": "%s: %s" % (type(error).__name__, error)}
            try:
                self.wfile.write(json.dumps(answer).encode() + b"\n")
            except OSError:
                return


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def serve(control, path):
    server = _Server(path, _Handler)
    server.control = control
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

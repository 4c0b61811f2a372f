# SPDX-License-Identifier: Apache-2.0
"""An agent played by the test: its lock and its status file, for tests of the command line tool."""

import copy
import fcntl
import json
import os
import struct

RUN = "/run/ecs-pubip"
ID = "i-bp1test0000000000001"
FLOCK = "hhqqi4x"       # struct flock: l_type, l_whence, l_start, l_len, l_pid

CONFIRMED = {
    "version": 1, "phase": "confirmed", "public_ip": "203.0.113.10", "kind": "static",
    "instance_id": ID, "region_id": "cn-hangzhou", "network_type": "vpc",
    "since": "2026-11-23T02:00:00Z", "boot_id": "0b0e5a43-7f2c-4a5e-9a3c-6f9d3b1f0001",
    "planes": {
        "kernel": {"verdict": "agrees", "address": "172.16.0.10", "interface": "eth0",
                   "since": "2026-11-23T02:00:00Z"},
        "metadata": {"verdict": "agrees", "address": "203.0.113.10",
                     "since": "2026-11-23T02:00:00Z"},
        "control": {"verdict": "agrees", "address": "203.0.113.10",
                    "since": "2026-11-23T02:00:00Z"}},
    "allocations": 1, "reboots": 1, "attempt": 0, "next": None, "fault": None,
    "held": False, "busy": False}

FAULT = {
    "class": "operator", "code": "InstanceLockedForSecurity", "http_status": 403,
    "message": "The instance is locked.", "request_id": "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
    "sentence": "the instance is locked for security reasons",
    "remedy": "clear the security alert in the console", "since": "2026-11-23T02:00:00Z"}

RETRY = {"what": "retry", "at": "2026-11-23T03:00:00Z", "waits_for": None}


def status(**changes):
    """A status as the agent writes it, confirmed but for the CHANGES."""
    return copy.deepcopy({**CONFIRMED, **changes})


def unconfirmed(phase, **changes):
    s = status(phase=phase, **changes)
    s["planes"]["metadata"] = {"verdict": "disagrees", "address": None, "since": None}
    return s


def failed(**changes):
    return unconfirmed("failed", **{"fault": FAULT, "next": RETRY, **changes})


class Agent:
    """Holds the lock that the real agent holds, and replaces status.json as it does."""

    def __init__(self, machine):
        self.machine = machine
        self.fd = -1

    def live(self):
        path = self.machine.path(RUN)
        self.fd = os.open(path + "/.agent.lock.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, struct.pack(FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0))
        os.rename(path + "/.agent.lock.new", path + "/agent.lock")
        return self

    def die(self):
        os.close(self.fd)
        self.fd = -1

    def say(self, text):
        """A dictionary, or a text that need not be one."""
        if not isinstance(text, (str, bytes)):
            text = json.dumps(text) + "\n"
        self.machine.write(RUN + "/status.json.new", text)
        os.rename(self.machine.path(RUN + "/status.json.new"),
                  self.machine.path(RUN + "/status.json"))
        return self

    def close(self):
        if self.fd >= 0:
            self.die()

# SPDX-License-Identifier: Apache-2.0
"""The agent's part in tests of the cloud process alone: asks ecs-pubip-cloud by wire lines."""

import json
import os
import signal
import socket
import time

CLOUD = "src/ecs-pubip-cloud"


class Asker:
    """One connection: a cloud process in the machine, and our end of its socket."""

    def __init__(self, world, wrapper=(), env=None):
        machine = world.machine
        self.instance = world.sim.get("instance.id")
        self.ours, theirs = socket.socketpair()
        self.errors = os.path.join(machine.folder, "asker-%d.err" % self.ours.fileno())
        with theirs, open(self.errors, "w") as errors:
            self.process = machine.popen([*wrapper, machine.program(CLOUD)], env=env,
                                         stdin=theirs, stdout=theirs, stderr=errors)
        self.rest = b""

    def send(self, op, **members):
        question = {"op": op, "deadline_ms": 20000, **members}
        if op not in ("identify", "addresses"):
            question.setdefault("instance_id", self.instance)
        self.send_line(json.dumps(question))

    def send_line(self, line):
        self.ours.sendall(line.encode() + b"\n")

    def go(self, number, ago=0.0):
        """The word that lets a changing call leave, as it was right so long ago."""
        at = int((time.clock_gettime(time.CLOCK_BOOTTIME) - ago) * 1000)
        self.send_line('{"go":%d,"at_ms":%d}' % (number, at))

    def answer(self, timeout=60):
        """The next answer, and what is ready before it leaves; None when the process closed."""
        while True:
            line = self.line(timeout)
            if line is None or "ready" not in line:
                return line
            self.go(line["ready"])

    def line(self, timeout=60):
        """The next line; None when the process closed instead."""
        self.ours.settimeout(timeout)
        while b"\n" not in self.rest:
            try:
                data = self.ours.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def ask(self, op, **members):
        self.send(op, **members)
        return self.answer()

    def ok(self, op, **members):
        """What stands under "ok"; an assertion fails on a fault."""
        answer = self.ask(op, **members)
        assert "ok" in answer, answer
        return answer["ok"]

    def fault(self, op, **members):
        answer = self.ask(op, **members)
        assert "fault" in answer, answer
        return answer["fault"]

    def hang_up(self):
        self.ours.close()

    def end(self, timeout=30):
        """Closes our end; the exit status of the process."""
        self.hang_up()
        try:
            return self.process.wait(timeout)
        except Exception:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.end()
        # a signal is the end of a machine that was restarted
        assert kind or status <= 0, "ecs-pubip-cloud ended with %d" % status

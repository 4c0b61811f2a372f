# SPDX-License-Identifier: Apache-2.0
"""One cloud, one machine, and the thread that restarts it when RebootInstance says so."""

import itertools
import os
import shutil
import threading

from sim.client import SimError

from . import outer
from .cloud import Cloud
from .machine import TRUST, Machine

WORLDS = "/run/world"
_numbers = itertools.count(1)


class World:
    """`with World(mode="vpc", config="…") as w: w.start()`.  See README.md.

    MODE is vpc, vpc-immediate, classic or classic-no-metadata.  The machine is on, with a network
    and without our programs; `start` starts them and lets later boots start them too.
    ON_REBOOT(force) replaces the light machine's restart (MACHINE=False: there is none at all).
    """

    def __init__(self, mode="vpc", config="", region="cn-hangzhou", build=None, ipv6=False,
                 machine=True, on_reboot=None):
        if not outer.inside():
            raise RuntimeError("a World needs `python3 tests/world/outer.py` around it")
        self.folder = os.path.join(WORLDS, "%d.%d" % (os.getpid(), next(_numbers)))
        os.makedirs(self.folder)
        self.cloud = Cloud(self.folder, region, mode)
        self.sim = self.cloud.sim
        self.machine = None
        self.on_reboot = on_reboot
        self.closing = False
        self.failure = None     # what went wrong in the reboot thread
        try:
            self.cloud.start()
            if machine:
                self.machine = Machine(self.folder, self.cloud, config, build, ipv6)
                self.machine.space.ready()
            self.cloud.ready()
            if self.machine:
                self._trust()
                self.machine.boot()
                self.on_reboot = on_reboot or self.machine.reboot
        except BaseException:
            self.close()
            raise
        self.thread = threading.Thread(target=self._reboots, daemon=True)
        self.thread.start()

    def _trust(self):
        """Names and certificates, as the machine's own configuration has them."""
        etc = os.path.join(self.folder, "etc")
        with open(os.path.join(etc, "hosts"), "w", encoding="ascii") as f:
            f.write("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 sim\n" + self.cloud.hosts())
        for name in TRUST:
            shutil.copy(self.cloud.ca_file, os.path.join(etc, name))

    def _reboots(self):
        """Restart the machine whenever the cloud says that it is due."""
        since, cloud = 0, self.cloud.process
        while True:
            try:
                event = self.sim.wait(timeout=3600, since=since, event="reboot-due")
                hook = event and self.sim.get("reboot.mode") == "hook"
            except (OSError, SimError):
                return      # the cloud is gone, and with it who could ask
            if event is None:
                continue
            since = event["seq"]
            if not hook or not self.on_reboot:
                continue
            try:
                self.on_reboot(event["force"])
            except Exception as error:
                if self.closing or self.cloud.process is not cloud:
                    return
                self.failure = error
                raise

    def start(self):
        """Start our programs, and at each later boot again."""
        self.machine.with_agent = True
        self.machine.start()
        return self

    def restart_cloud(self):
        """A new simulator with a fresh state, after `cloud.stop()`."""
        self.cloud.start()
        self.cloud.ready()
        self.thread = threading.Thread(target=self._reboots, daemon=True)
        self.thread.start()

    def troubles(self):
        """What went wrong with the world itself, not with what is tested in it."""
        found = ["the reboot: %r" % self.failure] if self.failure else []
        if self.cloud.process:
            found += [event["trace"] for event in self.sim.events(event="crash")]
            found += ["no call ever met the rule %r" % rule for rule in self.sim.missed()]
        return found

    def story(self):
        """Everything that was seen, as text: for failures."""
        parts = []
        try:
            parts.append("--- the cloud\n" + "\n".join(_event_line(e) for e in self.sim.events()))
        except Exception as error:
            parts.append("--- the cloud cannot be asked: %s" % error)
        if self.machine:
            parts.append("--- journal\n" + "\n".join(
                "%s <%s> %s" % (e["_TIME"], e.get("PRIORITY", "?"), e.get("MESSAGE", e))
                for e in self.machine.journal.find()))
            parts.append("--- notifications\n" + "\n".join(
                "%s %s" % (e["_TIME"], {k: v for k, v in e.items() if k[0] != "_"})
                for e in self.machine.notifications.find()))
            parts.append("--- standard error\n" + self.machine.errors())
            for title, path in (("status", "/run/ecs-pubip/status.json"),
                                ("ledger", "/var/lib/ecs-pubip/ledger")):
                try:
                    parts.append("--- %s\n%s" % (title, self.machine.read(path)))
                except OSError as error:
                    parts.append("--- %s: %s" % (title, error.strerror))
        if self.failure:
            parts.append("--- the reboot failed: %r" % self.failure)
        return "\n".join(parts)

    def close(self):
        """May be called twice."""
        self.closing = True
        self.cloud.close()      # first: no reboot begins any more, and waiting threads wake
        if self.machine:
            self.machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _event_line(event):
    rest = {k: v for k, v in event.items()
            if k not in ("seq", "time", "event") and v not in (None, {}, "")}
    return "%4d %.3f %-10s %s" % (event["seq"], event["time"], event["event"], rest)

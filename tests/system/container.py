# SPDX-License-Identifier: Apache-2.0
"""A machine under real systemd: a container of systemd-nspawn in a network namespace of its own."""

import json
import os
import select
import signal
import socket
import subprocess
import threading
import time

from world.cloud import SYSCTLS
from world.namespace import Namespace
from .cgroup import Cgroup

BOOT_SECONDS = 90
STOP_SECONDS = 90
REBOOTED = 133      # what nspawn ends with when the machine inside asked for a reboot
POWER_BUTTON = signal.SIGINT    # PID 1 takes it as Ctrl-Alt-Del: an orderly reboot


class Container:
    """LAYER is its root.  Start and stop as often as wanted; files and network stay."""

    def __init__(self, layer):
        self.layer = layer
        self.net = Namespace("--net", setup=SYSCTLS).ready()
        self.group = Cgroup()
        self.process = None
        self.leader = None          # PID 1 inside, as we see it
        self.exits = []
        self.commands = []          # that run inside now
        self.output = ""

    def start(self, wait=True):
        """Power on; by default until its boot is finished."""
        path = os.path.join(self.layer.folder, "notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self.group.wrap(
                    ["systemd-nspawn", "-q", "-D", self.layer.path, "--boot",
                     "--network-namespace-path=/proc/%d/ns/net" % self.net.pid,
                     "--machine=sim", "--register=no", "--keep-unit", "--console=pipe",
                     "--resolv-conf=off", "--timezone=off", "--notify-ready=yes"])],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**os.environ, "NOTIFY_SOCKET": path,
                     "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
            threading.Thread(target=self._drain, args=(self.process,), daemon=True).start()
            self._await_boot(notify, wait)
        return self

    def _drain(self, process):
        for line in process.stdout:
            self.output += line.decode("utf-8", "replace")

    def _await_boot(self, notify, wait):
        deadline = time.monotonic() + BOOT_SECONDS
        self.leader = None
        ready = False
        while not self.leader or (wait and not ready):
            left = deadline - time.monotonic()
            if left <= 0 or self.process.poll() is not None:
                raise RuntimeError("the machine does not boot:\n" + self.output[-4000:])
            if not select.select([notify], [], [], min(left, 1))[0]:
                continue
            for line in notify.recv(4096).decode().splitlines():
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self.leader = int(line.partition("=")[2])
                ready = ready or line == "READY=1"

    def ended(self, timeout=STOP_SECONDS):
        """Wait until it is off; nspawn's exit status."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                code = self.process.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise
                self._release_commands()
        self.exits.append(code)
        self.leader = None
        return code

    def _release_commands(self):
        """systemd-shutdown stops everything for a moment, nsenter then stops itself for good, and
        its dead child holds the shutdown up."""
        for command in list(self.commands):
            command.send_signal(signal.SIGCONT)

    def reboot(self, force=False):
        """Down again, as the cloud does it: by the power button, or by cutting the power."""
        os.kill(self.leader, signal.SIGKILL if force else POWER_BUTTON)
        return self.ended()

    def kill(self):
        if self.process and self.process.poll() is None:
            if self.leader:
                os.kill(self.leader, signal.SIGKILL)
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.kill()
        self.group.close()
        self.net.close()

    # inside

    def run(self, *arguments, check=True, timeout=60, user=None, **options):
        """A command inside, as root; the completed process."""
        line = ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net",
                "--pid", "--cgroup", "--root", "--wd"]
        if user:
            line += ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        process = subprocess.Popen(
            line + list(arguments), stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **options,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})
        self.commands.append(process)
        try:
            output, _ = process.communicate(timeout=timeout)
        finally:
            self.commands.remove(process)
            if process.poll() is None:
                process.kill()
                process.wait()
        if check and process.returncode != 0:
            raise RuntimeError("%s: exit %d\n%s" % (" ".join(arguments), process.returncode, output))
        return subprocess.CompletedProcess(arguments, process.returncode, output)

    def sh(self, script, **options):
        return self.run("sh", "-c", script, **options)

    def path(self, name):
        """A file inside, as a path for us; /run is only there."""
        return "/proc/%d/root%s" % (self.leader, name)

    def systemctl(self, *arguments, check=True):
        return self.run("systemctl", *arguments, check=check).stdout.strip()

    def show(self, unit, key):
        return self.systemctl("show", "--property=" + key, "--value", unit)

    def system_state(self):
        return self.systemctl("is-system-running", check=False)

    def wait_unit(self, unit, timeout=60.0, **wanted):
        """Until UNIT has these properties (systemctl show), asked for as often as it changes."""
        deadline = time.monotonic() + timeout
        keys = sorted(wanted)
        while True:
            text = self.run("systemctl", "show", unit, *["--property=" + k for k in keys]).stdout
            seen = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
            if all(seen.get(k) == str(v) for k, v in wanted.items()):
                return seen
            if time.monotonic() > deadline:
                raise AssertionError("%s: %s, wanted %s\n%s" % (unit, seen, wanted, self.log(unit)))
            time.sleep(0.1)

    def main_pid(self, unit="ecs-pubip.service"):
        return int(self.show(unit, "MainPID"))

    # what it says

    def journal(self, *matches, boot=True):
        """Entries as dictionaries, oldest first."""
        self.run("journalctl", "--sync")
        text = self.run("journalctl", "--output=json", "--no-pager",
                        *(["--boot"] if boot else []), *matches, check=False).stdout
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def log(self, *units):
        return self.run("journalctl", "--no-pager", "--boot", *["--unit=" + u for u in units],
                        check=False).stdout

    def status(self):
        with open(self.path("/run/ecs-pubip/status.json"), encoding="utf-8") as f:
            return json.load(f)

    def cli(self, *arguments, timeout=90):
        return self.run("ecs-pubip", *arguments, check=False, timeout=timeout)

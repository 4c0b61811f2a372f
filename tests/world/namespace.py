# SPDX-License-Identifier: Apache-2.0
"""Namespaces held by a small process that ends with us."""

import os
import select
import signal
import subprocess
import time


class Namespace:
    """FLAGS as unshare(1) and nsenter(1) both know them: --net, --mount, --uts."""

    def __init__(self, *flags, setup=""):
        self.flags = flags
        self.is_ready = False
        # cat ends when our end of its standard input closes, however we end
        self.holder = subprocess.Popen(
            ["unshare", *flags, "--", "sh", "-ec", setup + "\necho up; exec cat >/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def pid(self):
        return self.holder.pid

    def ready(self):
        """Wait for the set-up to have ended."""
        if self.is_ready:
            return self
        self.is_ready = True
        if self.holder.stdout.readline() != "up\n":
            raise RuntimeError("namespace: " + self.holder.stderr.read())
        return self

    def wrap(self, arguments):
        return ["nsenter", "--target", str(self.pid), *self.flags, "--", *map(str, arguments)]

    def popen(self, arguments, **options):
        return subprocess.Popen(self.wrap(arguments), **options)

    def run(self, arguments, check=True, timeout=60, text=True, **options):
        if not {"stdout", "stderr", "capture_output"} & set(options):
            options["capture_output"] = True
        done = subprocess.run(self.wrap(arguments), timeout=timeout, text=text, **options)
        if check and done.returncode != 0:
            raise RuntimeError("%s: %s\n%s%s" % (
                " ".join(map(str, arguments)), done.returncode, done.stdout, done.stderr))
        return done

    def ip(self, *lines):
        """Commands of ip(8), one a line, in one batch."""
        self.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n")

    def path(self, path):
        """PATH as it is inside, reachable from here."""
        return "/proc/%d/root%s" % (self.pid, path)

    def pids(self):
        """The processes inside, without the holder.  Of those that start meanwhile some."""
        kind = "mnt" if "--mount" in self.flags else "net"
        ours = os.readlink("/proc/%d/ns/%s" % (self.pid, kind))
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == self.pid:
                continue
            try:
                if os.readlink("/proc/%s/ns/%s" % (name, kind)) == ours:
                    found.append(int(name))
            except OSError:
                continue
        return found

    def end_processes(self, grace):
        """SIGTERM, GRACE seconds, SIGKILL: until nobody is left."""
        first = signal.SIGTERM if grace else signal.SIGKILL
        pids = self.pids()
        while pids:
            _signal_and_wait(pids, first, grace or 5)
            first = signal.SIGKILL
            pids = self.pids()

    def close(self):
        """May be called twice."""
        if self.holder.returncode is not None:
            return
        self.end_processes(0)
        self.holder.kill()
        self.holder.wait()
        for stream in (self.holder.stdin, self.holder.stdout, self.holder.stderr):
            stream.close()


def _signal_and_wait(pids, number, seconds):
    """A pidfd is readable once its process has ended, reaped or not."""
    poll, fds = select.poll(), []
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            continue
        fds.append(fd)
        poll.register(fd, select.POLLIN)
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    left, deadline = len(fds), time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        for fd, _ in poll.poll(max(0, deadline - time.monotonic()) * 1000):
            poll.unregister(fd)
            left -= 1
    for fd in fds:
        os.close(fd)

# SPDX-License-Identifier: Apache-2.0
"""A control group for each container: nspawn makes its own two below that of whoever starts it and
leaves them there, and two containers in one group end each other's processes.

Namespaces end with their processes, control groups do not: what a killed run left is empty, has no
owner any more, and is removed by the next.
"""

import fcntl
import os
import time
import uuid

PREFIX = "ecs-pubip-test-"
LAST_SECONDS = 5    # what the last process of a killed container may take to leave
# as a shell's command: enters the groups named before --, then becomes what comes after it
JOIN = ["sh", "-c", 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; '
        'shift; exec "$@"', "sh"]


def _homes():
    """Our own group in each hierarchy that systemd keeps its processes in."""
    mounts = {}
    with open("/proc/self/mountinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            before, _, after = line.partition(" - ")
            kind, _source, options = after.split()[:3]
            if kind == "cgroup2":
                mounts[""] = before.split()[4]
            elif kind == "cgroup" and "name=systemd" in options.split(","):
                mounts["name=systemd"] = before.split()[4]
    homes = []
    with open("/proc/self/cgroup", encoding="ascii", errors="replace") as f:
        for line in f:
            _number, controllers, path = line.rstrip("\n").split(":", 2)
            home = mounts.get(controllers, "") + path
            if controllers in mounts and os.access(home, os.W_OK):
                homes.append(home.rstrip("/"))
    return homes


class Cgroup:
    def __init__(self):
        name = PREFIX + uuid.uuid4().hex
        self.folders, self.locks = [], []
        for home in _homes():
            self._make(os.path.join(home, name))

    def _make(self, folder):
        """Its lock says that it is somebody's, as long as we live."""
        fd = None
        while fd is None or not os.path.isdir(folder):  # swept before it was locked
            os.makedirs(folder, exist_ok=True)
            fd = os.open(folder, os.O_RDONLY)
            fcntl.flock(fd, fcntl.LOCK_SH)
        self.folders.append(folder)
        self.locks.append(fd)

    def wrap(self, arguments):
        """ARGUMENTS, so that they run in here."""
        return JOIN + self.folders + ["--"] + arguments

    def close(self):
        for fd in self.locks:
            os.close(fd)
        deadline = time.monotonic() + LAST_SECONDS
        for folder in self.folders:
            while not _remove(folder) and time.monotonic() < deadline:
                time.sleep(0.02)
        self.folders, self.locks = [], []


def _remove(folder):
    """With all below it; the kernel refuses where a process is inside. Whether it is gone."""
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            pass
    return not os.path.isdir(folder)


def sweep():
    """Those that nobody holds any more."""
    for home in _homes():
        for name in os.listdir(home):
            if name.startswith(PREFIX):
                _sweep_one(os.path.join(home, name))


def _sweep_one(folder):
    try:
        fd = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)

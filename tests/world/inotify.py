# SPDX-License-Identifier: Apache-2.0
"""Waiting for a file to be replaced, without polling."""

import ctypes
import os
import select
import time

IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x8, 0x80, 0x100, 0x200
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Changes of names in FOLDER."""

    def __init__(self, folder):
        self.fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE
        if self.fd < 0 or _libc.inotify_add_watch(self.fd, os.fsencode(folder), mask) < 0:
            error = ctypes.get_errno()
            self.close()
            raise OSError(error, os.strerror(error), folder)

    def wait(self, timeout):
        """Whether something changed before TIMEOUT; forgets what it was."""
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return False
        os.read(self.fd, 65536)
        return True

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_until(folder, look, timeout):
    """The first true value of LOOK(), tried now and at each change in FOLDER; else None."""
    deadline = time.monotonic() + timeout
    with Watch(folder) as watch:
        while True:
            value = look()
            if value:
                return value
            if not watch.wait(deadline - time.monotonic()):
                return None

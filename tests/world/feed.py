# SPDX-License-Identifier: Apache-2.0
"""What the programs say, as lists that one can wait on: sd_notify and the journal's socket."""

import os
import socket
import struct
import threading
import time


class Feed:
    """An append-only list; each entry is a dictionary."""

    def __init__(self):
        self.entries = []
        self.changed = threading.Condition()

    def add(self, entry):
        with self.changed:
            self.entries.append(entry)
            self.changed.notify_all()

    def mark(self):
        with self.changed:
            return len(self.entries)

    def find(self, predicate=None, since=0, **fields):
        with self.changed:
            return [e for e in self.entries[since:] if _fits(e, predicate, fields)]

    def wait_for(self, predicate=None, timeout=10.0, since=0, **fields):
        """The first entry after SINCE for which PREDICATE holds and FIELDS agree, else None."""
        deadline = time.monotonic() + timeout
        with self.changed:
            at = since
            while True:
                for entry in self.entries[at:]:
                    if _fits(entry, predicate, fields):
                        return entry
                at = len(self.entries)
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)


def _fits(entry, predicate, fields):
    return (all(entry.get(k) == v for k, v in fields.items())
            and (predicate is None or predicate(entry)))


class Listener(Feed):
    """A datagram socket whose messages become entries."""

    def __init__(self, path, parse):
        super().__init__()
        self.parse = parse
        self.path = path
        self.reading, self.parked = threading.Event(), threading.Event()
        self.reading.set()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stall(self, filler=b"FILLER=1\n"):
        """Stops reading, with the queue full of FILLER, until drain()."""
        self.parked.clear()
        self.reading.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.sendto(filler, self.path)     # wakes the reader, who parks after it
            self.parked.wait()
            other.setblocking(False)
            try:
                while True:
                    other.sendto(filler, self.path)
            except BlockingIOError:
                pass

    def drain(self):
        """Reads on."""
        self.reading.set()

    def _run(self):
        while True:
            if not self.reading.is_set():
                self.parked.set()
                self.reading.wait()
            try:
                data, ancillary, _flags, _peer = self.socket.recvmsg(1 << 20, 4096)
            except OSError:
                return
            if not data and not ancillary:
                return
            pid, blob = _unpack(ancillary)
            if blob is None and not data:
                continue
            entry = self.parse(data if blob is None or data else blob)
            entry["_PID"] = pid
            entry["_TIME"] = time.time()
            self.add(entry)

    def close(self):
        self.drain()
        try:
            self.socket.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        self.socket.close()


def _unpack(ancillary):
    """The sender's process number, and the content of a file that came along."""
    pid, blob = None, None
    for level, kind, data in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("iII", data)[0]
        elif kind == socket.SCM_RIGHTS:
            for (fd,) in struct.iter_unpack("i", data[:len(data) // 4 * 4]):
                with os.fdopen(fd, "rb") as f:  # closing is also what sd_notify_barrier waits for
                    try:
                        f.seek(0)
                        blob = f.read()
                    except OSError:
                        pass
    return pid, blob


def parse_notification(data):
    entry = {}
    for line in data.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        entry[key] = value
    return entry


def parse_journal(data):
    """The native protocol: KEY=value lines, or KEY, a 64-bit length and that many bytes."""
    entry = {}
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        if end < 0:
            end = len(data)
        line = data[at:end]
        at = end + 1
        if b"=" in line:
            key, _, value = line.partition(b"=")
        elif line:
            size = struct.unpack_from("<Q", data, at)[0]
            key, value = line, data[at + 8:at + 8 + size]
            at += 8 + size + 1
        else:
            continue
        entry[key.decode()] = value.decode("utf-8", "replace")
    return entry

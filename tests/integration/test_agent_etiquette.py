# SPDX-License-Identifier: Apache-2.0
"""A due restart and logind's inhibitors: a bus of our own on which only ListInhibitors is known."""

import os
import socket
import struct
import threading

import pytest

from agent import ALWAYS, MESSAGE, asked_changes, assert_confirmed, executed

BUS = "run/dbus/system_bus_socket"
CALL, RETURN, ERROR = 1, 2, 3


def pad(data, to):
    return data + bytes(-len(data) % to)


def text(value):
    raw = value.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def message(kind, reply_to, signature, body, error=None):
    """A D-Bus message (specification: "Message Protocol"), little-endian."""
    fields = b""
    for code, kind_of, value in ((5, "u", struct.pack("<I", reply_to)), (4, "s", error),
                                 (7, "s", "org.freedesktop.DBus"), (6, "s", ":1.1"),
                                 (8, "g", signature)):
        if value is None or value == "":
            continue
        fields = pad(fields, 8) + bytes([code, 1]) + kind_of.encode() + b"\0"
        if kind_of == "u":
            fields = pad(fields, 4) + value
        elif kind_of == "s":
            fields = pad(fields, 4) + text(value)
        else:
            fields += bytes([len(value)]) + value.encode() + b"\0"
    head = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), 7, len(fields))
    return pad(head + fields, 8) + body


def inhibitors(entries):
    """a(ssssuu): what, who, why, mode, uid, pid."""
    array = b""
    for entry in entries:
        array = pad(array, 8)
        for value in entry:
            array = pad(array, 4) + text(value)
        array = pad(array, 4) + struct.pack("<II", 0, 1)
    return struct.pack("<I", len(array)) + bytes(4) + array


class Bus:
    """Answers ListInhibitors with ENTRIES, with the D-Bus error ENTRIES, or (None) never."""

    def __init__(self, machine, entries):
        self.entries = entries
        self.asked = threading.Semaphore(0)
        path = os.path.join(machine.folder, BUS)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.path = path
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                self._authenticate(connection, stream)
                while self._message(connection, stream):
                    pass
            except OSError:
                pass

    def _authenticate(self, connection, stream):
        for line in iter(stream.readline, b""):
            line = line.strip(b"\0\r\n")
            if line == b"AUTH EXTERNAL":
                connection.sendall(b"DATA\r\n")
            elif line.startswith((b"AUTH EXTERNAL ", b"DATA")):
                connection.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
            elif line == b"NEGOTIATE_UNIX_FD":
                connection.sendall(b"AGREE_UNIX_FD\r\n")
            elif line == b"BEGIN":
                return

    def _message(self, connection, stream):
        head = stream.read(16)
        if len(head) < 16:
            return False
        body_size, serial, fields_size = struct.unpack("<III", head[4:16])
        fields = stream.read(fields_size + -fields_size % 8)
        stream.read(body_size)
        if head[1] == CALL and b"Hello" in fields:
            connection.sendall(message(RETURN, serial, "s", text(":1.1")))
        elif head[1] == CALL and b"ListInhibitors" in fields:
            self.asked.release()
            if isinstance(self.entries, str):
                connection.sendall(message(ERROR, serial, "", b"", error=self.entries))
            elif self.entries is not None:
                connection.sendall(message(RETURN, serial, "a(ssssuu)", inhibitors(self.entries)))
        return True

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)


BACKUP = ("shutdown:sleep", "backup", "Writing the nightly copy", "block")


def test_block_inhibitor_is_waited_for(make_world):
    world = make_world(mode="vpc", config=ALWAYS)
    bus = Bus(world.machine, [("sleep", "someone", "no matter", "block"),
                              ("shutdown", "other", "only a delay", "delay"), BACKUP])
    world.start()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])
    assert "backup" in entry["MESSAGE"] and "nightly copy" in entry["MESSAGE"]
    assert "RebootInstance" not in asked_changes(world)
    assert world.machine.cli("wait").returncode == 5
    bus.entries = []
    assert_confirmed(world)     # logind is asked again every ten seconds
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


@pytest.mark.parametrize("entries", [
    [], [("shutdown", "other", "only a delay", "delay")],
    [("handle-power-key:sleep", "desktop", "not about shutdown", "block")],
    "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.AccessDenied"],
    ids=["none", "delay", "other", "no logind", "refused"])
def test_what_does_not_block(make_world, entries):
    world = make_world(mode="vpc", config=ALWAYS)
    bus = Bus(world.machine, entries)
    world.start()
    assert world.sim.wait_request("RebootInstance", timeout=20)
    assert bus.asked.acquire(timeout=1)
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])


def test_silent_logind_is_waited_for_and_not_for_ever(make_world):
    world = make_world(mode="vpc", config=ALWAYS + "Patience=8s\n")
    Bus(world.machine, None)
    world.start()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOT_WAITS"], timeout=20)
    assert "logind" in entry["MESSAGE"]
    assert world.machine.agent.poll() is None
    assert_confirmed(world, timeout=60)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


def test_bus_that_hangs_up(make_world):
    """A bus that dies under the question: the restart does not depend on it."""
    world = make_world(mode="vpc", config=ALWAYS)
    bus = Bus(world.machine, [])
    bus._message = lambda connection, stream: False
    world.start()
    assert world.sim.wait_request("RebootInstance", timeout=40)

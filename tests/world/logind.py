# SPDX-License-Identifier: Apache-2.0
"""A system bus on which logind says who inhibits shutdown: as much D-Bus as that takes.

One thread per connection plays bus and service at once; it answers Hello and ListInhibitors.
"""

import os
import socket
import struct
import threading

from .feed import Feed

METHOD_RETURN, ERROR = 2, 3
ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, MEMBER = 4, 5, 6, 7, 8, 3


class Logind:
    """`inhibitors` are (what, who, why, mode).  Asked for them it may also be `silent`, answer the
    D-Bus error `refusal`, hang up (`hangs_up`), or answer something else (`strange`).  `hostile` is
    what the bus itself does with a connection: "mute", "garbage", "endless"."""

    def __init__(self, path):
        self.inhibitors = []
        self.silent = False
        self.refusal = ""
        self.hangs_up = False
        self.strange = False
        self.hostile = ""
        self.asked = Feed()     # {"member": …} of each call
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen(16)
        threading.Thread(target=self._run, daemon=True).start()

    def inhibit(self, who="apt", why="package transaction", what="shutdown:sleep", mode="block"):
        self.inhibitors.append((what, who, why, mode))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _run(self):
        while True:
            try:
                conn, _peer = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        try:
            with conn, conn.makefile("rb") as stream:
                if self.hostile:
                    self._harm(conn, stream)
                    return
                _authenticate(conn, stream)
                while True:
                    serial, fields = _read_message(stream)
                    self.asked.add({"member": fields.get(MEMBER)})
                    asked = fields.get(MEMBER) == "ListInhibitors"
                    if asked and self.hangs_up:
                        return
                    if not (asked and self.silent):
                        conn.sendall(self._answer(serial, fields.get(MEMBER)))
        except (OSError, EOFError):
            pass    # the client is done

    def _harm(self, conn, stream):
        self.asked.add({"member": "ListInhibitors"})    # what it wants, though it never gets there
        if self.hostile == "garbage":
            conn.sendall(os.urandom(1 << 16))
        if self.hostile == "endless":
            _authenticate(conn, stream)
            while True:     # answers to what nobody asked
                conn.sendall(_message(METHOD_RETURN, 999, "s", _text("x" * 1000)))
        while stream.read(1):
            pass

    def _answer(self, serial, member):
        if member == "Hello":
            return _message(METHOD_RETURN, serial, "s", _text(":1.1"))
        if member == "ListInhibitors" and self.refusal:
            return _message(ERROR, serial, "", b"", self.refusal)
        if member == "ListInhibitors" and self.strange:
            return _message(METHOD_RETURN, serial, "s", _text("nothing"))
        if member == "ListInhibitors":
            items = b""
            for item in self.inhibitors:
                items = _pad(items, 8)
                for text in item:
                    items = _pad(items, 4) + _text(text)
                items = _pad(items, 4) + struct.pack("<II", 0, 1)
            # the first struct is aligned to 8; the length does not count that padding
            return _message(METHOD_RETURN, serial, "a(ssssuu)",
                            struct.pack("<I", len(items)) + b"\0" * 4 + items)
        return _message(ERROR, serial, "", b"", "org.freedesktop.DBus.Error.UnknownMethod")


def _authenticate(conn, stream):
    stream.read(1)
    while True:
        line = stream.readline().strip()
        if line == b"BEGIN":
            return
        if not line:
            raise EOFError
        if line == b"AUTH EXTERNAL":
            conn.sendall(b"DATA\r\n")
        elif line.startswith(b"AUTH EXTERNAL") or line.startswith(b"DATA"):
            conn.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        elif line == b"NEGOTIATE_UNIX_FD":
            conn.sendall(b"AGREE_UNIX_FD\r\n")
        else:
            conn.sendall(b"ERROR\r\n")


def _read_message(stream):
    """(serial, {field: value}) of the next message; only texts and numbers among the fields."""
    head = stream.read(16)
    if len(head) < 16:
        raise EOFError
    body, serial, length = struct.unpack_from("<III", head, 4)
    data = stream.read((length + 7) // 8 * 8)
    stream.read(body)
    fields, at = {}, 0
    while at < length:
        at = (at + 7) // 8 * 8
        code, kind = data[at], chr(data[at + 2])
        at += 4
        if kind == "g":
            size = data[at]
            fields[code] = data[at + 1:at + 1 + size].decode()
            at += size + 2
            continue
        at = (at + 3) // 4 * 4
        number = struct.unpack_from("<I", data, at)[0]
        at += 4
        if kind == "u":
            fields[code] = number
        else:
            fields[code] = data[at:at + number].decode()
            at += number + 1
    return serial, fields


def _text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def _pad(data, size):
    return data + b"\0" * (-len(data) % size)


def _message(kind, reply_to, signature, body, error=None):
    fields = bytes((REPLY_SERIAL, 1)) + b"u\0" + struct.pack("<I", reply_to)
    for code, text in ((DESTINATION, ":1.1"), (SENDER, "org.freedesktop.login1"),
                       (ERROR_NAME, error)):
        if text:
            fields = _pad(fields, 8) + bytes((code, 1)) + b"s\0" + _text(text)
    if signature:
        fields = (_pad(fields, 8) + bytes((SIGNATURE, 1)) + b"g\0"
                  + bytes((len(signature),)) + signature.encode() + b"\0")
    head = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), 1, len(fields))
    return _pad(head + fields, 8) + body

# SPDX-License-Identifier: Apache-2.0
"""Everything that happened, in order: the witness of the tests."""

import json
import threading
import time


def matches(entry, wanted):
    """Whether each key of WANTED (dotted for nested ones) has that value, or one of a list."""
    for path, value in wanted.items():
        found = entry
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(value, list):
            if found not in value:
                return False
        elif found != value:
            return False
    return True


class Events:
    """An append-only list with numbers, mirrored to a file of JSON lines that is always flushed."""

    def __init__(self, path=None):
        self.entries = []
        self.changed = threading.Condition()
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.closed = False

    def record(self, event, **fields):
        with self.changed:
            entry = {"seq": len(self.entries) + 1, "time": round(time.time(), 4), "event": event}
            entry.update(fields)
            self.entries.append(entry)
            if self.file:
                self.file.write(json.dumps(entry) + "\n")
                self.file.flush()
            self.changed.notify_all()
            return entry

    def find(self, wanted, since=0):
        with self.changed:
            return [e for e in self.entries[since:] if matches(e, wanted)]

    def wait(self, wanted, since=0, count=1, timeout=10.0):
        """The COUNTth entry after SINCE that matches, or None when TIMEOUT has passed."""
        deadline = time.monotonic() + timeout
        with self.changed:
            seen, at = 0, since
            while True:
                for entry in self.entries[at:]:
                    seen += matches(entry, wanted)
                    if seen == count:
                        return entry
                at = len(self.entries)
                left = deadline - time.monotonic()
                if left <= 0 or self.closed:
                    return None
                self.changed.wait(left)

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()

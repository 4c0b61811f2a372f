# SPDX-License-Identifier: Apache-2.0
"""What analyzers found clean before: they look a minute for what the same bytes have told already."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

KEPT_SEC = 30 * 86400  # since it was last of use


def folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "ecs-pubip/lint"


def inputs(path, flags):
    """The file and all that it includes, the system's headers too; [] where a compiler cannot say."""
    done = subprocess.run(["gcc", "-M", *flags, str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        return []
    return done.stdout.replace("\\\n", " ").split(":", 1)[1].split()


class Verdicts:
    """`tool` is whatever else decides: its version, options and configuration."""

    def __init__(self, tool):
        self.tool = tool
        self.digests = {}

    def digest(self, name):
        if name not in self.digests:
            self.digests[name] = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        return self.digests[name]

    def stamp(self, path, flags):
        """The file whose existence says "clean"; None where nobody knows what it would stand for."""
        names = inputs(path, flags)
        if not names:
            return None
        facts = [self.tool, str(path), *flags, *(f"{name} {self.digest(name)}" for name in names)]
        return folder() / hashlib.sha256("\n".join(facts).encode()).hexdigest()


def is_clean(stamp):
    return stamp is not None and stamp.exists()


def keep_clean(stamp):
    if stamp is not None:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def forget_old():
    for stamp in folder().glob("*"):
        try:
            if stamp.stat().st_mtime < time.time() - KEPT_SEC:
                stamp.unlink()
        except FileNotFoundError:
            pass  # another run was first

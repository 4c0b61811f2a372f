# SPDX-License-Identifier: Apache-2.0
"""What a killed run leaves is cleared away by the next, and what another run uses is not."""

import os
import subprocess
import sys

import pytest

from system import base, cgroup

# does something, says so, and waits to be killed
HOLDER = """
import os, sys, time
sys.path.insert(0, %r)
from system import base, cgroup
%%s
sys.stdout.flush()
os.write(1, b"\\nthere\\n")    # a line of its own, also where a thread has printed half of one
time.sleep(1000)
"""


class Run:
    """Another run of the tests, in the middle of STATEMENTS."""

    def __init__(self, statements):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER % os.path.join(base.TOP, "tests") % statements],
            stdout=subprocess.PIPE, text=True)
        self.said = []
        for line in self.process.stdout:
            if line == "there\n":
                return
            if line != "\n":
                self.said.append(line.rstrip("\n"))
        raise RuntimeError("it ended: %d" % self.process.wait())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def run():
    runs = []

    def start(statements):
        runs.append(Run(statements))
        return runs[-1]
    yield start
    for one in runs:
        one.kill()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return base.cache()


def folders(cache):
    return sorted(name for name in os.listdir(cache) if not name.endswith(".lock"))


def test_killed_while_it_makes(cache, run):
    """The next run, which needs the same, clears the half-made one away and makes a whole one."""
    killed = run("import threading\nthreading.Thread(target=base.make_once, daemon=True, args=("
                 "'root', 'a', lambda folder: (print(folder, flush=True), time.sleep(1000)))).start()\n"
                 "import os\nwhile not any('tmp' in n for n in os.listdir(base.cache())): time.sleep(.01)")
    assert len(folders(cache)) == 1 and ".tmp-" in folders(cache)[0]
    killed.kill()
    made = base.make_once("root", "a", lambda folder: open(os.path.join(folder, "whole"), "w").close())
    assert folders(cache) == ["root-a"] and os.listdir(made) == ["whole"]


def test_what_others_use_stays(cache, run):
    """An older root goes when a newer is made, unless a run still uses it."""
    user = run("base.make_once('root', 'old', lambda folder: None)")
    base.make_once("root", "new", lambda folder: None)
    assert folders(cache) == ["root-new", "root-old"]
    user.kill()
    base.make_once("root", "newer", lambda folder: None)
    assert "root-old" not in folders(cache)


def test_disks_of_a_killed_run(cache, run):
    running = run("scratch = base.scratch('machine')\nscratch.__enter__()")
    killed = run("scratch = base.scratch('machine')\nscratch.__enter__()")
    killed.kill()
    with base.scratch("machine") as mine:
        assert len(folders(cache)) == 2 and os.path.basename(mine) in folders(cache)
    assert len(folders(cache)) == 1     # the one that runs keeps its own
    running.kill()


def test_what_is_built_ends_with_the_builder(cache, run, tmp_path):
    """SIGKILL for the run: the builder is ended by the kernel, whatever it is doing."""
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    killed = run("import threading\nthreading.Thread(target=base.run_confined, daemon=True, args=("
                 "['sh', '-c', 'exec 3>%s; trap \"\" TERM; setsid sleep 1000'], %r)).start()"
                 % (fifo, str(tmp_path)))
    with open(fifo, "rb") as alive:     # open as long as anything of the builder lives
        killed.kill()
        assert alive.read() == b""


def test_control_groups(run):
    mine = cgroup.Cgroup()
    if not mine.folders:
        pytest.skip("no control groups that we may make")
    killed = run("group = cgroup.Cgroup()\nprint(*group.folders, sep='\\n')")
    others = run("group = cgroup.Cgroup()\nprint(*group.folders, sep='\\n')")
    killed.kill()
    cgroup.sweep()
    assert [os.path.isdir(f) for f in mine.folders + others.said] == [True] * 2 * len(mine.folders)
    assert not any(os.path.isdir(f) for f in killed.said)
    with subprocess.Popen(mine.wrap(["sh", "-c", "echo; exec sleep 1000"]),
                          stdout=subprocess.PIPE) as inside:
        inside.stdout.readline()
        for folder in mine.folders:
            with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as f:
                assert f.read().split() == [str(inside.pid)]
        inside.kill()
    mine.close()
    others.kill()
    cgroup.sweep()
    assert not any(os.path.isdir(f) for f in others.said)

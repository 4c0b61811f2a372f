# SPDX-License-Identifier: Apache-2.0
"""`ecs-pubip wait`: when it returns, with what, and that it never waits longer than it was told."""

import os
import pty
import re
import subprocess
import time

import pytest

from cli import FAULT, Agent, failed, status, unconfirmed

DUE = {"what": "reboot", "at": None, "waits_for": "cloud-init to finish"}


@pytest.fixture
def agent(machine):
    agent = Agent(machine)
    yield agent
    agent.close()


def begin(machine, *arguments):
    """A wait that is known to be waiting: it has its inotify watch."""
    process = machine.popen(["strace", "-D", "-qq", "-e", "trace=poll", "-o", "/run/trace",
                             machine.program("src/ecs-pubip"), "wait", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (machine.exists("/run/trace") and "poll(" in machine.read("/run/trace")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    return process


def end(process, code, timeout=30):
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == code, (out, err)
    return out.decode()


@pytest.mark.parametrize("said, code", [
    (status(), 0), (status(phase="held", held=True), 0), (failed(), 3),
    (unconfirmed("rebooting", next=DUE), 5), (failed(next=DUE), 5)])
def test_returns_at_once(machine, agent, said, code):
    agent.live().say(said)
    start = time.monotonic()
    done = machine.cli("wait")
    assert done.returncode == code, done.stdout
    assert time.monotonic() - start < 60        # and not 5 min


@pytest.mark.parametrize("said, code", [
    (status(), 0), (failed(), 3), (unconfirmed("rebooting", next=DUE), 5)])
def test_returns_when_it_happens(machine, agent, said, code):
    agent.live().say(unconfirmed("confirming"))
    process = begin(machine, "--timeout=1min")
    for phase in ("waiting", "inspecting", "allocating", "confirming", "held"):
        agent.say(unconfirmed(phase))
    assert process.poll() is None
    agent.say(said)
    end(process, code)


def test_what_failed_is_asked_anew(machine, agent):
    """As straight after `resume`, or once user-data's configuration was read: not yet the last word."""
    agent.live().say(failed(next=None))
    process = begin(machine, "--timeout=1min")
    agent.say(unconfirmed("inspecting"))
    agent.say(failed(next=None))
    assert process.poll() is None
    agent.say(status())
    end(process, 0)


def test_what_failed_is_asked_anew_for_too_long(machine, agent):
    agent.live().say(failed(next=None))
    assert machine.cli("wait", "--timeout=1s").returncode == 3


def test_says_what_a_due_reboot_waits_for(machine, agent):
    agent.live().say(unconfirmed("rebooting", next=DUE))
    assert "cloud-init to finish" in machine.cli("wait").stdout


def test_says_why_it_failed(machine, agent):
    agent.live().say(failed())
    assert FAULT["remedy"] in machine.cli("wait").stdout


def test_progress_on_a_terminal(machine, agent):
    """One line that is written over, and gone at the end."""
    agent.live().say(unconfirmed("confirming"))
    ours, theirs = pty.openpty()
    process = machine.popen([machine.program("src/ecs-pubip"), "wait"], stdout=subprocess.PIPE,
                            stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    seen = b""
    while b"Confirming 203.0.113.10" not in seen:
        seen += os.read(ours, 4096)
    assert seen.startswith(b"\r\033[K") and b"\n" not in seen
    agent.say(status())
    end(process, 0)
    assert os.read(ours, 4096) == b"\r\033[K"
    os.close(ours)


def test_progress_on_a_dumb_terminal_is_a_line_each(machine, agent):
    agent.live().say(unconfirmed("confirming"))
    ours, theirs = pty.openpty()
    process = machine.popen([machine.program("src/ecs-pubip"), "wait", "--timeout=1s"],
                            stdout=subprocess.PIPE, stderr=theirs, env={"TERM": "dumb"})
    end(process, 1)
    assert re.fullmatch(rb"Confirming [^\r\n\033]+\r\n", os.read(ours, 4096))
    os.close(theirs)
    os.close(ours)


def test_out_of_time(machine, agent):
    agent.live().say(unconfirmed("waiting", fault=FAULT))
    start = time.monotonic()
    done = machine.cli("wait", "--timeout=1s")
    assert done.returncode == 1
    assert 1.0 <= time.monotonic() - start < 30
    assert done.stdout.startswith("Not confirmed within 1 s\n")
    assert FAULT["remedy"] in done.stdout
    assert machine.cli("wait", "--timeout=0").returncode == 1


def test_agent_and_folder_come_later(machine, agent):
    machine.run("rmdir /run/ecs-pubip")
    process = begin(machine)
    machine.run("mkdir /run/ecs-pubip")
    agent.live().say(unconfirmed("starting"))
    assert process.poll() is None
    agent.say(status())
    end(process, 0)


def test_last_words_of_a_dead_agent_count_for_nothing(machine, agent):
    agent.say(status())
    process = begin(machine)
    assert process.poll() is None
    agent.live().say(status())
    end(process, 0)


def test_no_agent(machine):
    start = time.monotonic()
    done = machine.cli("wait")
    assert done.returncode == 4
    assert 15 <= time.monotonic() - start < 60
    assert "systemctl status ecs-pubip" in done.stdout


def test_agent_dies_and_comes_back(machine, agent):
    """The service manager starts it again after 15 s: a death is not yet the end."""
    agent.live().say(unconfirmed("confirming"))
    process = begin(machine)
    agent.die()
    agent.live().say(status())
    end(process, 0)


@pytest.mark.parametrize("text", ["", "{", "x" * 20000, "\0\0"])
def test_garbage_is_waited_out(machine, agent, text):
    agent.live().say(text)
    process = begin(machine)
    assert process.poll() is None
    agent.say(status())
    end(process, 0)


@pytest.mark.parametrize("call", ["inotify_init1", "inotify_add_watch"])
def test_without_inotify(machine, agent, call):
    """There are 128 inotify instances to a user; whoever comes later looks now and then."""
    agent.live().say(unconfirmed("confirming"))
    process = machine.popen(["strace", "-D", "-qq", "-e", "inject=%s:error=ENOSPC" % call, "-o",
                             "/run/trace", machine.program("src/ecs-pubip"), "wait"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (machine.exists("/run/trace") and "poll(" in machine.read("/run/trace")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    agent.say(status())
    end(process, 0)


@pytest.mark.parametrize("timeout", ["5min", "1h 30min", "90s", "2", "1.5min", "3d"])
def test_durations(machine, agent, timeout):
    agent.live().say(status())
    assert machine.cli("wait", "--timeout", timeout).returncode == 0


@pytest.mark.parametrize("timeout", ["", "soon", "-1", "5 parsecs", "infinity", "1e9"])
def test_bad_durations(machine, agent, timeout):
    agent.live().say(status())
    done = machine.cli("wait", "--timeout", timeout)
    assert done.returncode == 2
    assert "is no duration" in done.stderr

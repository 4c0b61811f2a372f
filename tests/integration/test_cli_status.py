# SPDX-License-Identifier: Apache-2.0
"""`ecs-pubip status`: what it says and ends with, over status files of every kind."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

from cli import FAULT, Agent, failed, status, unconfirmed


@pytest.fixture
def agent(machine):
    agent = Agent(machine)
    yield agent
    agent.close()


DUE = {"what": "reboot", "at": "2026-11-23T02:30:00Z", "waits_for": "cloud-init to finish"}


@pytest.mark.parametrize("said, code", [
    (status(), 0),
    (status(held=True), 1),
    (status(phase="held", held=True), 1),
    (unconfirmed("held", held=True), 1),
    (unconfirmed("starting"), 1),
    (unconfirmed("identifying"), 1),
    (unconfirmed("inspecting"), 1),
    (unconfirmed("allocating", busy=True), 1),
    (unconfirmed("confirming"), 1),
    (unconfirmed("waiting", fault=FAULT), 1),
    (unconfirmed("rebooting"), 1),
    (unconfirmed("rebooting", next={"what": "reboot", "at": None}), 1),
    (unconfirmed("rebooting", next=DUE), 5),
    (failed(), 3),
    (failed(next=DUE), 5),
    (unconfirmed("stopped"), 1),
])
def test_exit_status(machine, agent, said, code):
    agent.live().say(said)
    done = machine.cli("status")
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""
    agent.die()
    assert machine.cli("status").returncode == 4     # whatever its last words


def test_confirmed_page(machine, agent):
    agent.live().say(status())
    lines = machine.cli("status").stdout.splitlines()
    assert lines[0] == "Confirmed 203.0.113.10 (static)"
    table = {line.split()[0]: line.split()[1:4] for line in lines[3:6]}
    assert table == {"kernel": ["agrees", "172.16.0.10", "eth0"],
                     "metadata": ["agrees", "203.0.113.10", "-"],
                     "control": ["agrees", "203.0.113.10", "-"]}
    columns = [line.index(word) for line, word in
               zip(lines[2:6], ("VERDICT", "agrees", "agrees", "agrees"))]
    assert len(set(columns)) == 1
    assert "\033" not in "".join(lines)


def test_failed_page_has_all_that_a_person_needs(machine, agent):
    agent.live().say(failed())
    page = machine.cli("status").stdout
    for text in ("locked for security reasons", "clear the security alert in the console",
                 "InstanceLockedForSecurity (HTTP 403)", FAULT["request_id"],
                 "metadata  disagrees"):
        assert text in page, text


def test_a_due_reboot_says_what_it_waits_for(machine, agent):
    agent.live().say(unconfirmed("rebooting", next=DUE))
    assert "cloud-init to finish" in machine.cli("status").stdout


def test_dead_agent_and_its_last_words(machine, agent):
    agent.say(status())
    done = machine.cli("status")
    assert done.returncode == 4
    assert done.stdout.startswith("The agent does not run\n")
    assert "systemctl status ecs-pubip" in done.stdout
    assert "Confirmed 203.0.113.10" in done.stdout


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\0" * 100, '{"version":2}', "x" * 20000,
                                  '{"version":1,"phase":"dancing"}'])
def test_garbage(machine, agent, text):
    agent.live().say(text)
    done = machine.cli("status")
    assert done.returncode == 1
    assert "not one that this version understands" in done.stdout
    said = json.loads(machine.cli("status", "--json").stdout)
    assert said["agent_running"] is True and said["phase"] is None


def test_no_file_no_folder(machine, agent):
    assert machine.cli("status").returncode == 4
    machine.run("rmdir /run/ecs-pubip")
    assert machine.cli("status").returncode == 4
    assert json.loads(machine.cli("status", "--json").stdout) == {
        "version": 1, "phase": None, "agent_running": False}


def test_status_is_no_link_and_no_pipe(machine, agent):
    agent.live()
    machine.run("mkfifo /run/ecs-pubip/status.json")     # must not block
    assert machine.cli("status", timeout=30).returncode == 1
    machine.run("rm /run/ecs-pubip/status.json && ln -s /etc/hostname /run/ecs-pubip/status.json")
    assert machine.cli("status", timeout=30).returncode == 1


def test_json_keeps_what_it_does_not_know(machine, agent):
    agent.live().say(status(future={"x": [1, 2]}))
    done = machine.cli("status", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert said.pop("agent_running") is True
    assert said == status(future={"x": [1, 2]})


# a user's lock of the kind that his right to read gives him; ends with its standard input
READ_LOCK = """
import fcntl, os, struct, sys
fd = os.open("/run/ecs-pubip/agent.lock", os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_EX)
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def read_lock(machine):
    """Begins such a lock in the machine; whether it was to be had."""
    processes = []

    def begin():
        processes.append(machine.popen(
            ["setpriv", "--reuid=65534", "--clear-groups", "python3", "-c", READ_LOCK],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        return processes[-1].stdout.readline() == b"locked\n"

    yield begin
    for process in processes:
        process.communicate(timeout=30)


def test_nobody_can_pretend_to_be_the_agent(machine, agent, read_lock):
    agent.live().say(status())
    agent.die()
    assert read_lock()
    assert machine.cli("status").returncode == 4
    assert json.loads(machine.cli("status", "--json").stdout)["agent_running"] is False
    assert machine.cli("wait", "--timeout=0").returncode == 1
    assert machine.cli("hold").returncode == 0          # nobody has to answer
    assert machine.cli("resume").returncode == 0
    assert machine.cli("seal").returncode == 0


def test_nobody_can_keep_the_agent_from_showing_that_it_lives(world, machine, read_lock):
    world.start()
    assert machine.wait_phase("confirmed", "confirming", timeout=60)
    machine.kill_agent()
    assert read_lock()
    machine.run("touch /run/ecs-pubip/.agent.lock.new")     # of one that was killed at its start
    machine.remove("/run/ecs-pubip/status.json")            # its words are not the new one's
    machine.start_agent()
    assert machine.wait_status(lambda s: s["phase"] != "starting", timeout=30)
    assert machine.cli("status").returncode != 4
    assert not read_lock()      # the new agent's own file


def test_asking_takes_no_lock(machine, agent):
    """Whoever may read may ask; nobody who asks keeps the agent from starting."""
    agent.live().say(status())
    trace = machine.run(["strace", "-f", "-e", "trace=fcntl,flock", machine.program("src/ecs-pubip"),
                         "status"], check=False).stderr
    assert "F_OFD_GETLK" in trace
    assert "F_OFD_SETLK" not in trace and "flock(" not in trace


def terminal(machine, *arguments, env=None):
    """Its output on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = machine.popen([machine.program("src/ecs-pubip"), *arguments], stdout=theirs,
                            stderr=theirs, stdin=theirs, env=env)
    os.close(theirs)
    return process, ours


def read_until(fd, text):
    seen = b""
    while text not in seen:
        seen += os.read(fd, 65536)
    return seen


@pytest.mark.parametrize("env, coloured", [
    ({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({}, False)])
def test_colours(machine, agent, env, coloured):
    agent.live().say(status())
    process, fd = terminal(machine, "status", env=env)
    assert (b"\033[" in read_until(fd, b"Changes")) is coloured
    assert process.wait(30) == 0
    os.close(fd)


def watch(machine, *options):
    return machine.popen([machine.program("src/ecs-pubip"), "status", "--watch", *options],
                         stdout=subprocess.PIPE)


def block(process):
    """The next JSON line of a watch."""
    return json.loads(process.stdout.readline())


def test_watch_follows_the_agent_through_death_and_return(machine, agent):
    machine.run("rmdir /run/ecs-pubip")          # not there yet
    process = watch(machine, "--json")
    assert block(process)["agent_running"] is False
    machine.run("mkdir /run/ecs-pubip")
    agent.live().say(unconfirmed("starting"))
    said = block(process)
    while said["phase"] is None or not said["agent_running"]:      # the lock comes before the file
        said = block(process)
    assert said["phase"] == "starting"
    agent.say(status())
    assert block(process)["phase"] == "confirmed"
    agent.die()                                 # as SIGKILL: no word, only the lock is gone
    said = block(process)
    assert said["agent_running"] is False and said["phase"] == "confirmed"
    machine.run("rm -r /run/ecs-pubip && mkdir /run/ecs-pubip")
    assert block(process)["phase"] is None
    agent.live().say(failed())
    said = block(process)
    while said["phase"] is None:
        said = block(process)
    assert said["phase"] == "failed"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT


def test_no_death_is_missed(machine, agent):
    """The kernel tells of the closed lock file before it drops the lock: who looks at once is
    too early."""
    agent.live().say(status())
    process = watch(machine, "--json")
    assert block(process)["agent_running"] is True
    for _ in range(100):
        agent.die()
        assert block(process)["agent_running"] is False
        agent.live().say(status())
        while not block(process)["agent_running"]:
            pass
    process.terminate()
    process.wait(30)


def test_watch_is_quiet_when_nothing_changes(machine, agent):
    """The same words again, and other people's questions, are no change."""
    agent.live().say(status())
    process = watch(machine, "--json")
    assert block(process)["phase"] == "confirmed"
    for _ in range(20):
        machine.cli("status")
        agent.say(status())
    agent.say(failed())
    assert block(process)["phase"] == "failed"
    process.terminate()
    process.wait(30)


def test_watch_ends_with_its_reader(machine, agent):
    agent.live().say(status())
    process = watch(machine)
    assert process.stdout.readline().startswith(b"Confirmed")
    process.stdout.close()
    assert process.wait(30) == 0          # at once, not with the next change


def test_watch_on_a_terminal_redraws(machine, agent):
    agent.live().say(status())
    process, fd = terminal(machine, "status", "--watch", env={"TERM": "xterm"})
    assert read_until(fd, b"Changes").startswith(b"\033[H\033[J")
    agent.say(failed())
    assert b"\033[H\033[J" in read_until(fd, b"Request")
    os.close(fd)                        # the window is closed
    assert process.wait(30) == 3


def test_times_are_counted_by_the_clock_that_they_are_from(machine, agent):
    """A first boot: this machine's clock is 8 h ahead of the cloud's. The times shown are cloud time (UTC)."""
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 8 * 3600 - 200))
    said = status(clock_offset=8 * 3600)
    for plane in said["planes"].values():
        plane["since"] = then
    agent.live().say(said)
    page = machine.cli("status").stdout
    assert page.count("3 min ago") == 3 and "8 h ahead" in page

# SPDX-License-Identifier: Apache-2.0
"""The world itself, with stand-ins for our programs: what it hands over, and that nothing stays."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from world import outer

AGENT = """#!/usr/bin/python3
import json, os, signal, socket, sys, time
def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text, os.environ["NOTIFY_SOCKET"])
def log(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text, "/run/systemd/journal/socket")
def status(phase):
    boot = open("/proc/sys/kernel/random/boot_id").read().strip()
    with open("/run/ecs-pubip/status.tmp", "w") as f:
        json.dump({"phase": phase, "boot_id": boot}, f)
    os.rename("/run/ecs-pubip/status.tmp", "/run/ecs-pubip/status.json")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
signal.signal(signal.SIGHUP, lambda *_: status("reloaded"))
status("starting")
with socket.socket(socket.AF_UNIX) as s:
    s.connect("/run/ecs-pubip/cloud.sock")
    s.sendall(b"hello\\n")
    answer = s.recv(100)
log(b"MESSAGE=one\\nPRIORITY=5\\nLONG\\n" + (9).to_bytes(8, "little") + b"two\\nlines\\n")
big = os.memfd_create("entry")
os.write(big, b"MESSAGE=big\\nDATA=" + b"x" * 300000 + b"\\n")
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.connect("/run/systemd/journal/socket")
    socket.send_fds(s, [b""], [big])
say(b"READY=1\\nSTATUS=" + answer.strip())
status("confirmed")
print(dict(os.environ), file=sys.stderr, flush=True)
while True:
    time.sleep(100)
"""
CLOUD = "#!/bin/sh\nread -r line; echo \"$line back\"; env >&2\nexec cat >/dev/null\n"


@pytest.fixture
def stand_ins(make_world, tmp_path):
    (tmp_path / "src").mkdir()
    for name, text in (("ecs-pubip-agent", AGENT), ("ecs-pubip-cloud", CLOUD),
                       ("ecs-pubip", "#!/bin/sh\necho \"$@\"; exit 5\n")):
        program = tmp_path / "src" / name
        program.write_text(text)
        program.chmod(0o755)
    return make_world(build=str(tmp_path)).start()


def test_start_and_what_is_said(stand_ins):
    machine = stand_ins.machine
    ready = machine.wait_notified(lambda n: n.get("READY") == "1", timeout=30)
    assert ready["STATUS"] == "hello back"
    assert ready["_PID"] == machine.agent.pid
    assert machine.wait_journal(MESSAGE="one")["LONG"] == "two\nlines"
    assert len(machine.wait_journal(MESSAGE="big")["DATA"]) == 300000
    assert machine.wait_phase("confirmed")["boot_id"] == machine.boot_id
    assert machine.wait_journal(MESSAGE="three", timeout=0.05) is None
    done = machine.cli("a", "b")
    assert (done.stdout, done.returncode) == ("a b\n", 5)


def test_nothing_of_our_environment_gets_in(stand_ins, monkeypatch):
    machine = stand_ins.machine
    assert machine.wait_phase("confirmed")
    machine.stop_socket()
    machine.stop_agent()
    monkeypatch.setenv("ACCIDENT", "1")
    machine.start()
    assert machine.wait_notified(lambda n: "READY" in n, since=1)
    assert "ACCIDENT" not in machine.errors() and "NOTIFY_SOCKET" in machine.errors()


def test_ending_and_reloading(stand_ins):
    machine = stand_ins.machine
    assert machine.wait_phase("confirmed")
    machine.reload()
    assert machine.wait_phase("reloaded", timeout=20)
    assert machine.stop_agent() == 7
    machine.start_agent()
    assert machine.wait_notified(lambda n: "READY" in n, since=1)
    assert machine.kill_agent() == -signal.SIGKILL


def test_strace_keeps_the_process_number(stand_ins):
    machine = stand_ins.machine
    machine.stop_agent()
    mark = machine.notifications.mark()
    machine.start_agent(strace=["-f", "-e", "trace=rename"])
    ready = machine.wait_notified(lambda n: "READY" in n, since=mark, timeout=20)
    assert ready["_PID"] == machine.agent.pid
    assert machine.stop_agent() == 7
    assert "status.json" in machine.strace_text()


def test_a_reboot(stand_ins):
    world, machine = stand_ins, stand_ins.machine
    first = machine.wait_phase("confirmed")["boot_id"]
    machine.write("/var/lib/ecs-pubip/ledger", "kept")
    machine.write("/run/ecs-pubip/online", "lost")
    machine.reboot()
    again = machine.wait_status(lambda s: s["boot_id"] != first, phase="confirmed")
    assert again["boot_id"] == machine.boot_id
    assert machine.read("/var/lib/ecs-pubip/ledger") == "kept"
    assert not machine.exists("/run/ecs-pubip/online")
    assert machine.wait_boot(2)
    assert [e["event"] for e in world.sim.events() if "st" in e["event"][:2]] == ["stopped"]


def test_power_cut(stand_ins):
    machine = stand_ins.machine
    assert machine.wait_phase("confirmed")
    old = machine.agent
    machine.reboot(force=True)
    assert old.wait() == -signal.SIGKILL


def test_the_state_folder_can_be_full(stand_ins):
    machine = stand_ins.machine
    machine.run("mount -t tmpfs -o size=4k tmpfs /var/lib/ecs-pubip")
    with pytest.raises(OSError):
        machine.write("/var/lib/ecs-pubip/x", "x" * 10000)


def test_logind(machine):
    """busctl, which others wrote, understands our bus."""
    logind = machine.start_logind()
    ask = ["busctl", "--system", "--timeout=5", "call", "org.freedesktop.login1",
           "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "ListInhibitors"]
    assert machine.run(ask).stdout == "a(ssssuu) 0\n"
    logind.inhibit(who="apt", why="upgrade")
    logind.inhibit(who="me", why="", mode="delay")
    assert machine.run(ask).stdout == (
        'a(ssssuu) 2 "shutdown:sleep" "apt" "upgrade" "block" 0 1 '
        '"shutdown:sleep" "me" "" "delay" 0 1\n')
    logind.silent = True
    assert machine.run(ask, check=False).returncode != 0
    assert machine.run("busctl --system --timeout=5 call org.freedesktop.login1 / x.y Z",
                       check=False).returncode != 0


def test_an_outage_of_the_cloud(world, machine):
    world.cloud.stop()
    assert machine.run("curl -s -m 2 http://100.100.100.200/", check=False).returncode in (7, 28)
    world.restart_cloud()
    assert machine.run("curl -s -m 5 http://100.100.100.200/").stdout == "2016-01-01\nlatest\n"


def test_two_worlds_do_not_meet(make_world):
    one, two = make_world(), make_world(region="cn-shanghai")
    for world in (one, two):
        region = world.machine.run("curl -s http://100.100.100.200/latest/meta-data/region-id")
        assert region.stdout == world.cloud.region
    one.close()
    assert two.machine.run("curl -s http://100.100.100.200/").stdout


def test_closing_leaves_no_process_and_no_folder(make_world):
    world = make_world()
    world.machine.popen(["sleep", "1000"])
    pids = world.machine.space.pids() + [world.machine.space.pid, world.cloud.process.pid]
    world.close()
    assert not os.path.exists(world.folder)
    assert not [p for p in pids if os.path.exists("/proc/%d/root/etc" % p)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_the_outer_namespaces_end_with_us(number, tmp_path):
    """However hard the supervisor is killed, the last process inside is gone."""
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    environment = {k: v for k, v in os.environ.items() if k != outer.MARK}
    process = subprocess.Popen([sys.executable, outer.HERE, "sh", "-c",
                                "exec 3>%s; setsid sleep 1000 & sleep 1000" % fifo],
                               env=environment)
    with open(fifo, "rb") as reader:    # opens once somebody inside has it
        process.send_signal(number)
        assert reader.read() == b""     # ends once nobody has
    assert process.wait(30) == (-9 if number == signal.SIGKILL else 128 + number)


INTERRUPTED = """
import subprocess, sys
helper = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
try:
    print("there", flush=True)
    helper.wait()
except KeyboardInterrupt:
    print("helper lives" if helper.poll() is None else "helper is gone")
    sys.exit(5)
"""


def test_an_interrupt_is_for_the_command_alone():
    """Of the whole group, as run.sh does it: what the command started is there while it tidies up."""
    environment = {k: v for k, v in os.environ.items() if k != outer.MARK}
    with subprocess.Popen([sys.executable, outer.HERE, sys.executable, "-c", INTERRUPTED],
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, start_new_session=True) as process:
        assert process.stdout.readline() == "there\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "helper lives\n"
    assert process.returncode == 5


def test_exit_status_of_the_outer_namespaces():
    environment = {k: v for k, v in os.environ.items() if k != outer.MARK}
    for command, status in (("exit 3", 3), ("kill -9 $$", 137), ("exit 0", 0)):
        done = subprocess.run([sys.executable, outer.HERE, "sh", "-c", command], env=environment)
        assert done.returncode == status


def test_there_is_no_way_out(machine):
    with socket.socket() as s:
        s.settimeout(0.2)
        with pytest.raises(OSError):
            s.connect(("100.100.100.200", 80))
    begun = time.monotonic()
    done = machine.run("curl -s -m 1 http://198.51.100.200/", check=False)
    assert done.returncode == 28 and time.monotonic() - begun < 20

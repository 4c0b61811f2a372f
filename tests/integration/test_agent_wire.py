# SPDX-License-Identifier: Apache-2.0
"""What the cloud process may answer, and how it may die: a fault with a sentence, never more."""

import json
import os
import socket
import threading

import pytest

from agent import assert_confirmed, assert_failed, executed

SOCKET = "/run/ecs-pubip/cloud.sock"
LINE_MAX = 64 * 1024
PEAK_MAX_KIB = 12 * 1024
GOOD = b'{"fault":{"class":"retry","code":"Metadata.Unreachable","http_status":0,"message":""}}\n'


class FakeCloud:
    """Listens where the cloud socket does; ANSWER(connection) does what it likes."""

    def __init__(self, machine, answer):
        self.answer = answer
        self.questions = []
        self.path = machine.path(SOCKET)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(machine.folder, "run/ecs-pubip/cloud.sock"))
        self.listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection:
            try:
                self.questions.append(connection.recv(LINE_MAX))
                self.answer(connection)
            except OSError:
                pass    # the agent has hung up

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)


def say(data):
    def answer(connection):
        connection.sendall(data)
        connection.recv(1)      # until the agent hangs up or asks again
    return answer


def flood(connection):
    chunk = b"x" * (1 << 20)
    for _ in range(100):
        connection.sendall(chunk)


def reset(connection):
    """Leaves with the question unread behind it, as a killed process does."""
    connection.close()


BAD = {
    "garbled": (say(b"\x00\xff\xfe not json \n"), "Cloud.Garbled"),
    "empty line": (say(b"\n"), "Cloud.Garbled"),
    "empty object": (say(b"{}\n"), "Cloud.Garbled"),
    "two answers": (say(GOOD + GOOD), "Cloud.Garbled"),
    "answer to another question": (say(b'{"ok":{"reachable":"yes"}}\n'), "Cloud.Garbled"),
    "deeply nested": (say(b"[" * 60000 + b"\n"), "Cloud.Garbled"),
    "too long for a line": (say(b'{"ok":"' + b"x" * LINE_MAX + b'"}\n'), "Cloud.Garbled"),
    "100 MB": (flood, "Cloud.Garbled"),
    "hangs up": (reset, "Cloud.Gone"),
    "half a line": (lambda c: c.sendall(GOOD[:40]), "Cloud.Gone"),
}


def finish_well(world, fake):
    """A real cloud process takes over: the job ends as if nothing had been."""
    fake.close()
    world.machine.start_socket()
    world.machine.cli("resume")
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress"]


def peak_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize("name", BAD)
def test_bad_answer(make_world, name):
    world = make_world(mode="vpc-immediate")
    answer, code = BAD[name]
    fake = FakeCloud(world.machine, answer)
    world.machine.start_agent()
    assert_failed(world, code)
    assert json.loads(fake.questions[0])["op"] == "identify"
    assert world.machine.agent.poll() is None
    assert peak_kib(world.machine.agent.pid) < PEAK_MAX_KIB
    finish_well(world, fake)


def test_answer_in_crumbs_is_an_answer(make_world):
    def crumbs(connection):
        for byte in GOOD:
            connection.sendall(bytes([byte]))
        connection.recv(1)
    world = make_world(mode="vpc-immediate")
    fake = FakeCloud(world.machine, crumbs)
    world.machine.start_agent()
    assert_failed(world, "Metadata.Unreachable")
    finish_well(world, fake)


def test_silence_is_a_fault_not_a_hang(make_world):
    """45 s is CALL_MAX: after it no call that was asked can still take effect."""
    world = make_world(mode="vpc-immediate")
    fake = FakeCloud(world.machine, lambda connection: connection.recv(1))
    world.machine.start_agent()
    assert_failed(world, "Cloud.Silent", timeout=60)
    finish_well(world, fake)


def test_nobody_listens(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.start_agent()
    status = assert_failed(world, "Cloud.Unreachable")
    assert "ecs-pubip-cloud.socket" in status["fault"]["remedy"]
    world.machine.start_socket()
    world.machine.cli("resume")
    assert_confirmed(world)


def test_stale_socket_file(make_world):
    """What a masked or stopped socket unit may leave behind."""
    world = make_world(mode="vpc-immediate")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(os.path.join(world.machine.folder, "run/ecs-pubip/cloud.sock"))
    dead.close()
    world.machine.start_agent()
    assert_failed(world, "Cloud.Unreachable")
    world.machine.remove(SOCKET)
    world.machine.start_socket()
    world.machine.cli("resume")
    assert_confirmed(world)


@pytest.mark.parametrize("held", ["DescribeInstances", "AllocatePublicIpAddress"])
def test_cloud_process_is_killed_with_a_question(make_world, held):
    world = make_world(mode="vpc-immediate")
    world.sim.hold(held)
    world.start()
    assert world.sim.wait_arrival(held)
    for pid in world.machine.cloud_pids():
        os.kill(pid, 9)
    status = assert_failed(world, "Cloud.Gone")
    assert status["fault"]["class"] == "retry"
    world.sim.release()
    assert_confirmed(world, timeout=120)
    assert executed(world) == ["AllocatePublicIpAddress"]

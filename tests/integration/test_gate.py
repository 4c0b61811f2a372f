# SPDX-License-Identifier: Apache-2.0
"""The last gate (law L1): a changing call is connected, and leaves at the agent's fresh word or not.

First the cloud process alone, with an agent that says what it should not; then both, with what
changes while the call stands ready.
"""

import os
import re
import signal
import subprocess
import time

import pytest

from agent import LEDGER, arrivals, assert_confirmed, ledger_entries
from asker import Asker
from world.inotify import wait_until

HOLD = "/etc/ecs-pubip/hold"
SHUT, AT = "/var/tmp/gate.shut", "/var/tmp/gate.at"
ALLOCATE = "AllocatePublicIpAddress"
BEHIND = {"GATE_SHUT": SHUT, "GATE_AT": AT}


@pytest.fixture(scope="session")
def gate(tmp_path_factory):
    source = os.path.join(os.path.dirname(__file__), "gate.c")
    target = str(tmp_path_factory.mktemp("gate") / "gate.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"], check=True)
    return target


def boot_ms():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)


def go(number=1, at=None):
    return '{"go":%d,"at_ms":%d}' % (number, boot_ms() if at is None else at)


# what is said to `ready`, and what stands in the fault: nothing of it may let the call leave
WRONG = {
    "of another number": (lambda: go(2), "not understood"),
    "of number 0": (lambda: go(0), "not understood"),
    "garbled": (lambda: "go", "not understood"),
    "an empty line": (lambda: "", "not understood"),
    "without a time": (lambda: '{"go":1}', "not understood"),
    "with more in it": (lambda: go()[:-1] + ',"x":1}', "not understood"),
    "a ready": (lambda: '{"ready":1}', "not understood"),
    "a question": (lambda: '{"op":"identify","deadline_ms":1000}', "not understood"),
    "its number is another word": (lambda: '{"go":1,"at_ms":1e99}', "not understood"),
    "very long": (lambda: go() + " " * 60000, "not understood"),
    "of before it was ready": (lambda: go(at=boot_ms() - 900000), "not for this moment"),
    "of long ago": (lambda: go(at=1), "not for this moment"),
    "of the future": (lambda: go(at=boot_ms() + 60000), "not for this moment"),
    "twice": (lambda: go() + "\n" + go(), "more than one word"),
    "with another number behind": (lambda: go() + "\n" + go(2), "more than one word"),
    "with a beginning behind": (lambda: go() + '\n{"go"', "more than one word"),
}


@pytest.fixture(params=["curl", "curl before 7.80"])
def env(request, gate):
    return {} if request.param == "curl" else {"LD_PRELOAD": gate, "GATE_OLD": "1"}


def withheld(asker, says=""):
    fault = asker.line()["fault"]
    assert (fault["code"], fault["class"]) == ("Cloud.NoGo", "retry")
    assert says in fault["message"], fault
    assert asker.line() is None, "who may still be told to go must not live on"


@pytest.mark.parametrize("word", WRONG)
def test_wrong_word(world, env, word):
    with Asker(world, env=env) as asker:
        asker.ok("inspect")
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
        # whoever answers by what was so before has not looked again
        assert not world.sim.events(event="arrival", action=ALLOCATE)
        line, says = WRONG[word]
        asker.send_line(line())
        withheld(asker, says)
    assert not world.sim.events(event="arrival", action=ALLOCATE)


def test_the_word_itself(world, env):
    """What the others are measured by."""
    with Asker(world, env=env) as asker:
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
        assert not world.sim.events(event="arrival", action=ALLOCATE)
        asker.go(1)
        assert asker.line()["ok"]["address"] == "203.0.113.10"
        asker.ok("inspect")
    assert len(world.sim.events(event="arrival", action=ALLOCATE)) == 1


def test_no_word(world, env):
    with Asker(world, env=env) as asker:
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
        withheld(asker, "nothing in time")
    assert not world.sim.events(event="arrival", action=ALLOCATE)


def test_word_that_is_late_on_its_way(world, env):
    """The cloud process is stopped for longer than a word is worth."""
    with Asker(world, env=env) as asker:
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
        os.kill(asker.process.pid, signal.SIGSTOP)
        said = boot_ms()
        asker.go(1)
        while boot_ms() - said <= 1000:
            time.sleep(0.05)
        os.kill(asker.process.pid, signal.SIGCONT)
        withheld(asker, "too late")
    assert not world.sim.events(event="arrival", action=ALLOCATE)


def test_word_before_it_was_asked_for(world, env):
    with Asker(world, env=env) as asker:
        asker.ok("inspect")
        asker.ours.sendall(b'{"op":"allocate","deadline_ms":20000,"instance_id":"%s"}\n%s\n'
                           % (asker.instance.encode(), go().encode()))
        withheld(asker, "before it was asked")
    assert not world.sim.events(event="arrival", action=ALLOCATE)


def test_nobody_is_there_to_say_it(world, env):
    with Asker(world, env=env) as asker:
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
    assert not world.sim.events(event="arrival", action=ALLOCATE)


def test_once_more_is_ready_once_more(world, env):
    """Signed anew by the cloud's clock: that time has its own number, and its own word."""
    with Asker(world, env=env) as asker:
        world.sim.fail(ALLOCATE, "InvalidTimeStamp.Expired", status=400)
        asker.send("allocate")
        assert asker.line() == {"ready": 1}
        asker.go(1)
        assert asker.line() == {"ready": 2}
        asker.send_line(go(1))      # the word of before
        withheld(asker, "not understood")
    assert len(world.sim.events(event="arrival", action=ALLOCATE)) == 1


def test_looks_are_never_ready(world):
    with Asker(world) as asker:
        for op in ("identify", "addresses", "inspect"):
            asker.send(op)
            assert "ok" in asker.line()


# the agent and the cloud process

def stand_ready(make_world, gate, **options):
    world = make_world(**options)
    world.machine.write(SHUT, "")
    world.machine.cloud_environment = {"LD_PRELOAD": gate, **BEHIND}
    world.start()
    assert wait_until(world.machine.path("/var/tmp"), lambda: world.machine.exists(AT), 30)
    assert ledger_entries(world)[-1]["outcome"] == "open"
    assert arrivals(world, ALLOCATE) == 0
    return world


def test_brake_while_it_stands_ready(make_world, gate):
    """Connected, with TLS, and held: nothing leaves, and that is what the ledger says."""
    world = stand_ready(make_world, gate, mode="vpc-immediate")
    world.machine.write(HOLD, "-\n")
    world.machine.remove(SHUT)
    status = world.machine.wait_status(lambda s: s["phase"] == "held" and not s["busy"], 20)
    assert status, world.machine.status()
    assert ledger_entries(world)[-1]["outcome"] == "withdrawn"
    assert arrivals(world, ALLOCATE) == 0
    assert world.machine.cli("resume", timeout=90).returncode == 0
    assert_confirmed(world, timeout=60)
    assert arrivals(world, ALLOCATE) == 1


def test_other_configuration_while_it_stands_ready(make_world, gate):
    world = stand_ready(make_world, gate, mode="vpc-immediate")
    world.machine.write("/etc/ecs-pubip/ecs-pubip.conf", "[Heal]\nLimit=0\n")
    mark = world.sim.mark()
    world.machine.reload()
    world.machine.remove(SHUT)
    assert world.sim.wait_arrival("DescribeInstances", since=mark)
    assert arrivals(world, ALLOCATE) == 0
    assert "call=allocate outcome=withdrawn" in world.machine.read(LEDGER)


def test_killed_while_it_stands_ready(make_world, gate):
    """The agent: the cloud process has nobody who lets it go. Its own word may have been said."""
    world = stand_ready(make_world, gate, mode="vpc-immediate")
    cloud, = world.machine.cloud_pids()
    os.kill(world.machine.agent.pid, signal.SIGKILL)
    world.machine.agent.wait()
    world.machine.remove(SHUT)
    assert wait_until("/proc", lambda: not os.path.exists("/proc/%d" % cloud), 20) or \
        not world.machine.cloud_pids()
    assert arrivals(world, ALLOCATE) == 0


def test_cloud_process_dies_while_it_stands_ready(make_world, gate):
    """It was never told to send: what it was to do has not been done, and is done at once."""
    world = stand_ready(make_world, gate, mode="vpc-immediate")
    world.machine.remove(SHUT)
    cloud, = world.machine.cloud_pids()
    os.kill(cloud, signal.SIGKILL)
    assert_confirmed(world, timeout=40)
    assert arrivals(world, ALLOCATE) == 1


def test_socket_of_a_call(make_world, gate):
    """TCP_USER_TIMEOUT is what is left of the call's time; a close sends nothing that is unsent."""
    world = stand_ready(make_world, gate, mode="vpc-immediate")
    cloud, = world.machine.cloud_pids()
    trace = world.machine.path("/var/tmp/trace")
    tracer = subprocess.Popen(["strace", "-f", "-q", "-e", "trace=setsockopt", "-o", trace,
                               "-p", str(cloud)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not _traced(cloud):       # of which nothing tells
            assert time.monotonic() < until and tracer.poll() is None
            time.sleep(0.05)
        world.machine.remove(SHUT)
        assert_confirmed(world, timeout=40)
    finally:
        tracer.terminate()
        tracer.wait()
    with open(trace, encoding="ascii", errors="replace") as f:
        text = f.read()
    limits = [int(n) for n in re.findall(r"TCP_USER_TIMEOUT, \[(\d+)\]", text)]
    assert limits and 20000 < limits[0] <= 45000 and limits[-1] == 0, text
    lingers = re.findall(r"SO_LINGER, \{l_onoff=(\d), l_linger=0\}", text)
    assert lingers[0] == "1" and lingers[-1] == "0", text


def _traced(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return re.search(r"^TracerPid:\t[1-9]", f.read(), re.M) is not None

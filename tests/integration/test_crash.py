# SPDX-License-Identifier: Apache-2.0
"""Real crashes: SIGKILL at each system call that matters, in turn; then the laws, by the cloud's log.

strace kills on entering the call, so "after the last one" is "before the next one". Each run is a
machine of its own that has to get an address and restart once for it.
"""

import calendar
import os
import subprocess
import threading
import time

import pytest

from agent import (ALWAYS, CHANGES, LEDGER, arrivals, assert_inspected_before_each_change,
                   executed, ledger_entries)

RUNS_MAX = 60
LONG_WAIT = 12     # seconds; longer than any wait that ends by itself in these runs
INTENT_WAIT = 400  # seconds; after them a look settles every intent but that of a restart
REBOOT_DELAY = 2   # seconds in which a second restart could be asked for, were it not forbidden
COUNT = "/var/tmp/crash.count"
CALLS = {"AllocatePublicIpAddress": "allocate", "RebootInstance": "reboot"}
# what the agent does to disk and to others; notify and journal go by sendmsg and do not count
SYSTEM_CALLS = ["fsync", "/^renameat", "unlinkat", "connect", "sendto"]


def begin(make_world, cloud_environment=None):
    world = make_world(mode="vpc", config=ALWAYS)
    world.machine.with_agent = True
    world.machine.cloud_environment = cloud_environment or {}
    world.sim.set("reboot.delay", REBOOT_DELAY)
    world.machine.start_socket()
    return world


def start_after_a_crash(world):
    """From here on the status is its own: what the killed agent left is gone once it is ready."""
    mark = world.machine.notifications.mark()
    world.machine.start_agent()
    assert world.machine.wait_notified(READY="1", since=mark, timeout=30)


def kill_at(call, number):
    return ["-e", "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (call, number)]


def settled(status):
    """Done, or at rest for what only time can tell: an intent that may have left (design 3, L3).

    At rest is not the end: assert_ends_well goes on from there.
    """
    if status["phase"] == "confirmed":
        return True
    if status["busy"] or not status["next"] or not status["next"]["at"]:
        return False
    if status["phase"] == "rebooting" and not (status["note"] or "").startswith("an earlier reboot"):
        return False    # about to ask: its next is the end of Patience only
    at = calendar.timegm(time.strptime(status["next"]["at"], "%Y-%m-%dT%H:%M:%SZ"))
    return at - time.time() > LONG_WAIT


def assert_durable(world):
    """Law L2: whatever the cloud was asked to change is in the ledger, whenever one looks."""
    # asked first: the agent goes on meanwhile, and what it asks after this look is not in question
    asked = [r["action"] for r in world.sim.events(event="arrival", plane="api")
             if r["action"] in CHANGES]
    entries = [e["call"] for e in ledger_entries(world)] if world.machine.exists(LEDGER) else []
    for action in set(asked):
        assert CALLS[action] in entries, "%s left before it was in the ledger" % action


def assert_lawful(world):
    """Each change once, however often it was asked for: a second one would cost or disturb."""
    done = executed(world)
    assert done.count("AllocatePublicIpAddress") <= 1
    assert done.count("RebootInstance") <= 1
    assert_inspected_before_each_change(world)
    assert_durable(world)


def assert_asked_once(world, since=0):
    """Law L3, and the wait for an intent without an answer: not again before its time is over."""
    for action in CALLS:
        assert arrivals(world, action, since) <= 1, "%s was asked for again" % action


def assert_ends_well(world, what):
    """It comes to rest; then its time passes, and it ends confirmed with each change made once."""
    def told():
        return "killed at %s: %s" % (what, world.machine.status())

    assert world.machine.wait_status(settled, timeout=180), told()
    assert_lawful(world)
    assert_asked_once(world)
    later, changes = 0, ["AllocatePublicIpAddress", "RebootInstance"]
    if world.machine.status()["phase"] != "confirmed" and not executed(world, "RebootInstance"):
        if ledger_entries(world)[-1]["call"] == "reboot":
            # waited for by this machine's own clock, longer than a test can: a person restarts it
            changes = changes[:1]
            world.machine.reboot()
        else:
            # waited for in the cloud's time, which moves on here; that there is no address after
            # it takes two looks, a minute apart by our own clock
            later = world.sim.mark()
            world.sim.set("clock.offset", INTENT_WAIT)
            resumed = world.machine.cli("resume")
            assert resumed.returncode == 0, resumed.stderr
    assert world.machine.wait_status(phase="confirmed", timeout=180), told()
    assert_lawful(world)
    assert_asked_once(world, later)
    assert executed(world) == changes
    assert world.machine.wait_boot(2) and len(world.machine.boots.entries) == 2


def end_of(world, agent, timeout=30):
    """The exit status of that agent, or None once it has confirmed."""
    mark = "/run/ecs-pubip/agent-ended"     # wakes whoever watches the folder

    def watch():
        agent.wait()
        try:
            world.machine.write(mark, "")
        except OSError:
            pass    # the world has ended meanwhile

    threading.Thread(target=watch, daemon=True).start()
    assert world.machine.wait_status(
        lambda s: agent.poll() is not None or s["phase"] == "confirmed", timeout,
        boot_id=world.machine.boot_id) or agent.poll() is not None
    return agent.poll()


@pytest.mark.parametrize("call", SYSTEM_CALLS)
def test_agent_is_killed_before_the_first_restart(make_world, call):
    kills = 0
    for number in range(1, RUNS_MAX):
        world = begin(make_world)
        world.machine.start_agent(strace=kill_at(call, number))
        first = world.machine.agent
        if first.wait(30) != -9:    # it lived until the machine was restarted
            assert "RebootInstance" in executed(world)
            world.close()
            break
        kills += 1
        assert_durable(world)
        start_after_a_crash(world)
        assert_ends_well(world, "%s %d" % (call, number))
        world.close()
    print("%s: killed %d times" % (call, kills))
    assert kills >= 1


@pytest.mark.parametrize("call", ["fsync", "/^renameat", "connect", "sendto"])
def test_agent_is_killed_after_the_restart(make_world, call):
    kills = 0
    for number in range(1, RUNS_MAX):
        world = begin(make_world)
        world.sim.hold("RebootInstance")
        world.machine.start_agent()
        assert world.sim.wait_arrival("RebootInstance")
        world.machine.agent_strace = kill_at(call, number)
        world.sim.release()
        assert world.machine.wait_boot(2)
        with world.machine.lock:
            agent = world.machine.agent
        if end_of(world, agent) is None:
            world.close()
            break
        assert agent.poll() == -9
        kills += 1
        assert_durable(world)
        world.machine.agent_strace = None
        start_after_a_crash(world)
        assert world.machine.wait_status(phase="confirmed", timeout=180)
        assert_lawful(world)
        assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]
        world.close()
    print("%s: killed %d times" % (call, kills))
    assert kills >= 1


def test_cloud_process_is_killed_at_each_request(make_world):
    """With every request under way that it makes before the restart, in turn."""
    kills = 0
    for number in range(RUNS_MAX):
        world = begin(make_world)
        world.sim.hold("*", after=number)
        world.machine.start_agent()
        # there is always one more: at the latest the next boot asks again
        assert world.sim.wait(event="arrival", count=number + 1, timeout=120)
        if len(world.machine.boots.entries) > 1:
            world.close()
            break
        for pid in world.machine.cloud_pids():
            os.kill(pid, 9)
        kills += 1
        world.sim.release()
        world.sim.clear()
        assert_ends_well(world, "request %d" % number)
        world.close()
    print("killed %d times" % kills)
    assert kills >= 4


@pytest.fixture(scope="session")
def crash_at(tmp_path_factory):
    source = os.path.join(os.path.dirname(__file__), "crash_at.c")
    target = str(tmp_path_factory.mktemp("crash") / "crash_at.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"], check=True)
    return target


# what the job cannot do without, before and after the restart: how many of each are there at least
CLOUD_CALLS = {"connect": 3, "send": 10, "answer": 6, "answered": 6}


@pytest.mark.parametrize("call", CLOUD_CALLS)
def test_cloud_process_is_killed_at_its_own_calls(make_world, crash_at, call):
    """At each connect, at each write to the cloud, before and after each answer to the agent."""
    kills = 0
    for number in range(1, RUNS_MAX):
        world = begin(make_world, {
            "LD_PRELOAD": crash_at, "CRASH_CALL": call, "CRASH_NUMBER": str(number),
            "CRASH_COUNT": COUNT})
        world.machine.start_agent()
        assert_ends_well(world, "%s %d" % (call, number))
        if len(world.machine.read(COUNT)) < number:     # it lived: there are not so many
            world.close()
            break
        kills += 1
        world.close()
    print("%s: killed %d times" % (call, kills))
    assert kills >= CLOUD_CALLS[call]

# SPDX-License-Identifier: Apache-2.0
"""Waits: the server's hint is kept over restarts and reboots; the rest can be cut short."""

import calendar
import time

import pytest

HINT_MS = 6000


def gap(w, action="DescribeInstances"):
    """Seconds between the refused call and the next one of that action."""
    times = [e["time"] for e in w.sim.api() if e["action"] == action]
    return times[1] - times[0]


def throttled(w, timeout=20, **fields):
    assert w.machine.wait_status(lambda s: s["phase"] == "waiting"
                                 and s["fault"]["class"] == "throttled", timeout=timeout)


@pytest.mark.parametrize("code, status, headers", [
    ("Throttling", 400, {"x-acs-retry-after": str(HINT_MS)}),
    ("Throttling.User", 400, {"x-acs-retry-after": str(HINT_MS)}),
    ("Throttling.Api", 429, {"Retry-After": str(HINT_MS // 1000)}),
    ("ServiceUnavailable", 503, {"x-acs-retry-after": str(HINT_MS)}),
])
def test_no_call_before_the_hint(make_world, code, status, headers):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", code, status=status, headers=headers)
    w.start()
    throttled(w)
    assert w.machine.wait_phase("confirmed", timeout=40)
    assert gap(w) >= HINT_MS / 1000


@pytest.mark.parametrize("how", ["restart", "kill", "reboot"])
def test_hint_survives(make_world, how):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "Throttling.User", headers={"x-acs-retry-after": str(HINT_MS)})
    w.start()
    throttled(w)
    if how == "reboot":
        w.machine.reboot()
    elif how == "kill":
        w.machine.kill_agent()
        w.machine.start_agent()
    else:
        w.machine.stop_agent()
        w.machine.start_agent()
    assert w.machine.wait_phase("confirmed", timeout=40)
    assert HINT_MS / 1000 <= gap(w) < 3 * HINT_MS / 1000


def test_neither_resume_nor_reload_cuts_the_servers_wait(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "Throttling.User", headers={"x-acs-retry-after": str(HINT_MS)})
    w.start()
    throttled(w)
    assert w.machine.cli("resume").returncode == 0
    w.machine.reload()
    assert w.machine.wait_phase("confirmed", timeout=40)
    assert gap(w) >= HINT_MS / 1000


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def due(status):
    """When it looks next by itself; 0 while it is asking."""
    at = status["next"] and status["next"]["at"]
    return seconds(at) if at else 0


@pytest.mark.parametrize("by", ["resume", "reload"])
def test_other_waits_are_cut_short(make_world, by):
    """The role comes late; whoever attached it need not wait for the agent's next look."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("account.role.attached", False)
    w.start()
    # waits grow, so that before long one is far longer than a look takes on a busy machine
    status = w.machine.wait_status(lambda s: s["fault"] and s["fault"]["class"] == "auth"
                                   and due(s) - time.time() > 10, timeout=300)
    assert status, w.machine.status()
    w.sim.set("account.role.attached", True)
    mark = w.sim.mark()
    if by == "resume":
        assert w.machine.cli("resume").returncode == 0
    else:
        w.machine.reload()
    assert w.sim.wait_request("DescribeInstances", since=mark, timeout=60)
    assert time.time() < due(status) - 1
    assert w.machine.wait_phase("confirmed", timeout=20)


def test_a_huge_hint_is_capped(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "Throttling", headers={"x-acs-retry-after": "99999999999"})
    w.start()
    throttled(w)
    ledger = w.machine.read("/var/lib/ecs-pubip/ledger")
    length = int(ledger.split("length-usec=")[1].split()[0])
    assert length <= 3602 * 1000000


@pytest.mark.parametrize("hint", ["0", "-5", "soon", ""])
def test_a_hint_that_is_none_is_ignored(make_world, hint):
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "InternalError", status=500, headers={"x-acs-retry-after": hint})
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=30)


def test_clock_step_does_not_stretch_a_wait(make_world):
    """A kept wait that began "in the future" is never longer than its length at load."""
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "Throttling.User", headers={"x-acs-retry-after": str(HINT_MS)})
    w.start()
    throttled(w)
    w.sim.set("clock.offset", -30 * 86400)      # the cloud's time goes back a month
    w.machine.reboot()
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert gap(w) >= HINT_MS / 1000


def test_waits_grow(make_world):
    """5xx for a while: each refusal counts for the length of the next wait, and none is a failure.

    Lengths are drawn at random below a limit that doubles (tests/unit/test_backoff.c); here the
    least of them is asserted, and that the count goes up.
    """
    w = make_world(mode="vpc-immediate")
    w.sim.fail("DescribeInstances", "InternalError", status=500, times=5)
    w.start()
    assert w.machine.wait_status(lambda s: s["attempt"] >= 4, timeout=60, phase="waiting")
    assert w.machine.wait_phase("confirmed", timeout=90)
    assert w.sim.actions().count("DescribeInstances") == 7
    times = [e["time"] for e in w.sim.api() if e["action"] == "DescribeInstances"][:6]
    assert all(b - a >= 0.1 for a, b in zip(times, times[1:])), times
    assert "failed" not in [n.get("STATUS", "")[:6].lower() for n in w.machine.notifications.find()]


def test_failed_is_looked_at_again(make_world):
    """The next look is announced: 5 minutes after the first failure."""
    w = make_world()
    w.sim.set("instance.locks", ["security"])
    w.start()
    assert w.machine.wait_phase("failed", timeout=20)
    s = w.machine.status()
    assert s["next"]["what"] == "retry"
    assert abs(seconds(s["next"]["at"]) - seconds(s["since"]) - 300) <= 2, s

# SPDX-License-Identifier: Apache-2.0
"""What tests of the agent share: configurations, message ids, claims about the calls made."""

import os
import re

ALWAYS = "[Reboot]\nPolicy=always\n"
ADDRESS = "203.0.113.10"
CHANGES = ("AllocatePublicIpAddress", "RebootInstance", "ModifyInstanceNetworkSpec",
           "AllocateEipAddress", "AssociateEipAddress")
SOURCES = os.path.join(os.path.dirname(__file__), "..", "..", "src")
LEDGER = "/var/lib/ecs-pubip/ledger"


def message_ids():
    """Names of message_ids.h, without MESSAGE_, to ids."""
    with open(os.path.join(SOURCES, "agent", "message_ids.h"), encoding="ascii") as f:
        return dict(re.findall(r'^#define MESSAGE_(\w+)\s+"([0-9a-f]{32})"$', f.read(), re.M))


MESSAGE = message_ids()


def catalog():
    """Message ids to their entries: head, an empty line, and the text for a person."""
    with open(os.path.join(SOURCES, "catalog", "ecs-pubip.catalog"), encoding="utf-8") as f:
        parts = re.split(r"^-- ([0-9a-f]{32})\n", f.read(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def explanation(name):
    """What the catalog says of that message, in one line."""
    return " ".join(catalog()[MESSAGE[name]].partition("\n\n")[2].split())


def executed(world, action=None):
    """Names of the changing calls that the cloud executed."""
    return [request["action"] for request in world.sim.executed(action)]


def asked_changes(world, since=0):
    return [action for action in world.sim.actions(since=since) if action in CHANGES]


def assert_inspected_before_each_change(world):
    """Law L1, with the cloud as the witness."""
    fresh = False
    for request in world.sim.log(plane="api"):
        if request["action"] == "DescribeInstances" and request["status"] == 200:
            fresh = True
        elif request["action"] in CHANGES and request["status"] == 200:
            assert fresh, "a change without an inspection straight before it"
            fresh = False


def assert_confirmed(world, timeout=30, **fields):
    status = world.machine.wait_status(timeout=timeout, phase="confirmed", **fields)
    assert status, "never confirmed: %s" % world.machine.status()
    return status


def assert_held(world, timeout=20):
    """It has come to where the call would leave, and plans its next look instead; the status.

    `held` alone tells no more than that the brake was read.
    """
    status = world.machine.wait_status(
        lambda s: s["held"] and s["next"] and not s["busy"], timeout, phase="held")
    assert status, "not held: %s" % world.machine.status()
    return status


def assert_failed(world, code, timeout=30):
    """Waits or failed with that fault; the status."""
    status = world.machine.wait_status(
        lambda s: s["phase"] in ("failed", "waiting") and s["fault"]["code"] == code, timeout)
    assert status, "no fault %s: %s" % (code, world.machine.status())
    assert status["fault"]["sentence"] and status["fault"]["remedy"]
    return status


def assert_fails_again(world, code, timeout=30):
    """A person's word makes it look again, and it comes to the same end; the status."""
    mark = world.sim.mark()
    done = world.machine.cli("resume")
    assert done.returncode == 0, done.stderr
    assert world.sim.wait_request("DescribeInstances", since=mark, timeout=timeout)
    status = world.machine.wait_status(
        lambda s: s["phase"] == "failed" and not s["busy"] and s["fault"]["code"] == code, timeout)
    assert status, "not failed by %s: %s" % (code, world.machine.status())
    return status


def arrivals(world, action, since=0):
    """How often the cloud heard that call, answered or not."""
    return len(world.sim.events(since=since, event="arrival", plane="api", action=action))


def ledger_entries(world):
    """The lines of the ledger that tell of changing calls, as dictionaries."""
    lines = world.machine.read(LEDGER).splitlines()
    return [dict(word.split("=", 1) for word in line.split()[1:])
            for line in lines if line.startswith("change ")]

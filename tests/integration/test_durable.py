# SPDX-License-Identifier: Apache-2.0
"""Law L2 by the system calls: the intent is on the disk, and read back, before the call leaves."""

import re

from agent import ALWAYS

STATE = "/var/lib/ecs-pubip"
# Written to the disk, given its name, the name written to the disk, and read once more.
STEPS = [
    r'fsync\(\d+<%s/ledger\.new>\) += 0' % STATE,
    r'renameat2?\(.*"ledger\.new", .*"ledger".*\) += 0',
    r'fsync\(\d+<%s>\) += 0' % STATE,
    r'openat\(.*"ledger", O_RDONLY.*\) += \d+',
]


def missing_step(lines):
    """The step that is not there, or not in its place, among the system calls in LINES."""
    lines = iter(lines)
    for step in STEPS:
        if not any(re.match(step, line) for line in lines):
            return step
    return None


def test_the_intent_is_durable_before_the_call(make_world):
    world = make_world(mode="vpc", config=ALWAYS)
    world.machine.agent_strace = ["-y", "-s", "200", "-e", "trace=openat,fsync,/^renameat,sendto"]
    world.sim.hold("RebootInstance")    # the next boot's trace would be written over this one
    world.start()
    assert world.sim.wait_arrival("RebootInstance", timeout=60)
    lines = world.machine.strace_text().splitlines()
    for op in ("allocate", "reboot"):
        sent = next(i for i, line in enumerate(lines)
                    if line.startswith("sendto(") and r'\"op\":\"%s\"' % op in line)
        begun = max(i for i, line in enumerate(lines[:sent])
                    if line.startswith("openat(") and '"ledger.new"' in line)
        assert missing_step(lines[begun:sent]) is None, "\n".join(lines[begun:sent + 1])

# SPDX-License-Identifier: Apache-2.0
"""The same round again and again: nothing grows. Others leaked here, with the role missing."""

ROUNDS = 150
GROWTH_MAX_KIB = 64


def anonymous_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("RssAnon")).split()[1])


def go_round(world, n, since):
    """N looks for the role; a word that comes while the agent is asking anyway is spent."""
    for i in range(1, n + 1):
        for _ in range(50):
            world.machine.ask_to_resume()
            if world.sim.wait_request(plane="metadata", since=since, count=i, timeout=0.3,
                                      item="meta-data/ram/security-credentials/"):
                break
        else:
            raise AssertionError("round %d never came" % i)


def test_missing_role_for_ever(make_world):
    world = make_world(mode="vpc")
    world.sim.set("account.role.attached", False)
    world.start()
    assert world.machine.wait_phase("waiting", "failed")
    go_round(world, 20, world.sim.mark())
    before = anonymous_kib(world.machine.agent.pid)
    journal = world.machine.journal.mark()
    go_round(world, ROUNDS, world.sim.mark())
    assert anonymous_kib(world.machine.agent.pid) - before < GROWTH_MAX_KIB
    # law L7: a line when something changes, not one per round
    assert len(world.machine.journal.find(since=journal)) <= 2

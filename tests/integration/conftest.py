# SPDX-License-Identifier: Apache-2.0
"""Worlds for tests, and what was seen in them when a test fails.

The whole run re-executes itself once below world/outer.py: whatever the tests start, nothing is
left when it ends or is killed, and no test can reach the real network.
"""

import itertools
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(HERE))

from world import World, outer  # noqa: E402


def pytest_configure(config):
    if outer.inside():
        return
    files = [a.split("::")[0] for a in config.invocation_params.args if ".py" in a]
    if not files or any(name.endswith("test_sim_clients.py") for name in files):
        # npm needs the network that the tests have not
        subprocess.run([os.path.join(HERE, "sdk", "install.sh")], check=False,
                       stdout=subprocess.DEVNULL)
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.stop_global_capturing()
    outer.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])


def shares_with_its_file(item):
    """Whether it uses something that its file makes once."""
    fixtures = item._fixtureinfo.name2fixturedefs
    return any(found[-1].scope in ("module", "class", "package") for found in fixtures.values())


def pytest_collection_modifyitems(items):
    """Deal the tests: xdist gives each worker a run of neighbours, and slow ones are neighbours.

    Files whose tests share something stay whole, and come first.
    """
    files = {}
    for item in items:
        files.setdefault(item.location[0], []).append(item)
    whole = [tests for tests in files.values() if any(map(shares_with_its_file, tests))]
    dealt = itertools.zip_longest(*(tests for tests in files.values() if tests not in whole))
    items[:] = [test for tests in whole for test in tests]
    items += [test for turn in dealt for test in turn if test]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and call.when in ("setup", "call"):
        for number, world in enumerate(item.stash.get(WORLDS, [])):
            report.sections.append(("world %d" % (number + 1), world.story()))


WORLDS = pytest.StashKey()


@pytest.fixture
def make_world(request):
    """A function that makes Worlds; they end with the test."""
    worlds = request.node.stash.setdefault(WORLDS, [])

    def make(**options):
        worlds.append(World(**options))
        return worlds[-1]

    yield make
    wrong = []
    for world in worlds:
        wrong += world.troubles()
        world.close()
    assert not wrong, "the world itself failed: " + "\n".join(wrong)


@pytest.fixture
def world(make_world):
    """One VPC world; the machine is on, our programs are not started."""
    return make_world()


@pytest.fixture
def machine(world):
    return world.machine

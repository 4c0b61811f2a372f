# SPDX-License-Identifier: Apache-2.0
"""As tests/system: what needs the network is made first, then the tests go into their namespaces."""

import os
import sys

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

from machine import SYSTEMS             # noqa: E402
from machine.instance import Instance   # noqa: E402
from system import base                 # noqa: E402


collect_ignore = [] if SYSTEMS else ["test_systems.py"]


def pytest_configure(config):
    base.enter(config, SYSTEMS)


@pytest.fixture(scope="session")
def deb():
    return base.find(os.environ["ECS_PUBIP_PACKAGES"], ".deb")


@pytest.fixture(scope="session")
def debian():
    return os.environ["ECS_PUBIP_ROOT"]


@pytest.fixture(scope="module")
def newer_deb(deb, scratch):
    return base.newer_deb(deb, scratch, "9999")


@pytest.fixture(scope="module")
def of_system(scratch):
    """of_system(NAME): root, .deb and a newer .deb of that release."""
    def of(name):
        deb = base.find(os.environ["ECS_PUBIP_PACKAGES_" + name], ".deb")
        folder = os.path.join(scratch, "newer-" + name)
        os.makedirs(folder)
        return os.environ["ECS_PUBIP_ROOT_" + name], deb, base.newer_deb(deb, folder, "9999")
    return of


@pytest.fixture(scope="module")
def scratch():
    """Disks are large."""
    with base.scratch("machine") as path:
        yield path


@pytest.fixture(scope="module")
def instance(scratch, request):
    made = []

    def make(name, mode):
        made.append(Instance(os.path.join(scratch, name), mode))
        return made[-1]
    yield make
    for one in made:
        if getattr(request.node, "failed", False):
            print(one.story())
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.parent.failed = True

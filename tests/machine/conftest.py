# SPDX-License-Identifier: Apache-2.0
"""As tests/system: what needs the network is made first, then the tests go into their namespaces."""

import os
import sys
import time

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

from machine.instance import Instance   # noqa: E402
from system import base                 # noqa: E402
from world import outer                 # noqa: E402

SCRATCH = "machine-%d-%d"


def pytest_configure(config):
    if outer.inside():
        return
    if os.geteuid() != 0:
        pytest.exit("tests/machine needs root: taps, namespaces, mounts", 4)
    os.environ["ECS_PUBIP_PACKAGES"] = os.environ.get("ECS_PUBIP_PACKAGES") or base.packages()
    os.environ["ECS_PUBIP_ROOT"] = base.root()
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.suspend_global_capture(in_=True)
    outer.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])


@pytest.fixture(scope="session")
def deb():
    return base.find(os.environ["ECS_PUBIP_PACKAGES"], ".deb")


@pytest.fixture(scope="session")
def debian():
    return os.environ["ECS_PUBIP_ROOT"]


@pytest.fixture(scope="module")
def scratch():
    """In the cache, not in memory: disks are large."""
    base.forget("machine")
    path = os.path.join(base.cache(), SCRATCH % (os.getpid(), time.time_ns()))
    os.makedirs(path)
    yield base.use(path)
    base.remove_tree(path)


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

# SPDX-License-Identifier: Apache-2.0
"""Makes root and packages, goes into the outermost namespaces, and gives each test its machine."""

import itertools
import os
import sys

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

from system import base, release                # noqa: E402
from system.instance import DEFAULTS, Instance  # noqa: E402
from system.layer import Layer                  # noqa: E402

SCRATCH = "/run/system"
_numbers = itertools.count(1)
NEWER = "9999"


def pytest_configure(config):
    base.enter(config)


def pytest_collection_modifyitems(items):
    for item in items:
        if release.ELSEWHERE and item.module.__name__.rpartition(".")[2] in release.AT_HOME:
            item.add_marker(pytest.mark.skip(reason="looks at nothing of " + release.NAME))


@pytest.fixture(scope="session")
def packages():
    """The folder with what packaging/build.sh made of this tree."""
    return os.environ["ECS_PUBIP_PACKAGES"]


@pytest.fixture(scope="session")
def deb(packages):
    return base.find(packages, ".deb")


@pytest.fixture(scope="session")
def newer_deb(deb):
    os.makedirs(SCRATCH, exist_ok=True)
    return base.newer_deb(deb, SCRATCH, NEWER)


@pytest.fixture(scope="session")
def debian():
    """A Debian with systemd, before our package came."""
    return os.environ["ECS_PUBIP_ROOT"]


@pytest.fixture(scope="session")
def installed(debian, deb):
    """The layer in which apt has installed our package; lower folders for further layers."""
    layer = Layer(os.path.join(SCRATCH, "installed"), [debian])
    layer.write("etc/cloud/cloud-init.disabled", "")
    layer.output = layer.install(deb)
    layer.lower = [layer.upper, debian]
    return layer


def _instances(installed, request):
    """make(mode=…, config=…): a simulated instance with the package inside, off as yet."""
    made = []

    def make(mode="vpc", config=DEFAULTS, lower=None, **options):
        folder = os.path.join(SCRATCH, "instance-%d" % next(_numbers))
        made.append(Instance(folder, lower or installed.lower, mode, config, **options))
        return made[-1]
    yield make
    for one in made:
        if getattr(request.node, "failed", False):
            print(one.story())
        one.close()


def _confirmed(make):
    """A machine whose address is confirmed, without a reboot: what most tests begin with."""
    def make_confirmed(mode="vpc-immediate", config=DEFAULTS, before_boot=None):
        one = make(mode, config)
        if before_boot:
            before_boot(one.layer)
        machine = one.boot()
        done = machine.cli("wait", "--timeout=60s")
        assert done.returncode == 0, done.stdout
        return one, machine
    return make_confirmed


@pytest.fixture
def instance(installed, request):
    yield from _instances(installed, request)


@pytest.fixture
def confirmed(instance):
    return _confirmed(instance)


@pytest.fixture(scope="module")
def module_instance(installed, request):
    yield from _instances(installed, request)


@pytest.fixture(scope="module")
def module_confirmed(module_instance):
    return _confirmed(module_instance)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.failed = True
        item.parent.failed = True

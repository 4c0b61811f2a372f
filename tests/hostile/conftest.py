# SPDX-License-Identifier: Apache-2.0
"""Worlds as in tests/integration; one for each file of cases."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "integration"), HERE]

from world import outer  # noqa: E402


def pytest_configure(config):
    if outer.inside():
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.stop_global_capturing()
    outer.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])


@pytest.fixture(scope="module")
def kit():
    from kit import Kit
    kit = Kit()
    yield kit
    wrong = kit.world.troubles()
    kit.close()
    assert not wrong, "the world itself failed: " + "\n".join(wrong)


@pytest.fixture
def kit_of():
    """A function for a Kit with another configuration."""
    from kit import Kit
    kits = []

    def make(**options):
        kits.append(Kit(**options))
        return kits[-1]

    yield make
    for kit in kits:
        kit.close()

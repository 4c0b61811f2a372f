# SPDX-License-Identifier: Apache-2.0
"""Programs started with descriptors that are closed, full, or nobody's."""

import os
import signal
import subprocess

import pytest

AGENT, CLOUD = "src/ecs-pubip-agent", "src/ecs-pubip-cloud"
CLOSED = 'exec "$@" <&- >&- 2>&-'


def begin(machine, redirections, program, **options):
    return machine.popen(["sh", "-c", redirections, "sh", machine.program(program)], **options)


def test_agent_without_standard_descriptors(world):
    """Its complaints must not go into a file that happens to have number 2."""
    world.machine.start_socket()
    agent = begin(world.machine, CLOSED, AGENT)
    assert world.machine.wait_phase("confirming", "confirmed", timeout=30)
    for number in "012":
        assert os.readlink("/proc/%d/fd/%s" % (agent.pid, number)) == "/dev/null"
    assert world.machine.read("/run/ecs-pubip/agent.lock") == ""
    agent.terminate()
    assert agent.wait(10) == 0


def test_agent_whose_reader_leaves(world):
    """No journal, and standard error is a pipe without a reader."""
    world.machine.remove("/run/systemd/journal/socket")
    world.machine.start_socket()
    agent = begin(world.machine, 'exec "$@"', AGENT, stderr=subprocess.PIPE)
    agent.stderr.close()
    assert world.machine.wait_phase("confirming", "confirmed", timeout=30)
    assert agent.poll() is None
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0


@pytest.mark.parametrize("redirections", [CLOSED, 'exec "$@" <&-', 'exec "$@" >&-',
                                          'exec "$@" >/dev/full', 'exec "$@" <.'])
def test_cloud_process_without_a_link(world, redirections):
    process = begin(world.machine, redirections, CLOUD, stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate('{"op":"identify","deadline_ms":1000}\n', timeout=30)
    assert process.returncode == 1
    assert redirections == CLOSED or errors.startswith("<3>Giving up: ")


@pytest.mark.parametrize("program", [AGENT, CLOUD])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_output_that_cannot_be_written(world, program, option):
    for redirection, code in ((">/dev/full", 1), (">&-", 1), (">/dev/null", 0)):
        done = world.machine.run(["sh", "-c", 'exec "$@" ' + redirection, "sh",
                                  world.machine.program(program), option], check=False)
        assert done.returncode == code, redirection

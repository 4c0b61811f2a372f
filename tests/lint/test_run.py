# SPDX-License-Identifier: Apache-2.0
"""tests/run.sh itself: what it counts, and that whoever ends it, however hard, ends its suites."""

import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
SUITES = """# suite | runner | packages | min | runs | lane | what
slow | pytest tests/slow | build | 1 | always | cpu | never ends by itself
late | pytest tests/slow | build | 0 | named | cpu | has no time
good | pytest tests/good | build | 1 | always | cpu | one passes, one fails, one is skipped
none | pytest tests/none | build | 1 | always | cpu | has no test
else | pytest tests/good | build | 1 | always | wait | runs beside the others
"""
GOOD = """import pytest
def test_a(): pass
def test_b(): assert 0, "for this reason"
@pytest.mark.skip(reason="not today")
def test_c(): pass
"""
SLOW = """import os, subprocess
def test_slow():
    child = subprocess.Popen(["sleep", "1000"])
    with open(os.environ["SAY"], "w") as f:
        print(os.getpid(), child.pid, file=f, flush=True)
    child.wait()
"""
SECONDS = 30


@pytest.fixture
def tree(tmp_path):
    """A project with suites of its own and nothing to compile."""
    for name in ("run.sh", "run.py", "packages.sh"):
        (tmp_path / "tests").mkdir(exist_ok=True)
        shutil.copy(TESTS / name, tmp_path / "tests" / name)
    (tmp_path / "tests/suites.conf").write_text(SUITES)
    for name, text in (("good", GOOD), ("none", ""), ("slow", SLOW)):
        (tmp_path / "tests" / name).mkdir()
        (tmp_path / "tests" / name / ("test_%s.py" % name)).write_text(text)
    (tmp_path / "build/plain").mkdir(parents=True)
    (tmp_path / "build/plain/build.ninja").write_text("build all: phony\n")
    os.mkfifo(tmp_path / "say")
    return tmp_path


def start(tree, *arguments):
    return subprocess.Popen(
        [tree / "tests/run.sh", "--no-install", *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "BUILD": str(tree / "build"), "SAY": str(tree / "say")})


def run(tree, *arguments):
    with start(tree, *arguments) as runner:
        output, _ = runner.communicate(timeout=SECONDS)
        return runner.returncode, output


def test_every_test_is_counted(tree):
    status, output = run(tree, "good")
    assert status == 1 and output.splitlines()[-1] == "1 passed, 1 failed, 1 skipped", output
    assert "FAILED: tests.good.test_good.test_b" in output and "for this reason" in output
    assert "not today" in output


def test_a_suite_without_tests_fails(tree):
    status, output = run(tree, "none")
    assert status == 1 and "ran no test" in output


def test_a_name_that_is_not_there(tree):
    status, output = run(tree, "unti")
    assert status == 2 and "no suite named unti" in output and "  good " in output


def test_a_suite_that_does_not_compile(tree):
    (tree / "build/plain/build.ninja").write_text(
        "rule no\n  command = echo wrong here; false\nbuild all: no\n")
    status, output = run(tree, "good", "none")
    assert status == 1 and "wrong here" in output and output.endswith("0 passed, 2 failed\n"), output


def wait_started(tree):
    """The processes of the slow suite, as descriptors that become readable when they end."""
    fd = os.open(tree / "say", os.O_RDWR)   # both ends: waits for nobody
    try:
        assert select.select([fd], [], [], SECONDS)[0], "the suite did not start"
        return [os.pidfd_open(int(pid)) for pid in os.read(fd, 100).split()]
    finally:
        os.close(fd)


def have_ended(fds):
    for fd in fds:
        ended = select.select([fd], [], [], SECONDS)[0]
        os.close(fd)
        assert ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_its_suites_end_with_it(tree, number):
    with start(tree, "slow", "good") as runner:
        fds = wait_started(tree)
        runner.send_signal(number)
        output, _ = runner.communicate(timeout=SECONDS)
    have_ended(fds)
    if number == signal.SIGKILL:
        assert runner.returncode == -signal.SIGKILL
    else:
        assert runner.returncode == 130 and "interrupted" in output, output
        assert output.endswith("0 passed, 0 failed\n")


def test_lanes_run_side_by_side(tree):
    """What waits does not wait for what computes: it has ended while that still runs."""
    with start(tree, "slow", "else") as runner:
        fds = wait_started(tree)
        said = iter(runner.stdout.readline, "")
        assert any(line.startswith("else") and "1 ok" in line for line in said)
        runner.terminate()
        output = runner.stdout.read()
        runner.wait(SECONDS)
    have_ended(fds)
    assert output.endswith("1 passed, 1 failed, 1 skipped\n"), output


def test_a_suite_that_is_killed(tree):
    """Whoever kills pytest ends what it started as well, and the run goes on."""
    with start(tree, "slow", "good") as runner:
        fds = wait_started(tree)
        signal.pidfd_send_signal(fds[0], signal.SIGKILL)
        output, _ = runner.communicate(timeout=SECONDS)
    have_ended(fds)
    assert runner.returncode == 1 and "FAILED: pytest" in output, output
    assert output.endswith("1 passed, 2 failed, 1 skipped\n"), output


def test_out_of_time(tree):
    status, output = run(tree, "late")
    assert status == 1 and "stopped after 0 minutes" in output
